// AssignReplicasToDirs: a broker tells the controller in which log directories its replicas are (KIP-858).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int64, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const assignReplicasToDirsApi = defineApi({
  key: 73,
  name: "AssignReplicasToDirs",
  versions: "0",
  flexibleFrom: 0,
  request: {
    brokerId: int32("0+"),
    brokerEpoch: int64("0+", { default: -1 }),
    directories: array("0+", {
      id: uuid("0+"),
      topics: array("0+", {
        topicId: uuid("0+"),
        partitions: array("0+", { partitionIndex: int32("0+") }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    directories: array("0+", {
      id: uuid("0+"),
      topics: array("0+", {
        topicId: uuid("0+"),
        partitions: array("0+", { partitionIndex: int32("0+"), errorCode: int16("0+") }),
      }),
    }),
  },
});

export type AssignReplicasToDirsRequest = Decoded<typeof assignReplicasToDirsApi.request>;
export type AssignReplicasToDirsRequestInput = Input<typeof assignReplicasToDirsApi.request>;
export type AssignReplicasToDirsResponse = Decoded<typeof assignReplicasToDirsApi.response>;
export type AssignReplicasToDirsResponseInput = Input<typeof assignReplicasToDirsApi.response>;
