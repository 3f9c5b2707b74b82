// BrokerHeartbeat: a broker asks the controller to unfence it, and later to let it shut down (KIP-631).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, int64, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const brokerHeartbeatApi = defineApi({
  key: 63,
  name: "BrokerHeartbeat",
  versions: "0-2",
  flexibleFrom: 0,
  request: {
    brokerId: int32("0+"),
    brokerEpoch: int64("0+", { default: -1 }),
    currentMetadataOffset: int64("0+"),
    wantFence: boolean("0+"),
    wantShutDown: boolean("0+"),
    offlineLogDirs: array("1+", uuid, { tag: 0 }),
    cordonedLogDirs: array("2+", uuid, { nullable: "2+", default: null, tag: 1 }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    isCaughtUp: boolean("0+", { default: false }),
    isFenced: boolean("0+", { default: true }),
    shouldShutDown: boolean("0+"),
  },
});

export type BrokerHeartbeatRequest = Decoded<typeof brokerHeartbeatApi.request>;
export type BrokerHeartbeatRequestInput = Input<typeof brokerHeartbeatApi.request>;
export type BrokerHeartbeatResponse = Decoded<typeof brokerHeartbeatApi.response>;
export type BrokerHeartbeatResponseInput = Input<typeof brokerHeartbeatApi.response>;
