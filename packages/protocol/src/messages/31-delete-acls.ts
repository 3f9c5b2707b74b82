// DeleteAcls: removes the ACLs that match filters and says which they were.

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const deleteAclsApi = defineApi({
  key: 31,
  name: "DeleteAcls",
  versions: "1-3",
  flexibleFrom: 2,
  request: {
    filters: array("0+", {
      resourceTypeFilter: int8("0+"),
      resourceNameFilter: string("0+", { nullable: "0+" }),
      patternTypeFilter: int8("1+", { default: 3 }),
      principalFilter: string("0+", { nullable: "0+" }),
      hostFilter: string("0+", { nullable: "0+" }),
      operation: int8("0+"),
      permissionType: int8("0+"),
    }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    filterResults: array("0+", {
      errorCode: int16("0+"),
      errorMessage: string("0+", { nullable: "0+" }),
      matchingAcls: array("0+", {
        errorCode: int16("0+"),
        errorMessage: string("0+", { nullable: "0+" }),
        resourceType: int8("0+"),
        resourceName: string("0+"),
        patternType: int8("1+", { default: 3 }),
        principal: string("0+"),
        host: string("0+"),
        operation: int8("0+"),
        permissionType: int8("0+"),
      }),
    }),
  },
});

export type DeleteAclsRequest = Decoded<typeof deleteAclsApi.request>;
export type DeleteAclsRequestInput = Input<typeof deleteAclsApi.request>;
export type DeleteAclsResponse = Decoded<typeof deleteAclsApi.response>;
export type DeleteAclsResponseInput = Input<typeof deleteAclsApi.response>;
