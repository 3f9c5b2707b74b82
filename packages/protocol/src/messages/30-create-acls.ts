// CreateAcls: adds ACLs. Prefixed patterns since version 1 (KIP-290).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const createAclsApi = defineApi({
  key: 30,
  name: "CreateAcls",
  versions: "1-3",
  flexibleFrom: 2,
  request: {
    creations: array("0+", {
      resourceType: int8("0+"),
      resourceName: string("0+"),
      resourcePatternType: int8("1+", { default: 3 }),
      principal: string("0+"),
      host: string("0+"),
      operation: int8("0+"),
      permissionType: int8("0+"),
    }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    results: array("0+", {
      errorCode: int16("0+"),
      errorMessage: string("0+", { nullable: "0+" }),
    }),
  },
});

export type CreateAclsRequest = Decoded<typeof createAclsApi.request>;
export type CreateAclsRequestInput = Input<typeof createAclsApi.request>;
export type CreateAclsResponse = Decoded<typeof createAclsApi.response>;
export type CreateAclsResponseInput = Input<typeof createAclsApi.response>;
