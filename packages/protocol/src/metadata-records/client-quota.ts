// Metadata log: a quota of an entity was set or removed (KIP-546).

import { defineRecord } from "../schema/define.ts";
import { array, boolean, float64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const clientQuotaRecord = defineRecord({
  apiKey: 14,
  name: "ClientQuotaRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    entity: array("0+", {
      entityType: string("0+"),
      entityName: string("0+", { nullable: "0+" }),
    }),
    key: string("0+"),
    value: float64("0+"),
    remove: boolean("0+"),
  },
});

export type ClientQuotaRecord = Decoded<typeof clientQuotaRecord>;
export type ClientQuotaRecordInput = Input<typeof clientQuotaRecord>;
