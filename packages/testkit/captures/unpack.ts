// Opens the recorded log folders of this directory (see README.md). Only Node's own modules, so that tests of any layer may use it.

import { mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";

export interface CapturedRecord {
  offset: number;
  timestamp: number;
  key: string | null;
  value: string | null;
  headers: [string, string | null][];
}

/** What a Java consumer read of one partition before Kafka stopped; aborted and open transactions' records included. */
export interface CapturedPartition {
  start: number;
  end: number;
  /** The last stable offset: where a read_committed consumer stops. */
  stable: number;
  records: CapturedRecord[];
}

/** Partitions by `topic-partition`, Kafka's internal topics left out. */
export type CapturedPartitions = Record<string, CapturedPartition>;

/** Writes the folder that Apache Kafka left into `target` and returns what it held. */
export async function unpackCapturedFolder(name: "clean" | "killed", target: string): Promise<CapturedPartitions> {
  return unpack<CapturedPartitions>(name, target);
}

/** What Kafka told of a group before it was killed (tools/capture/groups.ts). */
export interface CapturedGroup {
  groupId: string;
  type: string;
  state: string;
  protocolType: string;
  /** `topic-partition offset epoch 'metadata'` or `topic-partition ERROR`, sorted. */
  offsets: string[];
  /** The same for who asks for stable offsets. */
  stableOffsets: string[];
}

/** Writes the folder of a killed Kafka with groups of all kinds into `target` and returns the groups by id. */
export function unpackCapturedGroups(target: string): Promise<CapturedGroup[]> {
  return unpack<CapturedGroup[]>("groups", target);
}

async function unpack<Expected>(name: string, target: string): Promise<Expected> {
  const packed = await readFile(join(import.meta.dirname, `folder-${name}.json.gz`));
  const { expected, files } = JSON.parse(gunzipSync(packed).toString()) as {
    expected: Expected;
    files: Record<string, { bytes: string; size: number }>;
  };
  for (const [path, { bytes, size }] of Object.entries(files)) {
    const file = join(target, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, Buffer.from(bytes, "base64"));
    await truncate(file, size); // Kafka's preallocated indexes: the zeros at the end are kept as a size alone.
  }
  return expected;
}
