// Metadata snapshots (KIP-630): a header control batch, the records of an image, a footer control batch. The same format holds
// bootstrap.checkpoint. A snapshot is written beside its place and renamed when it is on the disk; one without a footer does not count.

import { ByteWriter } from "@ottla/base";
import { controlBatch, controlRecordTypes } from "@ottla/protocol";
import type { RecordType } from "@ottla/protocol";
import { snapshotFooterRecord } from "@ottla/protocol/control-records/snapshot-footer.ts";
import { snapshotHeaderRecord } from "@ottla/protocol/control-records/snapshot-header.ts";
import type { File, FileSystem } from "@ottla/storage";
import type { MetadataRecord } from "../records/metadata-record.ts";
import { encodeBatches, readBatches } from "./metadata-batches.ts";
import type { BatchVisitor } from "./metadata-batches.ts";
import { MetadataLogError } from "./metadata-log.ts";

/** A control record of the quorum that goes from snapshot to snapshot as it came (KRaftVersion, KRaftVoters). */
export interface QuorumRecord {
  readonly type: number;
  readonly value: Buffer;
}

export interface SnapshotContent {
  readonly records: Iterable<MetadataRecord>;
  readonly quorumRecords: readonly QuorumRecord[];
  readonly epoch: number;
  /** When the last record that the snapshot contains was appended. */
  readonly lastTimestampMs: number;
  readonly nowMs: number;
}

/** Encoded at one go; the flush after each batch gives the event loop its turn. */
const RECORDS_PER_BATCH = 1000;

/** Resolves when the snapshot is at `path` and survives a power cut. */
export async function writeSnapshotFile(fileSystem: FileSystem, path: string, content: SnapshotContent): Promise<void> {
  const unfinished = `${path}.part`;
  fileSystem.removeSync(unfinished);
  const file = fileSystem.open(unfinished, "append");
  try {
    await writeContent(file, content);
    await file.sync();
  } catch (error) {
    fileSystem.removeSync(unfinished);
    throw error;
  } finally {
    file.close();
  }
  fileSystem.rename(unfinished, path);
  await fileSystem.syncFolder(path.slice(0, path.lastIndexOf("/")));
}

/** @throws MetadataLogError when it has no footer, or anything in it is broken. */
export function readSnapshotFile(path: string, bytes: Buffer, visitor: BatchVisitor): void {
  let hasFooter = false;
  const end = readBatches(path, bytes, 0, {
    record: (record, offset, epoch) => visitor.record(record, offset, epoch),
    control(type, value) {
      if (type === controlRecordTypes.snapshotFooter) hasFooter = true;
      visitor.control(type, value);
    },
    batchEnd: (lastOffset, epoch, maxTimestampMs) => visitor.batchEnd(lastOffset, epoch, maxTimestampMs),
  });
  if (!hasFooter || end.bytes !== bytes.length) throw new MetadataLogError(`${path} is not a whole snapshot`);
}

/** Appends in order; the promise rejects with the operating system's error. */
export function appendAll(file: File, buffers: Buffer[]): Promise<void> {
  return new Promise((resolve, reject) => {
    file.appendv(buffers, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** The value of a control record of the quorum, whose version is a field of it. Owned by the caller. */
export function encodeControlValue<Decoded, Given>(type: RecordType<Decoded, Given>, value: Given): Buffer {
  const writer = new ByteWriter(64);
  type.encode(writer, 0, value);
  return writer.toBuffer();
}

async function writeContent(file: File, content: SnapshotContent): Promise<void> {
  const { epoch, nowMs } = content;
  const header = { version: 0, lastContainedLogTimestamp: content.lastTimestampMs };
  const opening = [
    { type: controlRecordTypes.snapshotHeader, value: encodeControlValue(snapshotHeaderRecord, header) },
    ...content.quorumRecords,
  ];
  await appendAll(file, [encodeControls(opening, 0, content)]);
  let offset = opening.length;
  let records: MetadataRecord[] = [];
  const flush = async (): Promise<void> => {
    if (records.length === 0) return;
    await appendAll(file, encodeBatches(records, { baseOffset: offset, leaderEpoch: epoch, timestampMs: nowMs }));
    await file.sync();
    offset += records.length;
    records = [];
  };
  for (const record of content.records) {
    records.push(record);
    if (records.length === RECORDS_PER_BATCH) await flush();
  }
  await flush();
  const footer = {
    type: controlRecordTypes.snapshotFooter,
    value: encodeControlValue(snapshotFooterRecord, { version: 0 }),
  };
  await appendAll(file, [encodeControls([footer], offset, content)]);
}

function encodeControls(
  records: readonly QuorumRecord[],
  baseOffset: number,
  { epoch, nowMs }: { epoch: number; nowMs: number },
): Buffer {
  const timestamped = records.map((record) => ({ ...record, timestamp: nowMs }));
  return controlBatch(timestamped, { baseOffset, partitionLeaderEpoch: epoch });
}
