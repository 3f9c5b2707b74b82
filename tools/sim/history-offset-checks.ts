// The checks of offsets that a history's answers name: high watermark, log start, and where leader epochs end. What one call was told binds
// another only when the first had ended before the second began; calls that overlap may see either order.

import type { EpochEnd, History, Mark, Poll, SeenRecord } from "./history.ts";

/** High watermark and log start never go back, and the log start is never beyond the high watermark. */
export function checkMarks(history: History): string[] {
  const sentences: string[] = [];
  for (const [partition, marks] of Map.groupBy(history.marks, (mark) => mark.partition)) {
    for (const name of ["highWatermark", "logStart"] as const) {
      const earlier = new LargestBefore(marks, name === "highWatermark" ? "reached" : name);
      for (const mark of marks) {
        const before = earlier.at(mark.begun);
        const now = mark[name];
        if (now !== null && now < before)
          sentences.push(`the ${name} of ${partition} was ${before} and went back to ${now}`);
      }
    }
    for (const { logStart, highWatermark } of marks) {
      if (logStart !== null && highWatermark !== null && logStart > highWatermark)
        sentences.push(`the log start of ${partition} is ${logStart}, its high watermark ${highWatermark}`);
    }
  }
  return sentences;
}

/** Only what may be removed is, and who is told of a log start finds the records from there on. */
export function checkLogStarts(history: History): string[] {
  const sentences: string[] = [];
  for (const { partition, logStart, ended } of history.marks) {
    if (logStart === null) continue;
    const furthest = furthestAllowed(history, partition, ended);
    if (logStart > furthest)
      sentences.push(`${partition} starts at ${logStart}, and only what lies below ${furthest} was to go`);
  }
  for (const [partition, marks] of Map.groupBy(history.marks, (mark) => mark.partition)) {
    const reached = new LargestBefore(marks, "reached");
    for (const answer of history.outOfRange) {
      const { fetchOffset, begun, ended } = answer;
      if (answer.partition !== partition || fetchOffset < furthestAllowed(history, partition, ended)) continue;
      if (fetchOffset <= reached.at(begun))
        sentences.push(`${partition}@${fetchOffset} was out of range, and nothing from there on was to go`);
    }
    const earlier = new LargestBefore(marks, "logStart");
    for (const poll of [...history.polls, ...history.scans]) {
      if (poll.partition !== partition || poll.records.length === 0) continue;
      const start = earlier.at(poll.begun);
      if (poll.records[0]!.offset < start)
        sentences.push(`${partition}@${poll.records[0]!.offset} was read after the log start had moved to ${start}`);
    }
  }
  return sentences;
}

/** Leader epochs rise with offsets, and what OffsetForLeaderEpoch says of an epoch agrees with the records. */
export function checkEpochs(history: History): string[] {
  const sentences: string[] = [];
  const polls = Map.groupBy([...history.polls, ...history.scans], ({ partition }) => partition);
  for (const [partition, ofPartition] of polls) {
    const records = ofPartition.flatMap((poll) => poll.records).toSorted((one, other) => one.offset - other.offset);
    for (const [index, record] of records.entries()) {
      const before = records[index - 1];
      if (before !== undefined && before.leaderEpoch > record.leaderEpoch)
        sentences.push(
          `${partition}@${record.offset} is of epoch ${record.leaderEpoch}, ${before.offset} of ${before.leaderEpoch}`,
        );
    }
  }
  for (const answer of history.epochEnds) {
    const { partition, asked, epoch, endOffset } = answer;
    if (epoch > asked) sentences.push(`${partition} was asked for epoch ${asked} and answered of ${epoch}`);
    if (epoch === -1) continue;
    const wrong = wrongEnd(polls.get(partition) ?? [], answer, furthestAllowed(history, partition, answer.ended));
    if (wrong !== null)
      sentences.push(
        `epoch ${epoch} of ${partition} ended at ${endOffset}; ${wrong.offset} is of epoch ${wrong.leaderEpoch}`,
      );
  }
  return sentences;
}

/**
 * A record that cannot be where it is if the epoch ended there. Records read later may have been appended after the answer. The epochs of
 * those that may be removed need not be known any more: the oldest known one then begins at the log start. The newest epoch is
 * said to end at the log end, unacknowledged records included, so the next may well begin before that.
 */
function wrongEnd(polls: readonly Poll[], answer: EpochEnd, mayBeRemovedBelow: number): SeenRecord | null {
  const { asked, epoch, endOffset, begun } = answer;
  const isOlder = (poll: Poll): boolean => poll.ended < begun;
  const hadEnded = polls.some((poll) => isOlder(poll) && poll.records.some((record) => record.leaderEpoch > epoch));
  for (const poll of polls) {
    for (const record of poll.records) {
      const { leaderEpoch, offset } = record;
      if (offset < mayBeRemovedBelow) continue;
      if (isOlder(poll) && leaderEpoch > epoch && leaderEpoch <= asked) return record;
      if (isOlder(poll) && leaderEpoch <= epoch && offset >= endOffset) return record;
      if (hadEnded && leaderEpoch > epoch && offset < endOffset) return record;
    }
  }
  return null;
}

function furthestAllowed(history: History, partition: string, before: number): number {
  const allowed = history.allowances.filter((one) => one.partition === partition && one.begun < before);
  return Math.max(0, ...allowed.map(({ offset }) => offset));
}

/** The largest value that had been named by the time a call began. */
class LargestBefore {
  private readonly ends: number[] = [];
  private readonly values: number[] = [];

  constructor(marks: readonly Mark[], name: "logStart" | "reached") {
    let largest = -1;
    for (const mark of marks.toSorted((one, other) => one.ended - other.ended)) {
      largest = Math.max(largest, mark[name] ?? -1);
      this.ends.push(mark.ended);
      this.values.push(largest);
    }
  }

  /** -1 when nothing had been named. */
  at(time: number): number {
    let low = 0;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.ends[middle]! < time) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? -1 : this.values[low - 1]!;
  }
}
