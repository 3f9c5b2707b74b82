// Metadata log: a broker registered (KIP-631).

import { defineRecord } from "../schema/define.ts";
import { array, boolean, int16, int32, int64, string, uint16, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const registerBrokerRecord = defineRecord({
  apiKey: 0,
  name: "RegisterBrokerRecord",
  versions: "0-4",
  flexibleFrom: 0,
  fields: {
    brokerId: int32("0+"),
    isMigratingZkBroker: boolean("2+", { default: false }),
    incarnationId: uuid("0+"),
    brokerEpoch: int64("0+"),
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
    rack: string("0+", { nullable: "0+" }),
    fenced: boolean("0+", { default: true }),
    inControlledShutdown: boolean("1+", { default: false }),
    logDirs: array("3+", uuid, { tag: 0 }),
    cordonedLogDirs: array("4+", uuid, { nullable: "4+", default: null, tag: 1 }),
  },
});

export type RegisterBrokerRecord = Decoded<typeof registerBrokerRecord>;
export type RegisterBrokerRecordInput = Input<typeof registerBrokerRecord>;
