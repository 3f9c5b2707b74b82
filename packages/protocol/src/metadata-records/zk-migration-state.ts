// Metadata log: how far a migration from ZooKeeper was (KIP-866). Logs of Kafka 3 contain it.

import { defineRecord } from "../schema/define.ts";
import { int8 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const zkMigrationStateRecord = defineRecord({
  apiKey: 21,
  name: "ZkMigrationStateRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    zkMigrationState: int8("0+"),
  },
});

export type ZkMigrationStateRecord = Decoded<typeof zkMigrationStateRecord>;
export type ZkMigrationStateRecordInput = Input<typeof zkMigrationStateRecord>;
