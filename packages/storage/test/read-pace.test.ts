// When a read of a segment file waits on the event loop, and when the thread pool is asked.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ManualClock } from "@ottla/base";
import { DiskFileSystem, MemoryFileSystem } from "@ottla/storage";
import type { File } from "@ottla/storage";
import { COUNT_PERIOD_MS, POOL_PERIOD_MS, ReadPace, SLOW_READ_MS } from "../src/read-pace.ts";
import { append, batchOf, openLog } from "./support/logs.ts";

/** Files whose reads take as long, and have the device read as much, as the test says. */
class SlowFileSystem extends MemoryFileSystem {
  readonly manualClock: ManualClock;
  tookMs = 0;
  deviceReadsPerRead = 0;
  private read = 0;

  constructor(clock = new ManualClock()) {
    super(clock);
    this.manualClock = clock;
  }

  override open(path: string, mode: "read" | "append"): File {
    const file = super.open(path, mode);
    const readSync = file.readSync.bind(file);
    file.view = () => null;
    file.readSync = (target, position) => {
      this.manualClock.advance(this.tookMs);
      this.read += this.deviceReadsPerRead;
      return readSync(target, position);
    };
    file.read = async (target, position) => {
      this.read += this.deviceReadsPerRead;
      return readSync(target, position);
    };
    return file;
  }

  override deviceReads(): number {
    return this.read;
  }
}

function setUp(): { system: SlowFileSystem; readsInPool: () => boolean } {
  const system = new SlowFileSystem();
  system.writeFile("/f", Buffer.from("bytes"));
  const file = system.open("/f", "read");
  const pace = new ReadPace(system, system.manualClock);
  return { system, readsInPool: () => typeof pace.read(file, Buffer.alloc(5), 0) !== "number" };
}

describe("a read of a segment file", () => {
  test("is synchronous as long as reads are fast and the device is left alone", () => {
    const { system, readsInPool } = setUp();
    system.tookMs = SLOW_READ_MS;
    for (let index = 0; index < 100; index++) assert.equal(readsInPool(), false);
  });

  test("goes to the thread pool for a while after a slow one, and then is tried synchronously again", () => {
    const { system, readsInPool } = setUp();
    system.tookMs = SLOW_READ_MS + 0.1;
    assert.equal(readsInPool(), false);
    system.manualClock.advance(POOL_PERIOD_MS - 1);
    assert.equal(readsInPool(), true);
    system.manualClock.advance(1);
    assert.equal(readsInPool(), false);
    assert.equal(readsInPool(), true);
  });

  test("stays with the thread pool while this process has the device read, however fast that is", () => {
    const { system, readsInPool } = setUp();
    system.deviceReadsPerRead = 8;
    assert.equal(readsInPool(), false);
    system.manualClock.advance(COUNT_PERIOD_MS);
    for (let index = 0; index < 10; index++) {
      assert.equal(readsInPool(), true);
      system.manualClock.advance(POOL_PERIOD_MS - 1);
    }
    system.deviceReadsPerRead = 0;
    assert.equal(readsInPool(), true);
    system.manualClock.advance(POOL_PERIOD_MS - 1);
    assert.equal(readsInPool(), true);
    system.manualClock.advance(1);
    assert.equal(readsInPool(), false);
  });

  test("that this process wrote lately is synchronous beside slow ones", async () => {
    const system = new SlowFileSystem();
    const batch = batchOf(["x".repeat(100_000)]);
    const first = await openLog({
      fileSystem: system,
      clock: system.manualClock,
      config: { segmentBytes: batch.length },
    });
    for (let index = 0; index < 2; index++) await append(first, Buffer.from(batch));
    await first.close();
    const log = await openLog({ fileSystem: system, clock: system.manualClock });
    await append(log, Buffer.from(batch));
    system.tookMs = SLOW_READ_MS + 1;
    const modes: string[] = [];
    for (const offset of [0, 1, 2, 1, 0]) {
      const result = log.read({ offset, maxBytes: batch.length, minOneBatch: true, upTo: "logEnd" });
      assert.ok(result.ok && result.part !== null && !Buffer.isBuffer(result.part));
      const target = Buffer.alloc(batch.length);
      const count = result.part.read(target, 0);
      modes.push(typeof count === "number" ? "at once" : "later");
      assert.equal(await count, batch.length);
      assert.equal(target.readInt8(7), offset);
      result.part.release();
    }
    assert.deepEqual(modes, ["at once", "later", "at once", "later", "later"]);
  });
});

test("the disk's count of device reads never goes back", () => {
  const folder = mkdtempSync(join(tmpdir(), "ottla-pace-"));
  try {
    const system = new DiskFileSystem();
    const before = system.deviceReads();
    system.writeFile(join(folder, "f"), Buffer.alloc(10_000));
    system.readFile(join(folder, "f"));
    assert.ok(Number.isSafeInteger(before) && system.deviceReads() >= before);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
