// AlterConfigs: replaces all configs of a resource at once. Superseded by IncrementalAlterConfigs.

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const alterConfigsApi = defineApi({
  key: 33,
  name: "AlterConfigs",
  versions: "0-2",
  flexibleFrom: 2,
  request: {
    resources: array("0+", {
      resourceType: int8("0+"),
      resourceName: string("0+"),
      configs: array("0+", {
        name: string("0+"),
        value: string("0+", { nullable: "0+" }),
      }),
    }),
    validateOnly: boolean("0+"),
  },
  response: {
    throttleTimeMs: int32("0+"),
    responses: array("0+", {
      errorCode: int16("0+"),
      errorMessage: string("0+", { nullable: "0+" }),
      resourceType: int8("0+"),
      resourceName: string("0+"),
    }),
  },
});

export type AlterConfigsRequest = Decoded<typeof alterConfigsApi.request>;
export type AlterConfigsRequestInput = Input<typeof alterConfigsApi.request>;
export type AlterConfigsResponse = Decoded<typeof alterConfigsApi.response>;
export type AlterConfigsResponseInput = Input<typeof alterConfigsApi.response>;
