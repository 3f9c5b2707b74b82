// Requests about coordinators and committed offsets, by hand as in ../wire.ts: FindCoordinator 4, OffsetCommit 9, OffsetFetch 8.

import { ByteReader } from "@ottla/base";
import { closeFrame, compactString, failOn, NO_TAGS, openFrame } from "../wire.ts";

const OFFSET_COMMIT_KEY = 8;
const OFFSET_FETCH_KEY = 9;
const FIND_COORDINATOR_KEY = 10;

export const GROUP_KEY_TYPE = 0;
export const TRANSACTION_KEY_TYPE = 1;
/** The answers that tell a client to ask again: COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR. */
const COMING = new Set([14, 15, 16]);

/** Whether a coordinator said that it will be there soon. @throws on every other error */
export function isComing(api: string, errorCode: number): boolean {
  if (COMING.has(errorCode)) return true;
  failOn(api, errorCode);
  return false;
}

export function findCoordinatorFrame(keyType: number, key: string): Buffer {
  const writer = openFrame(FIND_COORDINATOR_KEY, 4, 1, 128);
  writer.int8(keyType);
  writer.unsignedVarint(2);
  compactString(writer, key);
  writer.int8(NO_TAGS);
  return closeFrame(writer);
}

export function findCoordinatorErrorCode(frame: Buffer): number {
  const reader = answerOf(frame);
  reader.skip(4);
  reader.unsignedVarint();
  skipString(reader);
  reader.skip(4);
  skipString(reader);
  reader.skip(4);
  return reader.int16();
}

/** Commits `offset` for the partitions 0 to `partitions` - 1; from nobody's member, as a consumer that assigns partitions itself. */
export function offsetCommitFrame(options: { group: string; topic: string; partitions: number; offset: number }): {
  frame: Buffer;
  /** Where the group's name and each partition's offset stand. */
  groupAt: number;
  offsetsAt: number[];
} {
  const { group, topic, partitions, offset } = options;
  const writer = openFrame(OFFSET_COMMIT_KEY, 9, 1, 256 + 24 * partitions);
  const groupAt = writer.offset + 1;
  compactString(writer, group);
  writer.int32(-1);
  compactString(writer, "");
  writer.unsignedVarint(0); // no instance id
  writer.unsignedVarint(2);
  compactString(writer, topic);
  writer.unsignedVarint(partitions + 1);
  const offsetsAt: number[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    writer.int32(partition);
    offsetsAt.push(writer.offset);
    writer.int64(offset);
    writer.int32(-1);
    compactString(writer, "");
    writer.int8(NO_TAGS);
  }
  writer.int8(NO_TAGS);
  writer.int8(NO_TAGS);
  return { frame: closeFrame(writer), groupAt, offsetsAt };
}

/** The first error code in the answer to `offsetCommitFrame`, NONE when there is none. */
export function offsetCommitErrorCode(frame: Buffer): number {
  const reader = answerOf(frame);
  reader.skip(4);
  reader.unsignedVarint();
  skipString(reader);
  for (let left = reader.unsignedVarint() - 1; left > 0; left--) {
    reader.skip(4);
    const errorCode = reader.int16();
    if (errorCode !== 0) return errorCode;
    reader.skip(1);
  }
  return 0;
}

/** Asks for the offset of one partition in each of several groups. */
export function offsetFetchFrame(options: { groups: readonly string[]; topic: string; partition: number }): Buffer {
  const writer = openFrame(OFFSET_FETCH_KEY, 8, 1, 4096);
  writer.unsignedVarint(options.groups.length + 1);
  for (const group of options.groups) {
    compactString(writer, group);
    writer.unsignedVarint(2);
    compactString(writer, options.topic);
    writer.unsignedVarint(2);
    writer.int32(options.partition);
    writer.int8(NO_TAGS);
    writer.int8(NO_TAGS);
  }
  writer.boolean(false);
  writer.int8(NO_TAGS);
  return closeFrame(writer);
}

/** What each group was answered, in turn. */
export function readOffsetFetch(frame: Buffer): { errorCode: number; offset: number }[] {
  const reader = answerOf(frame);
  reader.skip(4);
  const answers: { errorCode: number; offset: number }[] = [];
  for (let left = reader.unsignedVarint() - 1; left > 0; left--) {
    skipString(reader);
    let offset = -1;
    let partitionError = 0;
    if (reader.unsignedVarint() > 1) {
      skipString(reader);
      reader.unsignedVarint();
      reader.skip(4);
      offset = reader.int64();
      reader.skip(4);
      skipString(reader);
      partitionError = reader.int16();
      reader.skip(2);
    }
    const groupError = reader.int16();
    reader.skip(1);
    answers.push({ errorCode: groupError === 0 ? partitionError : groupError, offset });
  }
  return answers;
}

/** Behind size field and response header version 1. */
export function answerOf(frame: Buffer): ByteReader {
  return new ByteReader(frame, 4 + 4 + 1);
}

/** A compact string or compact bytes, null or not. */
export function skipString(reader: ByteReader): void {
  reader.skip(Math.max(0, reader.unsignedVarint() - 1));
}

export function readString(reader: ByteReader): string {
  return reader.utf8(Math.max(0, reader.unsignedVarint() - 1));
}
