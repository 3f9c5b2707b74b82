// Finding offsets by time: the first record at or after a timestamp, and the record with the largest one (ListOffsets, KIP-79, KIP-734).
// The indexes lead near the batch; only that batch is read and, if it must be, decompressed.

import { readRecords } from "@ottla/protocol";
import type { BatchRecord } from "@ottla/protocol";
import { BatchHead } from "./batch-head.ts";
import type { TimestampAndOffset } from "./log-results.ts";
import type { SegmentList } from "./segment-list.ts";
import { NOT_FOUND, scanHeads } from "./segment-scan.ts";
import type { Segment } from "./segment.ts";

const head = new BatchHead();

/** The first record, from `startOffset` on, whose timestamp is not before `timestamp`; null when there is none. */
export function findByTimestamp(
  segments: SegmentList,
  target: { timestamp: number; startOffset: number },
): TimestampAndOffset | null {
  for (const segment of segments.all()) {
    if (segment.retentionTimestamp() < target.timestamp) continue;
    const found = findInSegment(segment, target);
    if (found !== null) return found;
  }
  return null;
}

function findInSegment(
  segment: Segment,
  target: { timestamp: number; startOffset: number },
): TimestampAndOffset | null {
  const from = Math.max(segment.offsetBefore(target.timestamp), target.startOffset);
  let position = segment.scanStart(from);
  for (;;) {
    const found = scanHeads(
      segment.file(),
      { from: position, to: segment.size },
      head,
      (at) => at.maxTimestamp >= target.timestamp,
    );
    if (found === NOT_FOUND) return null;
    position = found + head.sizeInBytes;
    const record = firstRecord(
      segment,
      head,
      (one) => one.timestamp >= target.timestamp && one.offset >= target.startOffset,
    );
    if (record !== null) return record;
  }
}

/** The first record that has the largest timestamp of the log; null when no record has one. */
export function findLargestTimestamp(segments: SegmentList): TimestampAndOffset | null {
  let latest = segments.first;
  for (const segment of segments.all()) {
    if (segment.largestTimestamp() > latest.largestTimestamp()) latest = segment;
  }
  const timestamp = latest.largestTimestamp();
  if (timestamp < 0) return null;
  const from = latest.scanStart(latest.largestTimestampOffset());
  const found = scanHeads(latest.file(), { from, to: latest.size }, head, (at) => at.maxTimestamp === timestamp);
  return found === NOT_FOUND ? null : firstRecord(latest, head, (record) => record.timestamp === timestamp);
}

/** Reads the batch at `at` and returns its first record that `matches`. @throws DecodeError when the batch is damaged. */
function firstRecord(
  segment: Segment,
  at: BatchHead,
  matches: (record: BatchRecord) => boolean,
): TimestampAndOffset | null {
  const { leaderEpoch } = at;
  const batch = Buffer.allocUnsafe(at.sizeInBytes);
  segment.file().readSync(batch, at.position);
  for (const record of readRecords(batch)) {
    if (matches(record)) return { timestamp: record.timestamp, offset: record.offset, leaderEpoch };
  }
  return null;
}
