// Control batches: transaction markers and KRaft's own records. The key names the type; the value depends on it.
// Markers are written and read here without the schema compiler, since recovery meets them. KRaft's values (leader change, snapshot
// header and footer, versions, voters) come from the schemas in ../control-records. Clients may write none of them.

import { DecodeError } from "@ottla/base";
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
  if (type !== controlRecordTypes.commit && type !== controlRecordTypes.abort)
    throw new DecodeError(`control record ${type} ends no transaction`);
  if (record.value === null || record.value.length < 6)
    throw new DecodeError("a transaction marker's value has at least 6 bytes");
  const version = record.value.readInt16BE(0);
  if (version < 0) throw new DecodeError(`version ${version} of a transaction marker`);
  return {
    type: type === controlRecordTypes.commit ? "commit" : "abort",
    coordinatorEpoch: record.value.readInt32BE(2),
  };
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

/** A control batch of records of any type; the values of KRaft's types are encoded by their schemas in ../control-records. */
export function controlBatch(
  records: readonly { type: number; value: Buffer; timestamp: number }[],
  options: BatchOptions = {},
): Buffer {
  const builder = new RecordBatchBuilder({ ...options, isControl: true });
  for (const { type, value, timestamp } of records) builder.append({ timestamp, key: controlRecordKey(type), value });
  return builder.build();
}
