// The batches written last are found without a look at the file, and where they lead nothing changes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock, SeededRandom } from "@ottla/base";
import { MemoryFileSystem } from "@ottla/storage";
import type { File, PartitionLog } from "@ottla/storage";
import { BatchHead } from "../src/batch-head.ts";
import { RECENT_BATCHES_MAX, RecentBatches } from "../src/recent-batches.ts";
import { append, batchOf, bytesOf, openLog } from "./support/logs.ts";

describe("of the batches that end with offsets 9, 19 and 29 at positions 100, 150 and 220, the one that holds", () => {
  const cases: [offset: number, position: number, sizeInBytes: number][] = [
    [9, -1, 0],
    [10, 150, 70],
    [19, 150, 70],
    [20, 220, 30],
    [29, 220, 30],
    [30, -1, 0],
  ];
  for (const [offset, position, sizeInBytes] of cases) {
    test(`${offset} is ${position === -1 ? "not known" : `at ${position}`}`, () => {
      const recent = new RecentBatches();
      recent.add(9, 100);
      recent.add(19, 150);
      recent.add(29, 220);
      const head = new BatchHead();
      assert.equal(recent.find(offset, 250, head), position);
      if (position !== -1) assert.deepEqual([head.position, head.sizeInBytes], [position, sizeInBytes]);
    });
  }
});

test("only so many batches are kept", () => {
  const recent = new RecentBatches();
  for (let offset = 0; offset < 10 * RECENT_BATCHES_MAX; offset++) recent.add(offset, offset * 100);
  const known = Array.from({ length: 10 * RECENT_BATCHES_MAX }, (_, offset) =>
    recent.find(offset, 1_000_000, new BatchHead()),
  ).filter((position) => position !== -1);
  assert.deepEqual([known.length, known[0]], [RECENT_BATCHES_MAX - 1, (9 * RECENT_BATCHES_MAX + 1) * 100]);
});

class CountingFileSystem extends MemoryFileSystem {
  reads = 0;

  override open(path: string, mode: "read" | "append"): File {
    const file = super.open(path, mode);
    const readSync = file.readSync.bind(file);
    file.view = () => null;
    file.readSync = (target, position) => {
      this.reads++;
      return readSync(target, position);
    };
    return file;
  }
}

test("a consumer at the tail costs one read of the file", async () => {
  const fileSystem = new CountingFileSystem(new ManualClock());
  const log = await openLog({ fileSystem });
  await append(log, batchOf(["a"]));
  for (let offset = 1; offset < 200; offset++) {
    await append(log, batchOf(["x".repeat(10 * offset)]));
    fileSystem.reads = 0;
    assert.equal(batchCount(await read(log, offset)), 1);
    assert.equal(fileSystem.reads, 1);
  }
});

test("a log that was written, rolled and cut at random reads as it does when it is opened anew", async () => {
  for (let seed = 0; seed < 12; seed++) {
    const random = new SeededRandom(seed);
    const fileSystem = new MemoryFileSystem(new ManualClock());
    const config = { segmentBytes: 60_000, indexIntervalBytes: random.below(4096) };
    const log = await openLog({ fileSystem, config });
    for (let step = 0; step < 150; step++) {
      if (random.chance(0.03)) await log.truncateTo(random.below(log.logEndOffset + 1));
      if (random.chance(0.02)) await log.roll();
      // Replicated batches bring their own offsets, with gaps where the topic was compacted.
      const baseOffset = log.logEndOffset + (random.chance(0.3) ? random.below(5) : 0);
      const values = Array.from({ length: 1 + random.below(3) }, () => "x".repeat(random.below(300)));
      const batch = batchOf(values, { baseOffset });
      assert.equal((await append(log, batch, { origin: "replication" })).errorCode, 0);
      assert.equal((await read(log, baseOffset)).length, batch.length, `seed ${seed}, step ${step}`);
    }
    const found: Buffer[] = [];
    for (let offset = 0; offset < log.logEndOffset; offset++) found.push(await read(log, offset));
    await log.close();
    const again = await openLog({ fileSystem, config });
    for (let offset = 0; offset < again.logEndOffset; offset++)
      assert.ok(found[offset]!.equals(await read(again, offset)), `seed ${seed}, offset ${offset}`);
  }
});

/** One batch from `offset` on. */
async function read(log: PartitionLog, offset: number): Promise<Buffer> {
  const result = log.read({ offset, maxBytes: 1, minOneBatch: true, upTo: "logEnd" });
  assert.ok(result.ok && result.part !== null);
  return bytesOf(result.part);
}

function batchCount(bytes: Buffer): number {
  const head = new BatchHead();
  return head.read(bytes, 0, bytes.length) && head.sizeInBytes === bytes.length ? 1 : 0;
}
