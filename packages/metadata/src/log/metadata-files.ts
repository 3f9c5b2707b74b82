// The names in the folder of the metadata log, Kafka's __cluster_metadata-0, and its small text files.
// Segments are <base offset>.log; a snapshot is <end offset>-<epoch>.checkpoint, where the end offset is the first that it does not contain.

import type { FileSystem } from "@ottla/storage";

export const METADATA_FOLDER = "__cluster_metadata-0";
/** Beside the metadata folder: what a newly formatted cluster begins with. */
export const BOOTSTRAP_FILE = "bootstrap.checkpoint";

const LEADER_EPOCHS_FILE = "leader-epoch-checkpoint";
const PARTITION_METADATA_FILE = "partition.metadata";
const QUORUM_STATE_FILE = "quorum-state";
/** KRaft's fixed id of the metadata topic: a Uuid of 1. */
const METADATA_TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAQ";

export interface SnapshotId {
  readonly endOffset: number;
  readonly epoch: number;
}

export interface EpochStart {
  readonly epoch: number;
  readonly startOffset: number;
}

export interface FolderContent {
  /** Base offsets, ascending. */
  readonly segments: readonly number[];
  /** Newest first. */
  readonly snapshots: readonly SnapshotId[];
}

export function segmentName(baseOffset: number): string {
  return `${digits(baseOffset, 20)}.log`;
}

export function snapshotName({ endOffset, epoch }: SnapshotId): string {
  return `${digits(endOffset, 20)}-${digits(epoch, 10)}.checkpoint`;
}

export function readFolder(fileSystem: FileSystem, folder: string): FolderContent {
  const segments: number[] = [];
  const snapshots: SnapshotId[] = [];
  for (const { name } of fileSystem.list(folder)) {
    const segment = /^([0-9]{20})\.log$/.exec(name);
    if (segment !== null) segments.push(Number(segment[1]));
    const snapshot = /^([0-9]{20})-([0-9]{10})\.checkpoint$/.exec(name);
    if (snapshot !== null) snapshots.push({ endOffset: Number(snapshot[1]), epoch: Number(snapshot[2]) });
  }
  segments.sort((one, other) => one - other);
  snapshots.sort((one, other) => other.endOffset - one.endOffset || other.epoch - one.epoch);
  return { segments, snapshots };
}

/** Removes the index files of a segment: Kafka builds them anew, and they may point behind a cut. */
export function removeIndexes(fileSystem: FileSystem, folder: string, baseOffset: number): void {
  for (const suffix of ["index", "timeindex", "txnindex"]) {
    fileSystem.removeSync(`${folder}/${digits(baseOffset, 20)}.${suffix}`);
  }
}

export function removeSegment(fileSystem: FileSystem, folder: string, baseOffset: number): void {
  removeIndexes(fileSystem, folder, baseOffset);
  fileSystem.removeSync(`${folder}/${digits(baseOffset, 20)}.snapshot`);
  fileSystem.removeSync(`${folder}/${segmentName(baseOffset)}`);
}

/** Left-overs of snapshots never finished or marked for deletion by Kafka, and the state of producers, of whom this log has none. */
export function removeUnfinished(fileSystem: FileSystem, folder: string): void {
  for (const { name } of fileSystem.list(folder)) {
    if (/\.checkpoint\.(part|deleted)$|^[0-9]{20}\.snapshot$/.test(name)) fileSystem.removeSync(`${folder}/${name}`);
  }
}

export function readEpochs(fileSystem: FileSystem, folder: string): EpochStart[] {
  const text = fileSystem.readFile(`${folder}/${LEADER_EPOCHS_FILE}`)?.toString() ?? "";
  const epochs: EpochStart[] = [];
  for (const line of text.split("\n").slice(2)) {
    const entry = /^([0-9]+) ([0-9]+)$/.exec(line.trim());
    if (entry !== null) epochs.push({ epoch: Number(entry[1]), startOffset: Number(entry[2]) });
  }
  return epochs;
}

export function writeEpochs(fileSystem: FileSystem, folder: string, epochs: readonly EpochStart[]): void {
  const lines = epochs.map(({ epoch, startOffset }) => `${epoch} ${startOffset}\n`);
  fileSystem.writeFile(`${folder}/${LEADER_EPOCHS_FILE}`, Buffer.from(`0\n${epochs.length}\n${lines.join("")}`));
}

export function writePartitionMetadata(fileSystem: FileSystem, folder: string): void {
  const text = `version: 0\ntopic_id: ${METADATA_TOPIC_ID}`;
  fileSystem.writeFile(`${folder}/${PARTITION_METADATA_FILE}`, Buffer.from(text));
}

/** The epoch in quorum-state, 0 without the file. */
export function readQuorumEpoch(fileSystem: FileSystem, folder: string): number {
  const text = fileSystem.readFile(`${folder}/${QUORUM_STATE_FILE}`)?.toString() ?? "";
  return Number(/"leaderEpoch"\s*:\s*([0-9]+)/.exec(text)?.[1] ?? 0);
}

/** Version 0 names the voters; version 1 (KIP-853) leaves them to the log. */
export function writeQuorumState(
  fileSystem: FileSystem,
  folder: string,
  state: { readonly nodeId: number; readonly epoch: number; readonly kraftVersion: number },
): void {
  const { nodeId, epoch, kraftVersion } = state;
  const common = { leaderId: nodeId, leaderEpoch: epoch, votedId: -1 };
  const content =
    kraftVersion > 0
      ? { ...common, votedDirectoryId: "AAAAAAAAAAAAAAAAAAAAAA", data_version: 1 }
      : { clusterId: "", ...common, appliedOffset: 0, currentVoters: [{ voterId: nodeId }], data_version: 0 };
  fileSystem.writeFile(`${folder}/${QUORUM_STATE_FILE}`, Buffer.from(JSON.stringify(content)));
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
