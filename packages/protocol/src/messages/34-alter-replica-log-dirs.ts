// AlterReplicaLogDirs: moves replicas between a broker's log directories (KIP-113).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const alterReplicaLogDirsApi = defineApi({
  key: 34,
  name: "AlterReplicaLogDirs",
  versions: "1-2",
  flexibleFrom: 2,
  request: {
    dirs: array("0+", {
      path: string("0+"),
      topics: array("0+", { name: string("0+"), partitions: array("0+", int32) }),
    }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    results: array("0+", {
      topicName: string("0+"),
      partitions: array("0+", { partitionIndex: int32("0+"), errorCode: int16("0+") }),
    }),
  },
});

export type AlterReplicaLogDirsRequest = Decoded<typeof alterReplicaLogDirsApi.request>;
export type AlterReplicaLogDirsRequestInput = Input<typeof alterReplicaLogDirsApi.request>;
export type AlterReplicaLogDirsResponse = Decoded<typeof alterReplicaLogDirsApi.response>;
export type AlterReplicaLogDirsResponseInput = Input<typeof alterReplicaLogDirsApi.response>;
