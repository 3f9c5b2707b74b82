// ShareAcknowledge: accepts, releases or rejects acquired records without fetching (KIP-932).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, int64, int8, string, struct, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const shareAcknowledgeApi = defineApi({
  key: 79,
  name: "ShareAcknowledge",
  versions: "1-2",
  flexibleFrom: 0,
  request: {
    groupId: string("0+", { nullable: "0+", default: null }),
    memberId: string("0+", { nullable: "0+" }),
    shareSessionEpoch: int32("0+"),
    isRenewAck: boolean("2+", { default: false }),
    topics: array("0+", {
      topicId: uuid("0+"),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        acknowledgementBatches: array("0+", {
          firstOffset: int64("0+"),
          lastOffset: int64("0+"),
          acknowledgeTypes: array("0+", int8),
        }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+", default: null }),
    acquisitionLockTimeoutMs: int32("2+", { ignorable: true }),
    responses: array("0+", {
      topicId: uuid("0+"),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        errorCode: int16("0+"),
        errorMessage: string("0+", { nullable: "0+", default: null }),
        currentLeader: struct("0+", { leaderId: int32("0+"), leaderEpoch: int32("0+") }),
      }),
    }),
    nodeEndpoints: array("0+", {
      nodeId: int32("0+"),
      host: string("0+"),
      port: int32("0+"),
      rack: string("0+", { nullable: "0+", default: null }),
    }),
  },
});

export type ShareAcknowledgeRequest = Decoded<typeof shareAcknowledgeApi.request>;
export type ShareAcknowledgeRequestInput = Input<typeof shareAcknowledgeApi.request>;
export type ShareAcknowledgeResponse = Decoded<typeof shareAcknowledgeApi.response>;
export type ShareAcknowledgeResponseInput = Input<typeof shareAcknowledgeApi.response>;
