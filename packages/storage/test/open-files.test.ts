// Handles and index memory of old segments stay within their limits, and nobody loses a file that is in use.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@ottla/base";
import { MemoryFileSystem } from "@ottla/storage";
import type { File } from "@ottla/storage";
import { OpenFiles } from "../src/open-files.ts";
import { allValues, batchOf, fill, openLog } from "./support/logs.ts";

class ClosingFileSystem extends MemoryFileSystem {
  openNow = 0;
  openMost = 0;

  override open(path: string, mode: "read" | "append"): File {
    const file = super.open(path, mode);
    this.openMost = Math.max(this.openMost, ++this.openNow);
    const closed = (): void => assert.fail(`${path} is used after it was closed`);
    file.close = () => {
      this.openNow--;
      file.close = closed;
      file.readSync = closed as never;
    };
    return file;
  }
}

test("reading many old segments keeps a bounded number of files open, and closing closes them all", async () => {
  const fileSystem = new ClosingFileSystem(new ManualClock());
  const config = { segmentBytes: batchOf(["a"]).length, indexIntervalBytes: 1 };
  const log = await openLog({ fileSystem, config });
  for (let index = 0; index < 400; index++) await fill(log, [["a"]]);
  assert.equal(log.segmentCount, 400);
  await log.flush();
  assert.equal((await allValues(log)).length, 400);
  assert.ok(
    fileSystem.openNow > 200 && fileSystem.openMost <= 256 + 20,
    `${fileSystem.openNow} now, ${fileSystem.openMost} at most`,
  );
  await log.close();
  assert.equal(fileSystem.openNow, 0);
});

test("a file that is held survives being pushed out, and closes when it is released", () => {
  const fileSystem = new ClosingFileSystem(new ManualClock());
  const files = new OpenFiles(fileSystem);
  for (let index = 0; index < 300; index++) fileSystem.writeFile(`/${index}`, Buffer.from("x"));
  const held = files.get("/0").hold();
  for (let index = 1; index < 300; index++) files.get(`/${index}`);
  assert.equal(held.file.readSync(Buffer.alloc(1), 0), 1);
  assert.equal(fileSystem.openNow, 257);
  held.release();
  assert.equal(fileSystem.openNow, 256);
});

test("indexes used longest ago are dropped when they take too much memory together", () => {
  const files = new OpenFiles(new MemoryFileSystem(new ManualClock()));
  const dropped: number[] = [];
  for (let index = 0; index < 4; index++)
    files.usedIndexes({ dropIndexes: () => void dropped.push(index) }, 6 * 1024 * 1024);
  assert.deepEqual(dropped, [0, 1]);
});
