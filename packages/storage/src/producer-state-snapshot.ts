// The content of a `.snapshot` file: Kafka's producer snapshot, version 1. Version int16, CRC-32C uint32 over what follows,
// an int32 count, and 46 bytes for each producer. Of the remembered batches only the last one is kept, so after a restart
// a repeated batch is known only when it was the last (as in Kafka).

import { crc32c, DecodeError, readInt32, readInt64, writeInt32, writeInt64 } from "@ottla/base";
import { ProducerEntry } from "./producer-entry.ts";

const VERSION = 1;
const CRC_AT = 2;
const COUNT_AT = 6;
const ENTRIES_AT = 10;
const ENTRY_BYTES = 46;

export function encodeProducerSnapshot(entries: Iterable<ProducerEntry>): Buffer {
  const all = [...entries];
  const bytes = Buffer.allocUnsafe(ENTRIES_AT + all.length * ENTRY_BYTES);
  bytes.writeInt16BE(VERSION, 0);
  writeInt32(bytes, COUNT_AT, all.length);
  all.forEach((entry, index) => writeEntry(bytes, ENTRIES_AT + index * ENTRY_BYTES, entry));
  writeInt32(bytes, CRC_AT, crc32c(bytes.subarray(COUNT_AT)) | 0);
  return bytes;
}

/** @throws DecodeError when the bytes are not a whole, undamaged snapshot of version 1. */
export function decodeProducerSnapshot(bytes: Buffer): ProducerEntry[] {
  if (bytes.length < ENTRIES_AT) throw new DecodeError(`a producer snapshot of ${bytes.length} bytes`);
  const version = bytes.readInt16BE(0);
  if (version !== VERSION) throw new DecodeError(`version ${version} of a producer snapshot`);
  if (readInt32(bytes, CRC_AT) !== (crc32c(bytes.subarray(COUNT_AT)) | 0))
    throw new DecodeError("a producer snapshot does not match its checksum");
  const count = readInt32(bytes, COUNT_AT);
  if (count < 0 || bytes.length !== ENTRIES_AT + count * ENTRY_BYTES)
    throw new DecodeError(`${count} producers in ${bytes.length} bytes`);
  const entries: ProducerEntry[] = [];
  for (let index = 0; index < count; index++) entries.push(readEntry(bytes, ENTRIES_AT + index * ENTRY_BYTES));
  return entries;
}

function writeEntry(bytes: Buffer, at: number, entry: ProducerEntry): void {
  const last = entry.lastBatch();
  writeInt64(bytes, at, entry.producerId);
  bytes.writeInt16BE(entry.epoch, at + 8);
  writeInt32(bytes, at + 10, entry.lastSequence());
  writeInt64(bytes, at + 14, last?.lastOffset ?? -1);
  writeInt32(bytes, at + 22, last?.offsetDelta ?? 0);
  writeInt64(bytes, at + 26, entry.lastTimestamp);
  writeInt32(bytes, at + 34, entry.coordinatorEpoch);
  writeInt64(bytes, at + 38, entry.transactionFirstOffset);
}

function readEntry(bytes: Buffer, at: number): ProducerEntry {
  const entry = new ProducerEntry(readInt64(bytes, at));
  const lastOffset = readInt64(bytes, at + 14);
  const timestamp = readInt64(bytes, at + 26);
  const epoch = bytes.readInt16BE(at + 8);
  if (lastOffset >= 0) {
    entry.addBatch(epoch, {
      lastSequence: readInt32(bytes, at + 10),
      lastOffset,
      offsetDelta: readInt32(bytes, at + 22),
      timestamp,
    });
  }
  entry.epoch = epoch;
  entry.lastTimestamp = timestamp;
  entry.coordinatorEpoch = readInt32(bytes, at + 34);
  entry.transactionFirstOffset = Math.max(-1, readInt64(bytes, at + 38));
  return entry;
}
