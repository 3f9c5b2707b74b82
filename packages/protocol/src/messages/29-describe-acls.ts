// DescribeAcls: the ACLs that match a filter.

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const describeAclsApi = defineApi({
  key: 29,
  name: "DescribeAcls",
  versions: "1-3",
  flexibleFrom: 2,
  request: {
    resourceTypeFilter: int8("0+"),
    resourceNameFilter: string("0+", { nullable: "0+" }),
    patternTypeFilter: int8("1+", { default: 3 }),
    principalFilter: string("0+", { nullable: "0+" }),
    hostFilter: string("0+", { nullable: "0+" }),
    operation: int8("0+"),
    permissionType: int8("0+"),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+" }),
    resources: array("0+", {
      resourceType: int8("0+"),
      resourceName: string("0+"),
      patternType: int8("1+", { default: 3 }),
      acls: array("0+", {
        principal: string("0+"),
        host: string("0+"),
        operation: int8("0+"),
        permissionType: int8("0+"),
      }),
    }),
  },
});

export type DescribeAclsRequest = Decoded<typeof describeAclsApi.request>;
export type DescribeAclsRequestInput = Input<typeof describeAclsApi.request>;
export type DescribeAclsResponse = Decoded<typeof describeAclsApi.response>;
export type DescribeAclsResponseInput = Input<typeof describeAclsApi.response>;
