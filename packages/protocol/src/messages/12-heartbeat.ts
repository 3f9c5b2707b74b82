// Heartbeat: a member of a classic group says that it is alive and learns of rebalances.

import { defineApi } from "../schema/define.ts";
import { int16, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const heartbeatApi = defineApi({
  key: 12,
  name: "Heartbeat",
  versions: "0-4",
  flexibleFrom: 4,
  request: {
    groupId: string("0+"),
    generationId: int32("0+"),
    memberId: string("0+"),
    groupInstanceId: string("3+", { nullable: "3+", default: null }),
  },
  response: {
    throttleTimeMs: int32("1+", { ignorable: true }),
    errorCode: int16("0+"),
  },
});

export type HeartbeatRequest = Decoded<typeof heartbeatApi.request>;
export type HeartbeatRequestInput = Input<typeof heartbeatApi.request>;
export type HeartbeatResponse = Decoded<typeof heartbeatApi.response>;
export type HeartbeatResponseInput = Input<typeof heartbeatApi.response>;
