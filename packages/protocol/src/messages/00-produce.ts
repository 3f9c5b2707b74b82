// Produce: record batches for partitions of which this broker is the leader. The body says at offset 0 of each batch
// what follows. Version 13 names topics by id (KIP-516); versions 0 to 2 are advertised for librdkafka's sake but not
// served (KAFKA-18659).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int64, records, string, struct, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const batchIndexAndErrorMessage = {
  batchIndex: int32("8+"),
  batchIndexErrorMessage: string("8+", { nullable: "8+", default: null }),
};

const leaderIdAndEpoch = {
  leaderId: int32("10+", { default: -1 }),
  leaderEpoch: int32("10+", { default: -1 }),
};

const nodeEndpoint = {
  nodeId: int32("10+"),
  host: string("10+"),
  port: int32("10+"),
  rack: string("10+", { nullable: "10+", default: null }),
};

export const produceApi = defineApi({
  key: 0,
  name: "Produce",
  versions: "3-13",
  flexibleFrom: 9,
  request: {
    transactionalId: string("3+", { nullable: "3+", default: null }),
    acks: int16("0+"),
    timeoutMs: int32("0+"),
    topicData: array("0+", {
      name: string("0-12", { ignorable: true }),
      topicId: uuid("13+", { ignorable: true }),
      partitionData: array("0+", {
        index: int32("0+"),
        records: records("0+", { nullable: "0+" }),
      }),
    }),
  },
  response: {
    responses: array("0+", {
      name: string("0-12", { ignorable: true }),
      topicId: uuid("13+", { ignorable: true }),
      partitionResponses: array("0+", {
        index: int32("0+"),
        errorCode: int16("0+"),
        baseOffset: int64("0+"),
        logAppendTimeMs: int64("2+", { default: -1, ignorable: true }),
        logStartOffset: int64("5+", { default: -1, ignorable: true }),
        recordErrors: array("8+", batchIndexAndErrorMessage, { ignorable: true }),
        errorMessage: string("8+", { nullable: "8+", default: null, ignorable: true }),
        currentLeader: struct("10+", leaderIdAndEpoch, { tag: 0 }),
      }),
    }),
    throttleTimeMs: int32("1+", { default: 0, ignorable: true }),
    nodeEndpoints: array("10+", nodeEndpoint, { tag: 0 }),
  },
});

export type ProduceRequest = Decoded<typeof produceApi.request>;
export type ProduceRequestInput = Input<typeof produceApi.request>;
export type ProduceResponse = Decoded<typeof produceApi.response>;
export type ProduceResponseInput = Input<typeof produceApi.response>;
