// FindCoordinator: which broker coordinates a group, a transactional id or a share partition. Batched since version 4
// (KIP-699).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const findCoordinatorApi = defineApi({
  key: 10,
  name: "FindCoordinator",
  versions: "0-6",
  flexibleFrom: 3,
  request: {
    key: string("0-3"),
    keyType: int8("1+", { default: 0 }),
    coordinatorKeys: array("4+", string),
  },
  response: {
    throttleTimeMs: int32("1+", { ignorable: true }),
    errorCode: int16("0-3"),
    errorMessage: string("1-3", { nullable: "1-3", ignorable: true }),
    nodeId: int32("0-3"),
    host: string("0-3"),
    port: int32("0-3"),
    coordinators: array("4+", {
      key: string("4+"),
      nodeId: int32("4+"),
      host: string("4+"),
      port: int32("4+"),
      errorCode: int16("4+"),
      errorMessage: string("4+", { nullable: "4+", ignorable: true }),
    }),
  },
});

export type FindCoordinatorRequest = Decoded<typeof findCoordinatorApi.request>;
export type FindCoordinatorRequestInput = Input<typeof findCoordinatorApi.request>;
export type FindCoordinatorResponse = Decoded<typeof findCoordinatorApi.response>;
export type FindCoordinatorResponseInput = Input<typeof findCoordinatorApi.response>;
