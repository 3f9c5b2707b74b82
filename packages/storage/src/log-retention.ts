// Which old segments a log no longer needs, by time, by size and by log start offset (UnifiedLog.deleteOldSegments).
// Segments leave from the old end only, never beyond the high watermark; the log start offset moves before the files go.

import { DELETED_SUFFIX } from "./log-file-names.ts";
import { rollSegment } from "./log-state.ts";
import type { LogState } from "./log-state.ts";
import type { Segment } from "./segment.ts";

/** Removes what retention allows; returns how many segments. `mayRoll` is false while the active segment is being written to. */
export function deleteOldSegments(state: LogState, mayRoll: boolean): number {
  let count = deleteWhile(state, mayRoll, (_segment, next) => next !== null && next.baseOffset <= state.logStartOffset);
  if (!state.config.deleted) return count;
  const { retentionBytes, retentionMs } = state.config;
  if (retentionBytes >= 0) {
    let excess = state.segments.sizeInBytes() - retentionBytes;
    count += deleteWhile(state, mayRoll, (segment) => {
      if (excess < segment.size) return false;
      excess -= segment.size;
      return true;
    });
  }
  if (retentionMs >= 0) {
    const nowMs = state.context.clock.nowMs();
    count += deleteWhile(state, mayRoll, (segment) => nowMs - segment.retentionTimestamp() > retentionMs);
  }
  return count;
}

/** Moves the log start offset; what lies below is no longer readable at once. The caller has checked the high watermark. */
export function moveLogStart(state: LogState, offset: number): void {
  if (offset <= state.logStartOffset) return;
  state.logStartOffset = offset;
  state.leaderEpochs.truncateFromStart(offset);
  state.producers.onLogStartOffset(offset);
}

function deleteWhile(
  state: LogState,
  mayRoll: boolean,
  isDeletable: (segment: Segment, next: Segment | null) => boolean,
): number {
  const { segments } = state;
  let count = 0;
  for (; count < segments.count; count++) {
    const segment = segments.at(count)!;
    const next = segments.at(count + 1);
    if (next === null && (segment.size === 0 || !mayRoll)) break;
    if (state.highWatermark < (next?.baseOffset ?? state.logEndOffset) || !isDeletable(segment, next)) break;
  }
  if (count === 0) return 0;
  if (count === segments.count) rollSegment(state, state.logEndOffset);
  moveLogStart(state, segments.at(count)!.baseOffset);
  removeLater(state, segments.removeFirst(count));
  return count;
}

/** Renames the files of segments that are out of the list, and has them removed after file.delete.delay.ms. */
export function removeLater(state: LogState, segments: Segment[]): void {
  const paths: string[] = [];
  for (const segment of segments) {
    paths.push(...segment.addSuffix(DELETED_SUFFIX));
    const snapshot = state.snapshots.markDeleted(segment.baseOffset);
    if (snapshot !== null) paths.push(snapshot);
  }
  if (paths.length > 0) state.context.events.removeLater(paths, state.config.fileDeleteDelayMs);
}
