// FetchSnapshot: pieces of a snapshot of the metadata log (KIP-630).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int64, records, string, struct, uint16, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const nodeEndpoint = {
  nodeId: int32("1+"),
  host: string("1+"),
  port: uint16("1+"),
};

export const fetchSnapshotApi = defineApi({
  key: 59,
  name: "FetchSnapshot",
  versions: "0-1",
  flexibleFrom: 0,
  request: {
    clusterId: string("0+", { nullable: "0+", default: null, tag: 0 }),
    replicaId: int32("0+", { default: -1 }),
    maxBytes: int32("0+", { default: 0x7fff_ffff }),
    topics: array("0+", {
      name: string("0+"),
      partitions: array("0+", {
        partition: int32("0+"),
        currentLeaderEpoch: int32("0+"),
        snapshotId: struct("0+", { endOffset: int64("0+"), epoch: int32("0+") }),
        position: int64("0+"),
        replicaDirectoryId: uuid("1+", { tag: 0, ignorable: true }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32("0+", { ignorable: true }),
    errorCode: int16("0+"),
    topics: array("0+", {
      name: string("0+"),
      partitions: array("0+", {
        index: int32("0+"),
        errorCode: int16("0+"),
        snapshotId: struct("0+", { endOffset: int64("0+"), epoch: int32("0+") }),
        currentLeader: struct("0+", { leaderId: int32("0+"), leaderEpoch: int32("0+") }, { tag: 0 }),
        size: int64("0+"),
        position: int64("0+"),
        unalignedRecords: records("0+"),
      }),
    }),
    nodeEndpoints: array("1+", nodeEndpoint, { tag: 0 }),
  },
});

export type FetchSnapshotRequest = Decoded<typeof fetchSnapshotApi.request>;
export type FetchSnapshotRequestInput = Input<typeof fetchSnapshotApi.request>;
export type FetchSnapshotResponse = Decoded<typeof fetchSnapshotApi.response>;
export type FetchSnapshotResponseInput = Input<typeof fetchSnapshotApi.response>;
