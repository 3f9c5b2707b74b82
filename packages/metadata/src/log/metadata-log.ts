// Where metadata records are kept in order: what the controller needs of it. A file log serves one node, a memory log serves tests and
// `--memory`; what orders the records of a cluster (etcd, ZooKeeper) comes later behind the same interface.

import type { MetadataImage } from "../image/metadata-image.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";

export interface MetadataLog {
  /** The offset that the next record gets. */
  nextOffset(): number;
  /** KRaft's leader epoch: higher with every opening. */
  leaderEpoch(): number;
  /**
   * Appends batches, each of which is there whole or not at all after a crash. Resolves when all of them survive a power cut.
   * One append at a time. After a rejection nothing of it was appended, unless the log is broken for good: then every later append
   * rejects as well.
   */
  append(batches: readonly (readonly MetadataRecord[])[], nowMs: number): Promise<void>;
  /** True when enough was appended since the last snapshot that the next one is worth writing. */
  snapshotIsDue(): boolean;
  /** Replaces the log's past by the image, which must be the one at the log's end now. Appends may go on meanwhile. */
  writeSnapshot(image: MetadataImage, nowMs: number): Promise<void>;
  close(): void;
}

/** A log with what it holds. */
export interface OpenedMetadataLog {
  readonly log: MetadataLog;
  readonly image: MetadataImage;
  /** The log ends in a transaction that nobody will finish; its records are not in the image. */
  readonly hasOpenTransaction: boolean;
  /** The records for an empty log when its folder was formatted and never used; null for those of a new cluster. */
  readonly bootstrapRecords: readonly MetadataRecord[] | null;
}

/** The log or a snapshot is damaged beyond what a crash can do, or comes from a newer Kafka. The message is one line for the user. */
export class MetadataLogError extends Error {
  override name = "MetadataLogError";
}
