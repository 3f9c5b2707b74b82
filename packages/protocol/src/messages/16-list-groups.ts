// ListGroups: the groups that this broker coordinates, filtered by state (KIP-518) and type (KIP-848).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const listGroupsApi = defineApi({
  key: 16,
  name: "ListGroups",
  versions: "0-5",
  flexibleFrom: 3,
  request: {
    statesFilter: array("4+", string),
    typesFilter: array("5+", string),
  },
  response: {
    throttleTimeMs: int32("1+", { ignorable: true }),
    errorCode: int16("0+"),
    groups: array("0+", {
      groupId: string("0+"),
      protocolType: string("0+"),
      groupState: string("4+", { ignorable: true }),
      groupType: string("5+", { ignorable: true }),
    }),
  },
});

export type ListGroupsRequest = Decoded<typeof listGroupsApi.request>;
export type ListGroupsRequestInput = Input<typeof listGroupsApi.request>;
export type ListGroupsResponse = Decoded<typeof listGroupsApi.response>;
export type ListGroupsResponseInput = Input<typeof listGroupsApi.response>;
