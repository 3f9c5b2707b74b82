// How keys and values of the coordinators' internal topics are framed: an int16 in front of the message.
// In a value it is the version. In a key it is the record type: Kafka began with versions of one key and now uses
// the number to tell kinds of records apart (CoordinatorRecordSerde).

import { ByteReader, ByteWriter, DecodeError } from "@ottla/base";
import type { RecordType } from "../schema/define.ts";

/** The record type at the head of a key. The schema of that type reads the rest, at version 0. */
export function recordTypeOf(key: Buffer): number {
  return new ByteReader(key).int16();
}

/** @throws DecodeError when the key is truncated or of another type than the schema. */
export function decodeKey<Decoded, Input>(schema: RecordType<Decoded, Input>, key: Buffer): Decoded {
  const reader = new ByteReader(key);
  const type = reader.int16();
  if (type !== schema.apiKey) throw new DecodeError(`record type ${type} is not ${schema.name}`);
  return schema.decode(reader, schema.versions.from);
}

export function encodeKey<Decoded, Input>(schema: RecordType<Decoded, Input>, key: Input): Buffer {
  const writer = new ByteWriter(64);
  writer.int16(schema.apiKey!);
  schema.encode(writer, schema.versions.from, key);
  return writer.toBuffer();
}

/** Null when the value's version is one that the schema does not know. */
export function decodeValue<Decoded, Input>(schema: RecordType<Decoded, Input>, value: Buffer): Decoded | null {
  const reader = new ByteReader(value);
  const version = reader.int16();
  if (version < schema.versions.from || version > schema.versions.to) return null;
  return schema.decode(reader, version);
}

export function encodeValue<Decoded, Input>(schema: RecordType<Decoded, Input>, version: number, value: Input): Buffer {
  const writer = new ByteWriter(128);
  writer.int16(version);
  schema.encode(writer, version, value);
  return writer.toBuffer();
}
