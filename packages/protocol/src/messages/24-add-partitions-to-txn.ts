// AddPartitionsToTxn: enters partitions into a transaction. One transaction from clients up to version 3, a batch from
// brokers that verify since version 4 (KIP-890).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const addPartitionsToTxnTopic = {
  name: string("0+"),
  partitions: array("0+", int32),
};

const addPartitionsToTxnPartitionResult = {
  partitionIndex: int32("0+"),
  partitionErrorCode: int16("0+"),
};

const addPartitionsToTxnTopicResult = {
  name: string("0+"),
  resultsByPartition: array("0+", addPartitionsToTxnPartitionResult),
};

export const addPartitionsToTxnApi = defineApi({
  key: 24,
  name: "AddPartitionsToTxn",
  versions: "0-5",
  flexibleFrom: 3,
  request: {
    transactions: array("4+", {
      transactionalId: string("4+"),
      producerId: int64("4+"),
      producerEpoch: int16("4+"),
      verifyOnly: boolean("4+", { default: false }),
      topics: array("4+", addPartitionsToTxnTopic),
    }),
    v3AndBelowTransactionalId: string("0-3"),
    v3AndBelowProducerId: int64("0-3"),
    v3AndBelowProducerEpoch: int16("0-3"),
    v3AndBelowTopics: array("0-3", addPartitionsToTxnTopic),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("4+", { ignorable: true }),
    resultsByTransaction: array("4+", {
      transactionalId: string("4+"),
      topicResults: array("4+", addPartitionsToTxnTopicResult),
    }),
    resultsByTopicV3AndBelow: array("0-3", addPartitionsToTxnTopicResult),
  },
});

export type AddPartitionsToTxnRequest = Decoded<typeof addPartitionsToTxnApi.request>;
export type AddPartitionsToTxnRequestInput = Input<typeof addPartitionsToTxnApi.request>;
export type AddPartitionsToTxnResponse = Decoded<typeof addPartitionsToTxnApi.response>;
export type AddPartitionsToTxnResponseInput = Input<typeof addPartitionsToTxnApi.response>;
