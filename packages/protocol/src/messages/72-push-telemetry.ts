// PushTelemetry: client metrics in OpenTelemetry's encoding. Advertised only where a receiver is installed (KIP-714).

import { defineApi } from "../schema/define.ts";
import { boolean, bytes, int16, int32, int8, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const pushTelemetryApi = defineApi({
  key: 72,
  name: "PushTelemetry",
  versions: "0",
  flexibleFrom: 0,
  request: {
    clientInstanceId: uuid("0+"),
    subscriptionId: int32("0+"),
    terminating: boolean("0+"),
    compressionType: int8("0+"),
    metrics: bytes("0+"),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
  },
});

export type PushTelemetryRequest = Decoded<typeof pushTelemetryApi.request>;
export type PushTelemetryRequestInput = Input<typeof pushTelemetryApi.request>;
export type PushTelemetryResponse = Decoded<typeof pushTelemetryApi.response>;
export type PushTelemetryResponseInput = Input<typeof pushTelemetryApi.response>;
