// What must hold in every history, whatever failed in between: the promises of a broker with one replica. Each check is pure; the number
// of a fault is that of the list in README.md. A check says what is wrong in one sentence each; an empty list means that the
// history keeps the promise.

import { assert } from "@ottla/base";
import type { History, Poll, SeenRecord, SentBatch } from "./history.ts";
import { checkEpochs, checkLogStarts, checkMarks } from "./history-offset-checks.ts";

export interface HistoryCheck {
  readonly fault: number;
  readonly promise: string;
  readonly check: (history: History) => string[];
}

export const historyChecks: readonly HistoryCheck[] = [
  { fault: 1, promise: "every acknowledged record is read in the end", check: checkLost },
  { fault: 2, promise: "an offset has one value for all time", check: checkOneValue },
  { fault: 3, promise: "a value that is written once is there once", check: checkTwice },
  { fault: 4, promise: "records lie in the order in which they were sent", check: checkOrder },
  { fault: 4, promise: "an append comes behind all that was acknowledged before it was sent", check: checkBehindAcked },
  { fault: 5, promise: "a reader sees offsets without gap, in order, below the high watermark", check: checkPolls },
  { fault: 6, promise: "nothing is read that nobody wrote, or that was refused", check: checkPhantoms },
  { fault: 11, promise: "high watermark and log start never go back", check: checkMarks },
  { fault: 11, promise: "leader epochs rise with offsets, and end where the next begins", check: checkEpochs },
  {
    fault: 15,
    promise: "nothing is removed that was not asked for, and the log start moves first",
    check: checkLogStarts,
  },
  { fault: 17, promise: "garbage is never served", check: ({ garbage }) => [...garbage] },
  { fault: 17, promise: "after a failed write nothing is acknowledged until the next start", check: checkFailedStays },
];

const SENTENCES_PER_CHECK = 5;

/** All that is wrong with a history, each with the fault that it is an instance of. */
export function checkHistory(history: History): string[] {
  return historyChecks.flatMap(({ fault, check }) =>
    check(history)
      .slice(0, SENTENCES_PER_CHECK)
      .map((sentence) => `fault ${fault}: ${sentence}`),
  );
}

function checkLost(history: History): string[] {
  const scans = new Map(history.scans.map((scan) => [scan.partition, scan]));
  const found = new Map(history.scans.map((scan) => [scan.partition, valuesOf([scan])]));
  return acknowledged(history).flatMap(({ batch, baseOffset }) => {
    const scan = scans.get(batch.partition);
    if (scan === undefined) return [`${batch.partition} was not read in the end`];
    return batch.values.flatMap((value, index) => {
      const offset = baseOffset + index;
      if (offset < scan.logStart || found.get(batch.partition)!.get(offset) === value) return [];
      const there = found.get(batch.partition)!.get(offset) ?? "nothing";
      return [`${value} was acknowledged at ${batch.partition}@${offset}, where there is ${there}`];
    });
  });
}

function checkOneValue(history: History): string[] {
  const sentences: string[] = [];
  const values = new Map<string, string>();
  const see = (partition: string, offset: number, value: string): void => {
    const place = `${partition}@${offset}`;
    const before = values.get(place);
    if (before === undefined) values.set(place, value);
    else if (before !== value) sentences.push(`${place} was ${before} and is ${value}`);
  };
  for (const { batch, baseOffset } of acknowledged(history)) {
    for (const [index, value] of batch.values.entries()) see(batch.partition, baseOffset + index, value);
  }
  for (const { partition, records } of readings(history)) {
    for (const { offset, value } of records) see(partition, offset, value);
  }
  return sentences;
}

function checkTwice(history: History): string[] {
  const batches = batchesByValue(history);
  const offsets = new Map<string, number>();
  const sentences: string[] = [];
  const see = (value: string, offset: number, partition: string): void => {
    if (batches.get(value)?.once !== true) return;
    const before = offsets.get(value);
    if (before === undefined) offsets.set(value, offset);
    else if (before !== offset) sentences.push(`${value} is in ${partition} at ${before} and at ${offset}`);
  };
  for (const { batch, baseOffset } of acknowledged(history)) {
    for (const [index, value] of batch.values.entries()) see(value, baseOffset + index, batch.partition);
  }
  for (const { partition, records } of readings(history)) {
    for (const { offset, value } of records) see(value, offset, partition);
  }
  return sentences;
}

function checkOrder(history: History): string[] {
  const sentences: string[] = [];
  for (const scan of history.scans) {
    const first = firstOffsets(scan.records);
    const last = new Map<string, { value: string; offset: number }>();
    for (const batch of history.batches) {
      if (batch.partition !== scan.partition) continue;
      for (const value of batch.values) {
        const offset = first.get(value);
        if (offset === undefined) continue;
        const before = last.get(batch.producer);
        if (before !== undefined && before.offset >= offset)
          sentences.push(
            `${value} is at ${scan.partition}@${offset}, ${before.value} was sent before it and is at ${before.offset}`,
          );
        last.set(batch.producer, { value, offset });
      }
    }
  }
  return sentences;
}

function checkBehindAcked(history: History): string[] {
  const sentences: string[] = [];
  const byPartition = Map.groupBy(acknowledged(history), ({ batch }) => batch.partition);
  for (const [partition, acks] of byPartition) {
    const byEnd = acks.toSorted((one, other) => one.ended - other.ended);
    const bySend = acks.toSorted((one, other) => one.batch.sent - other.batch.sent);
    let largest = -1;
    let next = 0;
    for (const { batch, baseOffset } of bySend) {
      for (; next < byEnd.length && byEnd[next]!.ended < batch.sent; next++)
        largest = Math.max(largest, byEnd[next]!.baseOffset + byEnd[next]!.batch.values.length - 1);
      if (baseOffset <= largest)
        sentences.push(
          `${batch.values[0]} got ${partition}@${baseOffset}; ${largest} was acknowledged before it was sent`,
        );
    }
  }
  return sentences;
}

function checkPolls(history: History): string[] {
  const sentences: string[] = [];
  const positions = new Map<string, number>();
  for (const poll of [...history.polls, ...history.scans]) {
    const who = `${poll.reader} of ${poll.partition}`;
    const position = positions.get(who);
    if (!poll.fromNewPosition && position !== undefined && position !== poll.fetchOffset)
      sentences.push(`${who} stood at ${position} and went on at ${poll.fetchOffset}`);
    let due = poll.fetchOffset;
    for (const { offset, value } of poll.records) {
      if (offset !== due) sentences.push(`${who} was due offset ${due} and got ${offset} (${value})`);
      due = offset + 1;
    }
    if (due > poll.highWatermark && poll.records.length > 0)
      sentences.push(`${who} got offset ${due - 1} with a high watermark of ${poll.highWatermark}`);
    if (poll.records.length === 0 && poll.fetchOffset < poll.highWatermark)
      sentences.push(`${who} got nothing at ${poll.fetchOffset}, below the high watermark of ${poll.highWatermark}`);
    positions.set(who, due);
  }
  return sentences;
}

function checkPhantoms(history: History): string[] {
  const batches = batchesByValue(history);
  return readings(history).flatMap(({ partition, records }) =>
    records.flatMap(({ offset, value }) => {
      const batch = batches.get(value);
      if (batch === undefined || batch.partition !== partition)
        return [`${partition}@${offset} holds ${value}, which nobody wrote there`];
      const open = batch.attempts.length === 0 || batch.attempts.some(({ kind }) => kind !== "refused");
      return open ? [] : [`${partition}@${offset} holds ${value}, which was refused`];
    }),
  );
}

function checkFailedStays(history: History): string[] {
  const sentences: string[] = [];
  const attempts = history.batches.flatMap((batch) => batch.attempts.map((attempt) => ({ ...attempt, batch })));
  const failures = Map.groupBy(
    attempts.filter(({ kind }) => kind === "failed"),
    ({ batch }) => batch.partition,
  );
  for (const { batch, begun, ended, kind } of attempts) {
    if (kind !== "acked") continue;
    const failed = failures.get(batch.partition)?.find((failure) => {
      const restarted = history.restarts.some((restart) => restart > failure.ended && restart < ended);
      return failure.ended < begun && !restarted;
    });
    if (failed !== undefined)
      sentences.push(`${batch.values[0]} was acknowledged in ${batch.partition} after its disk had failed`);
  }
  return sentences;
}

interface Acknowledgement {
  batch: SentBatch;
  ended: number;
  baseOffset: number;
}

function acknowledged(history: History): Acknowledgement[] {
  return history.batches.flatMap((batch) =>
    batch.attempts.flatMap((attempt) =>
      attempt.kind === "acked" ? [{ batch, ended: attempt.ended, baseOffset: attempt.baseOffset }] : [],
    ),
  );
}

/** Everything that was read at any time. */
function readings(history: History): Poll[] {
  return [...history.polls, ...history.scans];
}

function valuesOf(polls: readonly Poll[]): Map<number, string> {
  return new Map(polls.flatMap(({ records }) => records.map(({ offset, value }) => [offset, value])));
}

function firstOffsets(records: readonly SeenRecord[]): Map<string, number> {
  const first = new Map<string, number>();
  for (const { offset, value } of records) if (!first.has(value)) first.set(value, offset);
  return first;
}

function batchesByValue(history: History): Map<string, SentBatch> {
  const batches = new Map<string, SentBatch>();
  for (const batch of history.batches) {
    for (const value of batch.values) {
      assert(!batches.has(value), `every value is sent in one batch only, ${value} is in two`);
      batches.set(value, batch);
    }
  }
  return batches;
}
