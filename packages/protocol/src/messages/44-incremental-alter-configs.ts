// IncrementalAlterConfigs: sets, deletes, appends to or subtracts from single configs (KIP-339).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const incrementalAlterConfigsApi = defineApi({
  key: 44,
  name: "IncrementalAlterConfigs",
  versions: "0-1",
  flexibleFrom: 1,
  request: {
    resources: array("0+", {
      resourceType: int8("0+"),
      resourceName: string("0+"),
      configs: array("0+", {
        name: string("0+"),
        configOperation: int8("0+"),
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

export type IncrementalAlterConfigsRequest = Decoded<typeof incrementalAlterConfigsApi.request>;
export type IncrementalAlterConfigsRequestInput = Input<typeof incrementalAlterConfigsApi.request>;
export type IncrementalAlterConfigsResponse = Decoded<typeof incrementalAlterConfigsApi.response>;
export type IncrementalAlterConfigsResponseInput = Input<typeof incrementalAlterConfigsApi.response>;
