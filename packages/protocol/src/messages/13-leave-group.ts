// LeaveGroup: members leave a classic group; several at once since version 3 (KIP-345).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const leaveGroupApi = defineApi({
  key: 13,
  name: "LeaveGroup",
  versions: "0-5",
  flexibleFrom: 4,
  request: {
    groupId: string("0+"),
    memberId: string("0-2"),
    members: array("3+", {
      memberId: string("3+"),
      groupInstanceId: string("3+", { nullable: "3+", default: null }),
      reason: string("5+", { nullable: "5+", default: null, ignorable: true }),
    }),
  },
  response: {
    throttleTimeMs: int32("1+", { ignorable: true }),
    errorCode: int16("0+"),
    members: array("3+", {
      memberId: string("3+"),
      groupInstanceId: string("3+", { nullable: "3+" }),
      errorCode: int16("3+"),
    }),
  },
});

export type LeaveGroupRequest = Decoded<typeof leaveGroupApi.request>;
export type LeaveGroupRequestInput = Input<typeof leaveGroupApi.request>;
export type LeaveGroupResponse = Decoded<typeof leaveGroupApi.response>;
export type LeaveGroupResponseInput = Input<typeof leaveGroupApi.response>;
