// ListConfigResources: the resources that have configs. Version 0 knew client metrics only (KIP-714, KIP-1142).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const listConfigResourcesApi = defineApi({
  key: 74,
  name: "ListConfigResources",
  versions: "0-1",
  flexibleFrom: 0,
  request: {
    resourceTypes: array("1+", int8),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    configResources: array("0+", {
      resourceName: string("0+"),
      resourceType: int8("1+", { default: 16, ignorable: true }),
    }),
  },
});

export type ListConfigResourcesRequest = Decoded<typeof listConfigResourcesApi.request>;
export type ListConfigResourcesRequestInput = Input<typeof listConfigResourcesApi.request>;
export type ListConfigResourcesResponse = Decoded<typeof listConfigResourcesApi.response>;
export type ListConfigResourcesResponseInput = Input<typeof listConfigResourcesApi.response>;
