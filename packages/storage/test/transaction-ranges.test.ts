// What a consumer of committed records sees, in logs that roll, lose their beginnings, stop and lose power: always what was committed,
// never what was aborted or is open. And single steps of it that once went wrong.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock, SeededRandom } from "@ottla/base";
import { endTransactionBatch } from "@ottla/protocol";
import type { PartitionLog } from "@ottla/storage";
import { FaultyFileSystem } from "@ottla/storage/faulty";
import { append, batchOf, openLog } from "./support/logs.ts";
import { simulateTransactions } from "./support/simulate-transactions.ts";

const PRODUCER = { producerId: 1, producerEpoch: 0 };

describe("transactions in one log", () => {
  test("are seen when they are committed and only then, 25 seeds of 300 steps", async () => {
    for (let seed = 1; seed <= 25; seed++) assert.deepEqual(await simulateTransactions(seed, 300), []);
  });

  // What a power cut takes is left to chance.
  for (let seed = 1; seed <= 5; seed++) {
    test(`that were aborted stay so when the power fails after a clean stop, seed ${seed}`, async () => {
      const system = newSystem(seed);
      const log = await openLog({ fileSystem: system });
      await begin(log);
      await abort(log);
      await log.close();
      const again = await openLog({ fileSystem: system.survivor("powerCut") });
      assert.deepEqual(abortedIn(again), [0]);
    });

    test(`that were open stay so when the power fails after a clean stop, seed ${seed}`, async () => {
      const system = newSystem(seed);
      const log = await openLog({ fileSystem: system });
      await begin(log);
      await log.close();
      const again = await openLog({ fileSystem: system.survivor("powerCut") });
      again.updateHighWatermark(again.logEndOffset);
      assert.equal(again.lastStableOffset, 0);
    });

    test(`that were aborted stay so when the power fails while a segment is rolled, seed ${seed}`, async () => {
      const system = newSystem(seed);
      const log = await openLog({ fileSystem: system });
      await begin(log);
      await abort(log);
      await log.flush();
      const { recoveryPoint } = log;
      assert.equal(recoveryPoint, 2, "as the checkpoint has it then");
      await log.roll();
      const again = await openLog({ fileSystem: system.survivor("powerCut"), cleanStop: false, recoveryPoint });
      assert.deepEqual(abortedIn(again), [0]);
    });
  }

  test("are not open because of a producer snapshot from before the first segment", async () => {
    const system = newSystem(1);
    const log = await openLog({ fileSystem: system });
    await begin(log);
    await log.roll();
    const stale = system.readFile("/t-0/00000000000000000001.snapshot")!;
    await abort(log);
    await log.roll();
    await append(log, batchOf(["plain"]));
    log.updateHighWatermark(log.logEndOffset);
    assert.equal(log.deleteRecordsBefore(2), 0);
    assert.equal(log.deleteOldSegments(), 2);
    await log.flush();
    const { recoveryPoint } = log;
    const after = system.survivor("kill");
    // Its deletion was lost with the power, and the newer one as well.
    after.removeSync("/t-0/00000000000000000002.snapshot");
    after.writeFile("/t-0/00000000000000000001.snapshot", stale);
    const again = await openLog({ fileSystem: after, cleanStop: false, recoveryPoint, logStartOffset: 2 });
    again.updateHighWatermark(again.logEndOffset);
    assert.deepEqual([again.lastStableOffset, again.logEndOffset], [3, 3]);
  });
});

function newSystem(seed: number): FaultyFileSystem {
  return new FaultyFileSystem({ clock: new ManualClock(), random: new SeededRandom(seed) });
}

async function begin(log: PartitionLog): Promise<void> {
  const { errorCode } = await append(log, batchOf(["a"], { ...PRODUCER, baseSequence: 0, isTransactional: true }));
  assert.equal(errorCode, 0);
  log.updateHighWatermark(log.logEndOffset);
}

async function abort(log: PartitionLog): Promise<void> {
  const marker = endTransactionBatch({ type: "abort", coordinatorEpoch: 0 }, { ...PRODUCER, timestamp: 0 });
  assert.equal((await append(log, marker, { origin: "coordinator" })).errorCode, 0);
  log.updateHighWatermark(log.logEndOffset);
}

/** First offsets of the aborted transactions that a read from the beginning names. */
function abortedIn(log: PartitionLog): number[] {
  log.updateHighWatermark(log.logEndOffset);
  const read = log.read({ offset: 0, maxBytes: 1000, minOneBatch: true, upTo: "lastStableOffset" });
  assert.ok(read.ok);
  return read.abortedTransactions!.map(({ firstOffset }) => firstOffset);
}
