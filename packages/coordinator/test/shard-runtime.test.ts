// The runtime of one shard, driven by hand: when answers leave, what a failed append does, deadlines, loading, batches.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock, silentLogger } from "@ottla/base";
import {
  batchFormat,
  endTransactionBatch,
  errorCodes,
  errorName,
  readRecords,
  RecordBatchBuilder,
} from "@ottla/protocol";
import { ShardRuntime } from "../src/runtime/shard-runtime.ts";
import { Deadlines } from "../src/runtime/deadlines.ts";
import { answered, NOTHING, replyTo } from "../src/runtime/outcome.ts";
import type { Now, Outcome, Pending, TransactionalProducer } from "../src/runtime/outcome.ts";
import type { CoordinatorShard } from "../src/runtime/shard.ts";

const PRODUCER = { producerId: 7, producerEpoch: 2 };

// A shard whose records are words; it remembers what was replayed.
class Words implements CoordinatorShard<string> {
  readonly replayed: string[] = [];
  readonly deadlines = new Deadlines<(now: Now) => Outcome<string>>();

  replay(record: string, order: number, producer: TransactionalProducer | null): void {
    this.replayed.push(`${order} ${record}${producer === null ? "" : ` of ${producer.producerId}`}`);
  }

  takeBack(record: string, order: number): void {
    this.replayed.push(`${order} ${record} taken back`);
  }

  replayEndTransaction(producerId: number, producerEpoch: number, committed: boolean, order: number): void {
    this.replayed.push(`${order} ${committed ? "commit" : "abort"} of ${producerId} in ${producerEpoch}`);
  }

  loaded(): Outcome<string> {
    return NOTHING;
  }

  nextDeadlineMs(): number | null {
    return this.deadlines.nextMs();
  }

  expire(now: Now): Outcome<string> | null {
    return this.deadlines.takeDue(now.monotonicMs)?.(now) ?? null;
  }
}

interface Append {
  batch: Buffer;
  done(errorCode: number): void;
}

class Rig {
  readonly clock = new ManualClock();
  readonly appends: Append[] = [];
  readonly failures: string[] = [];
  readonly answers: string[] = [];
  readonly turn: (() => void)[] = [];
  readonly shard = new Words();
  readonly runtime: ShardRuntime<string, Words>;

  constructor(maxBatchBytes = 1000) {
    this.runtime = new ShardRuntime<string, Words>({
      shard: this.shard,
      codec: {
        encodeKey: (record) => Buffer.from(record),
        encodeValue: () => null,
        decode: (key) => (key.toString() === "unknown" ? null : key.toString()),
      },
      log: {
        maxBatchBytes: () => maxBatchBytes,
        append: (batch, _terms, done) => void this.appends.push({ batch, done }),
      },
      clock: this.clock,
      logger: silentLogger,
      endOfTurn: (action) => void this.turn.push(action),
      onFailed: (errorCode) => void this.failures.push(errorName(errorCode)),
    });
  }

  run(command: (pending: Pending<string>) => Outcome<string>): Promise<void> {
    const refused = (errorCode: number): string => errorName(errorCode);
    return this.runtime
      .run(refused, (_shard, pending) => command(pending))
      .then((answer) => {
        this.answers.push(answer);
      });
  }

  write(...words: string[]): Promise<void> {
    return this.run((pending) => ({ records: words, replies: [replyTo(pending, `wrote ${words.join()}`)] }));
  }

  endTurn(): void {
    for (const action of this.turn.splice(0)) action();
  }

  /** Ends the oldest append and lets promises settle. */
  async keep(errorCode: number = errorCodes.NONE): Promise<void> {
    this.appends.shift()!.done(errorCode);
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
  }
}

function active(maxBatchBytes?: number): Rig {
  const rig = new Rig(maxBatchBytes);
  rig.runtime.activate();
  return rig;
}

function wordsOf(batch: Buffer): string[] {
  return [...readRecords(batch)].map(({ key }) => key!.toString());
}

async function settled(): Promise<void> {
  for (let round = 0; round < 4; round++) await Promise.resolve();
}

describe("an answer", () => {
  it("that needs no record leaves at once", async () => {
    const rig = active();
    await rig.run((pending) => answered(pending, "here"));
    assert.deepEqual(rig.answers, ["here"]);
  });

  it("waits until its records are kept, which are replayed before", async () => {
    const rig = active();
    void rig.write("a", "b");
    assert.deepEqual(rig.shard.replayed, ["0 a", "1 b"]);
    rig.endTurn();
    assert.deepEqual(wordsOf(rig.appends[0]!.batch), ["a", "b"]);
    await settled();
    assert.deepEqual(rig.answers, []);
    await rig.keep();
    assert.deepEqual(rig.answers, ["wrote a,b"]);
  });

  it("without records waits for those of the commands before it", async () => {
    const rig = active();
    void rig.write("a");
    rig.endTurn();
    void rig.run((pending) => answered(pending, "read"));
    await settled();
    assert.deepEqual(rig.answers, []);
    await rig.keep();
    assert.deepEqual(rig.answers, ["wrote a", "read"]);
  });

  it("to an earlier command comes with a later one", async () => {
    const rig = active();
    let first: Pending<string>;
    void rig.run((pending) => {
      first = pending;
      return NOTHING;
    });
    void rig.run((pending) => ({ records: [], replies: [replyTo(first, "joined"), replyTo(pending, "me too")] }));
    await settled();
    assert.deepEqual(rig.answers, ["joined", "me too"]);
  });
});

describe("the commands of one turn", () => {
  it("share a batch", () => {
    const rig = active();
    void rig.write("a");
    void rig.write("b");
    rig.endTurn();
    assert.deepEqual(
      rig.appends.map(({ batch }) => wordsOf(batch)),
      [["a", "b"]],
    );
  });

  it("are split over batches, never within a command", () => {
    const rig = active(61 + 200);
    void rig.write("a".repeat(40), "b".repeat(40));
    void rig.write("c".repeat(40), "d".repeat(40));
    rig.endTurn();
    assert.deepEqual(
      rig.appends.map(({ batch }) => wordsOf(batch).map((word) => word[0])),
      [
        ["a", "b"],
        ["c", "d"],
      ],
    );
  });

  it("may be split within a command that allows it", () => {
    const rig = active(61 + 170);
    const records = ["a", "b", "c", "d"].map((letter) => letter.repeat(60));
    rig.runtime.perform({ records, replies: [], splittable: true });
    rig.endTurn();
    assert.deepEqual(
      rig.appends.flatMap(({ batch }) => wordsOf(batch)),
      records,
    );
    assert.equal(rig.appends.length, 2);
  });

  it("are refused when one does not fit a batch, and nothing of it is replayed", async () => {
    const rig = active(61 + 100);
    await rig.write("a".repeat(200));
    assert.deepEqual([rig.answers, rig.shard.replayed, rig.failures], [["UNKNOWN_SERVER_ERROR"], [], []]);
  });
});

describe("an append that fails", () => {
  it("because of a transaction's producer is told after those before it are kept, and harms nobody else", async () => {
    const rig = active();
    void rig.write("a");
    void rig.run((pending) => ({ records: ["t"], replies: [replyTo(pending, "t kept")], producer: PRODUCER }));
    void rig.write("b");
    rig.endTurn();
    const [first, refused, last] = rig.appends.splice(0);
    refused!.done(errorCodes.INVALID_PRODUCER_EPOCH);
    await settled();
    assert.deepEqual(rig.answers, []);
    first!.done(errorCodes.NONE);
    last!.done(errorCodes.NONE);
    await settled();
    assert.deepEqual(rig.answers, ["wrote a", "INVALID_PRODUCER_EPOCH", "wrote b"]);
    assert.deepEqual(rig.shard.replayed, ["0 a", "1 t of 7", "2 b", "1 t taken back"]);
  });

  it("refuses all who wait, and closes the shard", async () => {
    const rig = active();
    void rig.write("a");
    rig.endTurn();
    void rig.write("b");
    void rig.run(() => NOTHING);
    await rig.keep(errorCodes.KAFKA_STORAGE_ERROR);
    assert.deepEqual(rig.answers, ["NOT_COORDINATOR", "NOT_COORDINATOR", "NOT_COORDINATOR"]);
    assert.deepEqual(rig.failures, ["KAFKA_STORAGE_ERROR"]);
    await rig.write("c");
    assert.deepEqual(rig.answers.at(-1), "NOT_COORDINATOR");
    rig.endTurn();
    assert.equal(rig.appends.length, 0);
  });

  it("for want of replicas tells clients to come again", async () => {
    const rig = active();
    void rig.write("a");
    rig.endTurn();
    await rig.keep(errorCodes.NOT_ENOUGH_REPLICAS);
    assert.deepEqual(rig.answers, ["COORDINATOR_NOT_AVAILABLE"]);
  });
});

describe("records of a transaction", () => {
  it("are replayed at once, so that it is seen that they are pending, and count when the marker is kept", async () => {
    const rig = active();
    void rig.run((pending) => ({ records: ["t"], replies: [replyTo(pending, "pending")], producer: PRODUCER }));
    assert.deepEqual([rig.appends.length, rig.shard.replayed], [1, ["0 t of 7"]]);
    assert.equal(batchFormat.isTransactional(rig.appends[0]!.batch, 0), true);
    await rig.keep();
    assert.deepEqual([rig.answers, rig.shard.replayed], [["pending"], ["0 t of 7"]]);
    const ended = rig.runtime.endTransaction(Buffer.alloc(0), PRODUCER, true);
    assert.equal(rig.shard.replayed.length, 1);
    await rig.keep();
    assert.equal(await ended, errorCodes.NONE);
    assert.deepEqual(rig.shard.replayed, ["0 t of 7", "1 commit of 7 in 2"]);
  });

  it("may be refused by the log without harm to others", async () => {
    const rig = active();
    void rig.run((pending) => ({ records: ["t"], replies: [replyTo(pending, "pending")], producer: PRODUCER }));
    await rig.keep(errorCodes.INVALID_PRODUCER_EPOCH);
    assert.deepEqual([rig.answers, rig.failures], [["INVALID_PRODUCER_EPOCH"], []]);
    assert.deepEqual(rig.shard.replayed, ["0 t of 7", "0 t taken back"]);
  });

  it("of the next transaction lie behind the marker of the one before, also when the marker is kept later", async () => {
    const rig = active();
    const ended = rig.runtime.endTransaction(Buffer.alloc(0), PRODUCER, true);
    void rig.run((pending) => ({ records: ["next"], replies: [replyTo(pending, "pending")], producer: PRODUCER }));
    await rig.keep();
    await rig.keep();
    assert.equal(await ended, errorCodes.NONE);
    assert.deepEqual(rig.shard.replayed, ["1 next of 7", "0 commit of 7 in 2"]);
  });

  it("keep their place among the others", () => {
    const rig = active();
    void rig.write("before");
    void rig.run((pending) => ({ records: ["t"], replies: [replyTo(pending, "pending")], producer: PRODUCER }));
    void rig.write("after");
    rig.endTurn();
    assert.deepEqual(
      rig.appends.map(({ batch }) => wordsOf(batch)),
      [["before"], ["t"], ["after"]],
    );
  });
});

describe("loading", () => {
  const committed = new RecordBatchBuilder({ baseOffset: 10 });
  for (const word of ["a", "unknown", "b"]) committed.append({ timestamp: 0, key: Buffer.from(word) });
  const transactional = new RecordBatchBuilder({ baseOffset: 13, ...PRODUCER, isTransactional: true });
  transactional.append({ timestamp: 0, key: Buffer.from("t") });
  const marker = endTransactionBatch(
    { type: "abort", coordinatorEpoch: 0 },
    { ...PRODUCER, timestamp: 0, baseOffset: 14 },
  );
  const batches = Buffer.concat([committed.build(), transactional.build(), marker]);

  it("replays records at their offsets, with their producers and markers, and passes over unknown ones", () => {
    const rig = new Rig();
    rig.runtime.load(batches);
    assert.deepEqual(rig.shard.replayed, ["10 a", "12 b", "13 t of 7", "14 abort of 7 in 2"]);
    rig.runtime.activate();
    void rig.write("c");
    assert.equal(rig.shard.replayed.at(-1), "15 c");
  });

  it("answers COORDINATOR_LOAD_IN_PROGRESS meanwhile", async () => {
    const rig = new Rig();
    await rig.write("a");
    assert.deepEqual(rig.answers, ["COORDINATOR_LOAD_IN_PROGRESS"]);
  });
});

describe("deadlines", () => {
  it("run when they are due, and what they decide is appended and answered", async () => {
    const rig = active();
    void rig.run((pending) => {
      const due = rig.clock.monotonicMs() + 100;
      rig.shard.deadlines.set("k", due, () => ({ records: ["late"], replies: [replyTo(pending, "timed out")] }));
      return NOTHING;
    });
    rig.clock.advance(99);
    assert.deepEqual(rig.shard.replayed, []);
    rig.clock.advance(1);
    assert.deepEqual(rig.shard.replayed, ["0 late"]);
    rig.endTurn();
    await rig.keep();
    assert.deepEqual(rig.answers, ["timed out"]);
  });

  it("that are moved or cancelled do not run at their old time", () => {
    const deadlines = new Deadlines<string>();
    deadlines.set("a", 10, "a");
    deadlines.set("b", 20, "b");
    deadlines.set("a", 30, "a later");
    deadlines.set("c", 5, "c");
    deadlines.cancel("c");
    assert.equal(deadlines.nextMs(), 20);
    assert.deepEqual([deadlines.takeDue(25), deadlines.takeDue(25), deadlines.takeDue(30)], ["b", null, "a later"]);
    assert.deepEqual([deadlines.size, deadlines.nextMs()], [0, null]);
  });

  it("come in order of time after any changes", () => {
    const deadlines = new Deadlines<number>();
    const expected = new Map<string, number>();
    let seed = 12_345;
    const random = (limit: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % limit;
    };
    for (let step = 0; step < 5000; step++) {
      const key = `k${random(200)}`;
      if (random(4) === 0) {
        deadlines.cancel(key);
        expected.delete(key);
      } else {
        const due = random(10_000);
        deadlines.set(key, due, due);
        expected.set(key, due);
      }
    }
    const taken: number[] = [];
    for (let next = deadlines.takeDue(10_000); next !== null; next = deadlines.takeDue(10_000)) taken.push(next);
    assert.deepEqual(
      taken,
      [...expected.values()].sort((a, b) => a - b),
    );
  });
});
