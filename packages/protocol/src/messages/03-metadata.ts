// Metadata: brokers, topics, partitions and their leaders; can create topics on the way. Since version 10 topics may
// be asked for by id (KIP-516), since 13 there is a top-level error (KIP-1102).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const metadataRequestTopic = {
  topicId: uuid("10+", { ignorable: true }),
  name: string("0+", { nullable: "10+" }),
};

export const metadataApi = defineApi({
  key: 3,
  name: "Metadata",
  versions: "0-13",
  flexibleFrom: 9,
  request: {
    topics: array("0+", metadataRequestTopic, { nullable: "1+" }),
    allowAutoTopicCreation: boolean("4+", { default: true }),
    includeClusterAuthorizedOperations: boolean("8-10"),
    includeTopicAuthorizedOperations: boolean("8+"),
  },
  response: {
    throttleTimeMs: int32("3+", { ignorable: true }),
    brokers: array("0+", {
      nodeId: int32("0+"),
      host: string("0+"),
      port: int32("0+"),
      rack: string("1+", { nullable: "1+", default: null, ignorable: true }),
    }),
    clusterId: string("2+", { nullable: "2+", default: null, ignorable: true }),
    controllerId: int32("1+", { default: -1, ignorable: true }),
    topics: array("0+", {
      errorCode: int16("0+"),
      name: string("0+", { nullable: "12+" }),
      topicId: uuid("10+", { ignorable: true }),
      isInternal: boolean("1+", { default: false, ignorable: true }),
      partitions: array("0+", {
        errorCode: int16("0+"),
        partitionIndex: int32("0+"),
        leaderId: int32("0+"),
        leaderEpoch: int32("7+", { default: -1, ignorable: true }),
        replicaNodes: array("0+", int32),
        isrNodes: array("0+", int32),
        offlineReplicas: array("5+", int32, { ignorable: true }),
      }),
      topicAuthorizedOperations: int32("8+", { default: -0x8000_0000 }),
    }),
    clusterAuthorizedOperations: int32("8-10", { default: -0x8000_0000 }),
    errorCode: int16("13+", { ignorable: true }),
  },
});

export type MetadataRequest = Decoded<typeof metadataApi.request>;
export type MetadataRequestInput = Input<typeof metadataApi.request>;
export type MetadataResponse = Decoded<typeof metadataApi.response>;
export type MetadataResponseInput = Input<typeof metadataApi.response>;
