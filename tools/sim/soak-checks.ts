// What must hold of producers and transactions in every history of a soak, whatever failed in between. Each check is pure; it says what is
// wrong in one sentence each. A record whose send failed may be there or not.

import { groupChecks } from "./soak-group-checks.ts";
import { valueOf } from "./soak-history.ts";
import type { SentRecord, SoakCheck, SoakHistory, SoakTransaction } from "./soak-history.ts";

const SENTENCES_PER_CHECK = 5;
/** What a close may take beyond its bound: one thread serves everybody here. */
const CLOSE_SLACK_MS = 1_000;

export const producerChecks: readonly SoakCheck[] = [
  { promise: "an acknowledged record is where the acknowledgement says", check: checkLost },
  { promise: "no record is there twice", check: checkTwice },
  { promise: "records of one producer lie in the order of their sends", check: checkOrder },
  { promise: "nothing is there that nobody sent", check: checkPhantoms },
  { promise: "of a transaction all records are visible, or none, as its producer was told", check: checkTransactions },
  { promise: "close ends within its bound", check: checkClosings },
  { promise: "nothing else went wrong", check: ({ faults }) => [...faults] },
];

/** All that is wrong with a history. */
export function checkSoak(history: SoakHistory): string[] {
  return [...producerChecks, ...groupChecks].flatMap(({ promise, check }) => {
    const sentences = check(history);
    const shown = sentences.slice(0, SENTENCES_PER_CHECK).map((sentence) => `${promise}: ${sentence}`);
    const left = sentences.length - shown.length;
    return left === 0 ? shown : [...shown, `${promise}: and ${left} times more`];
  });
}

function checkLost({ sent, log }: SoakHistory): string[] {
  const values = new Map([...log].map(([name, records]) => [name, valuesByOffset(records)]));
  return sent.flatMap((record) => {
    if (!isAcknowledged(record)) return [];
    const { partition, offset } = record.outcome;
    const there = values.get(`${record.topic}-${partition}`)?.get(offset) ?? "nothing";
    if (there === valueOf(record)) return [];
    return [`${valueOf(record)} was acknowledged at ${record.topic}-${partition}@${offset}, where there is ${there}`];
  });
}

function checkTwice({ log }: SoakHistory): string[] {
  const places = new Map<string, string>();
  const sentences: string[] = [];
  for (const [name, records] of log) {
    for (const { offset, value } of records) {
      const place = `${name}@${offset}`;
      const before = places.get(value);
      if (before !== undefined) sentences.push(`${value} is at ${before} and at ${place}`);
      places.set(value, place);
    }
  }
  return sentences;
}

function checkOrder({ sent }: SoakHistory): string[] {
  const furthest = new Map<string, { number: number; offset: number }>();
  return sent.filter(isAcknowledged).flatMap(({ producer, number, topic, outcome: { partition, offset } }) => {
    const lane = `${producer} in ${topic}-${partition}`;
    const before = furthest.get(lane);
    furthest.set(lane, { number, offset });
    if (before === undefined || before.offset < offset) return [];
    return [`${lane}: number ${before.number} is at ${before.offset}, number ${number} at ${offset}`];
  });
}

function checkPhantoms({ sent, log }: SoakHistory): string[] {
  const values = new Set(sent.map(valueOf));
  return [...log].flatMap(([name, records]) =>
    records.filter(({ value }) => !values.has(value)).map(({ value, offset }) => `${value} is at ${name}@${offset}`),
  );
}

function checkTransactions({ sent, log, transactions }: SoakHistory): string[] {
  const visible = new Map([...log.values()].flat().map(({ value, isCommitted }) => [value, isCommitted]));
  const records = Map.groupBy(
    sent.filter(({ transaction }) => transaction !== null),
    ({ transaction }) => transaction!,
  );
  return transactions.flatMap((transaction) => checkFate(transaction, records.get(transaction) ?? [], visible));
}

function checkFate(
  { producer, told, commitAsked }: SoakTransaction,
  records: readonly SentRecord[],
  visible: ReadonlyMap<string, boolean>,
): string[] {
  const seen = records.filter((record) => visible.get(valueOf(record)) === true);
  const written = records.filter((record) => visible.has(valueOf(record)));
  const what = `${producer}'s transaction of ${records.map(({ number }) => number).join(", ")}`;
  if (told === "committed" && seen.length < records.length)
    return [`${what} was committed, and ${seen.length} of ${records.length} records are visible`];
  if (told === "aborted" && seen.length > 0) return [`${what} was aborted, and ${seen.length} records are visible`];
  if (commitAsked === null && seen.length > 0) return [`${what} is visible, and nobody asked for its commit`];
  if (seen.length > 0 && seen.length < written.length)
    return [`${what} is visible in part: ${seen.length} of ${written.length}`];
  return [];
}

function checkClosings({ closings }: SoakHistory): string[] {
  return closings
    .filter(({ tookMs, boundMs, stalledMs }) => tookMs - stalledMs > boundMs + CLOSE_SLACK_MS)
    .map(
      ({ what, tookMs, boundMs, stalledMs }) =>
        `${what} took ${Math.round(tookMs)} ms, ${Math.round(stalledMs)} of them without a turn; its bound is ${boundMs} ms`,
    );
}

type Acknowledged = SentRecord & { outcome: { readonly partition: number; readonly offset: number } };

function isAcknowledged(record: SentRecord): record is Acknowledged {
  return record.outcome !== null && record.outcome !== "failed";
}

function valuesByOffset(records: readonly { offset: number; value: string }[]): Map<number, string> {
  return new Map(records.map(({ offset, value }) => [offset, value]));
}
