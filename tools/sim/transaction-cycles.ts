// Fault 9: circles of transactions in which each comes before the next (G1c). One comes before another when the other read what it wrote,
// or when its record lies before the other's in a partition. Transactions that were under way at the same time may interleave their
// records in any way (G0, which Kafka allows), so only those that were not bind each other by the order of records.

import type { KnownTransaction, TransactionHistory } from "./transaction-history.ts";
import { endOf, finalValues, writesByValue } from "./transaction-fates.ts";

export function checkCycles(history: TransactionHistory): string[] {
  const edges = edgesOf(history);
  const state = new Map<KnownTransaction, "open" | "done">();
  const path: KnownTransaction[] = [];
  const sentences: string[] = [];
  const visit = (transaction: KnownTransaction): void => {
    state.set(transaction, "open");
    path.push(transaction);
    for (const next of edges.get(transaction) ?? []) {
      if (state.get(next) === undefined) visit(next);
      else if (state.get(next) === "open")
        sentences.push(`in a circle: ${[...path.slice(path.indexOf(next)), next].map(({ name }) => name).join(" → ")}`);
    }
    path.pop();
    state.set(transaction, "done");
  };
  for (const transaction of history.transactions) if (state.get(transaction) === undefined) visit(transaction);
  return sentences;
}

function edgesOf(history: TransactionHistory): Map<KnownTransaction, Set<KnownTransaction>> {
  const written = writesByValue(history);
  const found = finalValues(history);
  const edges = new Map<KnownTransaction, Set<KnownTransaction>>();
  const add = (from: KnownTransaction, to: KnownTransaction): void => {
    if (from === to) return;
    const known = edges.get(from);
    if (known === undefined) edges.set(from, new Set([to]));
    else known.add(to);
  };
  for (const transaction of history.transactions) {
    const counts = transaction.writes.some(({ values }) => values.some((value) => found.has(value)));
    for (const value of counts ? transaction.readValues : []) {
      const writer = written.get(value)?.transaction;
      if (writer !== undefined) add(writer, transaction);
    }
  }
  for (const { records } of history.scans) {
    // The transactions before, each that has not been overtaken by one that began after its end.
    let latest: KnownTransaction[] = [];
    for (const { value } of records) {
      const transaction = written.get(value)?.transaction;
      if (transaction === undefined || latest.at(-1) === transaction) continue;
      for (const before of latest) if (!overlap(before, transaction)) add(before, transaction);
      latest = [...latest.filter((before) => before !== transaction && overlap(before, transaction)), transaction];
    }
  }
  return edges;
}

function overlap(one: KnownTransaction, other: KnownTransaction): boolean {
  return one.begun < endOf(other) && other.begun < endOf(one);
}
