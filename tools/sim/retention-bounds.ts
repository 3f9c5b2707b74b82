// How far retention may move a log start, computed from what was acknowledged: the largest offset that Kafka's rules allow, whatever the
// segments are. Retention removes whole segments from the old end, so the broker may well stay below.

import type { History, SentBatch } from "./history.ts";

/** retention.bytes: what is left has at least so many bytes. What is unanswered may be in the log, and then counts. */
export function boundByBytes(history: History, partition: string, retentionBytes: number): number {
  let left = 0;
  for (const batch of history.batches) if (batch.partition === partition && ackOf(batch) === null) left += batch.bytes;
  for (const { batch, baseOffset } of acksOf(history, partition).toReversed()) {
    left += batch.bytes;
    if (left >= retentionBytes) return baseOffset + batch.values.length;
  }
  return 0;
}

/** retention.ms: every record that goes has a timestamp before `sinceMs`. */
export function boundByTime(history: History, partition: string, sinceMs: number): number {
  const young = acksOf(history, partition).find(({ batch }) => batch.timestampMs >= sinceMs);
  return young === undefined ? Infinity : young.baseOffset;
}

function acksOf(history: History, partition: string): { batch: SentBatch; baseOffset: number }[] {
  return history.batches
    .flatMap((batch) => {
      const baseOffset = batch.partition === partition ? ackOf(batch) : null;
      return baseOffset === null ? [] : [{ batch, baseOffset }];
    })
    .toSorted((one, other) => one.baseOffset - other.baseOffset);
}

function ackOf(batch: SentBatch): number | null {
  for (const attempt of batch.attempts) if (attempt.kind === "acked") return attempt.baseOffset;
  return null;
}
