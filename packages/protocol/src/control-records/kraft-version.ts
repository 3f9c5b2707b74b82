// The value of a control record: the version of the quorum's own protocol (KIP-853).

import { defineRecord } from "../schema/define.ts";
import { int16 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const kraftVersionRecord = defineRecord({
  apiKey: null,
  name: "KRaftVersionRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    version: int16("0+"),
    kRaftVersion: int16("0+"),
  },
});

export type KraftVersionRecord = Decoded<typeof kraftVersionRecord>;
export type KraftVersionRecordInput = Input<typeof kraftVersionRecord>;
