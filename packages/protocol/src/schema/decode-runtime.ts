// What compiled decoders call: everything whose length is on the wire. Fixed-size fields are read inline by the compiled code.
// Every length is checked against the bytes that are left before anything is allocated.

import { DecodeError, readInt32, readInt64 } from "@ottla/base";
import { internText, internUuid } from "./interning.ts";
import type { ByteReader } from "@ottla/base";

/** An unsigned varint that is nearly always one byte: lengths and counts in flexible versions. */
function length(reader: ByteReader): number {
  const at = reader.offset;
  if (at < reader.end) {
    const first = reader.buffer[at]!;
    if (first < 0x80) {
      reader.offset = at + 1;
      return first;
    }
  }
  return reader.unsignedVarint();
}

function text(reader: ByteReader): string {
  return textOf(present(reader.int16(), reader), reader);
}

function nullableText(reader: ByteReader): string | null {
  const size = reader.int16();
  return size < 0 ? null : textOf(size, reader);
}

function compactText(reader: ByteReader): string {
  return textOf(shortEnough(present(length(reader) - 1, reader), reader), reader);
}

function compactNullableText(reader: ByteReader): string | null {
  const size = length(reader) - 1;
  return size < 0 ? null : textOf(shortEnough(size, reader), reader);
}

function bytes(reader: ByteReader): Buffer {
  return reader.bytes(present(reader.int32(), reader));
}

function nullableBytes(reader: ByteReader): Buffer | null {
  const size = reader.int32();
  return size < 0 ? null : reader.bytes(size);
}

function compactBytes(reader: ByteReader): Buffer {
  return reader.bytes(present(length(reader) - 1, reader));
}

function compactNullableBytes(reader: ByteReader): Buffer | null {
  const size = length(reader) - 1;
  return size < 0 ? null : reader.bytes(size);
}

/** An array's length when it must not be null; each element takes at least `smallest` bytes. */
function count(reader: ByteReader, smallest: number): number {
  return fitting(present(reader.int32(), reader), smallest, reader);
}

/** -1 for null. */
function nullableCount(reader: ByteReader, smallest: number): number {
  return fitting(reader.int32(), smallest, reader);
}

function compactCount(reader: ByteReader, smallest: number): number {
  return fitting(present(length(reader) - 1, reader), smallest, reader);
}

function compactNullableCount(reader: ByteReader, smallest: number): number {
  return fitting(length(reader) - 1, smallest, reader);
}

/** An array of the right capacity, so that short ones take no more memory than they need. */
function newList<T>(size: number): T[] {
  return size <= LARGEST_RESERVED_ARRAY ? new Array<T>(size) : [];
}

function int8List(reader: ByteReader, size: number): number[] | null {
  if (size < 0) return null;
  const list = newList<number>(size);
  for (let index = 0; index < size; index++) list[index] = reader.int8();
  return list;
}

function int16List(reader: ByteReader, size: number): number[] | null {
  if (size < 0) return null;
  const list = newList<number>(size);
  for (let index = 0; index < size; index++) list[index] = reader.int16();
  return list;
}

function int32List(reader: ByteReader, size: number): number[] | null {
  if (size < 0) return null;
  const list = newList<number>(size);
  const { buffer } = reader;
  let at = reader.skip(size * 4);
  for (let index = 0; index < size; index++, at += 4) list[index] = readInt32(buffer, at);
  return list;
}

function int64List(reader: ByteReader, size: number): number[] | null {
  if (size < 0) return null;
  const list = newList<number>(size);
  for (let index = 0; index < size; index++) list[index] = reader.int64();
  return list;
}

function bits64(buffer: Buffer, at: number): string {
  return buffer.toString("hex", at, at + 8);
}

function uuidList(reader: ByteReader, size: number): string[] | null {
  if (size < 0) return null;
  const list = newList<string>(size);
  for (let index = 0; index < size; index++) list[index] = internUuid(reader.buffer, reader.skip(16));
  return list;
}

function textList(reader: ByteReader, size: number): string[] | null {
  if (size < 0) return null;
  const list = newList<string>(size);
  for (let index = 0; index < size; index++) list[index] = text(reader);
  return list;
}

function compactTextList(reader: ByteReader, size: number): string[] | null {
  if (size < 0) return null;
  const list = newList<string>(size);
  for (let index = 0; index < size; index++) list[index] = compactText(reader);
  return list;
}

/** Passes over a tag section of which nothing is known. */
function skipTags(reader: ByteReader): void {
  for (let left = length(reader); left > 0; left--) {
    reader.unsignedVarint();
    reader.skip(reader.unsignedVarint());
  }
}

/** Where the tagged field ends whose size comes next. */
function tagEnd(reader: ByteReader): number {
  const size = reader.unsignedVarint();
  const start = reader.skip(size);
  reader.offset = start;
  return start + size;
}

function wrongTagSize(reader: ByteReader, tag: number, end: number): never {
  throw new DecodeError(`tag ${tag} ends at ${reader.offset}, its size says ${end}`);
}

function foreignTag(reader: ByteReader, tag: number): never {
  throw new DecodeError(`tag ${tag} before ${reader.offset} belongs to another version`);
}

function textOf(size: number, reader: ByteReader): string {
  const start = reader.skip(size);
  return internText(reader.buffer, start, start + size);
}

function present(size: number, reader: ByteReader): number {
  if (size < 0) throw new DecodeError(`null before ${reader.offset}, where there must be a value`);
  return size;
}

// Kafka refuses compact strings longer than the old form could carry.
function shortEnough(size: number, reader: ByteReader): number {
  if (size > 0x7fff) throw new DecodeError(`string of ${size} bytes at ${reader.offset}`);
  return size;
}

function fitting(size: number, smallest: number, reader: ByteReader): number {
  if (size * smallest > reader.end - reader.offset) {
    throw new DecodeError(`array of ${size} at ${reader.offset} with ${reader.remaining()} bytes left`);
  }
  if (size > 0) {
    reader.elementsLeft -= size;
    if (reader.elementsLeft < 0)
      throw new DecodeError(`array of ${size} at ${reader.offset}: too many elements in all`);
  }
  return size;
}

/** Longer arrays grow as their elements come. */
const LARGEST_RESERVED_ARRAY = 4096;

const EMPTY_BUFFER = Buffer.alloc(0);

/** By the names that compiled decoders use. */
export const decodeRuntime = {
  text,
  nullableText,
  compactText,
  compactNullableText,
  bytes,
  nullableBytes,
  compactBytes,
  compactNullableBytes,
  count,
  nullableCount,
  compactCount,
  compactNullableCount,
  newList,
  int8List,
  int16List,
  int32List,
  int64List,
  uuidList,
  textList,
  compactTextList,
  length,
  skipTags,
  tagEnd,
  wrongTagSize,
  foreignTag,
  internUuid,
  readInt64,
  bits64,
  EMPTY_BUFFER,
};
