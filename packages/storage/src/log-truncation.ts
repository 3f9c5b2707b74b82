// Cutting a log from the end, as a follower does when its leader's history differs (UnifiedLog.truncateTo). Not for appends in flight.

import { assert, DecodeError } from "@ottla/base";
import { summarizeBatch } from "@ottla/protocol";
import { BATCH_HEAD_BYTES, BatchHead } from "./batch-head.ts";
import { removeLater } from "./log-retention.ts";
import { newSegment } from "./log-state.ts";
import type { LogState } from "./log-state.ts";
import type { Segment } from "./segment.ts";
import { NOT_FOUND, scanHeads } from "./segment-scan.ts";

const head = new BatchHead();

/** True when something was cut; then that is durable. */
export async function truncateLog(state: LogState, offset: number): Promise<boolean> {
  assert(offset >= 0, "a log is cut at an offset that is not negative");
  if (offset >= state.logEndOffset) {
    state.leaderEpochs.truncateFromEnd(state.logEndOffset);
    return false;
  }
  const { segments } = state;
  const floor = segments.floorIndex(offset);
  if (floor === -1) {
    await startAnew(state, offset);
    return true;
  }
  await dropDurably(state, segments.removeFrom(floor + 1));
  const segment = segments.active;
  const position = segment.positionOf(offset, head);
  if (position !== NOT_FOUND) {
    segment.truncate({ position, offset });
    await segment.sync({ indexes: false });
  }
  state.logEndOffset = position === NOT_FOUND ? offset : Math.min(offset, segment.end().offset);
  state.logStartOffset = Math.min(state.logStartOffset, state.logEndOffset);
  state.highWatermark = Math.min(state.highWatermark, state.logEndOffset);
  state.leaderEpochs.truncateFromEnd(state.logEndOffset);
  state.snapshots.removeAbove(state.logEndOffset);
  restoreProducers(state);
  return true;
}

/**
 * Takes segments at the end of a log out of use, so that no power cut brings them back: behind a cut they would follow with a gap,
 * or twice. Must be done before the cut itself.
 */
export async function dropDurably(state: LogState, segments: Segment[]): Promise<void> {
  if (segments.length === 0) return;
  removeLater(state, segments);
  await state.context.fileSystem.syncFolder(state.folder);
}

/** Drops everything; the log goes on at `offset`. */
export async function startAnew(state: LogState, offset: number): Promise<void> {
  const dropped = state.segments.removeFirst(state.segments.count);
  state.segments.add(newSegment(state, offset));
  removeLater(state, dropped);
  state.segments.active.appender();
  state.logStartOffset = offset;
  state.logEndOffset = offset;
  state.highWatermark = offset;
  state.leaderEpochs.clear();
  state.snapshots.removeAbove(-1);
  state.producers.reset(offset);
  await state.context.fileSystem.syncFolder(state.folder);
}

/** Loads the latest good snapshot not above the log end and replays what follows it. */
export function restoreProducers(state: LogState): void {
  const from = loadLatestSnapshot(state, state.logEndOffset);
  for (const segment of state.segments.all().slice(Math.max(0, state.segments.floorIndex(from))))
    replaySegment(state, segment, from);
}

/** The offset that the producers' state has after loading a snapshot at or below `limit`; without one, where the first segment begins. */
export function loadLatestSnapshot(state: LogState, limit: number): number {
  const nowMs = state.context.clock.nowMs();
  const firstOffset = state.segments.first.baseOffset;
  for (const offset of state.snapshots.upTo(limit)) {
    // A power cut brought it back, and what followed it is gone: markers perhaps, without which its transactions would never end.
    if (offset < firstOffset) break;
    const bytes = state.snapshots.read(offset);
    try {
      if (bytes === null) throw new DecodeError("the snapshot is gone");
      state.producers.load(bytes, offset, nowMs);
      return offset;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      state.context.logger.warn(
        { folder: state.folder, offset, error },
        "a producer snapshot is not usable and is removed",
      );
      state.snapshots.remove(offset);
    }
  }
  const start = Math.min(limit, firstOffset);
  state.producers.reset(start);
  return start;
}

/** Replays the batches of one segment from `fromOffset` to the log end; only those with a producer id are read. */
export function replaySegment(state: LogState, segment: Segment, fromOffset: number): void {
  const file = segment.file();
  scanHeads(file, { from: segment.scanStart(fromOffset), to: segment.size }, head, (at) => {
    if (!at.hasProducerId || at.lastOffset < fromOffset) return false;
    const bytes = Buffer.allocUnsafe(at.isControl ? at.sizeInBytes : BATCH_HEAD_BYTES);
    file.readSync(bytes, at.position);
    state.producers.replay(summarizeBatch(bytes, 0), at.baseOffset);
    return false;
  });
}
