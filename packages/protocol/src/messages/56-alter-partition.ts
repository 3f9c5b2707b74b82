// AlterPartition: a partition leader asks the controller for a new ISR (KIP-497).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int64, int8, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const alterPartitionApi = defineApi({
  key: 56,
  name: "AlterPartition",
  versions: "2-3",
  flexibleFrom: 0,
  request: {
    brokerId: int32("0+"),
    brokerEpoch: int64("0+", { default: -1 }),
    topics: array("0+", {
      topicId: uuid("2+", { ignorable: true }),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        leaderEpoch: int32("0+"),
        newIsr: array("0-2", int32),
        newIsrWithEpochs: array("3+", {
          brokerId: int32("3+"),
          brokerEpoch: int64("3+", { default: -1 }),
        }),
        leaderRecoveryState: int8("1+", { default: 0 }),
        partitionEpoch: int32("0+"),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    topics: array("0+", {
      topicId: uuid("2+", { ignorable: true }),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        errorCode: int16("0+"),
        leaderId: int32("0+"),
        leaderEpoch: int32("0+"),
        isr: array("0+", int32),
        leaderRecoveryState: int8("1+", { default: 0, ignorable: true }),
        partitionEpoch: int32("0+"),
      }),
    }),
  },
});

export type AlterPartitionRequest = Decoded<typeof alterPartitionApi.request>;
export type AlterPartitionRequestInput = Input<typeof alterPartitionApi.request>;
export type AlterPartitionResponse = Decoded<typeof alterPartitionApi.response>;
export type AlterPartitionResponseInput = Input<typeof alterPartitionApi.response>;
