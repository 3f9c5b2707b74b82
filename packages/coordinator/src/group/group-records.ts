// The records of __consumer_offsets that the group coordinator reads and writes, typed, and their bytes.
// One table says for each record type its schemas and the version that is written (CoordinatorRecordType and GroupCoordinatorRecordHelpers in Kafka 4.3).
// Not here: share and streams groups, whose records are skipped when a log has them.

import {
  consumerGroupCurrentMemberAssignmentKey,
  consumerGroupCurrentMemberAssignmentValue,
} from "@ottla/protocol/coordinator-records/consumer-group-current-member-assignment.ts";
import {
  consumerGroupMemberMetadataKey,
  consumerGroupMemberMetadataValue,
} from "@ottla/protocol/coordinator-records/consumer-group-member-metadata.ts";
import {
  consumerGroupMetadataKey,
  consumerGroupMetadataValue,
} from "@ottla/protocol/coordinator-records/consumer-group-metadata.ts";
import {
  consumerGroupPartitionMetadataKey,
  consumerGroupPartitionMetadataValue,
} from "@ottla/protocol/coordinator-records/consumer-group-partition-metadata.ts";
import {
  consumerGroupRegularExpressionKey,
  consumerGroupRegularExpressionValue,
} from "@ottla/protocol/coordinator-records/consumer-group-regular-expression.ts";
import {
  consumerGroupTargetAssignmentMemberKey,
  consumerGroupTargetAssignmentMemberValue,
} from "@ottla/protocol/coordinator-records/consumer-group-target-assignment-member.ts";
import {
  consumerGroupTargetAssignmentMetadataKey,
  consumerGroupTargetAssignmentMetadataValue,
} from "@ottla/protocol/coordinator-records/consumer-group-target-assignment-metadata.ts";
import {
  decodeKey,
  decodeValue,
  encodeKey,
  encodeValue,
  recordTypeOf,
} from "@ottla/protocol/coordinator-records/frame.ts";
import { groupMetadataKey, groupMetadataValue } from "@ottla/protocol/coordinator-records/group-metadata.ts";
import {
  legacyOffsetCommitKey,
  legacyOffsetCommitValue,
} from "@ottla/protocol/coordinator-records/legacy-offset-commit.ts";
import { offsetCommitKey, offsetCommitValue } from "@ottla/protocol/coordinator-records/offset-commit.ts";
import type { Decoded, RecordType } from "@ottla/protocol";
import { ZERO_UUID } from "@ottla/base";
import type { CoordinatorRecordCodec } from "../runtime/shard.ts";

const table = {
  OffsetCommit: { key: offsetCommitKey, value: offsetCommitValue, version: 4 },
  GroupMetadata: { key: groupMetadataKey, value: groupMetadataValue, version: 3 },
  ConsumerGroupMetadata: { key: consumerGroupMetadataKey, value: consumerGroupMetadataValue, version: 0 },
  ConsumerGroupPartitionMetadata: {
    key: consumerGroupPartitionMetadataKey,
    value: consumerGroupPartitionMetadataValue,
    version: 0,
  },
  ConsumerGroupMemberMetadata: {
    key: consumerGroupMemberMetadataKey,
    value: consumerGroupMemberMetadataValue,
    version: 0,
  },
  ConsumerGroupTargetAssignmentMetadata: {
    key: consumerGroupTargetAssignmentMetadataKey,
    value: consumerGroupTargetAssignmentMetadataValue,
    version: 0,
  },
  ConsumerGroupTargetAssignmentMember: {
    key: consumerGroupTargetAssignmentMemberKey,
    value: consumerGroupTargetAssignmentMemberValue,
    version: 0,
  },
  ConsumerGroupCurrentMemberAssignment: {
    key: consumerGroupCurrentMemberAssignmentKey,
    value: consumerGroupCurrentMemberAssignmentValue,
    version: 0,
  },
  ConsumerGroupRegularExpression: {
    key: consumerGroupRegularExpressionKey,
    value: consumerGroupRegularExpressionValue,
    version: 0,
  },
} as const;

type Table = typeof table;

/** One record: `kind` names its type, every field of key and value is there; a null value is a tombstone. */
export type GroupRecord = {
  [Kind in keyof Table]: {
    readonly kind: Kind;
    readonly key: Decoded<Table[Kind]["key"]>;
    readonly value: Decoded<Table[Kind]["value"]> | null;
  };
}[keyof Table];

interface RecordSchemas {
  // oxlint-disable typescript/no-explicit-any -- the table pairs each key and value with its schema; here the types are forgotten
  readonly key: RecordType<any, any>;
  readonly value: RecordType<any, any>;
  // oxlint-enable typescript/no-explicit-any
  readonly version: number;
}

const kindsByType: ReadonlyMap<number, GroupRecord["kind"]> = new Map(
  (Object.keys(table) as GroupRecord["kind"][]).map((kind) => [table[kind].key.apiKey!, kind]),
);

export const groupRecordCodec: CoordinatorRecordCodec<GroupRecord> = {
  encodeKey(record) {
    const schemas: RecordSchemas = table[record.kind];
    return encodeKey(schemas.key, record.key);
  },
  encodeValue(record) {
    if (record.value === null) return null;
    const schemas: RecordSchemas = table[record.kind];
    return encodeValue(schemas.value, versionOf(record, schemas), record.value);
  },
  decode(key, value) {
    const type = recordTypeOf(key);
    if (type === legacyOffsetCommitKey.apiKey) return decodeLegacyCommit(key, value);
    const kind = kindsByType.get(type);
    if (kind === undefined) return null;
    const schemas: RecordSchemas = table[kind];
    const decodedValue: unknown = value === null ? null : decodeValue(schemas.value, value);
    // A version that is not known: as Kafka, the record is passed over.
    if (value !== null && decodedValue === null) return null;
    return { kind, key: decodeKey(schemas.key, key), value: decodedValue } as GroupRecord;
  },
};

// A commit that says itself when it expires can only be written in version 1.
function versionOf(record: GroupRecord, schemas: RecordSchemas): number {
  if (record.kind === "OffsetCommit" && record.value !== null && record.value.expireTimestamp !== -1) return 1;
  return schemas.version;
}

// Kafka reads the key and value of version 0 like those of version 1.
function decodeLegacyCommit(key: Buffer, value: Buffer | null): GroupRecord | null {
  const decodedKey = decodeKey(legacyOffsetCommitKey, key);
  if (value === null) return { kind: "OffsetCommit", key: decodedKey, value: null };
  const decoded = decodeValue(legacyOffsetCommitValue, value);
  if (decoded === null) return null;
  return {
    kind: "OffsetCommit",
    key: decodedKey,
    value: { ...decoded, leaderEpoch: -1, expireTimestamp: -1, topicId: ZERO_UUID },
  };
}

/** What a record takes in a batch besides key and value, rounded up. */
const RECORD_OVERHEAD_BYTES = 32;

/** Whether records that must be kept all or none do so within `maxBytes`. For the rare ones that grow with a group. */
export function recordsFit(records: readonly GroupRecord[], maxBytes: number): boolean {
  let bytes = 0;
  for (const record of records) {
    bytes += RECORD_OVERHEAD_BYTES + groupRecordCodec.encodeKey(record).length;
    bytes += groupRecordCodec.encodeValue(record)?.length ?? 0;
    if (bytes > maxBytes) return false;
  }
  return true;
}
