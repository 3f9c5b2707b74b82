// Turns decoded messages into plain values for JSON: only the fields that the version has, record batches opened,
// bytes as text where they are text. Pure; nothing here prints.

import { DecodeError } from "@ottla/base";
import { batchFormat, compressionName, controlRecordTypes, readControlRecordType, readRecords } from "@ottla/protocol";
import type { BatchRecord, Codec } from "@ottla/protocol";
import { includesVersion } from "@ottla/protocol/schema/version-range.ts";

type Fields = Codec<unknown>["schema"]["fields"];
type Field = Fields[string];

/** The fields of `message` that version `version` of its schema has. */
export function describeMessage(fields: Fields, version: number, message: object): object {
  const described: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (!includesVersion(field.versions, version)) continue;
    described[name] = describeValue(field, version, (message as Record<string, unknown>)[name]);
  }
  return described;
}

function describeValue(field: Field, version: number, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (field.type === "array") {
    return (value as unknown[]).map((element) =>
      field.fields === null ? plain(element) : describeMessage(field.fields, version, element as object),
    );
  }
  if (field.type === "struct") return describeMessage(field.fields!, version, value);
  return field.type === "records" ? describeBatches(value as Buffer) : plain(value);
}

function plain(value: unknown): unknown {
  return Buffer.isBuffer(value) ? describeBytes(value) : value;
}

/** Text where the bytes are readable UTF-8, else `{ hex }`. */
export function describeBytes(bytes: Buffer | null): unknown {
  if (bytes === null) return null;
  const text = bytes.toString("utf8");
  const readable = Buffer.byteLength(text) === bytes.length && !/(?![\t\n\r])[\p{Cc}\ufffd]/u.test(text);
  return readable ? text : { hex: bytes.toString("hex") };
}

/** The batches of a records field with their records; the last may be cut off, as Fetch responses are. */
function describeBatches(records: Buffer): unknown[] {
  const batches: unknown[] = [];
  let end = 0;
  try {
    end = batchFormat.forEachBatch(records, (position) => {
      batches.push(describeBatch(records, position));
      return true;
    });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return [...batches, { error: error.message }];
  }
  return end === records.length ? batches : [...batches, { incompleteBytes: records.length - end }];
}

function describeBatch(buffer: Buffer, position: number): object {
  const head = {
    baseOffset: batchFormat.baseOffset(buffer, position),
    sizeInBytes: batchFormat.sizeInBytes(buffer, position),
    magic: batchFormat.magic(buffer, position),
    crcIsValid: batchFormat.verifyCrc(buffer, position),
    compression: compressionName(batchFormat.compressionType(buffer, position)),
  };
  return {
    ...head,
    ...(head.magic === 2 ? describeHeader(buffer, position) : {}),
    records: describeRecords(buffer, position),
  };
}

function describeHeader(buffer: Buffer, position: number): object {
  return {
    partitionLeaderEpoch: batchFormat.partitionLeaderEpoch(buffer, position),
    timestampType: batchFormat.timestampType(buffer, position),
    isTransactional: batchFormat.isTransactional(buffer, position),
    isControl: batchFormat.isControl(buffer, position),
    lastOffsetDelta: batchFormat.lastOffsetDelta(buffer, position),
    baseTimestamp: batchFormat.baseTimestamp(buffer, position),
    maxTimestamp: batchFormat.maxTimestamp(buffer, position),
    producerId: batchFormat.producerId(buffer, position),
    producerEpoch: batchFormat.producerEpoch(buffer, position),
    baseSequence: batchFormat.baseSequence(buffer, position),
    recordCount: batchFormat.recordCount(buffer, position),
  };
}

function describeRecords(buffer: Buffer, position: number): unknown {
  const isControl = batchFormat.isControl(buffer, position);
  try {
    return Array.from(readRecords(buffer, position), (record) => describeRecord(record, isControl));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { error: error.message };
  }
}

/** One record; of a control record the key says its type (KIP-98). */
export function describeRecord({ offset, timestamp, key, value, headers }: BatchRecord, isControl: boolean): object {
  return {
    offset,
    timestamp,
    ...(isControl ? { control: controlTypeName(key) } : { key: describeBytes(key) }),
    value: describeBytes(value),
    headers: headers.map((header) => ({ key: header.key, value: describeBytes(header.value) })),
  };
}

function controlTypeName(key: Buffer | null): string {
  const type = readControlRecordType(key);
  return Object.entries(controlRecordTypes).find(([, each]) => each === type)?.[0] ?? `unknown type ${type}`;
}
