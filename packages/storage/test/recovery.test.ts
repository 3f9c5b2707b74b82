// What a log is after a stop that was not clean, or after its files were damaged: everything before the first bad batch, and nothing else.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock, RecordingLogger } from "@ottla/base";
import { batchFormat } from "@ottla/protocol";
import { MemoryFileSystem } from "@ottla/storage";
import type { FileSystem, PartitionLog } from "@ottla/storage";
import { allValues, append, batchOf, fill, openLog, valuesAt } from "./support/logs.ts";
import type { LogSetup } from "./support/logs.ts";

const LOG = "/t-0/00000000000000000000.log";
const setup = { config: { segmentBytes: 1000, indexIntervalBytes: 150 } };

describe("after a hard stop the log ends before", () => {
  const cases: { sentence: string; damage: (bytes: Buffer) => Buffer; end: number }[] = [
    { sentence: "nothing, when all is whole", damage: (bytes) => bytes, end: 4 },
    { sentence: "a batch that is cut off", damage: (bytes) => bytes.subarray(0, bytes.length - 1), end: 3 },
    {
      sentence: "a batch of which only the head is there",
      damage: (bytes) => bytes.subarray(0, startOf(bytes, 3) + 20),
      end: 3,
    },
    {
      sentence: "zeros, as a preallocated file has",
      damage: (bytes) => Buffer.concat([bytes, Buffer.alloc(5000)]),
      end: 4,
    },
    {
      sentence: "zeros in place of data that did not reach the disk",
      damage: (bytes) => bytes.fill(0, startOf(bytes, 2)),
      end: 2,
    },
    {
      sentence: "a batch whose checksum does not match",
      damage: (bytes) => flip(bytes, startOf(bytes, 1) + 65),
      end: 1,
    },
    {
      sentence: "a batch with an impossible length",
      damage: (bytes) => put(bytes, startOf(bytes, 2) + 8, 0x7fff_ffff),
      end: 2,
    },
    { sentence: "a batch with a negative length", damage: (bytes) => put(bytes, startOf(bytes, 2) + 8, -5), end: 2 },
    {
      sentence: "an unknown magic",
      damage: (bytes) => put8(bytes, startOf(bytes, 2) + batchFormat.MAGIC_AT, 3),
      end: 2,
    },
    { sentence: "an offset that goes back", damage: (bytes) => put(bytes, startOf(bytes, 3) + 4, 1), end: 3 },
    {
      sentence: "an offset too far from the segment's base",
      damage: (bytes) => put(bytes, startOf(bytes, 3), 1),
      end: 3,
    },
    { sentence: "the first batch", damage: (bytes) => flip(bytes, 65), end: 0 },
  ];
  for (const { sentence, damage, end } of cases) {
    test(sentence, async () => {
      const fileSystem = await written(["a", "b", "c", "d"]);
      fileSystem.writeFile(LOG, damage(fileSystem.readFile(LOG)!));
      const log = await reopen(fileSystem);
      assert.equal(log.logEndOffset, end);
      const left = ["a", "b", "c", "d"].slice(0, end);
      assert.deepEqual(await allValues(log), left);
      await fill(log, [["next"]]);
      assert.deepEqual(await valuesAt(log, { offset: end }), ["next"]);
      await log.close();
      const again = await openLog({ ...setup, fileSystem });
      assert.deepEqual(await allValues(again), [...left, "next"]);
    });
  }

  test("every single bit of a batch that flips, unless it lies outside of the checksum", async () => {
    const original = await written(["before", "flipped", "after"]);
    const bytes = original.readFile(LOG)!;
    const [from, to] = [startOf(bytes, 1), startOf(bytes, 2)];
    for (let bit = from * 8; bit < to * 8; bit++) {
      const fileSystem = new MemoryFileSystem(new ManualClock());
      fileSystem.makeFolder("/t-0");
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      fileSystem.writeFile(LOG, damaged);
      const log = await reopen(fileSystem);
      const at = (bit >> 3) - from;
      const inLeaderEpoch = at >= batchFormat.LEADER_EPOCH_AT && at < batchFormat.MAGIC_AT;
      // A base offset that grew is a gap as compaction leaves it; one that did not is refused.
      const values = await allValues(log);
      if (at >= 8 && !inLeaderEpoch) assert.deepEqual(values, ["before"], `bit ${bit & 7} of byte ${at}`);
      else assert.ok(["before", "before,flipped", "before,flipped,after"].includes(values.join(",")), `byte ${at}`);
    }
  });

  test("the segments that follow a bad batch", async () => {
    const values = Array.from({ length: 30 }, (_, index) => `value ${index}`);
    const fileSystem = await written(values);
    const segments = fileSystem.list("/t-0").filter(({ name }) => name.endsWith(".log"));
    assert.ok(segments.length >= 3);
    fileSystem.writeFile(LOG, flip(fileSystem.readFile(LOG)!, startOf(fileSystem.readFile(LOG)!, 5) + 65));
    const log = await reopen(fileSystem);
    assert.deepEqual([log.logEndOffset, log.segmentCount], [5, 1]);
  });

  test("a gap between segments, where the end of one did not reach the disk", async () => {
    const values = Array.from({ length: 30 }, (_, index) => `value ${index}`);
    const fileSystem = await written(values);
    const bytes = fileSystem.readFile(LOG)!;
    fileSystem.writeFile(LOG, bytes.subarray(0, startOf(bytes, 4)));
    const log = await reopen(fileSystem);
    assert.deepEqual([log.logEndOffset, log.segmentCount], [4, 1]);
  });
});

describe("recovery", () => {
  test("looks at nothing below the segment of the recovery point", async () => {
    const values = Array.from({ length: 30 }, (_, index) => `value ${index}`);
    const fileSystem = await written(values);
    const bytes = fileSystem.readFile(LOG)!;
    fileSystem.writeFile(LOG, flip(bytes, 65));
    const log = await reopen(fileSystem, { recoveryPoint: 25 });
    assert.equal(log.logEndOffset, 30);
    assert.deepEqual([log.recoveryPoint, log.logStartOffset], [25, 0]);
  });

  test("finds leader epochs that were not written down", async () => {
    const fileSystem = new MemoryFileSystem(new ManualClock());
    const log = await openLog({ ...setup, fileSystem });
    await append(log, batchOf(["a", "b"]), { leaderEpoch: 2 });
    await append(log, batchOf(["c"]), { leaderEpoch: 6 });
    const again = await reopen(fileSystem);
    assert.deepEqual(again.leaderEpochs, [
      { epoch: 2, startOffset: 0 },
      { epoch: 6, startOffset: 2 },
    ]);
  });

  test("drops leader epochs of what was cut", async () => {
    const fileSystem = new MemoryFileSystem(new ManualClock());
    const log = await openLog({ ...setup, fileSystem });
    await append(log, batchOf(["a"]), { leaderEpoch: 2 });
    await append(log, batchOf(["b"]), { leaderEpoch: 6 });
    await log.close();
    const bytes = fileSystem.readFile(LOG)!;
    fileSystem.writeFile(LOG, bytes.subarray(0, bytes.length - 1));
    assert.deepEqual((await reopen(fileSystem)).leaderEpochs, [{ epoch: 2, startOffset: 0 }]);
  });

  test("builds the indexes as appending had built them", async () => {
    const values = Array.from({ length: 30 }, (_, index) => `value ${index}`);
    const fileSystem = await written(values);
    const appended = indexesIn(fileSystem);
    for (const [name] of appended) fileSystem.removeSync(`/t-0/${name}`);
    const log = await reopen(fileSystem);
    await log.close();
    assert.deepEqual(indexesIn(fileSystem), appended);
  });

  test("begins anew at the log start when the log ends below it", async () => {
    const fileSystem = await written(["a", "b"]);
    const log = await reopen(fileSystem, { logStartOffset: 9 });
    assert.deepEqual([log.logStartOffset, log.logEndOffset], [9, 9]);
    await fill(log, [["c"]]);
    assert.deepEqual(await valuesAt(log, { offset: 9 }), ["c"]);
  });

  test("checks a folder that claims to be clean and ends in the middle of a batch", async () => {
    const fileSystem = await written(["a", "b", "c"]);
    const bytes = fileSystem.readFile(LOG)!;
    fileSystem.writeFile(LOG, bytes.subarray(0, bytes.length - 3));
    const log = await reopen(fileSystem, { cleanStop: true });
    assert.equal(log.logEndOffset, 2);
  });
});

describe("with the clean stop's word for it, an index that is", () => {
  const values = Array.from({ length: 30 }, (_, index) => `value ${index}`);
  const damages: [sentence: string, name: string, damage: (bytes: Buffer) => Buffer | null][] = [
    ["missing", "00000000000000000000.index", () => null],
    ["missing its times", "00000000000000000000.timeindex", () => null],
    ["cut inside of an entry", "00000000000000000000.index", (bytes) => bytes.subarray(0, 12)],
    ["empty where it lists times", "00000000000000000000.timeindex", () => Buffer.alloc(0)],
    ["full of zeros", "00000000000000000000.index", (bytes) => Buffer.alloc(bytes.length)],
    [
      "pointing into the middle of a batch",
      "00000000000000000000.index",
      (bytes) => put(bytes, 4, bytes.readInt32BE(4) + 1),
    ],
    ["pointing to another batch", "00000000000000000000.index", (bytes) => put(bytes, 0, bytes.readInt32BE(0) + 1)],
    ["pointing behind the segment", "00000000000000000000.index", (bytes) => put(bytes, 4, 0x7000_0000)],
  ];
  for (const [sentence, name, damage] of damages) {
    test(`${sentence} is built again`, async () => {
      const fileSystem = await written(values);
      const before = fileSystem.readFile(`/t-0/${name}`)!;
      const damaged = damage(Buffer.from(before));
      fileSystem.removeSync(`/t-0/${name}`);
      if (damaged !== null) fileSystem.writeFile(`/t-0/${name}`, damaged);
      const logger = new RecordingLogger();
      const log = await reopen(fileSystem, { cleanStop: true, logger });
      for (let offset = 0; offset < values.length; offset++) {
        assert.equal((await valuesAt(log, { offset, maxBytes: 1, upTo: "logEnd" }))[0], values[offset]);
      }
      // Half an entry at the end, as a kill leaves it, is simply not used.
      if (sentence === "cut inside of an entry") return;
      assert.match(logger.lines[0]!.sentence, /built again/);
      assert.ok(fileSystem.readFile(`/t-0/${name}`)!.equals(before));
    });
  }
});

test("a read that meets a damaged length is refused, and not led past it to the next segment", async () => {
  const values = Array.from({ length: 30 }, (_, index) => `value ${index}`);
  const fileSystem = await written(values);
  const first = await openLog({ ...setup, fileSystem });
  await first.close();
  const bytes = fileSystem.readFile(LOG)!;
  fileSystem.writeFile(LOG, put(bytes, startOf(bytes, 3) + 8, 0x7fff_ffff));
  const log = await openLog({ ...setup, fileSystem, cleanStop: true });
  log.updateHighWatermark(log.logEndOffset);
  const read = (offset: number) => log.read({ offset, maxBytes: 10_000, minOneBatch: true, upTo: "logEnd" });
  assert.deepEqual([read(0).ok, read(3).ok], [true, false]);
  assert.equal(log.offline, false);
  assert.equal(log.deleteOldSegments(), 0);
  assert.deepEqual((await valuesAt(log, { offset: 29 })).slice(0, 1), ["value 29"]);
});

test("an index that cannot be built again, because its segment cannot be read just then, is built at the next read", async () => {
  const fileSystem = await written(Array.from({ length: 30 }, (_, index) => `value ${index}`));
  fileSystem.removeSync("/t-0/00000000000000000000.index");
  const log = await openLog({ ...setup, fileSystem, cleanStop: true });
  const bytes = log.sizeInBytes;
  const open = fileSystem.open.bind(fileSystem);
  fileSystem.open = (path, mode) => {
    const file = open(path, mode);
    const readSync = file.readSync.bind(file);
    file.readSync = () => {
      file.readSync = readSync;
      throw new Error("EIO");
    };
    return file;
  };
  const { ok } = log.read({ offset: 0, maxBytes: 10_000, minOneBatch: true, upTo: "logEnd" });
  assert.deepEqual([ok, log.sizeInBytes], [false, bytes]);
  assert.equal((await valuesAt(log, { offset: 0, upTo: "logEnd" }))[0], "value 0");
});

describe("a bit that flips in a time index", () => {
  const values = Array.from({ length: 12 }, (_, index) => `value ${index}`);
  const day = 86_400_000;

  async function bitByBit(indexIntervalBytes: number, look: (log: PartitionLog, bit: number) => void): Promise<void> {
    const clock = new ManualClock();
    const fileSystem = new MemoryFileSystem(clock);
    const config = { ...setup.config, segmentBytes: 400, indexIntervalBytes, retentionMs: day };
    const log = await openLog({ fileSystem, clock, config });
    for (const [index, value] of values.entries()) await fill(log, [[value]], { timestamp: clock.nowMs() + index });
    await log.close();
    const path = "/t-0/00000000000000000000.timeindex";
    const bytes = fileSystem.readFile(path)!;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      fileSystem.writeFile(path, damaged);
      const again = await openLog({ fileSystem, clock, config, cleanStop: true });
      again.updateHighWatermark(again.logEndOffset);
      look(again, bit);
    }
  }

  test("does not make retention remove what is young", () =>
    bitByBit(10_000, (log, bit) => assert.equal(log.deleteOldSegments(), 0, `bit ${bit}`)));

  test("does not lead a look-up by time past what it looks for", () => {
    const begunMs = new ManualClock().nowMs();
    return bitByBit(60, (log, bit) => {
      for (const index of values.keys())
        assert.equal(log.fetchOffsetByTimestamp(begunMs + index)?.offset, index, `bit ${bit}, record ${index}`);
    });
  });
});

describe("a folder without any segment", () => {
  const cases: [sentence: string, changes: LogSetup, warnings: number][] = [
    ["after a clean stop lost it, which is told", { cleanStop: true, recoveryPoint: 2 }, 1],
    ["after a clean stop without a checkpoint lost it too", { cleanStop: true }, 1],
    ["whose log was durable once lost it too", { recoveryPoint: 2 }, 1],
    ["that was being made when the process ended is nothing to tell", {}, 0],
  ];
  for (const [sentence, changes, warnings] of cases) {
    test(sentence, async () => {
      const fileSystem = await written(["a", "b"]);
      for (const { name } of fileSystem.list("/t-0")) fileSystem.removeSync(`/t-0/${name}`);
      const logger = new RecordingLogger();
      const log = await reopen(fileSystem, { ...changes, logger });
      assert.equal(logger.lines.filter((line) => /no segment left/.test(line.sentence)).length, warnings);
      await fill(log, [["anew"]]);
      assert.deepEqual(await valuesAt(log, { offset: 0 }), ["anew"]);
    });
  }
});

describe("opening a folder", () => {
  test("removes what interrupted deletions left, and leaves strangers alone", async () => {
    const fileSystem = await written(["a"]);
    for (const name of [
      "00000000000000000007.log.deleted",
      "00000000000000000007.index.cleaned",
      "00000000000000000099.index",
      "notes.txt",
    ]) {
      fileSystem.writeFile(`/t-0/${name}`, Buffer.from("x"));
    }
    await reopen(fileSystem, { cleanStop: true });
    const names = fileSystem.list("/t-0").map(({ name }) => name);
    assert.ok(names.includes("notes.txt"));
    assert.deepEqual(
      names.filter((name) => /deleted|cleaned|99/.test(name)),
      [],
    );
  });

  test("finishes a compaction that was about to replace its segments", async () => {
    const fileSystem = await written(Array.from({ length: 30 }, (_, index) => `value ${index}`));
    const second = fileSystem
      .list("/t-0")
      .map(({ name }) => name)
      .filter((name) => name.endsWith(".log"))
      .toSorted()[1]!;
    const nextBase = Number(second.slice(0, 20));
    const compacted = batchOf([`value ${nextBase - 1}`], { baseOffset: nextBase - 1 });
    fileSystem.writeFile(`${LOG}.swap`, compacted);
    const log = await reopen(fileSystem, { cleanStop: true });
    assert.deepEqual(await valuesAt(log, { offset: 0, maxBytes: 1, upTo: "logEnd" }), [`value ${nextBase - 1}`]);
    assert.equal(log.logEndOffset, 30);
  });

  test("takes the producers from an older snapshot when the newest is damaged", async () => {
    const fileSystem = new MemoryFileSystem(new ManualClock());
    const log = await openLog({ ...setup, fileSystem });
    for (let sequence = 0; sequence < 20; sequence++) {
      await fill(log, [[`value ${sequence}`]], { producerId: 4, producerEpoch: 0, baseSequence: sequence });
    }
    await log.close();
    const newest = fileSystem
      .list("/t-0")
      .map(({ name }) => name)
      .filter((name) => name.endsWith(".snapshot"))
      .toSorted()
      .at(-1)!;
    fileSystem.writeFile(`/t-0/${newest}`, flip(fileSystem.readFile(`/t-0/${newest}`)!, 12));
    const again = await reopen(fileSystem, { cleanStop: true });
    const repeated = await append(again, batchOf(["value 19"], { producerId: 4, producerEpoch: 0, baseSequence: 19 }));
    assert.deepEqual([repeated.duplicate, repeated.baseOffset], [true, 19]);
  });
});

/** A file system with the log of these values, one batch each, closed in order. */
async function written(values: string[]): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem(new ManualClock());
  const log = await openLog({ ...setup, fileSystem });
  let timestamp = 1_700_000_000_000;
  for (const value of values) await fill(log, [[value]], { timestamp: timestamp++ });
  await log.close();
  return fileSystem;
}

function reopen(fileSystem: FileSystem, changes: LogSetup = {}): Promise<PartitionLog> {
  return openLog({ ...setup, fileSystem, cleanStop: false, ...changes });
}

function indexesIn(fileSystem: FileSystem): [string, string][] {
  const names = fileSystem
    .list("/t-0")
    .map(({ name }) => name)
    .filter((name) => name.endsWith("index"));
  return names.toSorted().map((name) => [name, fileSystem.readFile(`/t-0/${name}`)!.toString("hex")]);
}

/** Where the batch with this number, counted from 0, begins. */
function startOf(bytes: Buffer, batch: number): number {
  let position = 0;
  for (let index = 0; index < batch; index++) position += batchFormat.sizeInBytes(bytes, position);
  return position;
}

function flip(bytes: Buffer, at: number): Buffer {
  bytes[at]! ^= 1;
  return bytes;
}

function put(bytes: Buffer, at: number, value: number): Buffer {
  bytes.writeInt32BE(value, at);
  return bytes;
}

function put8(bytes: Buffer, at: number, value: number): Buffer {
  bytes[at] = value;
  return bytes;
}
