// UnregisterController: removes a controller that is gone for good. Newer than Kafka 4.3.

import { defineApi } from "../schema/define.ts";
import { int16, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const unregisterControllerApi = defineApi({
  key: 94,
  name: "UnregisterController",
  versions: "0",
  flexibleFrom: 0,
  request: {
    controllerId: int32("0+"),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+" }),
  },
});

export type UnregisterControllerRequest = Decoded<typeof unregisterControllerApi.request>;
export type UnregisterControllerRequestInput = Input<typeof unregisterControllerApi.request>;
export type UnregisterControllerResponse = Decoded<typeof unregisterControllerApi.response>;
export type UnregisterControllerResponseInput = Input<typeof unregisterControllerApi.response>;
