// Control batches: transaction markers and KRaft's own records. The key names the type; the value depends on it.
// Markers carry a version in front of their value; KRaft's values (KIP-595, KIP-630, KIP-853) have theirs as a field inside.
// Clients may not write any of these (validate-records.ts).

import { ByteReader, ByteWriter, DecodeError } from "@ottla/base";
import { RecordBatchBuilder } from "./record-batch-builder.ts";
import type { BatchOptions } from "./record-batch-builder.ts";
import type { BatchRecord } from "./record.ts";

export const controlRecordTypes = {
  abort: 0,
  commit: 1,
  leaderChange: 2,
  snapshotHeader: 3,
  snapshotFooter: 4,
  kraftVersion: 5,
  kraftVoters: 6,
} as const;

const KEY_BYTES = 4;

export interface EndTransactionMarker {
  type: "commit" | "abort";
  coordinatorEpoch: number;
}

export interface LeaderChange {
  leaderId: number;
  voters: readonly number[];
  grantingVoters: readonly number[];
}

/** The key of a control record: version 0 and the type's id. */
export function controlRecordKey(type: number): Buffer {
  const key = Buffer.alloc(KEY_BYTES);
  key.writeInt16BE(type, 2);
  return key;
}

/**
 * The type's id; ids above the known ones come from newer brokers and are to be skipped.
 * @throws DecodeError
 */
export function readControlRecordType(key: Buffer | null): number {
  if (key === null || key.length < KEY_BYTES) throw new DecodeError("a control record's key has at least 4 bytes");
  if (key.readInt16BE(0) < 0) throw new DecodeError(`version ${key.readInt16BE(0)} of a control record's key`);
  return key.readInt16BE(2);
}

/**
 * The marker in a transaction's control record.
 * @throws DecodeError when it is none.
 */
export function readEndTransactionMarker(record: BatchRecord): EndTransactionMarker {
  const type = readControlRecordType(record.key);
  if (type !== controlRecordTypes.commit && type !== controlRecordTypes.abort) throw new DecodeError(`control record ${type} ends no transaction`);
  if (record.value === null || record.value.length < 6) throw new DecodeError("a transaction marker's value has at least 6 bytes");
  const version = record.value.readInt16BE(0);
  if (version < 0) throw new DecodeError(`version ${version} of a transaction marker`);
  return { type: type === controlRecordTypes.commit ? "commit" : "abort", coordinatorEpoch: record.value.readInt32BE(2) };
}

/** The batch that ends a transaction of `producerId` in a partition (WriteTxnMarkers). */
export function endTransactionBatch(
  marker: EndTransactionMarker,
  batch: BatchOptions & { producerId: number; producerEpoch: number; timestamp: number },
): Buffer {
  const value = Buffer.alloc(6);
  value.writeInt32BE(marker.coordinatorEpoch, 2);
  const record = { type: controlRecordTypes[marker.type], value, timestamp: batch.timestamp };
  return controlBatch([record], { ...batch, isTransactional: true });
}

/** A control batch of the given records, all KRaft kinds included; `value` as the functions below encode it. */
export function controlBatch(records: readonly { type: number; value: Buffer; timestamp: number }[], options: BatchOptions = {}): Buffer {
  const builder = new RecordBatchBuilder({ ...options, isControl: true });
  for (const { type, value, timestamp } of records) builder.append({ timestamp, key: controlRecordKey(type), value });
  return builder.build();
}

/** LeaderChangeMessage version 0. */
export function encodeLeaderChange(change: LeaderChange): Buffer {
  const writer = new ByteWriter(32);
  writer.int16(0);
  writer.int32(change.leaderId);
  for (const voters of [change.voters, change.grantingVoters]) {
    writer.unsignedVarint(voters.length + 1);
    for (const voter of voters) {
      writer.int32(voter);
      writer.unsignedVarint(0);
    }
  }
  writer.unsignedVarint(0);
  return writer.toBuffer();
}

/**
 * LeaderChangeMessage as `encodeLeaderChange` and Kafka write it; version 1 adds directory ids, which are skipped.
 * @throws DecodeError
 */
export function decodeLeaderChange(value: Buffer): LeaderChange {
  const reader = new ByteReader(value);
  const version = reader.int16();
  const leaderId = reader.int32();
  return { leaderId, voters: readVoters(reader, version), grantingVoters: readVoters(reader, version) };
}

/** SnapshotHeaderRecord version 0: the append time of the last record that the snapshot contains. */
export function encodeSnapshotHeader(lastContainedLogTimestamp: number): Buffer {
  const writer = new ByteWriter(11);
  writer.int16(0);
  writer.int64(lastContainedLogTimestamp);
  writer.unsignedVarint(0);
  return writer.toBuffer();
}

/** @throws DecodeError */
export function decodeSnapshotHeader(value: Buffer): { lastContainedLogTimestamp: number } {
  const reader = new ByteReader(value);
  reader.int16();
  return { lastContainedLogTimestamp: reader.int64() };
}

/** SnapshotFooterRecord version 0. */
export function encodeSnapshotFooter(): Buffer {
  return Buffer.alloc(3);
}

/** KRaftVersionRecord version 0. */
export function encodeKraftVersion(kraftVersion: number): Buffer {
  const value = Buffer.alloc(5);
  value.writeInt16BE(kraftVersion, 2);
  return value;
}

/** @throws DecodeError */
export function decodeKraftVersion(value: Buffer): { kraftVersion: number } {
  const reader = new ByteReader(value);
  reader.int16();
  return { kraftVersion: reader.int16() };
}

function readVoters(reader: ByteReader, version: number): number[] {
  const count = reader.unsignedVarint() - 1;
  if (count * 5 > reader.remaining()) throw new DecodeError(`${count} voters in ${reader.remaining()} bytes`);
  const voters: number[] = [];
  for (let index = 0; index < count; index++) {
    voters.push(reader.int32());
    if (version >= 1) reader.skip(16);
    skipTaggedFields(reader);
  }
  return voters;
}

function skipTaggedFields(reader: ByteReader): void {
  for (let left = reader.unsignedVarint(); left > 0; left--) {
    reader.unsignedVarint();
    reader.skip(reader.unsignedVarint());
  }
}
