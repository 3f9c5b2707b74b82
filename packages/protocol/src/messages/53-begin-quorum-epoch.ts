// BeginQuorumEpoch: a new leader of the metadata quorum makes itself known. Between controllers (KIP-595).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, string, uint16, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const leaderEndpoint = {
  name: string("1+"),
  host: string("1+"),
  port: uint16("1+"),
};

const nodeEndpoint = {
  nodeId: int32("1+"),
  host: string("1+"),
  port: uint16("1+"),
};

export const beginQuorumEpochApi = defineApi({
  key: 53,
  name: "BeginQuorumEpoch",
  versions: "0-1",
  flexibleFrom: 1,
  request: {
    clusterId: string("0+", { nullable: "0+", default: null }),
    voterId: int32("1+", { default: -1, ignorable: true }),
    topics: array("0+", {
      topicName: string("0+"),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        voterDirectoryId: uuid("1+", { ignorable: true }),
        leaderId: int32("0+"),
        leaderEpoch: int32("0+"),
      }),
    }),
    leaderEndpoints: array("1+", leaderEndpoint, { ignorable: true }),
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
      }),
    }),
    nodeEndpoints: array("1+", nodeEndpoint, { tag: 0 }),
  },
});

export type BeginQuorumEpochRequest = Decoded<typeof beginQuorumEpochApi.request>;
export type BeginQuorumEpochRequestInput = Input<typeof beginQuorumEpochApi.request>;
export type BeginQuorumEpochResponse = Decoded<typeof beginQuorumEpochApi.response>;
export type BeginQuorumEpochResponseInput = Input<typeof beginQuorumEpochApi.response>;
