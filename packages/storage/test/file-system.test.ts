// The same rules hold for the files of every file system.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ManualClock, SeededRandom } from "@ottla/base";
import { DiskFileSystem, errorCodeOf, MemoryFileSystem } from "@ottla/storage";
import type { File, FileSystem } from "@ottla/storage";
import { FaultyFileSystem } from "@ottla/storage/faulty";
import { SYNC_WRITE_LIMIT_BYTES } from "../src/disk-file-system.ts";

const root = mkdtempSync(join(tmpdir(), "ottla-files-"));
after(() => rmSync(root, { recursive: true }));

const systems: { name: string; make: () => FileSystem; folder: string }[] = [
  { name: "disk", make: () => new DiskFileSystem(), folder: root },
  { name: "memory", make: () => new MemoryFileSystem(new ManualClock()), folder: "/files" },
  {
    name: "faulty",
    make: () => new FaultyFileSystem({ clock: new ManualClock(), random: new SeededRandom(1) }),
    folder: "/files",
  },
];

let counter = 0;

for (const { name, make, folder } of systems) {
  const rule = (sentence: string, check: (system: FileSystem, path: string) => Promise<void> | void): void => {
    test(`${name}: ${sentence}`, async () => {
      const path = `${folder}/${name}-${counter++}`;
      const system = make();
      system.makeFolder(path);
      await check(system, path);
    });
  };

  rule("appended buffers follow each other and can be read from any position", async (system, path) => {
    const file = system.open(`${path}/a`, "append");
    await append(file, ["one", "", "two"]);
    await append(file, ["three"]);
    assert.equal(file.size, 11);
    assert.equal(read(file, 0, 20), "onetwothree");
    assert.equal(read(file, 4, 3), "wot");
    assert.equal(read(file, 11, 5), "");
    assert.equal(system.open(`${path}/a`, "read").size, 11);
    file.close();
  });

  rule("buffers larger than what is written at once arrive whole", async (system, path) => {
    const file = system.open(`${path}/large`, "append");
    const piece = Buffer.alloc(SYNC_WRITE_LIMIT_BYTES + 1, "ab");
    await append(file, ["<"]);
    await append(file, [piece, piece]);
    const back = Buffer.alloc(2 * piece.length);
    assert.equal(await file.read(back, 1), back.length);
    assert.ok(back.equals(Buffer.concat([piece, piece])));
    file.close();
  });

  rule("a file that was cut goes on at the cut", async (system, path) => {
    const file = system.open(`${path}/cut`, "append");
    await append(file, ["abcdef"]);
    file.truncate(2);
    await append(file, ["xy"]);
    assert.equal(read(file, 0, 10), "abxy");
    file.close();
  });

  rule("an open file can be read after it was renamed and removed", async (system, path) => {
    const file = system.open(`${path}/old`, "append");
    await append(file, ["kept"]);
    system.rename(`${path}/old`, `${path}/new`);
    assert.equal(String(system.readFile(`${path}/new`)), "kept");
    await system.remove(`${path}/new`);
    assert.equal(read(file, 0, 4), "kept");
    file.close();
  });

  rule("a folder lists its files and folders, and moves with all it holds", (system, path) => {
    system.makeFolder(`${path}/f/g`);
    system.writeFile(`${path}/f/x`, Buffer.from("1"));
    system.rename(`${path}/f`, `${path}/h`);
    const entries = system.list(`${path}/h`).toSorted((left, right) => left.name.localeCompare(right.name));
    assert.deepEqual(entries, [
      { name: "g", isFolder: true },
      { name: "x", isFolder: false },
    ]);
    assert.equal(system.status(`${path}/f`), null);
    assert.equal(system.status(`${path}/h/x`)!.bytes, 1);
  });

  rule("a small file is replaced as a whole, durably or not", async (system, path) => {
    system.writeFile(`${path}/s`, Buffer.from("long content"));
    system.writeFileSynced(`${path}/s`, Buffer.from("other content"));
    assert.equal(String(system.readFile(`${path}/s`)), "other content");
    await system.writeFileDurably(`${path}/s`, Buffer.from("short"));
    assert.equal(String(system.readFile(`${path}/s`)), "short");
    assert.deepEqual(
      system.list(path).map((entry) => entry.name),
      ["s"],
    );
  });

  rule("what is missing is null, an ENOENT, or nothing to do", async (system, path) => {
    assert.equal(system.readFile(`${path}/none`), null);
    assert.equal(system.status(`${path}/none`), null);
    assert.throws(
      () => system.open(`${path}/none`, "read"),
      (error) => errorCodeOf(error) === "ENOENT",
    );
    assert.throws(
      () => system.list(`${path}/none`),
      (error) => errorCodeOf(error) === "ENOENT",
    );
    await system.remove(`${path}/none`);
    system.removeSync(`${path}/none`);
  });

  rule("a lock is given once, and again when it was released", (system, path) => {
    const lock = system.lock(`${path}/.lock`);
    assert.ok(lock !== null);
    assert.equal(system.lock(`${path}/.lock`), null);
    lock.release();
    const again = system.lock(`${path}/.lock`);
    assert.ok(again !== null);
    again.release();
  });
}

test("disk: a lock holds against other processes and ends with the process that had it", async () => {
  const path = join(root, ".lock");
  const script = `const { DiskFileSystem } = await import(${JSON.stringify(import.meta.resolve("../src/index.ts"))});
    console.log(new DiskFileSystem().lock(process.argv[1]) === null ? "refused" : "locked"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  assert.equal(String(said).trim(), "locked");
  assert.equal(new DiskFileSystem().lock(path), null);
  child.kill("SIGKILL");
  await once(child, "exit");
  const lock = new DiskFileSystem().lock(path);
  assert.ok(lock !== null);
  lock.release();
});

test("memory: what is read is a slice of what is kept, and stays true after a cut", async () => {
  const file = new MemoryFileSystem(new ManualClock()).open("/a", "append");
  await append(file, ["first", "second"]);
  const view = file.view(5, 3, 100)!;
  assert.equal(String(view), "second");
  assert.equal(file.view(5, 3, 4)!.buffer, view.buffer);
  file.truncate(5);
  await append(file, ["other!"]);
  assert.equal(String(view), "second");
  assert.equal(String(file.view(5, 1, 100)), "other!");
});

test("memory: chunks grow with the file, and a large buffer gets one of its own", async () => {
  const file = new MemoryFileSystem(new ManualClock()).open("/a", "append");
  await append(file, ["x"]);
  assert.equal(file.view(0, 1, 10)!.buffer.byteLength, 4096);
  const large = Buffer.alloc(3 * 1024 * 1024, 7);
  await append(file, [large]);
  assert.ok(file.view(1, large.length, large.length)!.equals(large));
});

test("faulty: a power cut keeps synced bytes and synced names, and of the rest a part", async () => {
  const keptLengths = new Set<number>();
  for (let seed = 1; seed <= 30; seed++) {
    const system = new FaultyFileSystem({ clock: new ManualClock(), random: new SeededRandom(seed) });
    system.makeFolder("/d");
    const file = system.open("/d/a", "append");
    await append(file, ["synced"]);
    await file.sync();
    await system.syncFolder("/");
    await system.syncFolder("/d");
    await append(file, ["-not"]);
    const kept = system.survivor("powerCut").readFile("/d/a")!;
    assert.ok(kept.subarray(0, 6).equals(Buffer.from("synced")));
    keptLengths.add(kept.length);
  }
  assert.ok(keptLengths.size > 2, "different seeds keep different parts");
});

test("faulty: a kill keeps everything that was written, and half of the write it came in", async () => {
  const system = new FaultyFileSystem({ clock: new ManualClock(), random: new SeededRandom(5) });
  const file = system.open("/a", "append");
  await append(file, ["whole"]);
  system.crashAt = system.operations + 1;
  await assert.rejects(append(file, ["half of it"]));
  assert.throws(() => system.readFile("/a"), /the process has ended/);
  assert.match(String(system.survivor("kill").readFile("/a")), /^wholeh?a?l?f?/);
});

function append(file: File, pieces: (string | Buffer)[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const buffers = pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece) : piece));
    file.appendv(buffers, (error) => (error === null ? resolve() : reject(error)));
  });
}

function read(file: File, position: number, length: number): string {
  const target = Buffer.alloc(length);
  return String(target.subarray(0, file.readSync(target, position)));
}
