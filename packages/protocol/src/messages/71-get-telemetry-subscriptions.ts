// GetTelemetrySubscriptions: which client metrics the broker wants. Advertised only where a receiver is installed
// (KIP-714).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, int8, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const getTelemetrySubscriptionsApi = defineApi({
  key: 71,
  name: "GetTelemetrySubscriptions",
  versions: "0",
  flexibleFrom: 0,
  request: {
    clientInstanceId: uuid("0+"),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    clientInstanceId: uuid("0+"),
    subscriptionId: int32("0+"),
    acceptedCompressionTypes: array("0+", int8),
    pushIntervalMs: int32("0+"),
    telemetryMaxBytes: int32("0+"),
    deltaTemporality: boolean("0+"),
    requestedMetrics: array("0+", string),
  },
});

export type GetTelemetrySubscriptionsRequest = Decoded<typeof getTelemetrySubscriptionsApi.request>;
export type GetTelemetrySubscriptionsRequestInput = Input<typeof getTelemetrySubscriptionsApi.request>;
export type GetTelemetrySubscriptionsResponse = Decoded<typeof getTelemetrySubscriptionsApi.response>;
export type GetTelemetrySubscriptionsResponseInput = Input<typeof getTelemetrySubscriptionsApi.response>;
