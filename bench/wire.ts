// The little of Kafka's wire protocol that the benchmark needs, written by hand: what drives the servers must not share code with one of them.
// Not a codec: requests have one topic and one partition, and of responses only a few fields at known places are read.
// Layouts follow Kafka's message definitions of Produce 9, Fetch 12, ListOffsets 6, ApiVersions 3, CreateTopics 7 and
// DeleteTopics 5.

import { ByteReader, ByteWriter } from "@ottla/base";

export const PRODUCE_KEY = 0;
export const FETCH_KEY = 1;

const LIST_OFFSETS_KEY = 2;
const API_VERSIONS_KEY = 18;
const CREATE_TOPICS_KEY = 19;
const DELETE_TOPICS_KEY = 20;
const CLIENT_ID = "bench";
export const NO_TAGS = 0;
/** What the Java consumer asks for: fetch.max.bytes and max.partition.fetch.bytes. */
export const FETCH_MAX_BYTES = 50 * 1024 * 1024;
export const FETCH_MAX_PARTITION_BYTES = 1024 * 1024;

/** Where the correlation id stands in every request frame, size field included. */
export const REQUEST_CORRELATION_AT = 8;
/** Where it stands in every response frame. */
export const RESPONSE_CORRELATION_AT = 4;

/** A Produce request for one partition, size field included. Versions 9 (the default) to 12 have one layout. */
export function produceFrame(options: {
  topic: string;
  partition: number;
  acks: number;
  records: Buffer;
  correlationId: number;
  version?: number;
  transactionalId?: string;
}): Buffer {
  const { transactionalId } = options;
  const writer = openFrame(PRODUCE_KEY, options.version ?? 9, options.correlationId, options.records.length + 256);
  if (transactionalId === undefined) writer.unsignedVarint(0);
  else compactString(writer, transactionalId);
  writer.int16(options.acks);
  writer.int32(30_000);
  writer.unsignedVarint(2);
  compactString(writer, options.topic);
  writer.unsignedVarint(2);
  writer.int32(options.partition);
  writer.unsignedVarint(options.records.length + 1);
  writer.bytes(options.records);
  writer.int8(NO_TAGS);
  writer.int8(NO_TAGS);
  writer.int8(NO_TAGS);
  return closeFrame(writer);
}

/** Where the records begin in a frame that `produceFrame` made: only empty tags follow them. */
export function producedRecordsAt(frame: Buffer, records: Buffer): number {
  return frame.length - 3 - records.length;
}

/** Where error code and base offset stand in the answer to `produceFrame`, size field included. */
export function produceResponseLayout(topic: string): { errorCodeAt: number; baseOffsetAt: number } {
  const errorCodeAt = 4 + 4 + 1 + 1 + 1 + topic.length + 1 + 4;
  return { errorCodeAt, baseOffsetAt: errorCodeAt + 2 };
}

/** A Fetch request of version 12 for one partition and without a session; `offsetAt` is where the fetch offset stands. */
export function fetchFrame(options: { topic: string; partition: number; maxWaitMs: number; correlationId: number }): {
  frame: Buffer;
  offsetAt: number;
} {
  const writer = openFrame(FETCH_KEY, 12, options.correlationId, 256);
  writer.int32(-1); // a consumer, not a replica
  writer.int32(options.maxWaitMs);
  writer.int32(1);
  writer.int32(FETCH_MAX_BYTES);
  writer.int8(0);
  writer.int32(0);
  writer.int32(-1);
  writer.unsignedVarint(2);
  compactString(writer, options.topic);
  writer.unsignedVarint(2);
  writer.int32(options.partition);
  writer.int32(-1);
  const offsetAt = writer.offset;
  writer.int64(0);
  writer.int32(-1);
  writer.int64(-1);
  writer.int32(FETCH_MAX_PARTITION_BYTES);
  writer.int8(NO_TAGS);
  writer.int8(NO_TAGS);
  writer.unsignedVarint(1); // no forgotten topics
  writer.unsignedVarint(1); // no rack
  writer.int8(NO_TAGS);
  return { frame: closeFrame(writer), offsetAt };
}

/**
 * Reads the answer to `fetchFrame` up to its records. `head` begins with the size field and holds at least the first 256 bytes or all.
 * Throws on an error code: a benchmark has no use for a fetch that failed.
 */
export function readFetchHead(head: Buffer): { recordsAt: number; recordsBytes: number } {
  const reader = new ByteReader(head, 4 + 4 + 1 + 4);
  failOn("Fetch", reader.int16());
  reader.int32();
  if (reader.unsignedVarint() !== 2) throw new Error("a Fetch response without its topic");
  reader.skip(reader.unsignedVarint() - 1);
  reader.unsignedVarint();
  reader.int32();
  failOn("Fetch", reader.int16());
  reader.skip(24);
  const aborted = reader.unsignedVarint();
  if (aborted > 1) throw new Error("a Fetch response with aborted transactions");
  reader.int32();
  const recordsBytes = Math.max(0, reader.unsignedVarint() - 1);
  return { recordsAt: reader.offset, recordsBytes };
}

export function apiVersionsFrame(): Buffer {
  const writer = openFrame(API_VERSIONS_KEY, 3, 1, 64);
  compactString(writer, CLIENT_ID);
  compactString(writer, "1");
  writer.int8(NO_TAGS);
  return closeFrame(writer);
}

export function createTopicFrame(topic: string, partitions: number): Buffer {
  const writer = openFrame(CREATE_TOPICS_KEY, 7, 1, 512);
  writer.unsignedVarint(2);
  compactString(writer, topic);
  writer.int32(partitions);
  writer.int16(1);
  writer.unsignedVarint(1);
  writer.unsignedVarint(1); // no configs
  writer.int8(NO_TAGS);
  writer.int32(30_000);
  writer.boolean(false);
  writer.int8(NO_TAGS);
  return closeFrame(writer);
}

export function checkCreateTopicResponse(frame: Buffer, topic: string): void {
  failOn("CreateTopics", frame.readInt16BE(4 + 4 + 1 + 4 + 1 + 1 + topic.length + 16));
}

export function deleteTopicFrame(topic: string): Buffer {
  const writer = openFrame(DELETE_TOPICS_KEY, 5, 1, 128);
  writer.unsignedVarint(2);
  compactString(writer, topic);
  writer.int32(30_000);
  writer.int8(NO_TAGS);
  return closeFrame(writer);
}

export function checkDeleteTopicResponse(frame: Buffer, topic: string): void {
  failOn("DeleteTopics", frame.readInt16BE(4 + 4 + 1 + 4 + 1 + 1 + topic.length));
}

/** Asks where the log of a partition ends: a leader that is ready answers. */
export function listOffsetsFrame(topic: string, partition: number): Buffer {
  const writer = openFrame(LIST_OFFSETS_KEY, 6, 1, 128);
  writer.int32(-1);
  writer.int8(0);
  writer.unsignedVarint(2);
  compactString(writer, topic);
  writer.unsignedVarint(2);
  writer.int32(partition);
  writer.int32(-1);
  writer.int64(-1);
  writer.int8(NO_TAGS);
  writer.int8(NO_TAGS);
  writer.int8(NO_TAGS);
  return closeFrame(writer);
}

/** The error code in the answer to `listOffsetsFrame`. */
export function listOffsetsErrorCode(frame: Buffer, topic: string): number {
  return frame.readInt16BE(4 + 4 + 1 + 4 + 1 + 1 + topic.length + 1 + 4);
}

export function failOn(api: string, errorCode: number): void {
  if (errorCode !== 0) throw new Error(`${api} was answered with error code ${errorCode}`);
}

/** Begins a request with header version 2; `closeFrame` ends it. */
export function openFrame(apiKey: number, version: number, correlationId: number, bytes: number): ByteWriter {
  const writer = new ByteWriter(bytes);
  writer.int32(0);
  writer.int16(apiKey);
  writer.int16(version);
  writer.int32(correlationId);
  writer.int16(CLIENT_ID.length);
  writer.utf8(CLIENT_ID, CLIENT_ID.length);
  writer.int8(NO_TAGS);
  return writer;
}

/** The finished frame, its size field written. */
export function closeFrame(writer: ByteWriter): Buffer {
  const frame = writer.toBuffer();
  frame.writeInt32BE(frame.length - 4, 0);
  return frame;
}

/** ASCII only. */
export function compactString(writer: ByteWriter, text: string): void {
  writer.unsignedVarint(text.length + 1);
  writer.utf8(text, text.length);
}
