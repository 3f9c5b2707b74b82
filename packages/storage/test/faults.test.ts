// Disks that are full, that fail, that lose power, and processes that end in the middle of anything.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock, SeededRandom, silentLogger } from "@ottla/base";
import { endTransactionBatch, errorCodes } from "@ottla/protocol";
import { DataFolder, LogDirectory } from "@ottla/storage";
import type { PartitionLog } from "@ottla/storage";
import { FaultyFileSystem } from "@ottla/storage/faulty";
import { LogModel } from "./support/log-model.ts";
import {
  allValues,
  append,
  atOnce,
  batchOf,
  batchOfRecords,
  fill,
  logConfig,
  ManualTurn,
  openLog,
} from "./support/logs.ts";
import { simulateLog } from "./support/simulate-log.ts";

const STORAGE_ERROR = errorCodes.KAFKA_STORAGE_ERROR;

const TRANSACTIONAL = { producerId: 9, producerEpoch: 0, isTransactional: true } as const;

function abortMarker(): Buffer {
  const writer = { producerId: 9, producerEpoch: 0, timestamp: 1_700_000_000_000 };
  return endTransactionBatch({ type: "abort", coordinatorEpoch: 0 }, writer);
}

function faulty(seed = 1): FaultyFileSystem {
  return new FaultyFileSystem({ clock: new ManualClock(), random: new SeededRandom(seed) });
}

describe("a disk that is full", () => {
  for (const shortBytes of [0, 30, 100]) {
    test(`after ${shortBytes} bytes of a write: the append fails, what was there stays, nothing more is taken`, async () => {
      const fileSystem = faulty();
      let offline = 0;
      const log = await openLog({ fileSystem, events: { wentOffline: () => void offline++ } });
      await fill(log, [["kept"]]);
      fileSystem.failNext({ operation: "append", code: "ENOSPC", shortBytes });
      assert.equal((await append(log, batchOf(["lost"]))).errorCode, STORAGE_ERROR);
      assert.deepEqual([log.logEndOffset, log.offline, offline], [1, true, 1]);
      assert.equal((await append(log, batchOf(["refused"]))).errorCode, STORAGE_ERROR);
      assert.equal(log.read({ offset: 0, maxBytes: 100, minOneBatch: true, upTo: "logEnd" }).ok, false);
      const again = await openLog({ fileSystem: fileSystem.survivor("kill"), cleanStop: false });
      assert.deepEqual(await allValues(again), ["kept"]);
    });
  }

  test("takes the whole group with it, and a repeated batch is taken anew after the restart", async () => {
    const fileSystem = faulty();
    const actions: (() => void)[] = [];
    const log = await openLog({ fileSystem, scheduler: { endOfTurn: (action) => void actions.push(action) } });
    const first = append(log, batchOf(["a"], { producerId: 1, producerEpoch: 0, baseSequence: 0 }));
    const second = append(log, batchOf(["b"]));
    fileSystem.failNext({ operation: "append", code: "ENOSPC" });
    actions[0]!();
    assert.deepEqual([(await first).errorCode, (await second).errorCode], [STORAGE_ERROR, STORAGE_ERROR]);
    const again = await openLog({ fileSystem: fileSystem.survivor("kill"), cleanStop: false });
    const repeated = await append(again, batchOf(["a"], { producerId: 1, producerEpoch: 0, baseSequence: 0 }));
    assert.deepEqual([repeated.errorCode, repeated.baseOffset, repeated.duplicate], [0, 0, false]);
  });

  test("when a segment is rolled: the append fails and the log is offline", async () => {
    const fileSystem = faulty();
    const log = await openLog({ fileSystem, config: { segmentBytes: 100 } });
    await fill(log, [["kept"]]);
    fileSystem.failNext({ operation: "open", code: "ENOSPC" });
    assert.equal((await append(log, batchOf(["lost"]))).errorCode, STORAGE_ERROR);
    assert.equal(log.offline, true);
    const again = await openLog({ fileSystem: fileSystem.survivor("kill"), cleanStop: false });
    assert.deepEqual(await allValues(again), ["kept"]);
  });

  test("when the aborted transactions of before cannot be read: the marker is not acknowledged, and after a restart both are known", async () => {
    const fileSystem = faulty();
    const before = await openLog({ fileSystem });
    await fill(before, [["first"]], { ...TRANSACTIONAL, baseSequence: 0 });
    await append(before, abortMarker(), { origin: "coordinator" });
    await before.close();
    const log = await openLog({ fileSystem });
    await fill(log, [["second"]], { ...TRANSACTIONAL, baseSequence: 1 });
    fileSystem.failNext({ operation: "read", code: "EIO", path: ".txnindex" });
    assert.equal((await append(log, abortMarker(), { origin: "coordinator" })).errorCode, STORAGE_ERROR);
    assert.equal(log.offline, true);
    const again = await openLog({ fileSystem: fileSystem.survivor("kill"), cleanStop: false });
    again.updateHighWatermark(again.logEndOffset);
    const read = again.read({ offset: 0, maxBytes: 10_000, minOneBatch: true, upTo: "lastStableOffset" });
    assert.ok(read.ok);
    const aborted = [0, 2].map((firstOffset) => ({ producerId: 9, firstOffset }));
    assert.deepEqual(read.abortedTransactions, aborted);
  });

  test("leaves the folder without the marker of a clean stop", async () => {
    const fileSystem = faulty();
    const directory = await openDirectory(fileSystem);
    const log = await directory.create("t", 0, "AAAAAAAAAAAAAAAAAAAAAQ");
    fileSystem.failNext({ operation: "append", code: "ENOSPC" });
    await append(log, batchOf(["lost"]));
    await directory.close();
    assert.equal(directory.offline, true);
    assert.equal((await openDirectory(fileSystem.survivor("kill"))).wasClean, false);
  });
});

describe("a sync that fails", () => {
  test("refuses the appends that waited for it, and every one after", async () => {
    const fileSystem = faulty();
    const log = await openLog({ fileSystem, config: { flushMessages: 1 } });
    await fill(log, [["kept"]]);
    fileSystem.failNext({ operation: "sync", code: "EIO" });
    assert.equal((await append(log, batchOf(["lost"]))).errorCode, STORAGE_ERROR);
    assert.equal((await append(log, batchOf(["after"]))).errorCode, STORAGE_ERROR);
    assert.equal(log.recoveryPoint, 1);
  });

  test("rejects the flush, and a second flush does not pretend", async () => {
    const fileSystem = faulty();
    const log = await openLog({ fileSystem });
    await fill(log, [["a"]]);
    fileSystem.failNext({ operation: "sync", code: "EIO" });
    await assert.rejects(log.flush());
    await assert.rejects(log.flush());
    assert.deepEqual([log.offline, log.recoveryPoint], [true, 0]);
  });
});

/** Syncs end when the test says so, until they are released. */
function withHeldSyncs(seed = 1): { fileSystem: FaultyFileSystem; endSync: () => Promise<void>; release: () => void } {
  let waiting: (() => void)[] | null = [];
  const pause = (): Promise<void> =>
    new Promise((resolve) => (waiting === null ? resolve() : void waiting.push(resolve)));
  const fileSystem = new FaultyFileSystem({ clock: new ManualClock(), random: new SeededRandom(seed), pause });
  const endSync = async (): Promise<void> => {
    waiting?.shift()?.();
    await new Promise((resolve) => void setImmediate(resolve));
  };
  return { fileSystem, endSync, release: () => void (waiting = null) };
}

/** What the append of each batch was answered so far; null while there is no answer. */
function answersOf(log: PartitionLog, batches: Buffer[]): (number | null)[] {
  const answers = batches.map((): number | null => null);
  for (const [index, batch] of batches.entries())
    log.append(batch, { leaderEpoch: 0, origin: "client" }, (result) => (answers[index] = result.errorCode));
  return answers;
}

describe("while a sync is under way", () => {
  test("what came meanwhile is refused when it fails, although the next sync would succeed", async () => {
    const { fileSystem, endSync } = withHeldSyncs();
    const log = await openLog({ fileSystem, config: { flushMessages: 1 } });
    fileSystem.failNext({ operation: "sync", code: "EIO" });
    const answers = answersOf(log, [batchOf(["a"]), batchOf(["b"])]);
    for (let left = 12; left > 0; left--) await endSync();
    assert.deepEqual(answers, [STORAGE_ERROR, STORAGE_ERROR]);
    assert.equal(log.recoveryPoint, 0);
  });

  test("a repeated batch waits for it as the first attempt does", async () => {
    const { fileSystem, endSync } = withHeldSyncs();
    const log = await openLog({ fileSystem, config: { flushMessages: 1 } });
    const producer = { producerId: 1, producerEpoch: 0, baseSequence: 0 };
    const answers = answersOf(log, [batchOf(["a"], producer), batchOf(["a"], producer)]);
    await endSync();
    assert.deepEqual(answers, [null, null]);
    for (let left = 12; left > 0; left--) await endSync();
    assert.deepEqual(answers, [0, 0]);
  });
});

test("an answer waits for the segment of its records, whenever that is rolled", async () => {
  const oneBatchEach = { flushMessages: 1, segmentBytes: batchOf(["x"]).length };
  for (let seed = 0; seed < 60; seed++) {
    const { fileSystem, endSync, release } = withHeldSyncs(seed);
    const log = await openLog({ fileSystem, config: oneBatchEach });
    const answers = answersOf(log, [batchOf(["a"]), batchOf(["b"]), batchOf(["c"])]);
    for (let ended = 0; answers[2] === null; ended++) {
      if (ended === seed % 12) answersOf(log, [batchOf(["d"])]);
      await endSync();
    }
    release();
    const again = await openLog({ fileSystem: fileSystem.survivor("powerCut"), cleanStop: false });
    assert.deepEqual((await allValues(again)).slice(0, 3), ["a", "b", "c"], `rolled after ${seed % 12} syncs`);
  }
});

test("an index that was lost and is built again does not lose its end to a power cut", async () => {
  const values = Array.from({ length: 8 }, (_, index) => String(index));
  const begunMs = 1_700_000_000_000;
  const config = { segmentBytes: 400, indexIntervalBytes: 60 };
  for (let seed = 0; seed < 40; seed++) {
    const fileSystem = faulty(seed);
    const log = await openLog({ fileSystem, config });
    for (const [index, value] of values.entries()) await fill(log, [[value]], { timestamp: begunMs + index });
    await log.close();
    const times = fileSystem.open("/t-0/00000000000000000000.timeindex", "append");
    times.truncate(0);
    await times.sync();
    const offsetsIn = (one: PartitionLog) =>
      values.map((_, delayMs) => one.fetchOffsetByTimestamp(begunMs + delayMs)?.offset);
    assert.deepEqual(offsetsIn(await openLog({ fileSystem, config })), [...values.keys()]);
    const again = await openLog({ fileSystem: fileSystem.survivor("powerCut"), config });
    assert.deepEqual(offsetsIn(again), [...values.keys()], `seed ${seed}`);
  }
});

test("records that waited for a write are refused when segment.bytes was lowered below them meanwhile", async () => {
  let endWrite = (): void => {};
  const pause = () => new Promise<void>((resolve) => void (endWrite = resolve));
  const fileSystem = new FaultyFileSystem({
    clock: new ManualClock(),
    random: new SeededRandom(1),
    slowAppends: true,
    pause,
  });
  const turn = new ManualTurn();
  const log = await openLog({ fileSystem, scheduler: turn, config: { segmentBytes: 300 } });
  const answers = answersOf(log, [batchOf(["first"]), batchOf(["x".repeat(200)]), batchOf(["last"])]);
  turn.end();
  log.updateConfig(logConfig({ segmentBytes: 150 }));
  endWrite();
  await new Promise((resolve) => void setImmediate(resolve));
  endWrite();
  await new Promise((resolve) => void setImmediate(resolve));
  assert.deepEqual([answers, log.offline], [[0, errorCodes.RECORD_LIST_TOO_LARGE, 0], false]);
});

test("logs that are closed together share the syncs of the folder that they lie in", async () => {
  const syncs = new Map<string, number>();
  class CountingSyncs extends FaultyFileSystem {
    override syncFolder(path: string): Promise<void> {
      syncs.set(path, (syncs.get(path) ?? 0) + 1);
      return super.syncFolder(path);
    }
  }
  const directory = await openDirectory(new CountingSyncs({ clock: new ManualClock(), random: new SeededRandom(1) }));
  for (let partition = 0; partition < 160; partition++)
    await fill(await directory.create("t", partition, "AAAAAAAAAAAAAAAAAAAAAQ"), [["a"]]);
  syncs.clear();
  await directory.close();
  assert.equal(syncs.get("/data/t-7"), 1);
  assert.ok(syncs.get("/data")! <= 80, `${syncs.get("/data")} syncs of the data folder for 160 logs`);
});

describe("a log start", () => {
  test("is noted before it can be seen, and does not move when it cannot be noted", async () => {
    const fileSystem = faulty();
    const directory = await openDirectory(fileSystem);
    const log = await directory.create("t", 0, "AAAAAAAAAAAAAAAAAAAAAQ");
    await fill(log, [["a"], ["b"], ["c"]]);
    fileSystem.failNext({ operation: "write", path: "log-start-offset-checkpoint", code: "EIO" });
    await assert.rejects(directory.deleteRecordsBefore(log, 2), { code: "EIO" });
    assert.equal(log.logStartOffset, 0);
    assert.equal(await directory.deleteRecordsBefore(log, 4), errorCodes.OFFSET_OUT_OF_RANGE);
    const moved = directory.deleteRecordsBefore(log, 1);
    assert.equal(log.logStartOffset, 0);
    assert.equal(await moved, errorCodes.NONE);
    assert.equal(log.logStartOffset, 1);
    const again = await openDirectory(fileSystem.survivor("powerCut"));
    assert.equal(again.get("t", 0)?.logStartOffset ?? 1, 1);
  });
});

describe("flush.messages", () => {
  test("has what a kill left unflushed flushed before anybody can read it", async () => {
    const fileSystem = faulty();
    const log = await openLog({ fileSystem });
    await fill(log, [["a"], ["b"]]);
    const again = await openLog({
      fileSystem: fileSystem.survivor("kill"),
      cleanStop: false,
      config: { flushMessages: 1 },
    });
    assert.deepEqual([again.logEndOffset, again.recoveryPoint], [2, 2]);
  });

  test("has answers wait until what they say is durable", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const fileSystem = faulty(seed);
      const log = await openLog({ fileSystem, config: { flushMessages: 3, segmentBytes: 150 } });
      for (const value of ["a", "b", "c"]) await fill(log, [[value]]);
      assert.equal(log.recoveryPoint, 3);
      await fill(log, [["d"]]);
      const again = await openLog({ fileSystem: fileSystem.survivor("powerCut"), cleanStop: false });
      assert.deepEqual((await allValues(again)).slice(0, 3), ["a", "b", "c"]);
    }
  });
});

describe("at every single change a process can end or the power be cut, and", () => {
  for (const end of ["kill", "powerCut"] as const) {
    test(`after a ${end} nothing is lost that may not be, nothing is wrong, no offset is missing`, async () => {
      const counting = faulty();
      await runScript(counting, new LogModel());
      assert.ok(counting.operations > 100, "the script makes many changes");
      for (let crashAt = 1; crashAt <= counting.operations; crashAt++) {
        const fileSystem = faulty(crashAt);
        fileSystem.crashAt = crashAt;
        const model = new LogModel();
        await runScript(fileSystem, model);
        const directory = await openDirectory(fileSystem.survivor(end));
        const log = await directory.create("t", 0, "AAAAAAAAAAAAAAAAAAAAAQ");
        model.afterRestart(log, end === "kill" ? model.end : model.durableEnd);
        await fill(log, [["after the crash"]]);
        model.history.push({ value: "after the crash", timestamp: 0 });
        model.compareAll(log, 500);
        await directory.close();
        assert.deepEqual(model.violations, [], `crash at change ${crashAt}`);
      }
    });
  }
});

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`400 random steps hold, seed ${seed}`, async () => {
    assert.deepEqual(await simulateLog(seed, 400), []);
  });
}

test("the simulation sees a log that loses what it flushed", async () => {
  const model = new LogModel();
  const log = await openLog({ fileSystem: faulty() });
  await fill(log, [["a"]]);
  model.history = [
    { value: "a", timestamp: 0 },
    { value: "b", timestamp: 0 },
  ];
  model.afterRestart(log, 2);
  assert.match(model.violations[0]!, /everything below 2 was safe/);
});

test("the simulation sees a log with a wrong value", async () => {
  const model = new LogModel();
  const log = await openLog({ fileSystem: faulty() });
  await fill(log, [["a"]]);
  model.history = [{ value: "b", timestamp: 0 }];
  model.afterRestart(log, 1);
  assert.match(model.violations[0]!, /offset 0 is a, was b/);
});

/** Appends, rolls, flushes, checkpoints, deletes; notes in the model what was acknowledged and what was flushed. */
async function runScript(fileSystem: FaultyFileSystem, model: LogModel): Promise<void> {
  const clock = new ManualClock();
  try {
    const directory = await openDirectory(fileSystem, clock);
    const log = await directory.create("t", 0, "AAAAAAAAAAAAAAAAAAAAAQ");
    for (let round = 0; round < 4; round++) {
      for (let index = 0; index < 5; index++) await appendTo(log, model, `${round}.${index}`);
      await log.flush();
      model.durableEnd = model.end;
      await appendTo(log, model, `${round}.unflushed`);
      await directory.checkpointRecoveryPoints();
      if (round === 2) {
        model.logStart = 8;
        log.deleteRecordsBefore(8);
        await directory.checkpointLogStarts();
        directory.deleteOldSegments();
        clock.advance(60_000);
      }
    }
    await directory.close();
  } catch (error) {
    if (!fileSystem.crashed) throw error;
  }
}

async function appendTo(log: PartitionLog, model: LogModel, value: string): Promise<void> {
  const batch = { records: [{ value, timestamp: 5 }], repeat: null };
  model.sent.push(batch);
  const result = await append(log, batchOfRecords([{ timestamp: 5, value: Buffer.from(value) }]), {
    leaderEpoch: value.length,
  });
  if (result.errorCode !== 0) throw new Error("refused");
  model.acknowledged(batch, result.baseOffset);
  log.updateHighWatermark(log.logEndOffset);
}

function openDirectory(fileSystem: FaultyFileSystem, clock = new ManualClock()): Promise<LogDirectory> {
  return LogDirectory.open({
    folder: DataFolder.claim(fileSystem, "/data"),
    clock,
    scheduler: atOnce,
    logger: silentLogger,
    random: new SeededRandom(1),
    configFor: () => logConfig({ segmentBytes: 300, indexIntervalBytes: 80 }),
  });
}
