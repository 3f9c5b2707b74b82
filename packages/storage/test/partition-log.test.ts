// Appending to one log and reading it back: offsets, groups, limits, visibility, producers, times.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "@ottla/base";
import { batchFormat, endTransactionBatch, errorCodes } from "@ottla/protocol";
import type { AppendResult, File, PartitionLog } from "@ottla/storage";
import { DiskFileSystem, MemoryFileSystem } from "@ottla/storage";
import { append, batchOf, bytesOf, fill, ManualTurn, openLog, valuesAt, valuesIn } from "./support/logs.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

describe("append", () => {
  test("gives consecutive offsets and writes them and the leader epoch into the batches", async () => {
    const fileSystem = new MemoryFileSystem(new ManualClock());
    const log = await openLog({ fileSystem });
    const first = await append(log, batchOf(["a", "b", "c"]), { leaderEpoch: 4 });
    const second = await append(log, batchOf(["d"]), { leaderEpoch: 5 });
    assert.deepEqual([first.baseOffset, first.lastOffset, second.baseOffset, second.lastOffset], [0, 2, 3, 3]);
    const bytes = fileSystem.readFile("/t-0/00000000000000000000.log")!;
    const at = batchFormat.sizeInBytes(bytes, 0);
    assert.deepEqual([batchFormat.partitionLeaderEpoch(bytes, 0), batchFormat.baseOffset(bytes, at)], [4, 3]);
    assert.ok(batchFormat.verifyCrc(bytes, at), "the checksum still matches");
    assert.deepEqual(log.leaderEpochs, [
      { epoch: 4, startOffset: 0 },
      { epoch: 5, startOffset: 3 },
    ]);
  });

  test("says what it did", async () => {
    const log = await openLog();
    const batch = batchOf(["a", "b"]);
    assert.deepEqual(await append(log, batch), {
      errorCode: errorCodes.NONE,
      errorMessage: null,
      baseOffset: 0,
      lastOffset: 1,
      logAppendTimeMs: -1,
      logStartOffset: 0,
      recordErrors: [],
      appendedBytes: batch.length,
      appendedRecords: 2,
      duplicate: false,
    });
  });

  test("stamps LogAppendTime from the clock", async () => {
    const clock = new ManualClock(1_800_000_000_000);
    const log = await openLog({ clock, config: { timestampType: "LogAppendTime" } });
    assert.equal((await append(log, batchOf(["a"]))).logAppendTimeMs, 1_800_000_000_000);
  });

  test("of one turn leaves in one write, refusals and duplicates among them", async () => {
    const turn = new ManualTurn();
    const clock = new ManualClock();
    const fileSystem = new CountingFileSystem(clock);
    const log = await openLog({ fileSystem, clock, scheduler: turn });
    const producer = { producerId: 5, producerEpoch: 0, baseSequence: 0 };
    const results: AppendResult[] = [];
    for (const batch of [
      batchOf(["a"], producer),
      batchOf(["b"]),
      Buffer.from("junk"),
      batchOf(["a"], producer),
      batchOf(["c"]),
    ]) {
      log.append(batch, { leaderEpoch: 0, origin: "client" }, (result) => results.push(result));
    }
    assert.equal(results.length, 0, "nothing is answered within the turn");
    turn.end();
    assert.equal(fileSystem.appends, 1);
    const inOrder = results.map(({ errorCode, baseOffset, duplicate }) => [errorCode, baseOffset, duplicate]);
    assert.deepEqual(inOrder, [
      [errorCodes.INVALID_RECORD, -1, false],
      [0, 0, false],
      [0, 1, false],
      [0, 0, true],
      [0, 2, false],
    ]);
  });

  test("larger than a segment is refused", async () => {
    const log = await openLog({ config: { segmentBytes: 200 } });
    assert.equal((await append(log, batchOf(["x".repeat(200)]))).errorCode, errorCodes.RECORD_LIST_TOO_LARGE);
    assert.equal(log.logEndOffset, 0);
  });

  test("after close is refused", async () => {
    const log = await openLog();
    await log.close();
    assert.equal((await append(log, batchOf(["a"]))).errorCode, errorCodes.KAFKA_STORAGE_ERROR);
  });

  test("keeps the offsets and epochs of replicated batches", async () => {
    const log = await openLog();
    const batch = batchOf(["a", "b"], { baseOffset: 7, partitionLeaderEpoch: 3 });
    const result = await append(log, batch, { origin: "replication", leaderEpoch: 9 });
    assert.deepEqual([result.errorCode, result.baseOffset, log.logEndOffset], [0, 7, 9]);
    assert.deepEqual(log.leaderEpochs, [{ epoch: 3, startOffset: 7 }]);
  });
});

describe("read", () => {
  const refusals: [sentence: string, offset: number, errorCode: number][] = [
    ["below the log start", 0, errorCodes.OFFSET_OUT_OF_RANGE],
    ["beyond the log end", 7, errorCodes.OFFSET_OUT_OF_RANGE],
  ];
  for (const [sentence, offset, errorCode] of refusals) {
    test(`${sentence} is refused`, async () => {
      const log = await openLog();
      await fill(log, [
        ["a", "b"],
        ["c", "d"],
        ["e", "f"],
      ]);
      log.deleteRecordsBefore(2);
      assert.deepEqual(log.read({ offset, maxBytes: 100, minOneBatch: true, upTo: "logEnd" }), {
        ok: false,
        errorCode,
        logStartOffset: 2,
        highWatermark: 6,
      });
    });
  }

  test("begins with the batch that holds the offset", async () => {
    const log = await openLog();
    await fill(log, [
      ["a", "b"],
      ["c", "d"],
    ]);
    assert.deepEqual(await valuesAt(log, { offset: 1 }), ["a", "b", "c", "d"]);
    assert.deepEqual(await valuesAt(log, { offset: 2 }), ["c", "d"]);
    assert.deepEqual(await valuesAt(log, { offset: 4 }), []);
  });

  test("stops at the high watermark, or goes to the log end", async () => {
    const log = await openLog();
    await fill(log, [["a"], ["b"], ["c"]]);
    log.updateHighWatermark(1);
    assert.deepEqual(await valuesAt(log, { offset: 0 }), ["a"]);
    assert.deepEqual(await valuesAt(log, { offset: 2 }), []);
    assert.deepEqual(await valuesAt(log, { offset: 0, upTo: "logEnd" }), ["a", "b", "c"]);
  });

  test("returns one whole batch when asked to, however large, and else nothing of it", async () => {
    const log = await openLog();
    await fill(log, [["x".repeat(500)], ["y"]]);
    const whole = log.read({ offset: 0, maxBytes: 1, minOneBatch: true, upTo: "logEnd" });
    assert.ok(whole.ok && Buffer.isBuffer(whole.part));
    assert.deepEqual(valuesIn(whole.part), ["x".repeat(500)]);
    const nothing = log.read({ offset: 0, maxBytes: 100, minOneBatch: false, upTo: "logEnd" });
    assert.ok(nothing.ok && nothing.part === null && nothing.bytes === 0);
  });

  test("may end inside of a batch", async () => {
    const log = await openLog();
    await fill(log, [["a"], ["b"]]);
    const size = batchOf(["a"]).length;
    const result = log.read({ offset: 0, maxBytes: size + 10, minOneBatch: true, upTo: "logEnd" });
    assert.ok(result.ok && result.bytes === size + 10);
  });

  test("of a large range on disk is a stream that survives the file's removal", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ottla-log-"));
    try {
      const log = await openLog({
        fileSystem: new DiskFileSystem(),
        folder: `${folder}/t-0`,
        config: { segmentBytes: 300_000 },
      });
      const values = Array.from({ length: 40 }, (_, index) => String(index).padEnd(10_000, "."));
      await fill(
        log,
        values.map((value) => [value]),
      );
      const result = log.read({ offset: 0, maxBytes: 10_000_000, minOneBatch: true, upTo: "highWatermark" });
      assert.ok(result.ok && result.part !== null && !Buffer.isBuffer(result.part));
      assert.equal(result.bytes, result.part.length);
      await log.discard();
      rmSync(folder, { recursive: true });
      assert.deepEqual(valuesIn(await bytesOf(result.part)), values.slice(0, 29));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("finds every offset over many segments and index entries", async () => {
    const log = await openLog({ config: { segmentBytes: 1000, indexIntervalBytes: 150 } });
    const batches = Array.from({ length: 60 }, (_, index) =>
      Array.from({ length: 1 + (index % 3) }, (__, at) => `${index}.${at}`),
    );
    await fill(log, batches);
    assert.ok(log.segmentCount > 3);
    let offset = 0;
    for (const batch of batches) {
      for (const value of batch) {
        const [first] = await valuesAt(log, { offset, maxBytes: 1 });
        assert.equal(first, batch[0], `offset ${offset} (${value})`);
        offset++;
      }
    }
  });
});

describe("transactions", () => {
  const transactional = (
    sequence: number,
  ): { producerId: number; producerEpoch: number; baseSequence: number; isTransactional: true } => {
    return { producerId: 9, producerEpoch: 0, baseSequence: sequence, isTransactional: true };
  };
  const marker = (type: "commit" | "abort"): Buffer => {
    return endTransactionBatch(
      { type, coordinatorEpoch: 0 },
      { producerId: 9, producerEpoch: 0, timestamp: 1_700_000_000_000 },
    );
  };

  test("hold the last stable offset back until their marker, and aborted ones are listed", async () => {
    const log = await openLog();
    await fill(log, [["plain"]]);
    await fill(log, [["doomed"]], transactional(0));
    await fill(log, [["after"]]);
    assert.equal(log.lastStableOffset, 1);
    assert.deepEqual(await valuesAt(log, { offset: 0, upTo: "lastStableOffset" }), ["plain"]);
    await append(log, marker("abort"), { origin: "coordinator" });
    log.updateHighWatermark(log.logEndOffset);
    assert.equal(log.lastStableOffset, 4);
    const read = log.read({ offset: 0, maxBytes: 10_000, minOneBatch: true, upTo: "lastStableOffset" });
    assert.ok(read.ok);
    assert.deepEqual(read.abortedTransactions, [{ producerId: 9, firstOffset: 1 }]);
  });

  test("that committed are not listed; other readers get no list at all", async () => {
    const log = await openLog();
    await fill(log, [["kept"]], transactional(0));
    await append(log, marker("commit"), { origin: "coordinator" });
    log.updateHighWatermark(log.logEndOffset);
    const committed = log.read({ offset: 0, maxBytes: 10_000, minOneBatch: true, upTo: "lastStableOffset" });
    const uncommitted = log.read({ offset: 0, maxBytes: 10_000, minOneBatch: true, upTo: "highWatermark" });
    assert.ok(committed.ok && uncommitted.ok);
    assert.deepEqual([committed.abortedTransactions, uncommitted.abortedTransactions], [[], null]);
  });

  for (const cleanStop of [true, false]) {
    test(`stand after a ${cleanStop ? "clean" : "hard"} restart as before`, async () => {
      const fileSystem = new MemoryFileSystem(new ManualClock());
      const log = await openLog({ fileSystem });
      await fill(log, [["doomed"]], transactional(0));
      await append(log, marker("abort"), { origin: "coordinator" });
      await fill(log, [["open"]], transactional(1));
      if (cleanStop) await log.close();
      const again = await openLog({ fileSystem, cleanStop });
      again.updateHighWatermark(again.logEndOffset);
      assert.deepEqual([again.logEndOffset, again.lastStableOffset], [3, 2]);
      const read = again.read({ offset: 0, maxBytes: 10_000, minOneBatch: true, upTo: "lastStableOffset" });
      assert.ok(read.ok);
      assert.deepEqual(read.abortedTransactions, [{ producerId: 9, firstOffset: 0 }]);
      assert.equal((await append(again, batchOf(["open"], transactional(1)))).duplicate, true);
    });
  }
});

describe("look-up by time", () => {
  async function timed(): Promise<PartitionLog> {
    const log = await openLog({ config: { segmentBytes: 400, indexIntervalBytes: 100 } });
    for (const timestamp of [100, 300, 200, 500, 400, 600, 600, 700])
      await fill(log, [[`at ${timestamp}`]], { timestamp });
    return log;
  }

  const lookUps: [timestamp: number, offset: number | null][] = [
    [0, 0],
    [100, 0],
    [101, 1],
    [250, 1],
    [301, 3],
    [501, 5],
    [600, 5],
    [700, 7],
    [701, null],
  ];
  for (const [timestamp, offset] of lookUps) {
    test(`of ${timestamp} finds ${offset === null ? "nothing" : `offset ${offset}`}`, async () => {
      assert.equal((await timed()).fetchOffsetByTimestamp(timestamp)?.offset ?? null, offset);
    });
  }

  test("skips what was deleted, into the next segment if need be", async () => {
    const log = await timed();
    log.deleteRecordsBefore(2);
    assert.deepEqual(log.fetchOffsetByTimestamp(250), { timestamp: 500, offset: 3, leaderEpoch: 0 });
  });

  test("of the maximum finds the first record that has it", async () => {
    const log = await timed();
    assert.deepEqual(log.maxTimestampOffset(), { timestamp: 700, offset: 7, leaderEpoch: 0 });
    assert.equal((await openLog()).maxTimestampOffset(), null);
  });
});

describe("leader epochs", () => {
  const answers: [sentence: string, epoch: number, expected: { epoch: number; endOffset: number }][] = [
    ["the latest ends at the log end", 7, { epoch: 7, endOffset: 5 }],
    ["one in between ends where the next begins", 4, { epoch: 4, endOffset: 3 }],
    ["one that was skipped answers for the one before", 5, { epoch: 4, endOffset: 3 }],
    ["one below all answers with the first start", 1, { epoch: 1, endOffset: 0 }],
    ["one above all is not known", 8, { epoch: -1, endOffset: -1 }],
    ["none is not known", -1, { epoch: -1, endOffset: -1 }],
  ];
  for (const [sentence, epoch, expected] of answers) {
    test(sentence, async () => {
      const log = await openLog();
      await append(log, batchOf(["a", "b", "c"]), { leaderEpoch: 4 });
      await append(log, batchOf(["d", "e"]), { leaderEpoch: 7 });
      assert.deepEqual(log.endOffsetFor(epoch), expected);
    });
  }
});

class CountingFileSystem extends MemoryFileSystem {
  appends = 0;

  override open(path: string, mode: "read" | "append"): File {
    const file = super.open(path, mode);
    const appendv = file.appendv.bind(file);
    file.appendv = (buffers, done) => {
      this.appends++;
      appendv(buffers, done);
    };
    return file;
  }
}
