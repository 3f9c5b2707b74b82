// The records of the metadata log as the package handles them: a kind, a version and the decoded value.
// Kinds that Ottla does not interpret yet (ACLs, SCRAM credentials, quotas, tokens, controllers) stay bytes, so that nothing is lost.
// In the log each record is a frame: frame version, record type and record version as unsigned varints, then the value (KIP-631).

import { DecodeError } from "@ottla/base";
import { decodeMetadataFrame, encodeMetadataRecord } from "@ottla/protocol";
import type { RecordType } from "@ottla/protocol";
import { abortTransactionRecord } from "@ottla/protocol/metadata-records/abort-transaction.ts";
import { beginTransactionRecord } from "@ottla/protocol/metadata-records/begin-transaction.ts";
import { brokerRegistrationChangeRecord } from "@ottla/protocol/metadata-records/broker-registration-change.ts";
import { clearElrRecord } from "@ottla/protocol/metadata-records/clear-elr.ts";
import { configRecord } from "@ottla/protocol/metadata-records/config.ts";
import { endTransactionRecord } from "@ottla/protocol/metadata-records/end-transaction.ts";
import { featureLevelRecord } from "@ottla/protocol/metadata-records/feature-level.ts";
import { fenceBrokerRecord } from "@ottla/protocol/metadata-records/fence-broker.ts";
import { noOpRecord } from "@ottla/protocol/metadata-records/no-op.ts";
import { partitionChangeRecord } from "@ottla/protocol/metadata-records/partition-change.ts";
import { partitionRecord } from "@ottla/protocol/metadata-records/partition.ts";
import { producerIdsRecord } from "@ottla/protocol/metadata-records/producer-ids.ts";
import { registerBrokerRecord } from "@ottla/protocol/metadata-records/register-broker.ts";
import { removeTopicRecord } from "@ottla/protocol/metadata-records/remove-topic.ts";
import { topicRecord } from "@ottla/protocol/metadata-records/topic.ts";
import { unfenceBrokerRecord } from "@ottla/protocol/metadata-records/unfence-broker.ts";
import { unregisterBrokerRecord } from "@ottla/protocol/metadata-records/unregister-broker.ts";

const recordTypes = {
  abortTransaction: abortTransactionRecord,
  beginTransaction: beginTransactionRecord,
  brokerRegistrationChange: brokerRegistrationChangeRecord,
  clearElr: clearElrRecord,
  config: configRecord,
  endTransaction: endTransactionRecord,
  featureLevel: featureLevelRecord,
  fenceBroker: fenceBrokerRecord,
  noOp: noOpRecord,
  partition: partitionRecord,
  partitionChange: partitionChangeRecord,
  producerIds: producerIdsRecord,
  registerBroker: registerBrokerRecord,
  removeTopic: removeTopicRecord,
  topic: topicRecord,
  unfenceBroker: unfenceBrokerRecord,
  unregisterBroker: unregisterBrokerRecord,
};

/** The kinds that replay understands. */
export type RecordKind = keyof typeof recordTypes;

/** The decoded value of a kind. */
export type RecordValue<Kind extends RecordKind> = ReturnType<(typeof recordTypes)[Kind]["decode"]>;

/** One record of an interpreted kind. */
export type InterpretedRecord<Kind extends RecordKind = RecordKind> = {
  [Each in Kind]: { readonly kind: Each; readonly version: number; readonly value: RecordValue<Each> };
}[Kind];

/** A record of a kind that is only passed on: its frame as in the log, owned by whoever holds the record. */
export interface VerbatimRecord {
  readonly kind: "verbatim";
  readonly apiKey: number;
  readonly frame: Buffer;
}

export type MetadataRecord = InterpretedRecord | VerbatimRecord;

/** The record types that Kafka 4.3 knows and Ottla passes on. A type that is in neither list comes from a newer Kafka. */
const VERBATIM_API_KEYS: ReadonlySet<number> = new Set([10, 11, 14, 18, 19, 21, 22, 26, 27, 29]);

const kindsByApiKey = new Map<number, RecordKind>(
  (Object.keys(recordTypes) as RecordKind[]).map((kind) => [recordTypes[kind].apiKey!, kind]),
);

/** Kafka's number of a kind. */
export function recordApiKey(record: MetadataRecord): number {
  return record.kind === "verbatim" ? record.apiKey : recordTypes[record.kind].apiKey!;
}

/** Makes a record whose value has all fields. */
export function makeRecord<Kind extends RecordKind>(
  kind: Kind,
  value: RecordValue<Kind>,
  version: number = 0,
): InterpretedRecord<Kind> {
  return { kind, version, value };
}

/** The frame of a record, as the value of a log record. Owned by the caller. */
export function encodeRecord(given: MetadataRecord): Buffer {
  if (given.kind === "verbatim") return given.frame;
  return encodeMetadataRecord(recordTypes[given.kind] as RecordType<unknown>, given.version, given.value);
}

/**
 * Reads a frame; the result shares no memory with it.
 * @throws DecodeError for a broken frame, a newer frame version, or a record type that Kafka 4.3 does not have.
 */
export function decodeRecord(frame: Buffer): MetadataRecord {
  const { apiKey, version, reader } = decodeMetadataFrame(frame);
  const kind = kindsByApiKey.get(apiKey);
  if (kind === undefined) {
    if (!VERBATIM_API_KEYS.has(apiKey)) throw new DecodeError(`metadata record of the unknown type ${apiKey}`);
    return { kind: "verbatim", apiKey, frame: Buffer.from(frame) };
  }
  const type = recordTypes[kind];
  if (version > type.versions.to) throw new DecodeError(`${type.name} of the unknown version ${version}`);
  const value = type.decode(reader, version);
  if (reader.remaining() > 0) throw new DecodeError(`${type.name} with ${reader.remaining()} bytes too many`);
  return { kind, version, value } as InterpretedRecord;
}
