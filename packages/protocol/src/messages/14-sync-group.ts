// SyncGroup: the leader of a classic group hands in the assignment, every member receives its part.

import { defineApi } from "../schema/define.ts";
import { array, bytes, int16, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const syncGroupApi = defineApi({
  key: 14,
  name: "SyncGroup",
  versions: "0-5",
  flexibleFrom: 4,
  request: {
    groupId: string("0+"),
    generationId: int32("0+"),
    memberId: string("0+"),
    groupInstanceId: string("3+", { nullable: "3+", default: null }),
    protocolType: string("5+", { nullable: "5+", default: null, ignorable: true }),
    protocolName: string("5+", { nullable: "5+", default: null, ignorable: true }),
    assignments: array("0+", { memberId: string("0+"), assignment: bytes("0+") }),
  },
  response: {
    throttleTimeMs: int32("1+", { ignorable: true }),
    errorCode: int16("0+"),
    protocolType: string("5+", { nullable: "5+", default: null, ignorable: true }),
    protocolName: string("5+", { nullable: "5+", default: null, ignorable: true }),
    assignment: bytes("0+"),
  },
});

export type SyncGroupRequest = Decoded<typeof syncGroupApi.request>;
export type SyncGroupRequestInput = Input<typeof syncGroupApi.request>;
export type SyncGroupResponse = Decoded<typeof syncGroupApi.response>;
export type SyncGroupResponseInput = Input<typeof syncGroupApi.response>;
