// What the leading consumer of a classic group puts into SyncGroup, behind an int16 with the version.

import { defineRecord } from "../schema/define.ts";
import { array, bytes, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const consumerProtocolAssignment = defineRecord({
  apiKey: null,
  name: "ConsumerProtocolAssignment",
  versions: "0-3",
  flexibleFrom: null,
  fields: {
    assignedPartitions: array("0+", { topic: string("0+"), partitions: array("0+", int32) }),
    userData: bytes("0+", { nullable: "0+", default: null }),
  },
});

export type ConsumerProtocolAssignment = Decoded<typeof consumerProtocolAssignment>;
export type ConsumerProtocolAssignmentInput = Input<typeof consumerProtocolAssignment>;
