// The small text files of a log folder and of a partition's.

import {
  CLEAN_SHUTDOWN_FILE,
  decodeCleanShutdown,
  decodeLeaderEpochs,
  decodeMetaProperties,
  decodeOffsetCheckpoint,
  decodePartitionMetadata,
  HIGH_WATERMARK_CHECKPOINT,
  LOG_START_OFFSET_CHECKPOINT,
  META_PROPERTIES_FILE,
  PARTITION_METADATA_FILE,
  RECOVERY_POINT_CHECKPOINT,
} from "../checkpoint-files.ts";
import type { MetaProperties, OffsetEntry } from "../checkpoint-files.ts";
import { LEADER_EPOCH_CHECKPOINT } from "../leader-epochs.ts";
import type { EpochEntry } from "../leader-epochs.ts";
import type { ProblemEntry } from "./inspect-file.ts";

export type CheckpointEntry =
  | ({ kind: "leaderEpoch" } & EpochEntry)
  | ({ kind: "partitionOffset" } & OffsetEntry)
  | { kind: "partitionMetadata"; topicId: string }
  | { kind: "cleanShutdown"; brokerEpoch: number }
  | ({ kind: "metaProperties" } & MetaProperties);

const OFFSET_CHECKPOINTS = [
  RECOVERY_POINT_CHECKPOINT,
  LOG_START_OFFSET_CHECKPOINT,
  HIGH_WATERMARK_CHECKPOINT,
  "cleaner-offset-checkpoint",
];

export const CHECKPOINT_NAMES: ReadonlySet<string> = new Set([
  LEADER_EPOCH_CHECKPOINT,
  ...OFFSET_CHECKPOINTS,
  PARTITION_METADATA_FILE,
  CLEAN_SHUTDOWN_FILE,
  META_PROPERTIES_FILE,
]);

export function* inspectCheckpoint(path: string, bytes: Buffer): Generator<CheckpointEntry | ProblemEntry> {
  const entries = entriesOf(path.slice(path.lastIndexOf("/") + 1), bytes);
  if (entries === null)
    yield { kind: "problem", position: null, problem: "the file does not have the format that its name says" };
  else yield* entries;
}

function entriesOf(name: string, bytes: Buffer): CheckpointEntry[] | null {
  switch (name) {
    case LEADER_EPOCH_CHECKPOINT:
      return decodeLeaderEpochs(bytes)?.map((entry) => ({ kind: "leaderEpoch", ...entry })) ?? null;
    case PARTITION_METADATA_FILE: {
      const topicId = decodePartitionMetadata(bytes);
      return topicId === null ? null : [{ kind: "partitionMetadata", topicId }];
    }
    case CLEAN_SHUTDOWN_FILE:
      return [{ kind: "cleanShutdown", brokerEpoch: decodeCleanShutdown(bytes) }];
    case META_PROPERTIES_FILE: {
      const properties = decodeMetaProperties(bytes);
      return properties === null ? null : [{ kind: "metaProperties", ...properties }];
    }
    default:
      return decodeOffsetCheckpoint(bytes)?.map((entry) => ({ kind: "partitionOffset", ...entry })) ?? null;
  }
}
