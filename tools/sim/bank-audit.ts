// What the bank's books say, as a pure function of what readers saw: every request was done once and as it was asked for, and the sum of all
// accounts is the same after every transaction that a reader has seen whole. Of one that it has seen by half, the rest lies ahead of it.

import { ACCOUNTS, decodeEntry, OPENING_BALANCE } from "./bank-facts.ts";
import type { Entry, Transfer } from "./bank-facts.ts";
import type { TransactionalRead, TransactionHistory } from "./transaction-history.ts";

/** The request of the transaction that gives every account its first money. */
export const OPENING = "opening";
const TOTAL = ACCOUNTS * OPENING_BALANCE;
const SENTENCES = 5;

/** `requests`: every transfer that was asked for, by the place of its request. */
export function auditBank(history: TransactionHistory, requests: ReadonlyMap<string, Transfer>): string[] {
  const books = history.scans.flatMap(({ records }) => records.map(({ value }) => decodeEntry(value)));
  return [...checkRequests(books, requests), ...checkSums(history)];
}

function checkRequests(books: readonly Entry[], requests: ReadonlyMap<string, Transfer>): string[] {
  const sentences: string[] = [];
  const done = Map.groupBy(books, ({ request }) => request);
  for (const [request, { from, to, amount }] of requests) {
    const text = (done.get(request) ?? []).map((entry) => `${entry.account}:${entry.amount}`).toSorted();
    const expected = [`${from}:${-amount}`, `${to}:${amount}`].toSorted();
    if (text.join(" ") !== expected.join(" "))
      sentences.push(`${request} asked for ${expected.join(" ")}, and the books have ${text.join(" ") || "nothing"}`);
  }
  for (const request of done.keys())
    if (request !== OPENING && !requests.has(request)) sentences.push(`nobody asked for ${request}`);
  return sentences.slice(0, SENTENCES);
}

/** Goes through what each reader saw, fetch by fetch. */
function checkSums(history: TransactionHistory): string[] {
  const whole = wholeTransactions(history);
  const sentences: string[] = [];
  const committed = history.reads.filter(({ isolation }) => isolation === "read_committed");
  for (const [reader, reads] of Map.groupBy(committed, (read) => read.reader)) {
    const view = new View(whole);
    for (const read of reads) {
      view.take(read);
      const wrong = view.wrong();
      if (wrong === null) continue;
      sentences.push(`${reader}, when it had read ${read.partition} to ${read.nextOffset}: ${wrong}`);
      break;
    }
  }
  return sentences.slice(0, SENTENCES);
}

interface Place {
  readonly partition: string;
  readonly offset: number;
}

/** Where all the lines of each transaction lie in the end. */
function wholeTransactions(history: TransactionHistory): Map<string, Place[]> {
  const places = new Map<string, Place[]>();
  for (const { partition, records } of history.scans) {
    for (const { offset, value } of records) {
      const { transaction } = decodeEntry(value);
      const known = places.get(transaction) ?? [];
      known.push({ partition, offset });
      places.set(transaction, known);
    }
  }
  return places;
}

/** The books as one reader has them. */
class View {
  private readonly whole: ReadonlyMap<string, readonly Place[]>;
  private readonly positions = new Map<string, number>();
  private readonly open = new Map<string, Entry[]>();
  /** Of the transactions that it has seen whole. */
  private sum = 0;
  private hasOpening = false;

  constructor(whole: ReadonlyMap<string, readonly Place[]>) {
    this.whole = whole;
  }

  take({ partition, nextOffset, records }: TransactionalRead): void {
    this.positions.set(partition, nextOffset);
    for (const { value } of records) {
      const entry = decodeEntry(value);
      const known = this.open.get(entry.transaction) ?? [];
      known.push(entry);
      this.open.set(entry.transaction, known);
    }
    for (const [transaction, entries] of this.open) {
      const places = this.whole.get(transaction) ?? [];
      if (entries.length < places.length) continue;
      this.open.delete(transaction);
      this.hasOpening ||= entries[0]!.request === OPENING;
      for (const { amount } of entries) this.sum += amount;
    }
  }

  /** Null when all is well. */
  wrong(): string | null {
    const expected = this.hasOpening ? TOTAL : 0;
    if (this.sum !== expected) return `the accounts have ${this.sum}, and should have ${expected}`;
    for (const [transaction, entries] of this.open) {
      const ahead = this.whole
        .get(transaction)!
        .filter(({ partition, offset }) => offset >= (this.positions.get(partition) ?? 0)).length;
      if (entries.length + ahead < this.whole.get(transaction)!.length)
        return `it has passed lines of ${transaction} without seeing them`;
    }
    return null;
  }
}
