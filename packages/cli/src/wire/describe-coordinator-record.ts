// The records of the coordinators' topics as plain values: the numbers in front of key and value (CoordinatorRecordSerde) resolved to a
// kind of record and a version, and the fields that the version has. What cannot be read is shown as it is.

import { ByteReader, DecodeError } from "@ottla/base";
import type { BatchRecord } from "@ottla/protocol";
import type { RecordType } from "@ottla/protocol/schema/define.ts";
import { allCoordinatorRecords } from "@ottla/protocol/coordinator-records/all.ts";
import { recordTypeOf } from "@ottla/protocol/coordinator-records/frame.ts";
import { describeBytes, describeMessage, describeRecord } from "./describe-message.ts";

/** Whose records: each of the three topics numbers its kinds from 0. */
export type CoordinatorLog = "offsets" | "transaction-log" | "share-group-state";

type Schema = RecordType<unknown, never>;

interface Kind {
  readonly name: string;
  readonly key: Schema;
  readonly value: Schema;
}

const kinds: Readonly<Record<CoordinatorLog, Map<number, Kind>>> = {
  offsets: new Map(),
  "transaction-log": new Map(),
  "share-group-state": new Map(),
};

for (const key of allCoordinatorRecords) {
  if (!key.name.endsWith("Key")) continue;
  const name = key.name.slice(0, -"Key".length);
  const value = allCoordinatorRecords.find((each) => each.name === `${name}Value`);
  if (value !== undefined && key.apiKey !== null) kinds[logOf(name)].set(key.apiKey, { name, key, value });
}

/** The schemas of a kind of record; undefined for a kind that Kafka 4.3 does not have. */
export function coordinatorKindOf(log: CoordinatorLog, type: number): Kind | undefined {
  return kinds[log].get(type);
}

function logOf(name: string): CoordinatorLog {
  if (name === "TransactionLog") return "transaction-log";
  return name === "ShareSnapshot" || name === "ShareUpdate" ? "share-group-state" : "offsets";
}

/** Markers of transactions are described as in any other log. */
export function describeCoordinatorRecord(log: CoordinatorLog): (record: BatchRecord, isControl: boolean) => object {
  return (record, isControl) => {
    const { offset, timestamp, key, value } = record;
    if (isControl || key === null) return describeRecord(record, isControl);
    try {
      const kind = kinds[log].get(recordTypeOf(key));
      if (kind === undefined) {
        return {
          offset,
          timestamp,
          type: `unknown type ${recordTypeOf(key)}`,
          key: describeBytes(key),
          value: describeBytes(value),
        };
      }
      return {
        offset,
        timestamp,
        type: kind.name,
        key: describeFramed(kind.key, key, kind.key.versions.from).value,
        ...(value === null ? { tombstone: true } : describeFramed(kind.value, value)),
      };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { offset, timestamp, problem: error.message, key: describeBytes(key), value: describeBytes(value) };
    }
  };
}

/** The number in front of a key is its kind, in front of a value its version. */
function describeFramed(schema: Schema, bytes: Buffer, fixedVersion?: number): { version: number; value: unknown } {
  const reader = new ByteReader(bytes);
  const first = reader.int16();
  const version = fixedVersion ?? first;
  if (version < schema.versions.from || version > schema.versions.to) return { version, value: describeBytes(bytes) };
  return { version, value: describeMessage(schema.schema.fields, version, schema.decode(reader, version) as object) };
}
