// Requests of transactional producers, by hand as in ../wire.ts: InitProducerId 4, AddPartitionsToTxn 3, EndTxn 3 and 5, and what makes
// a prebuilt batch the next one of a producer.

import { crc32c } from "@ottla/base";
import { closeFrame, compactString, NO_TAGS, openFrame } from "../wire.ts";
import { answerOf, skipString } from "./frames-offsets.ts";

const INIT_PRODUCER_ID_KEY = 22;
const ADD_PARTITIONS_KEY = 24;
const END_TRANSACTION_KEY = 26;
const TRANSACTION_TIMEOUT_MS = 60_000;

export interface ProducerIdentity {
  producerId: number;
  producerEpoch: number;
}

/** Without a transactional id: of a producer that is only idempotent. */
export function initProducerIdFrame(transactionalId: string | null): Buffer {
  const writer = openFrame(INIT_PRODUCER_ID_KEY, 4, 1, 128);
  if (transactionalId === null) writer.unsignedVarint(0);
  else compactString(writer, transactionalId);
  writer.int32(TRANSACTION_TIMEOUT_MS);
  writer.int64(-1);
  writer.int16(-1);
  writer.int8(NO_TAGS);
  return closeFrame(writer);
}

export function readInitProducerId(frame: Buffer): ProducerIdentity & { errorCode: number } {
  const reader = answerOf(frame);
  reader.skip(4);
  return { errorCode: reader.int16(), producerId: reader.int64(), producerEpoch: reader.int16() };
}

export function addPartitionsFrame(
  transactionalId: string,
  identity: ProducerIdentity,
  partition: { topic: string; partition: number },
): Buffer {
  const writer = openFrame(ADD_PARTITIONS_KEY, 3, 1, 128);
  compactString(writer, transactionalId);
  writer.int64(identity.producerId);
  writer.int16(identity.producerEpoch);
  writer.unsignedVarint(2);
  compactString(writer, partition.topic);
  writer.unsignedVarint(2);
  writer.int32(partition.partition);
  writer.int8(NO_TAGS);
  writer.int8(NO_TAGS);
  return closeFrame(writer);
}

export function addPartitionsErrorCode(frame: Buffer): number {
  const reader = answerOf(frame);
  reader.skip(4);
  reader.unsignedVarint();
  skipString(reader);
  reader.unsignedVarint();
  reader.skip(4);
  return reader.int16();
}

/** Commits. Version 3 is of the flow before KIP-890, version 5 bumps the epoch. */
export function endTransactionFrame(transactionalId: string, identity: ProducerIdentity, version: 3 | 5): Buffer {
  const writer = openFrame(END_TRANSACTION_KEY, version, 1, 128);
  compactString(writer, transactionalId);
  writer.int64(identity.producerId);
  writer.int16(identity.producerEpoch);
  writer.boolean(true);
  writer.int8(NO_TAGS);
  return closeFrame(writer);
}

export function endTransactionErrorCode(frame: Buffer): number {
  return frame.readInt16BE(4 + 4 + 1 + 4);
}

/** Whom the producer is from now on; in answers of version 5 alone. */
export function readNextIdentity(frame: Buffer): ProducerIdentity {
  const reader = answerOf(frame);
  reader.skip(6);
  return { producerId: reader.int64(), producerEpoch: reader.int16() };
}

const ATTRIBUTES_AT = 21;
const TRANSACTIONAL_FLAG = 0x10;

/** Makes the batch at `at` this producer's, with `sequence` as its first. */
export function stampBatch(
  frame: Buffer,
  at: number,
  producer: ProducerIdentity & { sequence: number; isTransactional: boolean },
): void {
  const attributesAt = at + ATTRIBUTES_AT;
  frame[attributesAt + 1] = producer.isTransactional ? TRANSACTIONAL_FLAG : 0;
  frame.writeBigInt64BE(BigInt(producer.producerId), at + 43);
  frame.writeInt16BE(producer.producerEpoch, at + 51);
  frame.writeInt32BE(producer.sequence, at + 53);
  const end = at + 12 + frame.readInt32BE(at + 8);
  frame.writeUInt32BE(crc32c(frame.subarray(attributesAt, end)), at + 17);
}
