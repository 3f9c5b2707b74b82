// How a transaction begins in a log (KIP-890): a guard is taken, the coordinator is asked, the batch comes with the guard.
// Each script says what a transactional batch comes to after what happened before it. The ground is that of UnifiedLogTest and
// ProducerStateManagerTest on verification.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errorName } from "@ottla/protocol";
import { ProducerState } from "../src/producer-state.ts";
import type { ProducerBatch } from "../src/producer-rules.ts";

const DAY_MS = 86_400_000;

class Log {
  readonly state = new ProducerState({ expirationMs: DAY_MS });
  guard = 0;
  private endOffset = 0;

  /** Takes a guard; answers an error's name when there is none to be had. */
  begin({ epoch = 0, sequence = 0, perTransaction = true } = {}): string {
    const beginning = { producerId: 1, producerEpoch: epoch, sequence, epochPerTransaction: perTransaction };
    const { errorCode, guard } = this.state.beginVerification(beginning, 1000);
    this.guard = guard;
    return errorName(errorCode);
  }

  /** Appends a batch of three records with the guard that was taken last. */
  send({ epoch = 0, sequence = 0, guard = this.guard, transactional = true } = {}): string {
    return this.append(data({ epoch, sequence, transactional }), guard);
  }

  /** The group coordinator appends offsets. */
  commitOffsets({ epoch = 0, guard = this.guard } = {}): string {
    const batch = { ...data({ epoch, sequence: -1, transactional: true }), lastSequence: -1 };
    return this.append(batch, guard, "coordinator");
  }

  end(epoch: number, transactionVersion = 2): string {
    const batch: ProducerBatch = {
      ...data({ epoch, sequence: -1, transactional: true }),
      lastOffsetDelta: 0,
      isControl: true,
      marker: { type: "commit", coordinatorEpoch: 0 },
    };
    return this.append(batch, undefined, "coordinator", transactionVersion);
  }

  private append(
    batch: ProducerBatch,
    verificationGuard: number | undefined,
    origin: "client" | "coordinator" = "client",
    transactionVersion = 0,
  ): string {
    const terms = verificationGuard === undefined ? { transactionVersion } : { verificationGuard };
    const verdict = this.state.check(batch, origin, terms);
    if (verdict.kind === "refused") return errorName(verdict.errorCode);
    if (verdict.kind === "duplicate") return "duplicate";
    this.state.stage(batch, this.endOffset, terms);
    this.endOffset += batch.lastOffsetDelta + 1;
    this.state.commit(this.endOffset);
    return "NONE";
  }
}

function data({
  epoch,
  sequence,
  transactional,
}: {
  epoch: number;
  sequence: number;
  transactional: boolean;
}): ProducerBatch {
  return {
    producerId: 1,
    producerEpoch: epoch,
    baseSequence: sequence,
    lastSequence: sequence + 2,
    lastOffsetDelta: 2,
    maxTimestamp: 1000,
    isTransactional: transactional,
    isControl: false,
    marker: null,
  };
}

const scripts: Record<string, [step: (log: Log) => string, expected: string][]> = {
  "a batch without a guard begins no transaction": [[(log) => log.send(), "INVALID_TXN_STATE"]],
  "a batch with the guard begins it, and the next need none": [
    [(log) => log.begin(), "NONE"],
    [(log) => log.send(), "NONE"],
    [(log) => log.send({ sequence: 3, guard: 0 }), "NONE"],
    [(log) => log.begin({ sequence: 6 }), "NONE"],
    [(log) => String(log.guard), "0"],
  ],
  "a guard of another log is none here": [
    [(log) => log.begin(), "NONE"],
    [(log) => log.send({ guard: 99 }), "INVALID_TXN_STATE"],
  ],
  "records outside of transactions need no guard": [[(log) => log.send({ transactional: false }), "NONE"]],
  "an older client's marker takes the guard away: the transaction that was verified has ended": [
    [(log) => log.begin({ perTransaction: false }), "NONE"],
    [(log) => log.end(0, 0), "NONE"],
    [(log) => log.send(), "INVALID_TXN_STATE"],
    [(log) => log.begin({ perTransaction: false }), "NONE"],
    [(log) => log.send(), "NONE"],
  ],
  "a marker in the next epoch takes the guard away, and the batch is of old": [
    [(log) => log.begin(), "NONE"],
    [(log) => log.end(1), "NONE"],
    [(log) => log.send(), "INVALID_PRODUCER_EPOCH"],
    [(log) => log.begin(), "INVALID_PRODUCER_EPOCH"],
    [(log) => log.begin({ epoch: 1 }), "NONE"],
    [(log) => log.send({ epoch: 1 }), "NONE"],
  ],
  "a marker in the very epoch that is being verified ended the transaction before, and leaves the guard": [
    [(log) => log.begin({ epoch: 1 }), "NONE"],
    [(log) => log.end(1), "NONE"],
    [(log) => log.send({ epoch: 1 }), "NONE"],
  ],
  "a marker that keeps the epoch ended this very transaction, and takes the guard away (Kafka leaves it)": [
    [(log) => log.begin(), "NONE"],
    [(log) => log.end(0, 0), "NONE"],
    [(log) => log.send(), "INVALID_TXN_STATE"],
    [(log) => log.begin(), "NONE"],
    [(log) => log.send(), "NONE"],
  ],
  "a batch that is late by a transaction is refused": [
    [(log) => log.begin(), "NONE"],
    [(log) => log.send(), "NONE"],
    [(log) => log.end(1), "NONE"],
    [(log) => log.begin({ epoch: 1 }), "NONE"],
    [(log) => log.send({ epoch: 1 }), "NONE"],
    [(log) => log.send({ epoch: 0, sequence: 3 }), "INVALID_PRODUCER_EPOCH"],
  ],
  "a repeated batch is a duplicate, with or without guard": [
    [(log) => log.begin(), "NONE"],
    [(log) => log.send(), "NONE"],
    [(log) => log.send({ guard: 0 }), "duplicate"],
  ],
  "the guard serves once": [
    [(log) => log.begin(), "NONE"],
    [(log) => log.send(), "NONE"],
    [(log) => log.end(1), "NONE"],
    [(log) => log.send({ epoch: 1, sequence: 0 }), "INVALID_TXN_STATE"],
  ],
  "a higher sequence waits for the lower one that was seen first": [
    [(log) => log.begin({ sequence: 0 }), "NONE"],
    [(log) => log.begin({ sequence: 3 }), "NONE"],
    [(log) => log.send({ sequence: 3 }), "OUT_OF_ORDER_SEQUENCE_NUMBER"],
    [(log) => log.send({ sequence: 0 }), "NONE"],
    [(log) => log.send({ sequence: 3, guard: 0 }), "NONE"],
  ],
  "a lower sequence that is seen later comes first all the same": [
    [(log) => log.begin({ sequence: 3, perTransaction: false }), "NONE"],
    [(log) => log.begin({ sequence: 0, perTransaction: false }), "NONE"],
    [(log) => log.send({ sequence: 3 }), "OUT_OF_ORDER_SEQUENCE_NUMBER"],
  ],
  "a higher epoch starts the sequences anew": [
    [(log) => log.begin({ epoch: 0, sequence: 0, perTransaction: false }), "NONE"],
    [(log) => log.begin({ epoch: 1, sequence: 5, perTransaction: false }), "NONE"],
    [(log) => log.send({ epoch: 1, sequence: 5 }), "NONE"],
  ],
  "a producer that is not known begins anywhere with an older client": [
    [(log) => log.begin({ sequence: 5, perTransaction: false }), "NONE"],
    [(log) => log.send({ sequence: 5 }), "NONE"],
  ],
  "and at 0 with an epoch for each transaction": [
    [(log) => log.begin({ sequence: 5 }), "NONE"],
    [(log) => log.send({ sequence: 5 }), "OUT_OF_ORDER_SEQUENCE_NUMBER"],
  ],
  "a repeated marker is let through, one of an older epoch is not": [
    [(log) => log.begin(), "NONE"],
    [(log) => log.send(), "NONE"],
    [(log) => log.end(1), "NONE"],
    [(log) => log.end(1), "NONE"],
    [(log) => log.end(0), "INVALID_PRODUCER_EPOCH"],
  ],
  "a marker in the records' own epoch is refused where each transaction has its own": [
    [(log) => log.begin(), "NONE"],
    [(log) => log.send(), "NONE"],
    [(log) => log.end(0), "INVALID_PRODUCER_EPOCH"],
    [(log) => log.end(0, 1), "NONE"],
  ],
  "committed offsets need a guard too, and have no sequences": [
    [(log) => log.commitOffsets(), "INVALID_TXN_STATE"],
    [(log) => log.begin({ sequence: -1 }), "NONE"],
    [(log) => log.commitOffsets(), "NONE"],
    [(log) => log.commitOffsets({ guard: 0 }), "NONE"],
  ],
};

describe("a transaction begins in a log", () => {
  for (const [name, steps] of Object.entries(scripts)) {
    test(name, () => {
      const log = new Log();
      assert.deepEqual(
        steps.map(([step]) => step(log)),
        steps.map(([, expected]) => expected),
      );
    });
  }

  test("a verification that nothing came of is forgotten with the time after which producers are", () => {
    const log = new Log();
    log.begin();
    log.state.removeExpired(1000 + DAY_MS);
    assert.equal(log.send(), "INVALID_TXN_STATE");
  });
});
