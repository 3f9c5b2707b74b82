// The parts of one partition's log and its offsets: what loading builds, appends and retention change, and reads look at.
// Only PartitionLog and the modules it delegates to touch it.
// Invariants: logStartOffset <= highWatermark <= logEndOffset; the active segment ends at logEndOffset.

import type { LeaderEpochs } from "./leader-epochs.ts";
import type { LogConfig } from "./log-config.ts";
import type { LogContext } from "./log-context.ts";
import type { ProducerSnapshots } from "./producer-snapshots.ts";
import type { ProducerState } from "./producer-state.ts";
import type { SegmentList } from "./segment-list.ts";
import { Segment } from "./segment.ts";

export interface LogState {
  readonly context: LogContext;
  readonly topic: string;
  readonly partition: number;
  readonly folder: string;
  config: LogConfig;
  /** Null when the folder has no partition.metadata. */
  topicId: string | null;
  readonly segments: SegmentList;
  readonly leaderEpochs: LeaderEpochs;
  readonly producers: ProducerState;
  readonly snapshots: ProducerSnapshots;
  logStartOffset: number;
  logEndOffset: number;
  highWatermark: number;
}

/** A new, empty segment at `baseOffset`. */
export function newSegment(state: Pick<LogState, "context" | "config" | "folder">, baseOffset: number): Segment {
  return segmentAt(state, { baseOffset, size: 0, createdMs: state.context.clock.nowMs(), hasTransactionIndex: false });
}

export function segmentAt(
  state: Pick<LogState, "context" | "config" | "folder">,
  found: { baseOffset: number; size: number; createdMs: number; hasTransactionIndex: boolean },
): Segment {
  const { context, config, folder } = state;
  const jitterLimitMs = Math.min(config.segmentJitterMs, config.segmentMs);
  return new Segment({
    ...found,
    folder,
    openFiles: context.openFiles,
    logger: context.logger,
    indexIntervalBytes: config.indexIntervalBytes,
    rollJitterMs: jitterLimitMs > 0 ? context.random.uint32() % jitterLimitMs : 0,
  });
}

/**
 * Closes the active segment for appends and begins the next at `baseOffset`, the log end or above it (LocalLog.roll).
 * A snapshot of the producers lies between.
 */
export function rollSegment(state: LogState, baseOffset: number): void {
  state.segments.active.becomeInactive();
  const segment = newSegment(state, baseOffset);
  segment.appender();
  state.segments.add(segment);
  takeSnapshot(state, baseOffset);
}

/** Writes the producers' state as that at `offset`, unless that was done (ProducerStateManager.takeSnapshot). */
export function takeSnapshot(state: LogState, offset: number): void {
  if (offset === 0 || offset <= state.snapshots.latest()) return;
  state.snapshots.write(offset, state.producers.snapshot());
}
