// The value of a control record: the voters of the metadata quorum (KIP-853).

import { defineRecord } from "../schema/define.ts";
import { array, int16, int32, string, struct, uint16, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const votersRecord = defineRecord({
  apiKey: null,
  name: "VotersRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    version: int16("0+"),
    voters: array("0+", {
      voterId: int32("0+"),
      voterDirectoryId: uuid("0+"),
      endpoints: array("0+", {
        name: string("0+"),
        host: string("0+"),
        port: uint16("0+"),
      }),
      kRaftVersionFeature: struct("0+", { minSupportedVersion: int16("0+"), maxSupportedVersion: int16("0+") }),
    }),
  },
});

export type VotersRecord = Decoded<typeof votersRecord>;
export type VotersRecordInput = Input<typeof votersRecord>;
