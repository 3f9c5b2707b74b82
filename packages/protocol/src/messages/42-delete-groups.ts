// DeleteGroups: removes groups that have no members, with their offsets (KIP-229).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const deleteGroupsApi = defineApi({
  key: 42,
  name: "DeleteGroups",
  versions: "0-3",
  flexibleFrom: 2,
  request: {
    groupsNames: array("0+", string),
  },
  response: {
    throttleTimeMs: int32("0+"),
    results: array("0+", {
      groupId: string("0+"),
      errorCode: int16("0+"),
      errorMessage: string("3+", { nullable: "3+", default: null, ignorable: true }),
    }),
  },
});

export type DeleteGroupsRequest = Decoded<typeof deleteGroupsApi.request>;
export type DeleteGroupsRequestInput = Input<typeof deleteGroupsApi.request>;
export type DeleteGroupsResponse = Decoded<typeof deleteGroupsApi.response>;
export type DeleteGroupsResponseInput = Input<typeof deleteGroupsApi.response>;
