// BrokerRegistration: a starting broker makes itself known to the controller and gets its epoch (KIP-631).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, int64, string, uint16, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const brokerRegistrationApi = defineApi({
  key: 62,
  name: "BrokerRegistration",
  versions: "0-4",
  flexibleFrom: 0,
  request: {
    brokerId: int32("0+"),
    clusterId: string("0+"),
    incarnationId: uuid("0+"),
    listeners: array("0+", {
      name: string("0+"),
      host: string("0+"),
      port: uint16("0+"),
      securityProtocol: int16("0+"),
    }),
    features: array("0+", {
      name: string("0+"),
      minSupportedVersion: int16("0+"),
      maxSupportedVersion: int16("0+"),
    }),
    rack: string("0+", { nullable: "0+" }),
    isMigratingZkBroker: boolean("1+", { default: false }),
    logDirs: array("2+", uuid, { ignorable: true }),
    previousBrokerEpoch: int64("3+", { default: -1, ignorable: true }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    brokerEpoch: int64("0+", { default: -1 }),
  },
});

export type BrokerRegistrationRequest = Decoded<typeof brokerRegistrationApi.request>;
export type BrokerRegistrationRequestInput = Input<typeof brokerRegistrationApi.request>;
export type BrokerRegistrationResponse = Decoded<typeof brokerRegistrationApi.response>;
export type BrokerRegistrationResponseInput = Input<typeof brokerRegistrationApi.response>;
