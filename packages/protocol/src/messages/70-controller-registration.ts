// ControllerRegistration: a controller makes itself known to the active one (KIP-919).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, string, uint16, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const controllerRegistrationApi = defineApi({
  key: 70,
  name: "ControllerRegistration",
  versions: "0",
  flexibleFrom: 0,
  request: {
    controllerId: int32("0+"),
    incarnationId: uuid("0+"),
    zkMigrationReady: boolean("0+"),
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
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+" }),
  },
});

export type ControllerRegistrationRequest = Decoded<typeof controllerRegistrationApi.request>;
export type ControllerRegistrationRequestInput = Input<typeof controllerRegistrationApi.request>;
export type ControllerRegistrationResponse = Decoded<typeof controllerRegistrationApi.response>;
export type ControllerRegistrationResponseInput = Input<typeof controllerRegistrationApi.response>;
