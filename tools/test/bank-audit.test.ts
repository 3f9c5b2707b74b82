// The audit of the bank, tested on books: some that are in order, and planted errors.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { auditBank, OPENING } from "../sim/bank-audit.ts";
import { ACCOUNTS, decodeEntry, encodeEntry, LEDGER, OPENING_BALANCE, partitionOf } from "../sim/bank-facts.ts";
import type { Transfer } from "../sim/bank-facts.ts";
import { TransactionHistory } from "../sim/transaction-history.ts";
import type { ReadValue } from "../sim/transaction-history.ts";

/** Books that are written line by line, and readers of them. */
class Books {
  readonly history = new TransactionHistory();
  readonly requests = new Map<string, Transfer>();
  readonly ledger: ReadValue[][] = [[], [], [], []];

  constructor() {
    for (let account = 0; account < ACCOUNTS; account++) this.line(OPENING, OPENING, account, OPENING_BALANCE);
  }

  line(transaction: string, request: string, account: number, amount: number): void {
    const lines = this.ledger[partitionOf(account)]!;
    lines.push({ offset: lines.length, value: encodeEntry({ transaction, request, account, amount }) });
  }

  transfer(request: string, from: number, to: number, amount: number, transaction = `t-${request}`): void {
    this.requests.set(request, { from, to, amount });
    this.line(transaction, request, from, -amount);
    this.line(transaction, request, to, amount);
  }

  read(partition: number, from = 0, to = this.ledger[partition]!.length, without = -1): void {
    this.history.reads.push(this.reading("reader", partition, from, to, without));
  }

  audit(): string {
    for (const partition of this.ledger.keys())
      this.history.scans.push(this.reading("scan", partition, 0, this.ledger[partition]!.length));
    return auditBank(this.history, this.requests).join("\n");
  }

  private reading(
    reader: string,
    partition: number,
    fetchOffset: number,
    nextOffset: number,
    without = -1,
  ): TransactionHistory["reads"][number] {
    const records = this.ledger[partition]!.slice(fetchOffset, nextOffset).filter(({ offset }) => offset !== without);
    const span = { begun: this.history.tick(), ended: this.history.tick() };
    const bounds = { fetchOffset, nextOffset, highWatermark: nextOffset, lastStableOffset: nextOffset };
    return { reader, partition: `${LEDGER}-${partition}`, isolation: "read_committed", ...bounds, ...span, records };
  }
}

/** Two transfers, and a reader that sees the second by half for a while. */
function goodBooks(): Books {
  const books = new Books();
  for (let partition = 0; partition < 4; partition++) books.read(partition);
  books.transfer("requests-0@0", 4, 8, 10);
  books.transfer("requests-0@1", 4, 1, 5);
  books.read(0, 25);
  books.read(1, 25);
  return books;
}

const planted: { name: string; says: RegExp; plant: (books: Books) => void }[] = [
  {
    name: "a request that was done twice",
    says: /^requests-0@0 asked for 4:-10 8:10, and the books have 4:-10 4:-10 8:10 8:10$/m,
    plant: (books) => books.transfer("requests-0@0", 4, 8, 10, "again"),
  },
  {
    name: "a request that was not done",
    says: /^requests-0@2 asked for .* the books have nothing$/m,
    plant: (books) => void books.requests.set("requests-0@2", { from: 1, to: 2, amount: 1 }),
  },
  {
    name: "a transfer that nobody asked for",
    says: /^nobody asked for requests-9@0$/m,
    plant: (books) => books.line("t", "requests-9@0", 1, 0),
  },
  {
    name: "a debit without its credit",
    says: /the accounts have 99990, and should have 100000$/m,
    plant(books) {
      books.line("half", "requests-0@2", 0, -10);
      books.read(0, 28);
    },
  },
  {
    name: "a reader that passed a line without seeing it",
    says: /it has passed lines of t-requests-0@2 without seeing them$/m,
    plant(books) {
      books.transfer("requests-0@2", 2, 3, 7);
      books.read(2, 25, 26, 25);
      books.read(3, 25);
    },
  },
];

describe("the audit of the bank", () => {
  it("says nothing of books that are in order", () => {
    assert.equal(goodBooks().audit(), "");
  });

  for (const { name, says, plant } of planted) {
    it(`finds ${name}`, () => {
      const books = goodBooks();
      plant(books);
      assert.match(books.audit(), says);
    });
  }

  it("reads the lines that tellers write", () => {
    const entry = { transaction: "wire-0#1.2", request: "requests-0@7", account: 3, amount: -4 };
    assert.deepEqual(decodeEntry(encodeEntry(entry)), entry);
  });
});
