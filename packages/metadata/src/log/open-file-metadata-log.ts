// Opens the folder of a metadata log, our own or one that Apache Kafka 4 wrote as a single combined node: the newest whole snapshot,
// then every batch behind it, replayed into an image. A tail that a crash tore is cut; other damage is an error with one line.

import type { Logger } from "@ottla/base";
import { controlRecordTypes } from "@ottla/protocol";
import type { FileSystem } from "@ottla/storage";
import { MetadataReplayError } from "../image/replay.ts";
import { LATEST_METADATA_VERSION, METADATA_VERSION, MINIMUM_METADATA_VERSION } from "../records/feature-levels.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";
import { FileMetadataLog } from "./file-metadata-log.ts";
import type { FileMetadataLogOptions } from "./file-metadata-log.ts";
import { ImageLoader } from "./image-loader.ts";
import { readBatches } from "./metadata-batches.ts";
import type { BatchVisitor } from "./metadata-batches.ts";
import {
  BOOTSTRAP_FILE,
  readEpochs,
  readFolder,
  readQuorumEpoch,
  removeIndexes,
  removeUnfinished,
  segmentName,
  snapshotName,
} from "./metadata-files.ts";
import type { EpochStart, FolderContent, SnapshotId } from "./metadata-files.ts";
import { MetadataLogError } from "./metadata-log.ts";
import type { OpenedMetadataLog } from "./metadata-log.ts";
import { readSnapshotFile } from "./snapshot-file.ts";
import type { QuorumRecord } from "./snapshot-file.ts";

export interface OpenOptions extends FileMetadataLogOptions {
  readonly logger: Logger;
}

/** @throws MetadataLogError, or the operating system's error. */
export function openFileMetadataLog(options: OpenOptions): OpenedMetadataLog {
  const { fileSystem, folder } = options;
  fileSystem.makeFolder(folder);
  removeUnfinished(fileSystem, folder);
  const content = readFolder(fileSystem, folder);
  const reading = new LogReading(options);
  try {
    reading.readAll(content);
  } catch (error) {
    if (error instanceof MetadataReplayError) throw new MetadataLogError(`${folder} is damaged: ${error.message}`);
    throw error;
  }
  const { image, hasOpenTransaction } = reading.loader.finish();
  const level = image.feature(METADATA_VERSION);
  if (level !== 0 && (level < MINIMUM_METADATA_VERSION || level > LATEST_METADATA_VERSION)) {
    const range = `${MINIMUM_METADATA_VERSION} to ${LATEST_METADATA_VERSION}`;
    throw new MetadataLogError(`${folder} has metadata.version ${level}, and this release reads ${range}`);
  }
  const log = new FileMetadataLog(options, reading.found(content));
  return { log, image, hasOpenTransaction, bootstrapRecords: level === 0 ? readBootstrap(fileSystem, folder) : null };
}

/** Gathers what a folder holds. */
class LogReading implements BatchVisitor {
  readonly loader = new ImageLoader();
  private readonly options: OpenOptions;
  private readonly quorumRecords = new Map<number, QuorumRecord>();
  private nextOffset = 0;
  private epoch = 0;
  private epochs: EpochStart[] = [];
  private lastTimestampMs = 0;
  private bytesSinceSnapshot = 0;
  /** Behind the last batch of the last segment, which a snapshot can be ahead of. */
  private segmentEnd = 0;
  /** While a snapshot is read: its records stand for everything up to its end. */
  private snapshot: SnapshotId | null = null;

  constructor(options: OpenOptions) {
    this.options = options;
  }

  readAll({ segments, snapshots }: FolderContent): void {
    const { fileSystem, folder } = this.options;
    this.readSnapshot(snapshots[0]);
    this.epochs = readEpochs(fileSystem, folder).filter(({ startOffset }) => startOffset < this.nextOffset);
    const from = this.nextOffset;
    // The segment that holds `from` is the last that begins at or before it.
    const first = Math.max(
      0,
      segments.findLastIndex((baseOffset) => baseOffset <= from),
    );
    for (const [index, baseOffset] of segments.slice(first).entries()) {
      this.readSegment(baseOffset, from, first + index === segments.length - 1);
    }
  }

  found({ segments, snapshots }: FolderContent): ConstructorParameters<typeof FileMetadataLog>[1] {
    const { fileSystem, folder } = this.options;
    return {
      nextOffset: this.nextOffset,
      epoch: Math.max(this.epoch, readQuorumEpoch(fileSystem, folder)),
      epochs: this.epochs,
      segments,
      lastSegmentContinues: segments.length > 0 && this.segmentEnd === this.nextOffset,
      snapshots,
      quorumRecords: [...this.quorumRecords.values()],
      bytesSinceSnapshot: this.bytesSinceSnapshot,
      lastTimestampMs: this.lastTimestampMs,
    };
  }

  record(record: MetadataRecord, offset: number, epoch: number): void {
    if (this.snapshot === null) this.loader.load(record, offset, epoch);
    else this.loader.load(record, this.snapshot.endOffset - 1, this.snapshot.epoch);
  }

  control(type: number, value: Buffer): void {
    const isKept = type === controlRecordTypes.kraftVersion || type === controlRecordTypes.kraftVoters;
    if (isKept) this.quorumRecords.set(type, { type, value });
  }

  batchEnd(lastOffset: number, epoch: number, maxTimestampMs: number): void {
    this.lastTimestampMs = maxTimestampMs;
    if (this.snapshot !== null) return;
    if (epoch > this.epoch || this.epochs.length === 0) {
      this.epoch = epoch;
      if (epoch > (this.epochs.at(-1)?.epoch ?? -1)) this.epochs.push({ epoch, startOffset: this.nextOffset });
    }
    this.nextOffset = lastOffset + 1;
  }

  private readSnapshot(id: SnapshotId | undefined): void {
    if (id === undefined) return;
    const path = `${this.options.folder}/${snapshotName(id)}`;
    this.snapshot = id;
    readSnapshotFile(path, this.options.fileSystem.readFile(path)!, this);
    this.snapshot = null;
    this.nextOffset = id.endOffset;
    this.epoch = id.epoch;
  }

  private readSegment(baseOffset: number, from: number, isLast: boolean): void {
    const { fileSystem, folder, logger } = this.options;
    const path = `${folder}/${segmentName(baseOffset)}`;
    if (baseOffset > this.nextOffset) {
      throw new MetadataLogError(`${folder} has no records from offset ${this.nextOffset} to ${baseOffset - 1}`);
    }
    const bytes = fileSystem.readFile(path)!;
    const { bytes: end, nextOffset } = readBatches(path, bytes, from, this);
    this.bytesSinceSnapshot += end;
    this.segmentEnd = nextOffset === 0 ? baseOffset : nextOffset;
    if (isLast) removeIndexes(fileSystem, folder, baseOffset);
    if (end === bytes.length) return;
    if (!isLast) throw new MetadataLogError(`${path} is damaged at byte ${end}, and later segments follow`);
    logger.warn(
      { path, bytes: bytes.length - end },
      "Cut the tail of the metadata log, which a crash left half written",
    );
    const file = fileSystem.open(path, "append");
    file.truncate(end);
    file.close();
  }
}

/** What `kafka-storage format` left for the first start; SCRAM credentials, for example. */
function readBootstrap(fileSystem: FileSystem, folder: string): MetadataRecord[] | null {
  const path = `${folder.slice(0, folder.lastIndexOf("/"))}/${BOOTSTRAP_FILE}`;
  const bytes = fileSystem.readFile(path);
  if (bytes === null) return null;
  const records: MetadataRecord[] = [];
  readSnapshotFile(path, bytes, { record: (record) => records.push(record), control() {}, batchEnd() {} });
  return records;
}
