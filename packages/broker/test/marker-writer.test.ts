// The markers of decided transactions: tried again until they are written, given up only for what came later or is gone.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock, RecordingLogger } from "@ottla/base";
import type { MarkerPartition, TransactionMarkers } from "@ottla/coordinator";
import { errorCodes } from "@ottla/protocol";
import { MarkerWriter } from "../src/coordinators/marker-writer.ts";

describe("the markers of a transaction", () => {
  it("are written to all partitions, and that is told once", async () => {
    const rig = new Rig();
    await rig.write(markers("t", 2));
    assert.deepEqual(rig.attempts, ["a-0 in 1", "a-1 in 1"]);
    assert.deepEqual(rig.told, [["a-0", "a-1"]]);
    assert.equal(rig.writer.size, 0);
  });

  it("are tried again where they could not be written, at growing distances, up to a second", async () => {
    const rig = new Rig();
    rig.answers.set("a-1", errorCodes.NOT_LEADER_OR_FOLLOWER);
    await rig.write(markers("t", 2));
    assert.deepEqual(rig.told, [["a-0"]]);
    for (const delayMs of [20, 40, 80, 160, 320, 640, 1000, 1000]) {
      rig.attempts.length = 0;
      await rig.advance(delayMs - 1);
      assert.deepEqual(rig.attempts, []);
      await rig.advance(1);
      assert.deepEqual(rig.attempts, ["a-1 in 1"]);
    }
    rig.answers.clear();
    await rig.advance(1000);
    assert.deepEqual(rig.told, [["a-0"], ["a-1"]]);
    assert.equal(rig.writer.size, 0);
  });

  it("are tried again for an hour with a dozen lines in the log", async () => {
    const rig = new Rig();
    rig.answers.set("a-0", errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    await rig.write(markers("t", 1));
    for (let second = 0; second < 3600; second++) await rig.advance(1000);
    assert.ok(rig.attempts.length >= 3600);
    assert.equal(rig.logger.lines.length, 12);
    rig.answers.clear();
    await rig.advance(1000);
    assert.deepEqual(rig.told, [["a-0"]]);
  });

  it("are not needed where the partition is deleted", async () => {
    const rig = new Rig();
    rig.answers.set("a-0", errorCodes.KAFKA_STORAGE_ERROR);
    await rig.write(markers("t", 1));
    assert.deepEqual(rig.told, []);
    rig.deleted.add("a-0");
    await rig.advance(20);
    assert.deepEqual(rig.told, [["a-0"]]);
  });

  it("are not needed where the partition has a later epoch of the producer", async () => {
    const rig = new Rig();
    rig.answers.set("a-0", errorCodes.INVALID_PRODUCER_EPOCH);
    await rig.write(markers("t", 1));
    assert.deepEqual(rig.told, [["a-0"]]);
    assert.equal(rig.logger.lines.length, 1);
  });

  it("are left to the newer coordinator when there is one", async () => {
    const rig = new Rig();
    rig.answers.set("a-0", errorCodes.TRANSACTION_COORDINATOR_FENCED);
    await rig.write(markers("t", 2));
    await rig.advance(10_000);
    assert.deepEqual(rig.told, []);
    assert.deepEqual(rig.attempts, ["a-0 in 1", "a-1 in 1"]);
    assert.equal(rig.writer.size, 0);
  });

  it("are not tried again once the transactional id has newer ones", async () => {
    const rig = new Rig();
    rig.answers.set("a-0", errorCodes.NOT_LEADER_OR_FOLLOWER);
    await rig.write(markers("t", 1));
    await rig.write(markers("t", 1, 2));
    rig.attempts.length = 0;
    await rig.advance(20);
    assert.deepEqual(rig.attempts, ["a-0 in 2"]);
  });

  it("whose write comes to its end after newer ones came change nothing", async () => {
    const rig = new Rig();
    const first = rig.hold();
    await rig.write(markers("t", 1));
    await rig.write(markers("t", 1, 2));
    rig.told.length = 0;
    first(errorCodes.NOT_LEADER_OR_FOLLOWER);
    await settled();
    rig.attempts.length = 0;
    await rig.advance(10_000);
    assert.deepEqual([rig.attempts, rig.told], [[], []]);
  });

  it("are written no more after the close", async () => {
    const rig = new Rig();
    rig.answers.set("a-0", errorCodes.NOT_LEADER_OR_FOLLOWER);
    await rig.write(markers("t", 1));
    rig.writer.close();
    rig.attempts.length = 0;
    await rig.advance(10_000);
    await rig.write(markers("u", 1));
    assert.deepEqual(rig.attempts, []);
  });
});

class Rig {
  readonly clock = new ManualClock();
  readonly logger = new RecordingLogger();
  readonly attempts: string[] = [];
  readonly told: string[][] = [];
  /** What writing to a partition comes to; NONE unless it is here. */
  readonly answers = new Map<string, number>();
  readonly deleted = new Set<string>();
  private held: Promise<number> | null = null;
  readonly writer = new MarkerWriter({
    clock: this.clock,
    logger: this.logger,
    exists: (partition) => !this.deleted.has(nameOf(partition)),
    write: (partition, { producerEpoch }) => {
      this.attempts.push(`${nameOf(partition)} in ${producerEpoch}`);
      const { held } = this;
      this.held = null;
      return held ?? Promise.resolve(this.answers.get(nameOf(partition)) ?? errorCodes.NONE);
    },
  });

  /** Lets the next write hang until the function that is returned is called. */
  hold(): (errorCode: number) => void {
    let release: (errorCode: number) => void = () => {};
    this.held = new Promise((resolve) => (release = resolve));
    return (errorCode) => release(errorCode);
  }

  write(toWrite: TransactionMarkers): Promise<void> {
    this.writer.write(toWrite, (partitions) => void this.told.push(partitions.map(nameOf)));
    return settled();
  }

  advance(byMs: number): Promise<void> {
    this.clock.advance(byMs);
    return settled();
  }
}

function markers(transactionalId: string, partitions: number, producerEpoch = 1): TransactionMarkers {
  return {
    transactionalId,
    producerId: 7,
    producerEpoch,
    coordinatorEpoch: 0,
    committed: true,
    transactionVersion: 2,
    partitions: Array.from({ length: partitions }, (_, partition) => ({ topic: "a", partition })),
  };
}

function nameOf({ topic, partition }: MarkerPartition): string {
  return `${topic}-${partition}`;
}

async function settled(): Promise<void> {
  for (let round = 0; round < 10; round++) await Promise.resolve();
}
