// Transactions over time: markers, restarts at each step, timeouts, forgotten ids, epochs that run out, requests that are late or repeated.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TransactionListing } from "../src/transaction/transaction-listing.ts";
import { START_MS, TransactionHarness } from "./support/transaction-harness.ts";

const MINUTE_MS = 60_000;

describe("the markers of a decided transaction", () => {
  it("say who ends what, in the epoch after the records' for clients of KIP-890", () => {
    const harness = begun();
    assert.equal(harness.end(1000, 0, true), "NONE 1000/1");
    assert.equal(harness.calls, 1);
    assert.deepEqual(harness.markers(), [
      {
        transactionalId: "payments",
        producerId: 1000,
        producerEpoch: 1,
        coordinatorEpoch: 3,
        committed: true,
        transactionVersion: 2,
        partitions: [
          { topic: "orders", partition: 0 },
          { topic: "orders", partition: 1 },
        ],
      },
    ]);
    assert.deepEqual(harness.markers(), [], "they are taken once");
  });

  it("keep the records' epoch for older clients", () => {
    const harness = begun();
    harness.end(1000, 0, false, 4);
    const [markers] = harness.markers();
    assert.deepEqual([markers?.producerEpoch, markers?.transactionVersion, markers?.committed], [0, 0, false]);
  });

  it("complete the transaction when the last of them is written", () => {
    const harness = begun();
    harness.end(1000, 0, true);
    const [markers] = harness.markers();
    harness.records();
    assert.equal(harness.written(markers!, [{ topic: "orders", partition: 1 }]), false);
    assert.deepEqual(harness.records(), []);
    assert.equal(harness.written(markers!, [{ topic: "orders", partition: 0 }]), true);
    assert.deepEqual(harness.records(), ["CompleteCommit 1000/1 v2 []"]);
    assert.equal(harness.written(markers!), false, "and once only");
    assert.deepEqual(harness.records(), []);
  });

  it("of an earlier shard do not complete what a later one decided", () => {
    const harness = begun();
    harness.end(1000, 0, true, 4);
    const [late] = harness.markers();
    harness.shards.restart();
    harness.complete();
    assert.equal(harness.add(1000, 0, { orders: [0] }, 0), "NONE");
    assert.equal(harness.end(1000, 0, false, 4), "NONE");
    harness.records();
    assert.equal(harness.written(late!), false);
    assert.equal(harness.state(), "PrepareAbort 1000/0");
    assert.deepEqual(harness.records(), []);
  });

  it("are not needed where no partition was added", () => {
    const harness = new TransactionHarness();
    harness.init();
    harness.add(1000, 0, {});
    assert.equal(harness.state(), "Ongoing 1000/0");
    assert.equal(harness.end(1000, 0, true), "NONE 1000/1");
    assert.equal(harness.state(), "CompleteCommit 1000/1");
    assert.deepEqual(harness.markers(), []);
  });

  it("that are missing are what DescribeTransactions lists", () => {
    const harness = begun();
    harness.end(1000, 0, true);
    const [markers] = harness.markers();
    harness.written(markers!, [{ topic: "orders", partition: 0 }]);
    assert.deepEqual(harness.describe().topics, [{ topic: "orders", partitions: [1] }]);
  });
});

describe("a coordinator that is loaded again", () => {
  const steps: [string, (harness: TransactionHarness) => void, string][] = [
    ["knows a producer", () => {}, "Empty 1000/0"],
    ["knows an open transaction", (harness) => void harness.add(1000, 0, { orders: [0] }), "Ongoing 1000/0"],
    ["drives on what was to be committed", (harness) => decide(harness, true), "PrepareCommit 1000/1"],
    ["drives on what was to be aborted", (harness) => decide(harness, false), "PrepareAbort 1000/1"],
    ["knows a committed transaction", (harness) => finish(harness, true), "CompleteCommit 1000/1"],
    ["knows an aborted transaction", (harness) => finish(harness, false), "CompleteAbort 1000/1"],
  ];
  for (const [name, go, state] of steps) {
    it(name, () => {
      const harness = new TransactionHarness();
      harness.init();
      go(harness);
      assert.equal(harness.state(), state);
      const callsBefore = harness.calls;
      harness.coordinatorEpoch = 4;
      harness.shards.restart();
      assert.equal(harness.state(), state);
      const markers = harness.markers();
      assert.equal(markers.length, state.startsWith("Prepare") ? 1 : 0);
      assert.equal(harness.calls - callsBefore, markers.length);
      for (const one of markers) {
        assert.equal(one.coordinatorEpoch, 4);
        assert.equal(harness.written(one), true);
      }
      assert.match(harness.state(), /^(Empty|Ongoing|Complete)/);
    });
  }

  it("completes what was decided without partitions and not written as complete", () => {
    const harness = new TransactionHarness();
    harness.load({ state: "PrepareAbort" });
    assert.equal(harness.state(), "CompleteAbort 7/5");
  });

  it("fences a producer that repeats InitProducerId, for the log does not know the last epoch", () => {
    const harness = new TransactionHarness();
    harness.init();
    assert.equal(harness.init(1000, 0), "NONE 1000/1");
    assert.equal(harness.init(1000, 0), "NONE 1000/1", "repeated, it is known");
    harness.shards.restart();
    assert.equal(harness.init(1000, 0), "PRODUCER_FENCED");
  });
});

describe("a transaction that takes longer than its timeout", () => {
  it("is aborted at the next look, under an epoch that fences its producer", () => {
    const harness = begun();
    harness.shards.advance(MINUTE_MS);
    assert.equal(harness.state(), "Ongoing 1000/0");
    harness.shards.advance(harness.config.abortTimedOutIntervalMs);
    assert.equal(harness.state(), "PrepareAbort 1000/1");
    harness.complete();
    assert.equal(harness.end(1000, 0, true, 4), "PRODUCER_FENCED");
    // As in Kafka: of an EndTxn 5 it looks as if it were repeated, for a transaction that ended otherwise.
    assert.equal(harness.end(1000, 0, true), "INVALID_TXN_STATE");
    assert.equal(harness.add(1000, 0, { orders: [0] }), "PRODUCER_FENCED");
    assert.equal(harness.init(1000, 0), "NONE 1000/1");
  });

  it("is aborted after a restart too", () => {
    const harness = begun();
    harness.shards.restart();
    harness.shards.advance(MINUTE_MS + harness.config.abortTimedOutIntervalMs);
    assert.equal(harness.state(), "PrepareAbort 1000/1");
  });

  it("is aborted in its own epoch's successor where transaction.version is 0, and the producer is fenced all the same", () => {
    const harness = begun({ transactionVersion: 0 }, 0);
    harness.shards.advance(MINUTE_MS + harness.config.abortTimedOutIntervalMs);
    assert.deepEqual(harness.records().slice(-1), ["PrepareAbort 1000/1 v0 [orders:0,1]"]);
    harness.complete();
    assert.equal(harness.end(1000, 0, false, 4), "PRODUCER_FENCED");
    assert.equal(harness.init(1000, 0), "PRODUCER_FENCED");
  });

  it("is left alone while its markers are being written", () => {
    const harness = begun();
    harness.end(1000, 0, true);
    harness.records();
    harness.shards.advance(10 * MINUTE_MS);
    assert.deepEqual(harness.records(), []);
  });

  it("is not looked for when there is none", () => {
    const harness = begun();
    harness.end(1000, 0, true);
    harness.complete();
    harness.shards.advance(harness.config.abortTimedOutIntervalMs);
    const next = harness.shards.shard.nextDeadlineMs()!;
    assert.equal(next, harness.config.removeExpiredIntervalMs, "only the look for ids to forget is left");
  });

  it("lasts for ever where another coordinator decides (two-phase commit)", () => {
    const harness = new TransactionHarness();
    harness.load({ state: "Ongoing", timeoutMs: 0x7fff_ffff, partitions: new Map([["orders", new Set([0])]]) });
    harness.shards.advance(30 * 24 * 60 * MINUTE_MS);
    assert.equal(harness.state(), "Ongoing 7/5");
  });
});

describe("a transactional id that is not used", () => {
  const WEEK_MS = 7 * 24 * 60 * MINUTE_MS;
  for (const state of ["Empty", "CompleteCommit", "CompleteAbort"] as const) {
    it(`is forgotten in state ${state}`, () => {
      const harness = new TransactionHarness();
      harness.load({ state });
      harness.shards.advance(WEEK_MS - 1);
      assert.equal(harness.state(), `${state} 7/5`);
      harness.shards.advance(harness.config.removeExpiredIntervalMs);
      assert.deepEqual(harness.records(), ["forgotten"]);
      assert.equal(harness.state(), "unknown");
      harness.shards.restart();
      assert.equal(harness.state(), "unknown");
      assert.equal(harness.add(7, 5, { orders: [0] }), "INVALID_PRODUCER_ID_MAPPING");
    });
  }

  for (const state of ["Ongoing", "PrepareCommit", "PrepareAbort"] as const) {
    it(`is kept in state ${state}`, () => {
      const harness = new TransactionHarness();
      const timeoutMs = 0x7fff_ffff;
      harness.load({ state, timeoutMs, partitions: new Map([["orders", new Set([0])]]) });
      harness.shards.advance(2 * WEEK_MS);
      assert.equal(harness.state(), `${state} 7/5`);
    });
  }
});

describe("epochs that run out", () => {
  const LAST = 32_766;

  it("exchange the producer id when a transaction ends, and a repeated EndTxn is told the same", () => {
    const harness = new TransactionHarness();
    harness.load({ state: "Empty", producerEpoch: LAST });
    harness.add(7, LAST, { orders: [0] });
    assert.equal(harness.end(7, LAST, true), "NONE 1000/0");
    assert.deepEqual(harness.records().slice(-1), ["PrepareCommit 7/32767 v2 then 1000 [orders:0]"]);
    assert.equal(harness.add(1000, 0, { orders: [0] }), "CONCURRENT_TRANSACTIONS", "the new id is not in force yet");
    assert.equal(harness.end(7, LAST, true), "CONCURRENT_TRANSACTIONS");
    harness.complete();
    assert.deepEqual(harness.records(), ["CompleteCommit 1000/0 v2 []"]);
    assert.equal(harness.end(7, LAST, true), "NONE 1000/0");
    assert.equal(harness.end(7, LAST, false), "INVALID_TXN_STATE");
    assert.equal(harness.add(1000, 0, { orders: [0] }), "NONE");
    assert.equal(harness.end(7, LAST, true), "INVALID_PRODUCER_ID_MAPPING", "the next transaction is not touched");
    assert.equal(harness.end(1000, 0, true), "NONE 1000/1");
  });

  it("exchange the producer id over a restart in the middle", () => {
    const harness = new TransactionHarness();
    harness.load({ state: "Empty", producerEpoch: LAST });
    harness.add(7, LAST, { orders: [0] });
    harness.end(7, LAST, false);
    harness.shards.restart();
    harness.complete();
    assert.equal(harness.state(), "CompleteAbort 1000/0");
  });

  it("exchange the producer id in InitProducerId, which may be repeated", () => {
    const harness = new TransactionHarness();
    harness.load({ state: "CompleteCommit", producerEpoch: LAST });
    assert.equal(harness.init(7, LAST), "NONE 1000/0");
    assert.equal(harness.init(7, LAST), "NONE 1000/0");
    assert.equal(harness.init(7, LAST - 1), "PRODUCER_FENCED");
    assert.equal(harness.init(), "NONE 1000/1");
    assert.equal(harness.init(7, LAST), "PRODUCER_FENCED");
  });

  it("fence with the epoch that no client has, and then exchange", () => {
    const harness = new TransactionHarness();
    harness.load({ state: "Ongoing", producerEpoch: LAST, partitions: new Map([["orders", new Set([0])]]) });
    assert.equal(harness.init(), "CONCURRENT_TRANSACTIONS");
    assert.deepEqual(harness.records(), ["PrepareAbort 7/32767 v2 then 1000 [orders:0]"]);
    harness.complete();
    assert.equal(harness.init(), "NONE 1000/1");
  });

  it("fence where transaction.version is 1, and exchange with the next InitProducerId", () => {
    const harness = new TransactionHarness({ transactionVersion: 1 });
    harness.load({ state: "Ongoing", producerEpoch: LAST, partitions: new Map([["orders", new Set([0])]]) });
    assert.equal(harness.init(), "CONCURRENT_TRANSACTIONS");
    assert.deepEqual(harness.records(), ["PrepareAbort 7/32767 v0 [orders:0]"]);
    harness.complete();
    assert.equal(harness.init(), "NONE 1000/0");
  });

  it("let a producer at the very last epoch abort, which only a fault of earlier brokers can have led to", () => {
    const harness = new TransactionHarness();
    harness.load({ state: "Ongoing", producerEpoch: 32_767, partitions: new Map([["orders", new Set([0])]]) });
    assert.equal(harness.end(7, 32_767, true), "UNKNOWN_SERVER_ERROR");
    assert.equal(harness.end(7, 32_767, false), "NONE 1000/0");
    assert.deepEqual(harness.records(), ["PrepareAbort 7/32767 v2 then 1000 [orders:0]"]);
  });

  it("are waited out while there is no producer id to be had", () => {
    const harness = new TransactionHarness({ producerIds: [] });
    assert.equal(harness.init(), "COORDINATOR_LOAD_IN_PROGRESS");
    harness.load({ state: "Ongoing", producerEpoch: LAST, partitions: new Map([["orders", new Set([0])]]) });
    assert.equal(harness.end(7, LAST, true), "COORDINATOR_LOAD_IN_PROGRESS");
    assert.equal(harness.init(), "COORDINATOR_LOAD_IN_PROGRESS");
    harness.shards.advance(10 * MINUTE_MS);
    assert.equal(harness.state(), "Ongoing 7/32766");
    assert.deepEqual(harness.records(), []);
  });
});

describe("requests that are late or repeated (KIP-890)", () => {
  it("an EndTxn of the transaction before does not touch the next one", () => {
    const harness = begun();
    assert.equal(harness.end(1000, 0, true), "NONE 1000/1");
    harness.complete();
    assert.equal(harness.add(1000, 1, { orders: [0] }), "NONE");
    assert.equal(harness.end(1000, 0, true), "PRODUCER_FENCED");
    assert.equal(harness.end(1000, 0, false), "PRODUCER_FENCED");
    assert.equal(harness.state(), "Ongoing 1000/1");
  });

  it("an EndTxn 4 of the transaction before does touch the next one: what KIP-890 is for", () => {
    const harness = begun({}, 0);
    assert.equal(harness.end(1000, 0, true, 4), "NONE");
    harness.complete();
    assert.equal(harness.add(1000, 0, { orders: [0] }, 0), "NONE");
    assert.equal(harness.end(1000, 0, true, 4), "NONE");
    assert.equal(harness.state(), "PrepareCommit 1000/0");
  });

  it("two producers with one transactional id: the later one fences the earlier one, whatever it does", () => {
    const harness = begun();
    assert.equal(harness.init(), "CONCURRENT_TRANSACTIONS");
    assert.equal(harness.init(), "CONCURRENT_TRANSACTIONS", "the markers are not written yet");
    harness.complete();
    assert.equal(harness.init(), "NONE 1000/2");
    assert.equal(harness.add(1000, 0, { orders: [0] }), "PRODUCER_FENCED");
    assert.equal(harness.verify(1000, 0, { orders: [0] }), "PRODUCER_FENCED");
    assert.equal(harness.end(1000, 0, true), "PRODUCER_FENCED");
    assert.equal(harness.init(1000, 0), "PRODUCER_FENCED");
    assert.equal(harness.state(), "Empty 1000/2");
  });

  it("a client of KIP-890 follows an older one of the same transactional id", () => {
    const harness = begun({}, 0);
    harness.end(1000, 0, true, 4);
    harness.complete();
    assert.equal(harness.init(), "NONE 1000/1");
    assert.equal(harness.add(1000, 1, { orders: [0] }, 2), "NONE");
    assert.equal(harness.end(1000, 1, true, 5), "NONE 1000/2");
  });
});

describe("a transactional id", () => {
  it("that is too long for a record is refused, and harms nobody", () => {
    const harness = new TransactionHarness();
    assert.equal(harness.init(-1, -1, { id: "x".repeat(32_768) }), "UNKNOWN_SERVER_ERROR");
    assert.equal(harness.init(-1, -1, { id: "x".repeat(32_767) }), "NONE 1000/0");
  });

  it("that is empty is refused", () => {
    const harness = new TransactionHarness();
    assert.equal(harness.init(-1, -1, { id: "" }), "INVALID_REQUEST");
    assert.equal(harness.describe("").errorCode, 42);
  });
});

describe("transactions are listed", () => {
  const harness = new TransactionHarness();
  harness.init(-1, -1, { id: "idle" });
  harness.init();
  harness.add(1001, 0, { orders: [0] });
  harness.shards.advance(5000);
  const rows: [string, Partial<Parameters<typeof listed>[1]>, string[]][] = [
    ["all of them", {}, ["idle Empty", "payments Ongoing"]],
    ["by state", { states: new Set(["Ongoing", "Dead"]) }, ["payments Ongoing"]],
    ["by producer id", { producerIds: new Set([1000]) }, ["idle Empty"]],
    [
      "those older than 4 s, to which all belong that have not begun",
      { longerThanMs: 4000 },
      ["idle Empty", "payments Ongoing"],
    ],
    ["those older than 5 s", { longerThanMs: 5000 }, ["idle Empty"]],
    ["by transactional id", { matches: (id) => id.startsWith("pay") }, ["payments Ongoing"]],
    ["by several filters at once", { states: new Set(["Empty"]), producerIds: new Set([1001]) }, []],
  ];
  for (const [name, filter, expected] of rows) it(name, () => assert.deepEqual(listed(harness, filter), expected));

  it("and described", () => {
    assert.deepEqual(harness.describe(), {
      errorCode: 0,
      transactionalId: "payments",
      transactionState: "Ongoing",
      transactionTimeoutMs: 60_000,
      transactionStartTimeMs: START_MS,
      producerId: 1001,
      producerEpoch: 0,
      topics: [{ topic: "orders", partitions: [0] }],
    });
  });
});

function listed(
  harness: TransactionHarness,
  filter: Partial<{
    states: Set<string>;
    producerIds: Set<number>;
    longerThanMs: number;
    matches: (id: string) => boolean;
  }>,
): string[] {
  const whole = {
    states: new Set<string>(),
    producerIds: new Set<number>(),
    longerThanMs: -1,
    matches: null,
    ...filter,
  };
  const found = harness.shards.ask<readonly TransactionListing[]>((shard, pending, now) =>
    shard.list(whole, pending, now),
  );
  return found.map(({ transactionalId, transactionState }) => `${transactionalId} ${transactionState}`);
}

function begun(options: { transactionVersion?: number } = {}, clientVersion = 2): TransactionHarness {
  const harness = new TransactionHarness(options);
  harness.init();
  harness.add(1000, 0, { orders: [0, 1] }, clientVersion);
  return harness;
}

function decide(harness: TransactionHarness, committed: boolean): void {
  harness.add(1000, 0, { orders: [0] });
  harness.end(1000, 0, committed);
}

function finish(harness: TransactionHarness, committed: boolean): void {
  decide(harness, committed);
  harness.complete();
}
