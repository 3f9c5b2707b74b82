// Metadata log: a controller registered (KIP-919).

import { defineRecord } from "../schema/define.ts";
import { array, boolean, int16, int32, string, uint16, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const registerControllerRecord = defineRecord({
  apiKey: 27,
  name: "RegisterControllerRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    controllerId: int32("0+"),
    incarnationId: uuid("0+"),
    zkMigrationReady: boolean("0+"),
    endPoints: array("0+", {
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
});

export type RegisterControllerRecord = Decoded<typeof registerControllerRecord>;
export type RegisterControllerRecordInput = Input<typeof registerControllerRecord>;
