// __consumer_offsets: a committed offset as Kafka 0.8 wrote it, read like OffsetCommit.

import { defineRecord } from "../schema/define.ts";
import { int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const legacyOffsetCommitKey = defineRecord({
  apiKey: 0,
  name: "LegacyOffsetCommitKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    group: string("0"),
    topic: string("0"),
    partition: int32("0"),
  },
});

export const legacyOffsetCommitValue = defineRecord({
  apiKey: 0,
  name: "LegacyOffsetCommitValue",
  versions: "0",
  flexibleFrom: null,
  fields: {
    offset: int64("0"),
    metadata: string("0"),
    commitTimestamp: int64("0"),
  },
});

export type LegacyOffsetCommitKey = Decoded<typeof legacyOffsetCommitKey>;
export type LegacyOffsetCommitKeyInput = Input<typeof legacyOffsetCommitKey>;
export type LegacyOffsetCommitValue = Decoded<typeof legacyOffsetCommitValue>;
export type LegacyOffsetCommitValueInput = Input<typeof legacyOffsetCommitValue>;
