// Idempotence and transactions of one log, as scripts of batches. Sequence cases were compared with an Apache Kafka 4.3.1 broker
// that was sent the same batches; transaction cases follow ProducerStateManagerTest's ground.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DecodeError } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import type { AppendOrigin } from "@ottla/protocol";
import { ProducerState } from "../src/producer-state.ts";
import type { ProducerBatch } from "../src/producer-rules.ts";

const DAY = 86_400_000;
const SEQUENCE_MAX = 2_147_483_647;

interface DataBatch {
  id?: number;
  epoch?: number;
  sequence?: number;
  count?: number;
  at?: number;
  transactional?: boolean;
}

function data({
  id = 1,
  epoch = 0,
  sequence = 0,
  count = 3,
  at = 1000,
  transactional = false,
}: DataBatch): ProducerBatch {
  const last = sequence + count - 1;
  return {
    producerId: id,
    producerEpoch: epoch,
    baseSequence: sequence,
    lastSequence: last > SEQUENCE_MAX ? last - SEQUENCE_MAX - 1 : last,
    lastOffsetDelta: count - 1,
    maxTimestamp: at,
    isTransactional: transactional,
    isControl: false,
    marker: null,
  };
}

function marker(type: "commit" | "abort", { id = 1, epoch = 0, coordinatorEpoch = 0, at = 2000 } = {}): ProducerBatch {
  return {
    producerId: id,
    producerEpoch: epoch,
    baseSequence: -1,
    lastSequence: -1,
    lastOffsetDelta: 0,
    maxTimestamp: at,
    isTransactional: true,
    isControl: true,
    marker: { type, coordinatorEpoch },
  };
}

/** A log that knows only where its end is. */
class Log {
  readonly state = new ProducerState({ expirationMs: DAY });
  end = 0;

  /** The base offset it was appended or found at, or the error's name. */
  send(batch: ProducerBatch, origin: AppendOrigin = "client", transactionVersion = 0): number | string {
    const verdict = this.state.check(batch, origin, { transactionVersion });
    if (verdict.kind === "refused") return errorName(verdict.errorCode);
    if (verdict.kind === "duplicate") return `again ${verdict.baseOffset}-${verdict.lastOffset}`;
    const base = this.end;
    this.state.stage(batch, base);
    this.end += batch.lastOffsetDelta + 1;
    this.state.commit(this.end);
    return base;
  }
}

describe("sequences", () => {
  const scripts: Record<string, [ProducerBatch, number | string][]> = {
    "batches in order are appended": [
      [data({ sequence: 0 }), 0],
      [data({ sequence: 3 }), 3],
      [data({ sequence: 6 }), 6],
    ],
    "each of the last five is known again, the sixth last is out of order": [
      ...[0, 3, 6, 9, 12, 15].map((sequence): [ProducerBatch, number] => [data({ sequence }), sequence]),
      [data({ sequence: 15 }), "again 15-17"],
      [data({ sequence: 3 }), "again 3-5"],
      [data({ sequence: 0 }), "OUT_OF_ORDER_SEQUENCE_NUMBER"],
      [data({ sequence: 18 }), 18],
    ],
    "a batch with the same beginning but another end is no repeat": [
      [data({ sequence: 0 }), 0],
      [data({ sequence: 0, count: 2 }), "OUT_OF_ORDER_SEQUENCE_NUMBER"],
      [data({ sequence: 1, count: 2 }), "OUT_OF_ORDER_SEQUENCE_NUMBER"],
    ],
    "a gap is refused and changes nothing": [
      [data({ sequence: 0 }), 0],
      [data({ sequence: 4 }), "OUT_OF_ORDER_SEQUENCE_NUMBER"],
      [data({ sequence: 3 }), 3],
    ],
    "an older epoch is refused, a repeat of one as well": [
      [data({ epoch: 5 }), 0],
      [data({ epoch: 4, sequence: 3 }), "INVALID_PRODUCER_EPOCH"],
      [data({ epoch: 4, sequence: 0 }), "INVALID_PRODUCER_EPOCH"],
    ],
    "a newer epoch begins at 0": [
      [data({ epoch: 5 }), 0],
      [data({ epoch: 6, sequence: 3 }), "OUT_OF_ORDER_SEQUENCE_NUMBER"],
      [data({ epoch: 6, sequence: 0 }), 3],
      [data({ epoch: 5, sequence: 3 }), "INVALID_PRODUCER_EPOCH"],
    ],
    "an unknown producer may begin anywhere, and goes on from there": [
      [data({ sequence: 100 }), 0],
      [data({ sequence: 104 }), "OUT_OF_ORDER_SEQUENCE_NUMBER"],
      [data({ sequence: 103 }), 3],
    ],
    "sequences go on at 0 after 2^31 - 1": [
      [data({ sequence: SEQUENCE_MAX - 2 }), 0],
      [data({ sequence: 0 }), 3],
    ],
    "a batch may wrap around 2^31 - 1, and be repeated": [
      [data({ sequence: SEQUENCE_MAX - 1 }), 0],
      [data({ sequence: 1 }), 3],
      [data({ sequence: SEQUENCE_MAX - 1 }), "again 0-2"],
    ],
    "producers do not disturb each other": [
      [data({ id: 1 }), 0],
      [data({ id: 2, sequence: 50 }), 3],
      [data({ id: 1, sequence: 3 }), 6],
      [data({ id: 2, sequence: 53 }), 9],
    ],
  };
  for (const [sentence, steps] of Object.entries(scripts)) {
    test(sentence, () => {
      const log = new Log();
      for (const [batch, expected] of steps) assert.equal(log.send(batch), expected);
    });
  }
  test("a coordinator's batches need no sequence, but a current epoch", () => {
    const log = new Log();
    const offsets = { ...data({ epoch: 3, count: 1, transactional: true }), baseSequence: -1, lastSequence: -1 };
    assert.equal(log.send(offsets, "coordinator"), 0);
    assert.equal(log.send(offsets, "coordinator"), 1);
    assert.equal(log.send({ ...offsets, producerEpoch: 2 }, "coordinator"), "INVALID_PRODUCER_EPOCH");
  });
  test("a leader's batches are never refused", () => {
    const log = new Log();
    assert.equal(log.send(data({ epoch: 3 }), "replication"), 0);
    assert.equal(log.send(data({ epoch: 1, sequence: 70 }), "replication"), 3);
  });
});

describe("staging", () => {
  test("batches of one group see each other, and nobody else sees them", () => {
    const state = new ProducerState({ expirationMs: DAY });
    state.stage(data({ sequence: 0, transactional: true }), 0);
    assert.equal(state.check(data({ sequence: 3, transactional: true }), "client").kind, "append");
    state.stage(data({ sequence: 3, transactional: true }), 3);
    assert.deepEqual(state.check(data({ sequence: 0, transactional: true }), "client"), {
      kind: "duplicate",
      baseOffset: 0,
      lastOffset: 2,
      timestamp: 1000,
    });
    assert.equal(state.producerCount, 0);
    assert.equal(state.firstUnstableOffset(), null);
    assert.deepEqual(state.commit(6), []);
    assert.equal(state.producerCount, 1);
    assert.equal(state.firstUnstableOffset(), 0);
    assert.equal(state.endOffset, 6);
  });
  test("what is discarded never was", () => {
    const log = new Log();
    log.send(data({ sequence: 0 }));
    log.state.stage(data({ sequence: 3 }), 3);
    log.state.stage(data({ id: 2, transactional: true }), 6);
    log.state.discard();
    assert.equal(log.send(data({ sequence: 3 })), 3);
    assert.deepEqual(
      log.state.activeProducers().map((producer) => producer.producerId),
      [1],
    );
    assert.equal(log.state.firstUnstableOffset(), null);
  });
  test("a transaction may begin and end in one group", () => {
    const state = new ProducerState({ expirationMs: DAY });
    state.stage(data({ transactional: true }), 0);
    state.stage(marker("abort"), 3);
    assert.deepEqual(state.commit(4), [{ producerId: 1, firstOffset: 0, lastOffset: 3, lastStableOffset: 4 }]);
    assert.equal(state.firstUnstableOffset(), 0);
    state.onHighWatermark(4);
    assert.equal(state.firstUnstableOffset(), null);
  });
});

describe("transactions", () => {
  test("hold the last stable offset at their first record until the marker is below the high watermark", () => {
    const log = new Log();
    const stable = (highWatermark: number): number => log.state.lastStableOffset(highWatermark, 0);
    log.send(data({ id: 9 }));
    assert.equal(stable(3), 3);
    log.send(data({ transactional: true }));
    log.send(data({ sequence: 3, transactional: true }));
    assert.equal(stable(9), 3);
    log.send(marker("commit"), "coordinator");
    log.state.onHighWatermark(9);
    assert.equal(stable(9), 3);
    log.state.onHighWatermark(10);
    assert.equal(stable(10), 10);
  });
  test("the oldest undecided one counts, also when a later one ends first", () => {
    const log = new Log();
    log.send(data({ id: 1, transactional: true }));
    log.send(data({ id: 2, transactional: true }));
    log.state.stage(marker("abort", { id: 2 }), 6);
    assert.deepEqual(log.state.commit(7), [{ producerId: 2, firstOffset: 3, lastOffset: 6, lastStableOffset: 0 }]);
    log.state.onHighWatermark(7);
    assert.equal(log.state.firstUnstableOffset(), 0);
    log.state.stage(marker("abort", { id: 1 }), 7);
    assert.deepEqual(log.state.commit(8), [{ producerId: 1, firstOffset: 0, lastOffset: 7, lastStableOffset: 8 }]);
    assert.equal(log.state.lastStableOffset(7, 0), 0);
    log.state.onHighWatermark(8);
    assert.equal(log.state.lastStableOffset(8, 0), 8);
  });
  test("only aborted ones go into the transaction index, and a marker without data ends nothing", () => {
    const log = new Log();
    log.send(data({ transactional: true }));
    log.state.stage(marker("commit"), 3);
    assert.deepEqual(log.state.commit(4), []);
    log.state.stage(marker("abort"), 4);
    assert.deepEqual(log.state.commit(5), []);
  });
  test("the last stable offset is never below the log's start", () => {
    const log = new Log();
    log.send(data({ transactional: true }));
    assert.equal(log.state.lastStableOffset(3, 2), 2);
  });
  test("a producer with a transaction open may not write outside of it", () => {
    const log = new Log();
    log.send(data({ transactional: true }));
    assert.equal(log.send(data({ sequence: 3 })), "INVALID_TXN_STATE");
    assert.equal(log.send(data({ sequence: 3, transactional: true })), 3);
  });
  test("sequences go on after a marker of the same epoch and begin anew after one of a higher epoch", () => {
    const log = new Log();
    log.send(data({ transactional: true }));
    log.send(marker("commit"), "coordinator");
    assert.equal(log.send(data({ sequence: 3, transactional: true })), 4);
    log.send(marker("abort", { epoch: 1 }), "coordinator");
    assert.equal(log.send(data({ sequence: 6, transactional: true })), "INVALID_PRODUCER_EPOCH");
    assert.equal(log.send(data({ epoch: 1, sequence: 6, transactional: true })), "OUT_OF_ORDER_SEQUENCE_NUMBER");
    assert.equal(log.send(data({ epoch: 1, sequence: 0, transactional: true })), 8);
  });

  const markers: [string, ProducerBatch, number, number | string][] = [
    ["of the transaction's epoch, before version 2", marker("commit", { epoch: 5 }), 1, 3],
    ["of an older epoch", marker("commit", { epoch: 4 }), 1, "INVALID_PRODUCER_EPOCH"],
    [
      "of the transaction's epoch, in version 2, where it belongs to an earlier transaction",
      marker("commit", { epoch: 5 }),
      2,
      "INVALID_PRODUCER_EPOCH",
    ],
    ["of the next epoch, in version 2", marker("commit", { epoch: 6 }), 2, 3],
    [
      "of a coordinator that was replaced",
      marker("commit", { epoch: 6, coordinatorEpoch: 6 }),
      2,
      "TRANSACTION_COORDINATOR_FENCED",
    ],
  ];
  for (const [sentence, sent, version, expected] of markers) {
    test(`a marker ${sentence}: ${expected === 3 ? "appended" : expected}`, () => {
      const log = new Log();
      const coordinatorEpoch = typeof expected === "string" && expected.includes("FENCED") ? 7 : 0;
      log.state.replay(marker("abort", { epoch: 5, coordinatorEpoch }), -1);
      log.send(data({ epoch: 5, transactional: true }));
      assert.equal(log.send(sent, "coordinator", version), expected);
    });
  }
  test("a repeated marker in version 2 is let through when no transaction is open", () => {
    const log = new Log();
    log.send(data({ epoch: 5, transactional: true }));
    assert.equal(log.send(marker("commit", { epoch: 6 }), "coordinator", 2), 3);
    assert.equal(log.send(marker("commit", { epoch: 6 }), "coordinator", 2), 4);
  });
});

describe("expiry", () => {
  test("producers that wrote nothing for producer.id.expiration.ms are forgotten, unless a transaction is open", () => {
    const log = new Log();
    log.send(data({ id: 1, at: 1000 }));
    log.send(data({ id: 2, at: 1001 }));
    log.send(data({ id: 3, at: 1000, transactional: true }));
    assert.equal(log.state.removeExpired(1000 + DAY), 1);
    assert.deepEqual(
      log.state.activeProducers().map((producer) => producer.producerId),
      [2, 3],
    );
    assert.equal(log.send(data({ id: 1, sequence: 77, at: DAY })), 9);
  });
});

describe("snapshots", () => {
  function written(): Log {
    const log = new Log();
    log.send(data({ id: 1, sequence: 0 }));
    log.send(data({ id: 1, sequence: 3 }));
    log.send(data({ id: 2, epoch: 4, sequence: SEQUENCE_MAX - 1, transactional: true, at: 1500 }));
    log.send(data({ id: 3, transactional: true }));
    log.send(marker("abort", { id: 3, epoch: 1, coordinatorEpoch: 8 }), "coordinator");
    return log;
  }
  test("bring back producers, open transactions and the last batch of each", () => {
    const log = written();
    const restored = new ProducerState({ expirationMs: DAY });
    restored.load(log.state.snapshot(), log.end, 5000);
    assert.deepEqual(restored.activeProducers(), log.state.activeProducers());
    assert.deepEqual(restored.activeProducers(), [
      {
        producerId: 1,
        producerEpoch: 0,
        lastSequence: 5,
        lastTimestamp: 1000,
        coordinatorEpoch: -1,
        currentTxnStartOffset: -1,
      },
      {
        producerId: 2,
        producerEpoch: 4,
        lastSequence: 0,
        lastTimestamp: 1500,
        coordinatorEpoch: -1,
        currentTxnStartOffset: 6,
      },
      {
        producerId: 3,
        producerEpoch: 1,
        lastSequence: -1,
        lastTimestamp: 2000,
        coordinatorEpoch: 8,
        currentTxnStartOffset: -1,
      },
    ]);
    assert.equal(restored.endOffset, 13);
    assert.equal(restored.firstUnstableOffset(), 6);
    assert.equal(restored.check(data({ id: 1, sequence: 3 }), "client").kind, "duplicate");
    assert.equal(restored.check(data({ id: 1, sequence: 0 }), "client").kind, "refused");
    assert.equal(restored.check(data({ id: 1, sequence: 6 }), "client").kind, "append");
  });
  test("do not bring back what has expired", () => {
    const restored = new ProducerState({ expirationMs: DAY });
    restored.load(written().state.snapshot(), 13, 1000 + DAY);
    assert.deepEqual(
      restored.activeProducers().map((producer) => producer.producerId),
      [2, 3],
    );
  });
  test("replaying the batches behind a snapshot gives the same as having seen them all", () => {
    const log = written();
    const restored = new ProducerState({ expirationMs: DAY });
    restored.load(log.state.snapshot(), log.end, 5000);
    const rest = [
      data({ id: 1, sequence: 6 }),
      { ...data({ count: 5 }), producerId: -1 },
      marker("abort", { id: 2, epoch: 4 }),
    ];
    const aborted = rest.map((batch, index) => restored.replay(batch, log.end + [0, 3, 8][index]!));
    assert.deepEqual(aborted, [null, null, { producerId: 2, firstOffset: 6, lastOffset: 21, lastStableOffset: 22 }]);
    assert.equal(restored.endOffset, 22);
    log.send(rest[0]!);
    log.end += 5;
    log.send(rest[2]!, "coordinator");
    assert.deepEqual(restored.activeProducers(), log.state.activeProducers());
  });
  test("a damaged one changes nothing", () => {
    const log = written();
    const before = log.state.activeProducers();
    const bytes = log.state.snapshot();
    bytes[20]! ^= 1;
    assert.throws(() => log.state.load(bytes, 0, 5000), DecodeError);
    assert.deepEqual(log.state.activeProducers(), before);
    assert.equal(log.state.endOffset, 13);
  });
  test("starting over forgets everything", () => {
    const log = written();
    log.state.reset(40);
    assert.deepEqual([log.state.producerCount, log.state.firstUnstableOffset(), log.state.endOffset], [0, null, 40]);
  });
  test("the end never lies before the log's start", () => {
    const log = written();
    log.state.onLogStartOffset(100);
    assert.equal(log.state.endOffset, 100);
  });
});
