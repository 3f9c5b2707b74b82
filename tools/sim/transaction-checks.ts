// What must hold in every history of transactions and groups, whatever failed in between. Each check is pure; the number of a fault is that
// of the list in README.md. A check says what is wrong in one sentence each; an empty list means that the history keeps the promise.
// G0, the interleaving of two transactions' writes, is no fault: Kafka allows it.

import type { KnownTransaction, Takeover, Told, TransactionalRead, TransactionHistory } from "./transaction-history.ts";
import { checkMembers, checkOffsetsTold, checkStaleCommits } from "./member-checks.ts";
import { checkCycles } from "./transaction-cycles.ts";
import { endOf, fateOf, finalValues, isWritten, mayBeWritten, writesByValue } from "./transaction-fates.ts";

export interface TransactionCheck {
  readonly fault: number;
  readonly promise: string;
  readonly check: (history: TransactionHistory) => string[];
}

export const transactionChecks: readonly TransactionCheck[] = [
  { fault: 6, promise: "nothing aborted is read at read_committed", check: checkAborted },
  { fault: 6, promise: "nothing is read that nobody wrote, or that was refused", check: checkRefused },
  { fault: 7, promise: "nothing of an open transaction is read at read_committed", check: checkOpen },
  {
    fault: 7,
    promise: "the last stable offset is not beyond the high watermark, and nothing is read beyond it",
    check: checkBounds,
  },
  { fault: 7, promise: "the last stable offset never goes back", check: checkStableOffsets },
  { fault: 7, promise: "below the last stable offset everything is decided", check: checkDecided },
  { fault: 8, promise: "of a transaction all writes are there, or none", check: checkWhole },
  { fault: 8, promise: "offsets are committed with the writes of their transaction", check: checkOffsetsWhole },
  { fault: 9, promise: "no transaction reads what came of itself", check: checkCycles },
  { fault: 10, promise: "who lost its transactional id is refused", check: checkZombies },
  { fault: 10, promise: "late requests are refused and leave nothing", check: checkLate },
  { fault: 10, promise: "only its producer, a successor or the clock ends a transaction", check: checkEndedByOthers },
  { fault: 12, promise: "committed offsets never go back on their own", check: checkOffsetsTold },
  { fault: 12, promise: "stale generations, members and instances cannot commit", check: checkStaleCommits },
  { fault: 12, promise: "a partition has one owner in a generation", check: checkMembers },
  { fault: 16, promise: "once faults are over, everything goes on within a bound", check: checkProgress },
];

const SENTENCES_PER_CHECK = 5;

/** All that is wrong with a history, each with the fault that it is an instance of. */
export function checkTransactions(history: TransactionHistory): string[] {
  return transactionChecks.flatMap(({ fault, check }) =>
    check(history)
      .slice(0, SENTENCES_PER_CHECK)
      .map((sentence) => `fault ${fault}: ${sentence}`),
  );
}

function checkAborted(history: TransactionHistory): string[] {
  const written = writesByValue(history);
  return committedReads(history).flatMap(({ reader, partition, records }) =>
    records.flatMap(({ offset, value }) => {
      const transaction = written.get(value)?.transaction;
      if (transaction === undefined || fateOf(transaction) !== "aborted") return [];
      return [`${reader} read ${value} at ${partition}@${offset}, and ${transaction.name} was not committed`];
    }),
  );
}

function checkRefused(history: TransactionHistory): string[] {
  const written = writesByValue(history);
  return allReads(history).flatMap(({ partition, records }) =>
    records.flatMap(({ offset, value }) => {
      const found = written.get(value);
      if (found === undefined || found.write.partition !== partition)
        return [`${partition}@${offset} holds ${value}, which nobody wrote there`];
      return mayBeWritten(found.write) ? [] : [`${partition}@${offset} holds ${value}, which was refused`];
    }),
  );
}

function checkOpen(history: TransactionHistory): string[] {
  const written = writesByValue(history);
  return committedReads(history).flatMap(({ reader, ended, partition, records }) =>
    records.flatMap(({ offset, value }) => {
      const transaction = written.get(value)?.transaction;
      if (transaction === undefined || (transaction.end !== null && transaction.end.asked < ended)) return [];
      return [`${reader} read ${value} at ${partition}@${offset} before ${transaction.name} was asked to end`];
    }),
  );
}

function checkBounds(history: TransactionHistory): string[] {
  return allReads(history).flatMap((read) => {
    const { reader, partition, lastStableOffset, highWatermark, isolation, records } = read;
    if (lastStableOffset > highWatermark)
      return [
        `${reader} was told a last stable offset of ${lastStableOffset} in ${partition}, above the high watermark of ${highWatermark}`,
      ];
    const end = isolation === "read_committed" ? lastStableOffset : highWatermark;
    const beyond = records.find(({ offset }) => offset >= end);
    if (beyond === undefined) return [];
    return [`${reader} read ${beyond.value} at ${partition}@${beyond.offset}, where reading ended at ${end}`];
  });
}

function checkStableOffsets(history: TransactionHistory): string[] {
  const sentences: string[] = [];
  for (const [partition, reads] of Map.groupBy(allReads(history), (read) => read.partition)) {
    const byEnd = reads.toSorted((one, other) => one.ended - other.ended);
    let largest = -1;
    let next = 0;
    for (const read of reads.toSorted((one, other) => one.begun - other.begun)) {
      for (; next < byEnd.length && byEnd[next]!.ended < read.begun; next++)
        largest = Math.max(largest, byEnd[next]!.lastStableOffset);
      if (read.lastStableOffset < largest)
        sentences.push(
          `the last stable offset of ${partition} was ${largest} and went back to ${read.lastStableOffset}`,
        );
    }
  }
  return sentences;
}

/** What a reader passed is what the scan in the end finds there: nothing appears behind a reader's back, nothing disappears. */
function checkDecided(history: TransactionHistory): string[] {
  const sentences: string[] = [];
  const scans = new Map(history.scans.map((scan) => [scan.partition, scan.records]));
  for (const { reader, partition, isolation, fetchOffset, nextOffset, records } of history.reads) {
    if (isolation === "read_uncommitted") continue;
    const scan = scans.get(partition);
    if (scan === undefined) {
      sentences.push(`${partition} was not read in the end`);
      continue;
    }
    const now = scan.filter(({ offset }) => offset >= fetchOffset && offset < nextOffset);
    const text = (of: typeof records): string => of.map(({ offset, value }) => `${offset} ${value}`).join(", ");
    if (text(now) !== text(records))
      sentences.push(
        `${reader} read ${partition} from ${fetchOffset} to ${nextOffset} as [${text(records)}], which is now [${text(now)}]`,
      );
  }
  return sentences;
}

function checkWhole(history: TransactionHistory): string[] {
  const found = finalValues(history);
  return history.transactions.flatMap((transaction) => {
    const due = transaction.writes.filter(isWritten).flatMap(({ values }) => values);
    const missing = due.filter((value) => !found.has(value));
    const there = transaction.writes.flatMap(({ values }) => values).filter((value) => found.has(value));
    if (missing.length === 0 || (there.length === 0 && fateOf(transaction) !== "committed")) return [];
    return [`${transaction.name} is there by half: ${there.join(" ") || "nothing"}, and not ${missing.join(" ")}`];
  });
}

/**
 * For groups whose offsets come by transactions alone: the offset is that of the furthest transaction whose writes are there. One without
 * writes shows by its offset alone; if nobody knows what became of it, it may be either.
 */
function checkOffsetsWhole(history: TransactionHistory): string[] {
  const found = finalValues(history);
  return history.finalOffsets.flatMap(({ group, partition, offset }) => {
    if (history.resets.some((reset) => reset.group === group && reset.partition === partition)) return [];
    let furthest = -1;
    let isExplained = false;
    for (const transaction of history.transactions) {
      const fate = thereOf(transaction, found);
      for (const commit of transaction.offsets) {
        if (fate === "no" || commit.group !== group || commit.partition !== partition || !isWritten(commit)) continue;
        if (fate === "yes") furthest = Math.max(furthest, commit.offset);
        else if (commit.offset === offset) isExplained = true;
      }
    }
    if (furthest === offset || (isExplained && offset > furthest)) return [];
    return [
      `${group} has ${partition} committed up to ${offset}, its transactions' writes are there up to ${furthest}`,
    ];
  });
}

function thereOf(transaction: KnownTransaction, found: ReadonlySet<string>): Told {
  if (transaction.writes.length > 0)
    return transaction.writes.some(({ values }) => values.some((value) => found.has(value))) ? "yes" : "no";
  const fate = fateOf(transaction);
  if (fate === "open") return "unknown";
  return fate === "committed" ? "yes" : "no";
}

function checkZombies(history: TransactionHistory): string[] {
  return history.transactions.flatMap((transaction) => {
    const { name, holder, writes, offsets, end } = transaction;
    const attempts = [...writes, ...offsets, ...(end === null ? [] : [end])].flatMap((call) => call.attempts);
    const last = Math.max(-1, ...attempts.filter(({ told }) => told === "yes").map(({ begun }) => begun));
    const successor = successorsOf(history, transaction).find(({ ended }) => ended < last);
    if (successor === undefined) return [];
    return [`${holder} was not refused in ${name}, although ${successor.holder} had taken over`];
  });
}

/** The takeovers of its transactional id that came after that of its own holder for sure: they began when that was done. */
function successorsOf(history: TransactionHistory, transaction: KnownTransaction): Takeover[] {
  const { own, others } = takeoversOf(history, transaction);
  return own === undefined ? [] : others.filter(({ begun }) => begun > own.ended);
}

function takeoversOf(
  history: TransactionHistory,
  { transactionalId, holder }: KnownTransaction,
): { own: Takeover | undefined; others: Takeover[] } {
  const ofId = history.takeovers.filter((takeover) => takeover.transactionalId === transactionalId);
  const own = ofId.findLast((takeover) => takeover.holder === holder && takeover.ended < Infinity);
  return { own, others: ofId.filter((takeover) => takeover !== own) };
}

function checkLate(history: TransactionHistory): string[] {
  const read = new Map(
    allReads(history).flatMap(({ partition, records }) => records.map(({ value }) => [value, partition])),
  );
  return history.late.flatMap(({ what, values, mustBeRefused, told }) => {
    const sentences = mustBeRefused && told === "yes" ? [`${what} was not refused`] : [];
    for (const value of values) if (read.has(value)) sentences.push(`${what}: ${value} is in ${read.get(value)}`);
    return sentences;
  });
}

function checkEndedByOthers(history: TransactionHistory): string[] {
  return history.transactions.flatMap((transaction) => {
    const { name, transactionalId, holder, begun, writes, offsets, end } = transaction;
    const attempts = [...writes, ...offsets, ...(end === null ? [] : [end])].flatMap((call) => call.attempts);
    const refused = attempts.findLast(({ told }) => told === "no");
    if (refused === undefined || endOf(transaction) < Infinity) return [];
    const { own, others } = takeoversOf(history, transaction);
    // Two that take it over at the same time may be served in either order. Who joins the group as the same instance fences commits there.
    const inGroups = history.takeovers.filter(
      (takeover) => takeover.holder !== holder && offsets.some(({ group }) => group === takeover.transactionalId),
    );
    const hasSuccessor = [...others, ...inGroups].some(
      (other) => other.ended > (own?.begun ?? 0) && other.begun < refused.ended,
    );
    const hasExpired = history.expiries.some(
      (expiry) => expiry.transactionalId === transactionalId && expiry.begun > begun && expiry.begun < refused.ended,
    );
    return hasSuccessor || hasExpired
      ? []
      : [`${name} was refused (${refused.error}), and nobody else had a right to end it`];
  });
}

function checkProgress(history: TransactionHistory): string[] {
  return history.progress.flatMap(({ what, tookMs, boundMs }) =>
    tookMs <= boundMs ? [] : [`${what} took ${tookMs} ms, and ${boundMs} ms was the bound`],
  );
}

function allReads(history: TransactionHistory): TransactionalRead[] {
  return [...history.reads, ...history.scans];
}

function committedReads(history: TransactionHistory): TransactionalRead[] {
  return allReads(history).filter(({ isolation }) => isolation === "read_committed");
}
