// One log on disk beside its floor: the same bytes checksummed and written with one bare writev for each turn, then read back in the same
// pieces. Run: node packages/storage/bench/log.ts [megabytes per figure] [folder]

import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32c, SeededRandom, silentLogger } from "@ottla/base";
import type { Clock, FramePart } from "@ottla/base";
import { batchFormat } from "@ottla/protocol";
import { createLogContext, createPartitionLog, DiskFileSystem } from "@ottla/storage";
import type { PartitionLog } from "@ottla/storage";
import { batchOf, logConfig } from "../test/support/logs.ts";

const IN_FLIGHT = 5;
const READ_BYTES = 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
const megabytes = Number(process.argv[2] ?? 1024);
const folder = fs.mkdtempSync(join(process.argv[3] ?? tmpdir(), "ottla-bench-"));

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule: (delayMs, action) => {
    const timer = setTimeout(action, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

try {
  for (const batchBytes of [16 * 1024, 256 * 1024, 1024 * 1024]) {
    const total = Math.min(megabytes, batchBytes < 100_000 ? 512 : megabytes) * 1024 * 1024;
    const batch = batchOf(Array.from({ length: Math.floor(batchBytes / 1034) }, () => "x".repeat(1024)));
    const turns = Math.floor(total / batch.length / IN_FLIGHT);
    const floor = await best(() => measureFloor(batch, turns));
    const own = await best(() => measureLog(batch, turns));
    print(`append ${batchBytes / 1024} KB`, own.append, floor.append);
    print(`read, written ${batchBytes / 1024} KB`, own.read, floor.read);
    print(`tail read ${batchBytes / 1024} KB`, own.tail, floor.tail);
  }
} finally {
  fs.rmSync(folder, { recursive: true });
}

interface Figures {
  append: number;
  read: number;
  tail: number;
}

/** The best of three, because other work on the machine only ever makes it slower. */
async function best(measure: () => Promise<Figures>): Promise<Figures> {
  const runs = [await measure(), await measure(), await measure()];
  const most = (figure: keyof Figures): number => Math.max(...runs.map((run) => run[figure]));
  return { append: most("append"), read: most("read"), tail: most("tail") };
}

function print(name: string, own: number, floor: number): void {
  console.log(
    `${name.padEnd(26)} ${own.toFixed(0).padStart(6)} MB/s, floor ${floor.toFixed(0).padStart(6)} MB/s, ratio ${(own / floor).toFixed(2)}`,
  );
}

async function rate(bytes: number, run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return bytes / 1e6 / ((performance.now() - start) / 1000);
}

async function measureFloor(batch: Buffer, turns: number): Promise<Figures> {
  const path = join(folder, "floor");
  const descriptor = fs.openSync(path, "w+");
  const group = Array.from({ length: IN_FLIGHT }, () => Buffer.from(batch));
  const bytes = turns * IN_FLIGHT * batch.length;
  const append = await rate(bytes, async () => {
    for (let turn = 0; turn < turns; turn++) {
      for (const one of group) crc32c(one.subarray(21));
      await writeGroup(descriptor, group, turn * IN_FLIGHT * batch.length);
      await nextTurn();
    }
  });
  const target = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const read = await rate(bytes, async () => {
    for (let at = 0; at < bytes; at += CHUNK_BYTES) await readPool(descriptor, target, at);
  });
  const tail = await rate(bytes, async () => {
    for (let at = 0; at < bytes; at += batch.length)
      fs.readSync(descriptor, Buffer.allocUnsafeSlow(batch.length), 0, batch.length, at);
  });
  fs.closeSync(descriptor);
  fs.rmSync(path);
  return { append, read, tail };
}

async function measureLog(batch: Buffer, turns: number): Promise<Figures> {
  const log = createPartitionLog(
    createLogContext({
      fileSystem: new DiskFileSystem(),
      clock,
      logger: silentLogger,
      random: new SeededRandom(1),
      scheduler: { endOfTurn: (action) => void setImmediate(action) },
      producerIdExpirationMs: 86_400_000,
    }),
    {
      topic: "bench",
      partition: 0,
      folder: join(folder, "bench-0"),
      topicId: null,
      config: logConfig({ segmentBytes: 1024 ** 3, maxMessageBytes: 2 * 1024 * 1024 }),
      cleanStop: true,
      recoveryPoint: 0,
      logStartOffset: 0,
    },
  );
  const group = Array.from({ length: IN_FLIGHT }, () => Buffer.from(batch));
  const bytes = turns * IN_FLIGHT * batch.length;
  const append = await rate(bytes, async () => {
    for (let turn = 0; turn < turns; turn++) {
      await new Promise<void>((resolve, reject) => {
        let open = IN_FLIGHT;
        // The append before this one wrote its offset here; a client sends 0.
        for (const one of group) batchFormat.setBaseOffset(one, 0, 0);
        for (const one of group)
          log.append(one, { leaderEpoch: 0, origin: "client" }, (result) => {
            if (result.errorCode !== 0) reject(new Error(result.errorMessage ?? String(result.errorCode)));
            if (--open === 0) resolve();
          });
      });
      log.updateHighWatermark(log.logEndOffset);
    }
  });
  const read = await rate(bytes, () => readAll(log, READ_BYTES));
  const tail = await rate(bytes, () => readAll(log, batch.length));
  await log.discard();
  fs.rmSync(log.folder, { recursive: true });
  return { append, read, tail };
}

/** Reads the log from the start as a consumer does: the next offset is behind the last whole batch that came. */
async function readAll(log: PartitionLog, maxBytes: number): Promise<void> {
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const batchRecords = recordsOf(log);
  for (let offset = 0; offset < log.logEndOffset;) {
    const result = log.read({ offset, maxBytes, minOneBatch: true, upTo: "highWatermark" });
    if (!result.ok || result.part === null) throw new Error(`nothing to read at ${offset}`);
    await drain(result.part, chunk);
    offset += Math.floor(result.bytes / batchRecords.bytes) * batchRecords.records;
  }
}

async function drain(part: FramePart, chunk: Buffer): Promise<void> {
  if (Buffer.isBuffer(part)) return;
  for (let at = 0; at < part.length;) at += await part.read(chunk, at);
  part.release();
}

function recordsOf(log: PartitionLog): { bytes: number; records: number } {
  const result = log.read({ offset: 0, maxBytes: 1, minOneBatch: true, upTo: "highWatermark" });
  if (!result.ok || result.part === null) throw new Error("nothing to read");
  if (!Buffer.isBuffer(result.part)) result.part.release();
  return { bytes: result.bytes, records: Math.floor(result.bytes / 1034) };
}

function writeGroup(descriptor: number, group: Buffer[], position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.writev(descriptor, group, position, (error) => (error === null ? resolve() : reject(error)));
  });
}

function readPool(descriptor: number, target: Buffer, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.read(descriptor, target, 0, target.length, position, (error) => (error === null ? resolve() : reject(error)));
  });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
