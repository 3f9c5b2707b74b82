// Vote: a candidate of the metadata quorum asks for votes. Between controllers (KIP-595); pre-votes since version 2
// (KIP-996).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, int64, string, uint16, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const nodeEndpoint = {
  nodeId: int32("1+"),
  host: string("1+"),
  port: uint16("1+"),
};

export const voteApi = defineApi({
  key: 52,
  name: "Vote",
  versions: "0-2",
  flexibleFrom: 0,
  request: {
    clusterId: string("0+", { nullable: "0+", default: null }),
    voterId: int32("1+", { default: -1, ignorable: true }),
    topics: array("0+", {
      topicName: string("0+"),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        replicaEpoch: int32("0+"),
        replicaId: int32("0+"),
        replicaDirectoryId: uuid("1+", { ignorable: true }),
        voterDirectoryId: uuid("1+", { ignorable: true }),
        lastOffsetEpoch: int32("0+"),
        lastOffset: int64("0+"),
        preVote: boolean("2+"),
      }),
    }),
  },
  response: {
    errorCode: int16("0+"),
    topics: array("0+", {
      topicName: string("0+"),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        errorCode: int16("0+"),
        leaderId: int32("0+"),
        leaderEpoch: int32("0+"),
        voteGranted: boolean("0+"),
      }),
    }),
    nodeEndpoints: array("1+", nodeEndpoint, { tag: 0 }),
  },
});

export type VoteRequest = Decoded<typeof voteApi.request>;
export type VoteRequestInput = Input<typeof voteApi.request>;
export type VoteResponse = Decoded<typeof voteApi.response>;
export type VoteResponseInput = Input<typeof voteApi.response>;
