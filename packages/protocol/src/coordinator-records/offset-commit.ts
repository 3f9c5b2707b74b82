// __consumer_offsets: the committed offset of one partition for one group. The value's topic id came with version 4's
// tags.

import { defineRecord } from "../schema/define.ts";
import { int32, int64, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const offsetCommitKey = defineRecord({
  apiKey: 1,
  name: "OffsetCommitKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    group: string("0"),
    topic: string("0"),
    partition: int32("0"),
  },
});

export const offsetCommitValue = defineRecord({
  apiKey: 1,
  name: "OffsetCommitValue",
  versions: "0-4",
  flexibleFrom: 4,
  fields: {
    offset: int64("0+"),
    leaderEpoch: int32("3+", { default: -1, ignorable: true }),
    metadata: string("0+"),
    commitTimestamp: int64("0+"),
    expireTimestamp: int64("1", { default: -1, ignorable: true }),
    topicId: uuid("4+", { tag: 0, ignorable: true }),
  },
});

export type OffsetCommitKey = Decoded<typeof offsetCommitKey>;
export type OffsetCommitKeyInput = Input<typeof offsetCommitKey>;
export type OffsetCommitValue = Decoded<typeof offsetCommitValue>;
export type OffsetCommitValueInput = Input<typeof offsetCommitValue>;
