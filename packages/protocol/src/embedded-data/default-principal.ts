// A principal as a broker puts it into an Envelope, behind an int16 with the version (KIP-590).

import { defineRecord } from "../schema/define.ts";
import { boolean, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const defaultPrincipalData = defineRecord({
  apiKey: null,
  name: "DefaultPrincipalData",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    type: string("0+"),
    name: string("0+"),
    tokenAuthenticated: boolean("0+"),
  },
});

export type DefaultPrincipalData = Decoded<typeof defaultPrincipalData>;
export type DefaultPrincipalDataInput = Input<typeof defaultPrincipalData>;
