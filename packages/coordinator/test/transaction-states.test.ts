// Each state of a transaction, each command: what the client is told and what is written. The producer is 7 in epoch 5,
// an open transaction has orders 0 and 1. "current" names that epoch, "before" the one before, which an EndTxn of KIP-890 repeated would have.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TransactionState } from "../src/transaction/transaction.ts";
import { TransactionHarness } from "./support/transaction-harness.ts";

type Start = TransactionState | "unknown";
const starts: readonly Start[] = [
  "unknown",
  "Empty",
  "Ongoing",
  "PrepareCommit",
  "PrepareAbort",
  "CompleteCommit",
  "CompleteAbort",
];

interface Command {
  name: string;
  run: (harness: TransactionHarness) => string;
  /** "answer" or "answer | record | record", by the state that the command meets. */
  expected: Readonly<Record<Start, string>>;
}

const OPEN = new Map([["orders", new Set([0, 1])]]);
const MAPPING = "INVALID_PRODUCER_ID_MAPPING";
const BUSY = "CONCURRENT_TRANSACTIONS";
const FENCED = "PRODUCER_FENCED";
const INVALID = "INVALID_TXN_STATE";

const commands: readonly Command[] = [
  {
    name: "InitProducerId of a new producer",
    run: (harness) => harness.init(),
    expected: {
      unknown: "NONE 1000/0 | Empty 1000/0 v0 []",
      Empty: "NONE 7/6 | Empty 7/6 v2 []",
      Ongoing: `${BUSY} | PrepareAbort 7/6 v2 [orders:0,1]`,
      PrepareCommit: BUSY,
      PrepareAbort: BUSY,
      CompleteCommit: "NONE 7/6 | Empty 7/6 v2 []",
      CompleteAbort: "NONE 7/6 | Empty 7/6 v2 []",
    },
  },
  {
    name: "InitProducerId of the producer that goes on (KIP-360)",
    run: (harness) => harness.init(7, 5),
    expected: {
      unknown: "NONE 1000/0 | Empty 1000/0 v0 []",
      Empty: "NONE 7/6 | Empty 7/6 v2 []",
      Ongoing: `${BUSY} | PrepareAbort 7/6 v2 [orders:0,1]`,
      PrepareCommit: BUSY,
      PrepareAbort: BUSY,
      CompleteCommit: "NONE 7/6 | Empty 7/6 v2 []",
      CompleteAbort: "NONE 7/6 | Empty 7/6 v2 []",
    },
  },
  {
    name: "InitProducerId of a producer with an epoch of the past",
    run: (harness) => harness.init(7, 3),
    expected: {
      unknown: "NONE 1000/0 | Empty 1000/0 v0 []",
      Empty: FENCED,
      // As in Kafka: whoever has the id may end the open transaction, and is fenced when it asks again.
      Ongoing: `${BUSY} | PrepareAbort 7/6 v2 [orders:0,1]`,
      PrepareCommit: BUSY,
      PrepareAbort: BUSY,
      CompleteCommit: FENCED,
      CompleteAbort: FENCED,
    },
  },
  {
    name: "InitProducerId of a producer with another id",
    run: (harness) => harness.init(8, 5),
    expected: {
      unknown: "NONE 1000/0 | Empty 1000/0 v0 []",
      Empty: FENCED,
      Ongoing: FENCED,
      PrepareCommit: BUSY,
      PrepareAbort: BUSY,
      CompleteCommit: FENCED,
      CompleteAbort: FENCED,
    },
  },
  {
    name: "InitProducerId with a timeout that is too long",
    run: (harness) => harness.init(-1, -1, { timeoutMs: 900_001 }),
    expected: everywhere("INVALID_TRANSACTION_TIMEOUT"),
  },
  {
    name: "InitProducerId with an id and no epoch",
    run: (harness) => harness.init(7, -1),
    expected: everywhere("INVALID_REQUEST"),
  },
  {
    name: "partitions are added by a client of KIP-890",
    run: (harness) => harness.add(7, 5, { orders: [1, 2], payments: [0] }),
    expected: {
      unknown: MAPPING,
      Empty: "NONE | Ongoing 7/5 v2 [orders:1,2 payments:0]",
      Ongoing: "NONE | Ongoing 7/5 v2 [orders:0,1,2 payments:0]",
      PrepareCommit: BUSY,
      PrepareAbort: BUSY,
      CompleteCommit: "NONE | Ongoing 7/5 v2 [orders:1,2 payments:0]",
      CompleteAbort: "NONE | Ongoing 7/5 v2 [orders:1,2 payments:0]",
    },
  },
  {
    name: "partitions are added by an older client",
    run: (harness) => harness.add(7, 5, { orders: [2] }, 0),
    expected: {
      unknown: MAPPING,
      Empty: "NONE | Ongoing 7/5 v0 [orders:2]",
      Ongoing: "NONE | Ongoing 7/5 v0 [orders:0,1,2]",
      PrepareCommit: BUSY,
      PrepareAbort: BUSY,
      CompleteCommit: "NONE | Ongoing 7/5 v0 [orders:2]",
      CompleteAbort: "NONE | Ongoing 7/5 v0 [orders:2]",
    },
  },
  {
    name: "partitions are added that are in the transaction already",
    run: (harness) => harness.add(7, 5, { orders: [1] }),
    expected: {
      unknown: MAPPING,
      Empty: "NONE | Ongoing 7/5 v2 [orders:1]",
      Ongoing: "NONE",
      PrepareCommit: BUSY,
      PrepareAbort: BUSY,
      CompleteCommit: "NONE | Ongoing 7/5 v2 [orders:1]",
      CompleteAbort: "NONE | Ongoing 7/5 v2 [orders:1]",
    },
  },
  {
    name: "partitions are added by a zombie",
    run: (harness) => harness.add(7, 4, { orders: [1] }),
    expected: {
      unknown: MAPPING,
      Empty: FENCED,
      Ongoing: FENCED,
      PrepareCommit: BUSY,
      PrepareAbort: BUSY,
      CompleteCommit: FENCED,
      CompleteAbort: FENCED,
    },
  },
  {
    name: "partitions are added by a producer with another id",
    run: (harness) => harness.add(8, 5, { orders: [1] }),
    expected: {
      unknown: MAPPING,
      Empty: MAPPING,
      Ongoing: MAPPING,
      PrepareCommit: BUSY,
      PrepareAbort: BUSY,
      CompleteCommit: MAPPING,
      CompleteAbort: MAPPING,
    },
  },
  {
    name: "a broker verifies one partition that is in the transaction and one that is not",
    run: (harness) => harness.verify(7, 5, { orders: [1, 2] }),
    expected: {
      unknown: `${MAPPING} ${MAPPING}`,
      Empty: "TRANSACTION_ABORTABLE TRANSACTION_ABORTABLE",
      Ongoing: "NONE TRANSACTION_ABORTABLE",
      PrepareCommit: `${BUSY} ${BUSY}`,
      PrepareAbort: `${BUSY} ${BUSY}`,
      CompleteCommit: "TRANSACTION_ABORTABLE TRANSACTION_ABORTABLE",
      CompleteAbort: "TRANSACTION_ABORTABLE TRANSACTION_ABORTABLE",
    },
  },
  {
    name: "a broker verifies for a zombie",
    run: (harness) => harness.verify(7, 4, { orders: [1] }),
    expected: { ...everywhere(FENCED), unknown: MAPPING },
  },
  {
    name: "a broker verifies for another producer id",
    run: (harness) => harness.verify(8, 5, { orders: [1] }),
    expected: everywhere(MAPPING),
  },
  {
    name: "EndTxn 5 commits in the current epoch",
    run: (harness) => harness.end(7, 5, true),
    expected: {
      unknown: MAPPING,
      Empty: INVALID,
      Ongoing: "NONE 7/6 | PrepareCommit 7/6 v2 [orders:0,1]",
      PrepareCommit: BUSY,
      PrepareAbort: BUSY,
      CompleteCommit: INVALID,
      CompleteAbort: INVALID,
    },
  },
  {
    name: "EndTxn 5 aborts in the current epoch, also when nothing was begun",
    run: (harness) => harness.end(7, 5, false),
    expected: {
      unknown: MAPPING,
      Empty: "NONE 7/6 | PrepareAbort 7/6 v2 [] | CompleteAbort 7/6 v2 []",
      Ongoing: "NONE 7/6 | PrepareAbort 7/6 v2 [orders:0,1]",
      PrepareCommit: BUSY,
      PrepareAbort: BUSY,
      CompleteCommit: "NONE 7/6 | PrepareAbort 7/6 v2 [] | CompleteAbort 7/6 v2 []",
      CompleteAbort: "NONE 7/6 | PrepareAbort 7/6 v2 [] | CompleteAbort 7/6 v2 []",
    },
  },
  {
    name: "EndTxn 5 commits in the epoch before: it is repeated, or late",
    run: (harness) => harness.end(7, 4, true),
    expected: {
      unknown: MAPPING,
      Empty: FENCED,
      Ongoing: FENCED,
      PrepareCommit: BUSY,
      PrepareAbort: BUSY,
      CompleteCommit: "NONE 7/5",
      CompleteAbort: INVALID,
    },
  },
  {
    name: "EndTxn 5 aborts in the epoch before",
    run: (harness) => harness.end(7, 4, false),
    expected: {
      unknown: MAPPING,
      Empty: FENCED,
      Ongoing: FENCED,
      PrepareCommit: BUSY,
      PrepareAbort: BUSY,
      CompleteCommit: INVALID,
      CompleteAbort: "NONE 7/5",
    },
  },
  {
    name: "EndTxn 5 in an epoch of long ago",
    run: (harness) => harness.end(7, 2, true),
    expected: { ...everywhere(FENCED), unknown: MAPPING, PrepareCommit: BUSY, PrepareAbort: BUSY },
  },
  {
    name: "EndTxn 5 in an epoch that nobody has",
    run: (harness) => harness.end(7, 6, false),
    expected: { ...everywhere(FENCED), unknown: MAPPING, PrepareCommit: BUSY, PrepareAbort: BUSY },
  },
  {
    name: "EndTxn 5 of another producer id",
    run: (harness) => harness.end(8, 5, true),
    expected: { ...everywhere(MAPPING), PrepareCommit: BUSY, PrepareAbort: BUSY },
  },
  {
    name: "EndTxn 4 commits",
    run: (harness) => harness.end(7, 5, true, 4),
    expected: {
      unknown: MAPPING,
      Empty: INVALID,
      Ongoing: "NONE | PrepareCommit 7/5 v0 [orders:0,1]",
      PrepareCommit: BUSY,
      PrepareAbort: BUSY,
      CompleteCommit: "NONE",
      CompleteAbort: INVALID,
    },
  },
  {
    name: "EndTxn 4 aborts",
    run: (harness) => harness.end(7, 5, false, 4),
    expected: {
      unknown: MAPPING,
      Empty: INVALID,
      Ongoing: "NONE | PrepareAbort 7/5 v0 [orders:0,1]",
      PrepareCommit: BUSY,
      PrepareAbort: BUSY,
      CompleteCommit: INVALID,
      CompleteAbort: "NONE",
    },
  },
  {
    name: "EndTxn 4 of a zombie",
    run: (harness) => harness.end(7, 4, true, 4),
    expected: { ...everywhere(FENCED), unknown: MAPPING },
  },
  {
    name: "EndTxn 1 of a zombie, which knows no PRODUCER_FENCED",
    run: (harness) => harness.end(7, 4, true, 1),
    expected: { ...everywhere("INVALID_PRODUCER_EPOCH"), unknown: MAPPING },
  },
  {
    name: "EndTxn 4 of another producer id",
    run: (harness) => harness.end(8, 5, true, 4),
    expected: everywhere(MAPPING),
  },
];

describe("the answer and the records of each command in each state of a transaction", () => {
  for (const { name, run, expected } of commands) {
    it(name, () => {
      const told = Object.fromEntries(starts.map((start) => [start, resultOf(start, run)]));
      assert.deepEqual(told, expected);
    });
  }
});

describe("InitProducerId 3 and older", () => {
  it("tells a fenced producer INVALID_PRODUCER_EPOCH", () => {
    const harness = startedIn("Empty");
    assert.equal(harness.init(7, 3, { version: 3 }), "INVALID_PRODUCER_EPOCH");
    assert.equal(harness.init(7, 3, { version: 4 }), "PRODUCER_FENCED");
  });
});

function everywhere(answer: string): Record<Start, string> {
  return Object.fromEntries(starts.map((start) => [start, answer])) as Record<Start, string>;
}

function startedIn(start: Start): TransactionHarness {
  const harness = new TransactionHarness();
  if (start === "unknown") return harness;
  const isOpen = start === "Ongoing" || start === "PrepareCommit" || start === "PrepareAbort";
  harness.load({ state: start, partitions: isOpen ? OPEN : new Map() });
  return harness;
}

function resultOf(start: Start, run: (harness: TransactionHarness) => string): string {
  const harness = startedIn(start);
  return [run(harness), ...harness.records()].join(" | ");
}
