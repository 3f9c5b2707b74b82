// A copy of the files in memory: the same now, and its own from then on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@ottla/base";
import { MemoryFileSystem } from "@ottla/storage";

function filled(): MemoryFileSystem {
  const files = new MemoryFileSystem(new ManualClock());
  files.makeFolder("/logs/t-0");
  files.open("/logs/t-0/0.log", "append").appendSync(Buffer.from("begun"));
  files.writeFile("/logs/meta", Buffer.from("here"));
  return files;
}

function textOf(files: MemoryFileSystem, path: string): string | undefined {
  return files.readFile(path)?.toString();
}

test("a copy has the same files and folders", () => {
  const copy = filled().copy();
  assert.deepEqual([textOf(copy, "/logs/t-0/0.log"), textOf(copy, "/logs/meta")], ["begun", "here"]);
  assert.deepEqual(
    copy
      .list("/logs")
      .map(({ name }) => name)
      .sort(),
    ["meta", "t-0"],
  );
});

test("what either writes the other does not see, whoever writes first", () => {
  for (const copyFirst of [true, false]) {
    const original = filled();
    const copy = original.copy();
    const writes = [
      () => original.open("/logs/t-0/0.log", "append").appendSync(Buffer.from(" and went on")),
      () => copy.open("/logs/t-0/0.log", "append").appendSync(Buffer.from(" otherwise")),
    ];
    for (const write of copyFirst ? writes.toReversed() : writes) write();
    assert.equal(textOf(original, "/logs/t-0/0.log"), "begun and went on");
    assert.equal(textOf(copy, "/logs/t-0/0.log"), "begun otherwise");
  }
});

test("what either cuts, removes or renames stays with the other", () => {
  const original = filled();
  const copy = original.copy();
  original.open("/logs/t-0/0.log", "append").truncate(2);
  original.removeSync("/logs/meta");
  copy.rename("/logs/t-0", "/logs/t-1");
  assert.deepEqual([textOf(original, "/logs/t-0/0.log"), textOf(original, "/logs/meta")], ["be", undefined]);
  assert.deepEqual([textOf(copy, "/logs/t-1/0.log"), textOf(copy, "/logs/meta")], ["begun", "here"]);
  assert.equal(copy.status("/logs/t-0"), null);
});

test("a copy of a copy, and a lock that the original holds", () => {
  const original = filled();
  const lock = original.lock("/logs/.lock");
  assert.notEqual(lock, null);
  const copy = original.copy().copy();
  assert.notEqual(copy.lock("/logs/.lock"), null);
  copy.open("/logs/t-0/0.log", "append").appendSync(Buffer.from("!"));
  assert.equal(textOf(copy, "/logs/t-0/0.log"), "begun!");
});
