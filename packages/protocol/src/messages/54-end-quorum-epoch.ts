// EndQuorumEpoch: a leader of the metadata quorum resigns. Between controllers (KIP-595).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, string, uint16, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const replicaInfo = {
  candidateId: int32("1+"),
  candidateDirectoryId: uuid("1+"),
};

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

export const endQuorumEpochApi = defineApi({
  key: 54,
  name: "EndQuorumEpoch",
  versions: "0-1",
  flexibleFrom: 1,
  request: {
    clusterId: string("0+", { nullable: "0+", default: null }),
    topics: array("0+", {
      topicName: string("0+"),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        leaderId: int32("0+"),
        leaderEpoch: int32("0+"),
        preferredSuccessors: array("0", int32, { ignorable: true }),
        preferredCandidates: array("1+", replicaInfo, { ignorable: true }),
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

export type EndQuorumEpochRequest = Decoded<typeof endQuorumEpochApi.request>;
export type EndQuorumEpochRequestInput = Input<typeof endQuorumEpochApi.request>;
export type EndQuorumEpochResponse = Decoded<typeof endQuorumEpochApi.response>;
export type EndQuorumEpochResponseInput = Input<typeof endQuorumEpochApi.response>;
