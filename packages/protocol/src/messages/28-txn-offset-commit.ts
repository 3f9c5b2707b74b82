// TxnOffsetCommit: commits a group's offsets as part of a transaction. Version 6 names topics by id (KIP-1319).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int64, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const txnOffsetCommitApi = defineApi({
  key: 28,
  name: "TxnOffsetCommit",
  versions: "0-6",
  flexibleFrom: 3,
  request: {
    transactionalId: string("0+"),
    groupId: string("0+"),
    producerId: int64("0+"),
    producerEpoch: int16("0+"),
    generationIdOrMemberEpoch: int32("3+", { default: -1 }),
    memberId: string("3+", { default: "" }),
    groupInstanceId: string("3+", { nullable: "3+", default: null }),
    topics: array("0+", {
      name: string("0-5", { ignorable: true }),
      topicId: uuid("6+", { ignorable: true }),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        committedOffset: int64("0+"),
        committedLeaderEpoch: int32("2+", { default: -1, ignorable: true }),
        committedMetadata: string("0+", { nullable: "0+" }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    topics: array("0+", {
      name: string("0-5", { ignorable: true }),
      topicId: uuid("6+", { ignorable: true }),
      partitions: array("0+", { partitionIndex: int32("0+"), errorCode: int16("0+") }),
    }),
  },
});

export type TxnOffsetCommitRequest = Decoded<typeof txnOffsetCommitApi.request>;
export type TxnOffsetCommitRequestInput = Input<typeof txnOffsetCommitApi.request>;
export type TxnOffsetCommitResponse = Decoded<typeof txnOffsetCommitApi.response>;
export type TxnOffsetCommitResponseInput = Input<typeof txnOffsetCommitApi.response>;
