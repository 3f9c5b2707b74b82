// When a segment ends, when old ones go, and what is left on disk meanwhile.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { MemoryFileSystem } from "@ottla/storage";
import type { FileSystem, LogConfig } from "@ottla/storage";
import { append, batchOf, fill, openLog, valuesAt } from "./support/logs.ts";

const BATCH_BYTES = batchOf(["a"]).length;

describe("a segment is rolled", () => {
  const cases: { sentence: string; config: Partial<LogConfig>; timestamps: number[]; baseOffsets: number[] }[] = [
    {
      sentence: "when the next batch would make it larger than segment.bytes",
      config: { segmentBytes: 2 * BATCH_BYTES },
      timestamps: [1, 1, 1, 1, 1],
      baseOffsets: [0, 2, 4],
    },
    {
      sentence: "when a batch is more than segment.ms later than its first, by record time",
      config: { segmentMs: 1000 },
      timestamps: [5000, 6000, 6001, 7001, 7002],
      baseOffsets: [0, 2, 4],
    },
    {
      sentence: "when its offset index is full",
      config: { segmentIndexBytes: 24, indexIntervalBytes: 1 },
      timestamps: [1, 2, 3, 4, 5],
      baseOffsets: [0, 2, 4],
    },
    {
      sentence: "never for what came late",
      config: { segmentMs: 1000 },
      timestamps: [9000, 1000, 2000],
      baseOffsets: [0],
    },
  ];
  for (const { sentence, config, timestamps, baseOffsets } of cases) {
    test(sentence, async () => {
      const fileSystem = new MemoryFileSystem(new ManualClock());
      const log = await openLog({ fileSystem, config });
      for (const timestamp of timestamps) await fill(log, [["a"]], { timestamp });
      assert.deepEqual(segmentsIn(fileSystem), baseOffsets);
    });
  }

  test("by the clock when its records have no timestamps", async () => {
    const clock = new ManualClock();
    const fileSystem = new MemoryFileSystem(clock);
    const log = await openLog({ fileSystem, clock, config: { segmentMs: 1000 } });
    await fill(log, [["a"]], { timestamp: -1 });
    clock.advance(1001);
    await fill(log, [["b"]], { timestamp: -1 });
    assert.deepEqual(segmentsIn(fileSystem), [0, 1]);
  });

  test("before an offset would be 2^31 or more above its base offset", async () => {
    const fileSystem = new MemoryFileSystem(new ManualClock());
    const log = await openLog({ fileSystem });
    for (const baseOffset of [0, 2 ** 31 - 1, 2 ** 31, 2 ** 40]) {
      const result = await append(log, batchOf(["a"], { baseOffset, partitionLeaderEpoch: 0 }), {
        origin: "replication",
      });
      assert.equal(result.errorCode, 0);
    }
    assert.deepEqual(segmentsIn(fileSystem), [0, 2 ** 31, 2 ** 40]);
    assert.deepEqual(await valuesAt(log, { offset: 2 ** 40, upTo: "logEnd" }), ["a"]);
  });

  test("within a turn too, and every append of the turn is answered in order", async () => {
    const log = await openLog({ config: { segmentBytes: 2 * BATCH_BYTES } });
    const results = await Promise.all(["a", "b", "c", "d", "e"].map((value) => append(log, batchOf([value]))));
    assert.deepEqual(
      results.map(({ baseOffset }) => baseOffset),
      [0, 1, 2, 3, 4],
    );
    assert.equal(log.segmentCount, 3);
  });

  test("with a producer snapshot at its base offset, and complete indexes behind it", async () => {
    const fileSystem = new MemoryFileSystem(new ManualClock());
    const log = await openLog({ fileSystem, config: { segmentBytes: 2 * BATCH_BYTES, indexIntervalBytes: 1 } });
    for (const timestamp of [10, 30, 20]) await fill(log, [["a"]], { timestamp });
    assert.ok(fileSystem.status("/t-0/00000000000000000002.snapshot") !== null);
    const hex = (name: string): string => fileSystem.readFile(`/t-0/${name}`)!.toString("hex");
    assert.equal(hex("00000000000000000000.index"), "00000001" + BATCH_BYTES.toString(16).padStart(8, "0"));
    assert.equal(hex("00000000000000000000.timeindex"), joined("000000000000001e", "00000001"));
    await log.close();
    assert.equal(
      hex("00000000000000000002.timeindex"),
      joined("0000000000000014", "00000000"),
      "the last one when closing",
    );
  });
});

describe("retention", () => {
  const four = async (
    config: Partial<LogConfig>,
    clock = new ManualClock(100_000),
  ): Promise<{ fileSystem: FileSystem; log: Awaited<ReturnType<typeof openLog>> }> => {
    const fileSystem = new MemoryFileSystem(clock);
    const log = await openLog({ fileSystem, clock, config: { segmentBytes: BATCH_BYTES, ...config } });
    for (const timestamp of [10_000, 20_000, 30_000, 40_000]) await fill(log, [["a"]], { timestamp });
    return { fileSystem, log };
  };

  const cases: { sentence: string; config: Partial<LogConfig>; segments: number[]; logStart: number }[] = [
    { sentence: "keeps everything with -1 and -1", config: {}, segments: [0, 1, 2, 3], logStart: 0 },
    {
      sentence: "by time removes what is older than retention.ms",
      config: { retentionMs: 75_000 },
      segments: [2, 3],
      logStart: 2,
    },
    {
      sentence: "by time removes the active segment too, after a roll",
      config: { retentionMs: 1 },
      segments: [4],
      logStart: 4,
    },
    {
      sentence: "by size removes while at least retention.bytes are left",
      config: { retentionBytes: 2 * BATCH_BYTES + 1 },
      segments: [1, 2, 3],
      logStart: 1,
    },
    { sentence: "by size with 0 removes all", config: { retentionBytes: 0 }, segments: [4], logStart: 4 },
    {
      sentence: "does nothing for a topic that is only compacted",
      config: { retentionMs: 1, deleted: false },
      segments: [0, 1, 2, 3],
      logStart: 0,
    },
  ];
  for (const { sentence, config, segments, logStart } of cases) {
    test(sentence, async () => {
      const { fileSystem, log } = await four(config);
      const removed = log.deleteOldSegments();
      assert.deepEqual(segmentsIn(fileSystem), segments);
      assert.deepEqual([log.logStartOffset, removed], [logStart, 4 - segments.filter((base) => base < 4).length]);
      assert.deepEqual(
        await valuesAt(log, { offset: logStart }),
        segments.includes(4) ? [] : segments.includes(logStart) ? ["a"] : [],
      );
    });
  }

  test("never goes beyond the high watermark", async () => {
    const { fileSystem, log } = await four({ retentionMs: 1 });
    log.updateHighWatermark(2);
    log.deleteOldSegments();
    assert.deepEqual([segmentsIn(fileSystem), log.logStartOffset], [[2, 3], 2]);
  });

  test("goes by the file's time where records have none", async () => {
    const clock = new ManualClock(100_000);
    const fileSystem = new MemoryFileSystem(clock);
    const log = await openLog({ fileSystem, clock, config: { retentionMs: 1000 } });
    await fill(log, [["a"]], { timestamp: -1 });
    clock.advance(1000);
    assert.equal(log.deleteOldSegments(), 0);
    clock.advance(1);
    assert.equal(log.deleteOldSegments(), 1);
  });

  test("renames first and removes the files after file.delete.delay.ms", async () => {
    const clock = new ManualClock(100_000);
    const { fileSystem, log } = await four({ retentionMs: 75_000, fileDeleteDelayMs: 500 }, clock);
    log.deleteOldSegments();
    const deleted = (): string[] => names(fileSystem).filter((name) => name.endsWith(".deleted"));
    assert.ok(
      deleted().includes("00000000000000000000.log.deleted") &&
        deleted().includes("00000000000000000001.snapshot.deleted"),
    );
    clock.advance(499);
    assert.ok(deleted().length > 0);
    clock.advance(1);
    assert.deepEqual(deleted(), []);
  });
});

describe("deleting records", () => {
  test("moves the log start, also into the middle of a batch, and removes whole segments below it later", async () => {
    const fileSystem = new MemoryFileSystem(new ManualClock());
    const log = await openLog({ fileSystem, config: { segmentBytes: 2 * batchOf(["a", "b"]).length } });
    await fill(log, [
      ["a", "b"],
      ["c", "d"],
      ["e", "f"],
      ["g", "h"],
    ]);
    assert.equal(log.deleteRecordsBefore(5), errorCodes.NONE);
    assert.deepEqual([log.logStartOffset, log.earliest()], [5, { offset: 5, leaderEpoch: 0 }]);
    assert.equal((await valuesAt(log, { offset: 5 }))[1], "f");
    assert.deepEqual(segmentsIn(fileSystem), [0, 4]);
    log.deleteOldSegments();
    assert.deepEqual(segmentsIn(fileSystem), [4]);
  });

  test("beyond the high watermark is refused, and never moves the start back", async () => {
    const log = await openLog();
    await fill(log, [["a"], ["b"], ["c"]]);
    log.updateHighWatermark(2);
    assert.equal(log.deleteRecordsBefore(3), errorCodes.OFFSET_OUT_OF_RANGE);
    assert.equal(log.deleteRecordsBefore(2), errorCodes.NONE);
    assert.equal(log.deleteRecordsBefore(1), errorCodes.NONE);
    assert.equal(log.logStartOffset, 2);
  });
});

describe("truncation", () => {
  const cuts: [sentence: string, offset: number, end: number, segments: number[]][] = [
    ["at a batch keeps what lies below", 4, 4, [0, 3]],
    ["at a segment's base offset leaves it empty", 3, 3, [0, 3]],
    ["inside of a batch drops the whole batch", 5, 4, [0, 3]],
    ["at the log end does nothing", 8, 8, [0, 3, 6]],
    ["at 0 drops everything", 0, 0, [0]],
  ];
  for (const [sentence, offset, end, segments] of cuts) {
    test(sentence, async () => {
      const fileSystem = new MemoryFileSystem(new ManualClock());
      const log = await openLog({
        fileSystem,
        config: { segmentBytes: 2 * batchOf(["a", "b"]).length + 2, indexIntervalBytes: 1 },
      });
      await fill(log, [["a"], ["b", "b"], ["c"], ["d", "d"], ["e"], ["f"]]);
      assert.deepEqual(segmentsIn(fileSystem), [0, 3, 6]);
      assert.equal(await log.truncateTo(offset), offset < 8);
      assert.deepEqual([log.logEndOffset, log.highWatermark, segmentsIn(fileSystem)], [end, end, segments]);
      await fill(log, [["again"]]);
      assert.deepEqual(await valuesAt(log, { offset: end }), ["again"]);
    });
  }

  test("forgets the leader epochs and the producers of what was cut", async () => {
    const log = await openLog();
    const producer = { producerId: 3, producerEpoch: 0 };
    await append(log, batchOf(["a"], { ...producer, baseSequence: 0 }), { leaderEpoch: 1 });
    await append(log, batchOf(["b"], { ...producer, baseSequence: 1 }), { leaderEpoch: 2 });
    await log.truncateTo(1);
    assert.deepEqual(log.leaderEpochs, [{ epoch: 1, startOffset: 0 }]);
    const again = await append(log, batchOf(["b"], { ...producer, baseSequence: 1 }), { leaderEpoch: 3 });
    assert.deepEqual([again.errorCode, again.baseOffset, again.duplicate], [0, 1, false]);
  });
});

function names(fileSystem: FileSystem): string[] {
  return fileSystem.list("/t-0").map(({ name }) => name);
}

function segmentsIn(fileSystem: FileSystem): number[] {
  const logs = names(fileSystem).filter((name) => name.endsWith(".log"));
  return logs.map((name) => Number(name.slice(0, 20))).toSorted((left, right) => left - right);
}

function joined(...fields: string[]): string {
  return fields.join("");
}
