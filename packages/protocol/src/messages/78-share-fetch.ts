// ShareFetch: acquires records of share partitions, acknowledging earlier ones on the way (KIP-932).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, int64, int8, records, string, struct, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const shareFetchApi = defineApi({
  key: 78,
  name: "ShareFetch",
  versions: "1-2",
  flexibleFrom: 0,
  request: {
    groupId: string("0+", { nullable: "0+", default: null }),
    memberId: string("0+", { nullable: "0+" }),
    shareSessionEpoch: int32("0+"),
    maxWaitMs: int32("0+"),
    minBytes: int32("0+"),
    maxBytes: int32("0+", { default: 0x7fff_ffff }),
    maxRecords: int32("1+"),
    batchSize: int32("1+"),
    shareAcquireMode: int8("2+", { default: 0, ignorable: true }),
    isRenewAck: boolean("2+", { default: false }),
    topics: array("0+", {
      topicId: uuid("0+"),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        partitionMaxBytes: int32("0"),
        acknowledgementBatches: array("0+", {
          firstOffset: int64("0+"),
          lastOffset: int64("0+"),
          acknowledgeTypes: array("0+", int8),
        }),
      }),
    }),
    forgottenTopicsData: array("0+", { topicId: uuid("0+"), partitions: array("0+", int32) }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+", default: null }),
    acquisitionLockTimeoutMs: int32("1+"),
    responses: array("0+", {
      topicId: uuid("0+"),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        errorCode: int16("0+"),
        errorMessage: string("0+", { nullable: "0+", default: null }),
        acknowledgeErrorCode: int16("0+"),
        acknowledgeErrorMessage: string("0+", { nullable: "0+", default: null }),
        currentLeader: struct("0+", { leaderId: int32("0+"), leaderEpoch: int32("0+") }),
        records: records("0+", { nullable: "0" }),
        acquiredRecords: array("0+", {
          firstOffset: int64("0+"),
          lastOffset: int64("0+"),
          deliveryCount: int16("0+"),
        }),
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

export type ShareFetchRequest = Decoded<typeof shareFetchApi.request>;
export type ShareFetchRequestInput = Input<typeof shareFetchApi.request>;
export type ShareFetchResponse = Decoded<typeof shareFetchApi.response>;
export type ShareFetchResponseInput = Input<typeof shareFetchApi.response>;
