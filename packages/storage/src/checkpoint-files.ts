// The small text files of a log folder, in Kafka's format: CheckpointFile (version, count, one line per entry) for leader epochs and
// offsets, partition.metadata, .kafka_cleanshutdown, and meta.properties. Text in, values out; the file system is the caller's.
// A file that cannot be read as such gives null, never half of its content.

import type { EpochEntry } from "./leader-epochs.ts";

export const RECOVERY_POINT_CHECKPOINT = "recovery-point-offset-checkpoint";
export const LOG_START_OFFSET_CHECKPOINT = "log-start-offset-checkpoint";
export const HIGH_WATERMARK_CHECKPOINT = "replication-offset-checkpoint";
export const CLEAN_SHUTDOWN_FILE = ".kafka_cleanshutdown";
export const PARTITION_METADATA_FILE = "partition.metadata";
export const META_PROPERTIES_FILE = "meta.properties";
export const LOCK_FILE = ".lock";

const VERSION = 0;

export interface OffsetEntry {
  topic: string;
  partition: number;
  offset: number;
}

export function encodeOffsetCheckpoint(entries: readonly OffsetEntry[]): Buffer {
  return encodeLines(entries.map(({ topic, partition, offset }) => `${topic} ${partition} ${offset}`));
}

export function decodeOffsetCheckpoint(bytes: Buffer): OffsetEntry[] | null {
  return decodeLines(bytes, /^(\S+) (\d+) (\d+)$/, ([topic, partition, offset]) => {
    return { topic: topic!, partition: Number(partition), offset: Number(offset) };
  });
}

export function encodeLeaderEpochs(entries: readonly EpochEntry[]): Buffer {
  return encodeLines(entries.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`));
}

export function decodeLeaderEpochs(bytes: Buffer): EpochEntry[] | null {
  return decodeLines(bytes, /^(\d+) (\d+)$/, ([epoch, startOffset]) => ({
    epoch: Number(epoch),
    startOffset: Number(startOffset),
  }));
}

export function encodePartitionMetadata(topicId: string): Buffer {
  return Buffer.from(`version: ${VERSION}\ntopic_id: ${topicId}`);
}

/** The topic id. */
export function decodePartitionMetadata(bytes: Buffer): string | null {
  const match = /^version: 0\s+topic_id: ([A-Za-z0-9_-]{22})\s*$/.exec(bytes.toString());
  return match === null ? null : match[1]!;
}

/** `brokerEpoch` is the epoch that the broker was registered with, -1 when there is none (KIP-966). */
export function encodeCleanShutdown(brokerEpoch: number): Buffer {
  return Buffer.from(JSON.stringify({ version: VERSION, brokerEpoch }));
}

/** The broker epoch, or -1: older versions of Kafka leave the file empty. */
export function decodeCleanShutdown(bytes: Buffer): number {
  const match = /"brokerEpoch"\s*:\s*(-?\d+)/.exec(bytes.toString());
  return match === null ? -1 : Number(match[1]);
}

/** Who a folder belongs to. Null where the file does not say. */
export interface MetaProperties {
  version: number;
  clusterId: string | null;
  nodeId: number | null;
  directoryId: string | null;
}

export function encodeMetaProperties(properties: MetaProperties): Buffer {
  const lines = ["#"];
  if (properties.clusterId !== null) lines.push(`cluster.id=${properties.clusterId}`);
  if (properties.directoryId !== null) lines.push(`directory.id=${properties.directoryId}`);
  if (properties.nodeId !== null) lines.push(`node.id=${properties.nodeId}`);
  lines.push(`version=${properties.version}`, "");
  return Buffer.from(lines.join("\n"));
}

/** Reads versions 0 (broker.id, of the times of ZooKeeper) and 1 (node.id). */
export function decodeMetaProperties(bytes: Buffer): MetaProperties | null {
  const values = new Map<string, string>();
  for (const line of bytes.toString().split(/\r?\n/)) {
    const match = /^\s*(?<key>[^#!=:\s][^=:\s]*)\s*[=:]\s*(?<value>.*?)\s*$/.exec(line);
    if (match !== null) values.set(match.groups!.key!, match.groups!.value!.replaceAll("\\", ""));
  }
  const version = Number(values.get("version") ?? 0);
  const clusterId = values.get("cluster.id");
  const nodeId = values.get("node.id") ?? values.get("broker.id");
  // Kafka refuses such a folder too: a new identity would be given to data of another cluster.
  if ((version !== 0 && version !== 1) || clusterId === undefined || /\D/.test(nodeId ?? "")) return null;
  return {
    version,
    clusterId,
    nodeId: nodeId === undefined ? null : Number(nodeId),
    directoryId: values.get("directory.id") ?? null,
  };
}

function encodeLines(lines: readonly string[]): Buffer {
  return Buffer.from(`${[VERSION, lines.length, ...lines].join("\n")}\n`);
}

function decodeLines<Entry>(bytes: Buffer, pattern: RegExp, toEntry: (fields: string[]) => Entry): Entry[] | null {
  const [version, count, ...lines] = bytes.toString().split("\n");
  if (Number(version) !== VERSION || !/^\d+$/.test(count ?? "")) return null;
  const entries: Entry[] = [];
  for (const line of lines.filter((text) => text !== "")) {
    const match = pattern.exec(line);
    if (match === null) return null;
    entries.push(toEntry(match.slice(1)));
  }
  return entries.length === Number(count) ? entries : null;
}
