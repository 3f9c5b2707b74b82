// The metadata log of one node in Kafka's KRaft folder (__cluster_metadata-0): segments of record batches, snapshots, epochs, quorum state.
// An append answers when it is on the disk. A snapshot begins a new segment; what lies before it is removed once it is complete.
// Opening raises the leader epoch, as an election of a quorum of one would. Index files are left to Kafka, which rebuilds them.
// Invariant: after a failed flush nothing is acknowledged any more; a failed write is cut off again, or counts as a failed flush.

import { assert } from "@ottla/base";
import { controlBatch, controlRecordTypes } from "@ottla/protocol";
import { leaderChangeMessage } from "@ottla/protocol/control-records/leader-change.ts";
import type { File, FileSystem } from "@ottla/storage";
import { imageRecords } from "../image/image-records.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";
import { encodeBatches } from "./metadata-batches.ts";
import {
  removeSegment,
  segmentName,
  snapshotName,
  writeEpochs,
  writePartitionMetadata,
  writeQuorumState,
} from "./metadata-files.ts";
import type { EpochStart, SnapshotId } from "./metadata-files.ts";
import type { MetadataLog } from "./metadata-log.ts";
import { appendAll, encodeControlValue, writeSnapshotFile } from "./snapshot-file.ts";
import type { QuorumRecord } from "./snapshot-file.ts";

export interface FileMetadataLogOptions {
  readonly fileSystem: FileSystem;
  /** The metadata folder itself; it is created when missing. */
  readonly folder: string;
  readonly nodeId: number;
  /** metadata.log.max.record.bytes.between.snapshots. */
  readonly snapshotBytes: number;
  readonly nowMs: number;
}

/** What opening found, before this node's epoch begins. */
export interface FoundLog {
  readonly nextOffset: number;
  readonly epoch: number;
  readonly epochs: readonly EpochStart[];
  readonly segments: readonly number[];
  /** Whether the next record can go into the last segment. */
  readonly lastSegmentContinues: boolean;
  readonly snapshots: readonly SnapshotId[];
  readonly quorumRecords: readonly QuorumRecord[];
  /** Bytes of records since the newest snapshot. */
  readonly bytesSinceSnapshot: number;
  readonly lastTimestampMs: number;
}

export class FileMetadataLog implements MetadataLog {
  private readonly options: FileMetadataLogOptions;
  private readonly quorumRecords: readonly QuorumRecord[];
  private readonly epoch: number;
  private epochs: EpochStart[];
  private segments: number[];
  private snapshots: SnapshotId[];
  private file: File;
  private next: number;
  private lastTimestampMs: number;
  private bytesSinceSnapshot: number;
  private brokenBy: Error | null = null;
  /** The control records of this epoch are not on the disk yet. A segment is left behind only when it is whole there. */
  private epochIsFlushed = false;
  /** A segment's name is not on the disk yet. */
  private folderIsDirty = true;

  /** Begins this node's epoch: nothing of it is on the disk until the first append. */
  constructor(options: FileMetadataLogOptions, found: FoundLog) {
    this.options = options;
    this.quorumRecords = found.quorumRecords;
    this.epoch = found.epoch + 1;
    this.epochs = [...found.epochs, { epoch: this.epoch, startOffset: found.nextOffset }];
    this.segments = found.lastSegmentContinues ? [...found.segments] : [...found.segments, found.nextOffset];
    this.snapshots = [...found.snapshots];
    this.next = found.nextOffset;
    this.lastTimestampMs = found.lastTimestampMs;
    this.bytesSinceSnapshot = found.bytesSinceSnapshot;
    this.file = this.openSegment(this.segments.at(-1)!);
    this.beginEpoch();
  }

  nextOffset(): number {
    return this.next;
  }

  leaderEpoch(): number {
    return this.epoch;
  }

  async append(batches: readonly (readonly MetadataRecord[])[], nowMs: number): Promise<void> {
    if (this.brokenBy !== null) throw this.brokenBy;
    let next = this.next;
    const buffers: Buffer[] = [];
    for (const records of batches) {
      buffers.push(...encodeBatches(records, { baseOffset: next, leaderEpoch: this.epoch, timestampMs: nowMs }));
      next += records.length;
    }
    await this.write(buffers);
    this.next = next;
    this.lastTimestampMs = nowMs;
  }

  snapshotIsDue(): boolean {
    return this.epochIsFlushed && this.bytesSinceSnapshot >= this.options.snapshotBytes;
  }

  async writeSnapshot(image: MetadataImage, nowMs: number): Promise<void> {
    if (this.brokenBy !== null) throw this.brokenBy;
    assert(this.epochIsFlushed, "a snapshot comes after the first append of its epoch");
    const { fileSystem, folder } = this.options;
    const id = { endOffset: this.next, epoch: this.epoch };
    this.rollSegment();
    this.bytesSinceSnapshot = 0;
    await writeSnapshotFile(fileSystem, `${folder}/${snapshotName(id)}`, {
      records: imageRecords(image),
      quorumRecords: this.quorumRecords,
      epoch: id.epoch,
      lastTimestampMs: this.lastTimestampMs,
      nowMs,
    });
    this.removeBefore(id);
  }

  close(): void {
    this.file.close();
    this.brokenBy ??= new Error("the metadata log is closed");
  }

  /** Kafka's leader opens its epoch with these control records; the first append flushes them along. */
  private beginEpoch(): void {
    const { fileSystem, folder, nodeId, nowMs } = this.options;
    const voters = [{ voterId: nodeId, voterDirectoryId: "AAAAAAAAAAAAAAAAAAAAAA" }];
    const change = { version: 0, leaderId: nodeId, voters, grantingVoters: voters };
    const records = [
      { type: controlRecordTypes.leaderChange, value: encodeControlValue(leaderChangeMessage, change) },
      ...this.quorumRecords,
    ];
    const timestamped = records.map((record) => ({ ...record, timestamp: nowMs }));
    this.file.appendSync(controlBatch(timestamped, { baseOffset: this.next, partitionLeaderEpoch: this.epoch }));
    this.next += records.length;
    this.lastTimestampMs = nowMs;
    writePartitionMetadata(fileSystem, folder);
    writeEpochs(fileSystem, folder, this.epochs);
    writeQuorumState(fileSystem, folder, {
      nodeId,
      epoch: this.epoch,
      kraftVersion: kraftVersionOf(this.quorumRecords),
    });
  }

  private async write(buffers: Buffer[]): Promise<void> {
    const before = this.file.size;
    try {
      await appendAll(this.file, buffers);
    } catch (error) {
      this.cutBackTo(before, error as Error);
      throw error;
    }
    try {
      await this.sync();
    } catch (error) {
      this.brokenBy = error as Error;
      throw error;
    }
    this.bytesSinceSnapshot += this.file.size - before;
  }

  private async sync(): Promise<void> {
    await this.file.sync();
    this.epochIsFlushed = true;
    if (!this.folderIsDirty) return;
    const { fileSystem, folder } = this.options;
    await fileSystem.syncFolder(folder);
    await fileSystem.syncFolder(folder.slice(0, folder.lastIndexOf("/")));
    this.folderIsDirty = false;
  }

  private cutBackTo(size: number, error: Error): void {
    try {
      this.file.truncate(size);
    } catch {
      this.brokenBy = error;
    }
  }

  // Opened first: should that fail, the log goes on in the segment that it has.
  private rollSegment(): void {
    if (this.segments.at(-1) === this.next) return;
    const file = this.openSegment(this.next);
    this.file.close();
    this.file = file;
    this.segments.push(this.next);
    this.folderIsDirty = true;
  }

  private openSegment(baseOffset: number): File {
    return this.options.fileSystem.open(`${this.options.folder}/${segmentName(baseOffset)}`, "append");
  }

  /** The snapshot and the segments from its end on hold everything. */
  private removeBefore(id: SnapshotId): void {
    const { fileSystem, folder } = this.options;
    const isOld = (segment: number): boolean => segment < id.endOffset;
    for (const segment of this.segments.filter(isOld)) removeSegment(fileSystem, folder, segment);
    this.segments = this.segments.filter((segment) => !isOld(segment));
    for (const old of this.snapshots) fileSystem.removeSync(`${folder}/${snapshotName(old)}`);
    this.snapshots = [id];
    this.epochs = this.epochs.filter(({ epoch }) => epoch >= id.epoch);
    writeEpochs(fileSystem, folder, this.epochs);
  }
}

/** 0 while the voters are configured, 1 when they are in the log (KIP-853). */
function kraftVersionOf(quorumRecords: readonly QuorumRecord[]): number {
  const record = quorumRecords.find(({ type }) => type === controlRecordTypes.kraftVersion);
  return record === undefined ? 0 : record.value.readInt16BE(2);
}
