// What an append costs the event loop when it is written synchronously and when it goes to the thread pool: where the first overtakes the
// second lies SYNC_WRITE_LIMIT_BYTES. Run: node packages/storage/bench/write-threshold.ts [folder]

import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const TOTAL_BYTES = 256 * 1024 * 1024;
const folder = fs.mkdtempSync(join(process.argv[2] ?? tmpdir(), "ottla-bench-"));
const descriptor = fs.openSync(join(folder, "file"), "w+");

try {
  console.log("bytes    synchronous    pool, in all    pool, of the event loop");
  for (const kilobytes of [4, 16, 32, 64, 128, 256, 512, 1024]) {
    const piece = Buffer.alloc((kilobytes * 1024) / 4, 7);
    const buffers = [piece, piece, piece, piece];
    const turns = Math.min(4000, TOTAL_BYTES / 1024 / kilobytes);
    write(buffers, turns);
    fs.ftruncateSync(descriptor, 0);
    const synchronous = write(buffers, turns);
    fs.ftruncateSync(descriptor, 0);
    const pool = await writeInPool(buffers, turns);
    const cells = [synchronous, pool.totalUs, pool.loopUs].map((value) => `${value.toFixed(1)} µs`.padStart(14));
    console.log(`${kilobytes} KB`.padEnd(8), ...cells);
  }
} finally {
  fs.closeSync(descriptor);
  fs.rmSync(folder, { recursive: true });
}

function write(buffers: Buffer[], turns: number): number {
  const bytes = buffers.length * buffers[0].length;
  const start = performance.now();
  for (let turn = 0; turn < turns; turn++) fs.writevSync(descriptor, buffers, turn * bytes);
  return ((performance.now() - start) * 1000) / turns;
}

async function writeInPool(buffers: Buffer[], turns: number): Promise<{ totalUs: number; loopUs: number }> {
  const bytes = buffers.length * buffers[0].length;
  const before = performance.eventLoopUtilization();
  const start = performance.now();
  for (let turn = 0; turn < turns; turn++) {
    await new Promise<void>((resolve, reject) => {
      fs.writev(descriptor, buffers, turn * bytes, (error) => (error === null ? resolve() : reject(error)));
    });
  }
  const totalUs = ((performance.now() - start) * 1000) / turns;
  return { totalUs, loopUs: totalUs * performance.eventLoopUtilization(before).utilization };
}
