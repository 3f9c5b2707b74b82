// __transaction_state: the state of one transactional id (KIP-98), with the neighbouring producer ids of KIP-890 in
// tags.

import { defineRecord } from "../schema/define.ts";
import { array, int16, int32, int64, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const transactionLogKey = defineRecord({
  apiKey: 0,
  name: "TransactionLogKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    transactionalId: string("0"),
  },
});

export const transactionLogValue = defineRecord({
  apiKey: 0,
  name: "TransactionLogValue",
  versions: "0-1",
  flexibleFrom: 1,
  fields: {
    producerId: int64("0+"),
    previousProducerId: int64("1+", { default: -1, tag: 0 }),
    nextProducerId: int64("1+", { default: -1, tag: 1 }),
    producerEpoch: int16("0+"),
    nextProducerEpoch: int16("1+", { default: -1, tag: 3 }),
    transactionTimeoutMs: int32("0+"),
    transactionStatus: int8("0+"),
    transactionPartitions: array("0+", { topic: string("0+"), partitionIds: array("0+", int32) }, { nullable: "0+" }),
    transactionLastUpdateTimestampMs: int64("0+"),
    transactionStartTimestampMs: int64("0+"),
    clientTransactionVersion: int16("1+", { default: 0, tag: 2 }),
  },
});

export type TransactionLogKey = Decoded<typeof transactionLogKey>;
export type TransactionLogKeyInput = Input<typeof transactionLogKey>;
export type TransactionLogValue = Decoded<typeof transactionLogValue>;
export type TransactionLogValueInput = Input<typeof transactionLogValue>;
