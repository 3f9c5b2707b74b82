// Log folders that Apache Kafka 4.3 left behind, after a proper shutdown and after SIGKILL: they open, and hold what Kafka's consumer read.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { ManualClock, RecordingLogger, SeededRandom } from "@ottla/base";
import { batchFormat, readRecords } from "@ottla/protocol";
import { DataFolder, DiskFileSystem, LogDirectory } from "@ottla/storage";
import type { PartitionLog } from "@ottla/storage";
import { unpackCapturedFolder } from "../../testkit/captures/unpack.ts";
import type { CapturedRecord } from "../../testkit/captures/unpack.ts";
import { append, atOnce, batchOf, logConfig } from "./support/logs.ts";

for (const name of ["clean", "killed"] as const) {
  test(`a folder that Kafka left ${name} holds every record that Kafka's consumer had read`, async () => {
    const path = await mkdtemp(join(tmpdir(), "ottla-kafka-"));
    try {
      const expected = await unpackCapturedFolder(name, path);
      const { directory, logger } = await open(path);
      assert.equal(directory.wasClean, name === "clean");
      for (const [partition, held] of Object.entries(expected)) {
        const dash = partition.lastIndexOf("-");
        const log = directory.get(partition.slice(0, dash), Number(partition.slice(dash + 1)));
        assert.ok(log !== null, `${partition} is open`);
        log.updateHighWatermark(log.logEndOffset);
        assert.deepEqual(
          { start: log.logStartOffset, end: log.logEndOffset, stable: log.lastStableOffset },
          { start: held.start, end: held.end, stable: held.stable },
          partition,
        );
        assert.deepEqual(recordsOf(log), held.records, partition);
      }
      if (name === "clean") assert.deepEqual(logger.lines, []);
      await directory.close();
    } finally {
      await rm(path, { recursive: true });
    }
  });
}

test("after Kafka was killed, its transactions stand as its brokers would show them", async () => {
  const path = await mkdtemp(join(tmpdir(), "ottla-kafka-"));
  try {
    await unpackCapturedFolder("killed", path);
    const { directory } = await open(path);
    const log = directory.get("transactions", 0)!;
    log.updateHighWatermark(log.logEndOffset);
    assert.ok(log.lastStableOffset < log.logEndOffset, "a transaction is open");
    const read = log.read({ offset: 4, maxBytes: 1_000_000, minOneBatch: true, upTo: "lastStableOffset" });
    assert.ok(read.ok);
    assert.equal(read.abortedTransactions?.length, 1);
    assert.equal(log.activeProducers().filter(({ currentTxnStartOffset }) => currentTxnStartOffset >= 0).length, 1);
    await directory.close();
  } finally {
    await rm(path, { recursive: true });
  }
});

test("a folder of Kafka's takes appends and is closed in Kafka's way", async () => {
  const path = await mkdtemp(join(tmpdir(), "ottla-kafka-"));
  try {
    await unpackCapturedFolder("killed", path);
    const first = await open(path);
    const log = first.directory.get("many-segments", 0)!;
    const result = await append(log, batchOf(["from Ottla"]));
    assert.equal(result.errorCode, 0);
    await first.directory.close();
    const second = await open(path);
    assert.equal(second.directory.wasClean, true);
    assert.equal(second.directory.get("many-segments", 0)!.logEndOffset, result.lastOffset + 1);
    await second.directory.close();
    assert.deepEqual(second.logger.lines, []);
  } finally {
    await rm(path, { recursive: true });
  }
});

async function open(path: string): Promise<{ directory: LogDirectory; logger: RecordingLogger }> {
  const logger = new RecordingLogger();
  const directory = await LogDirectory.open({
    folder: DataFolder.claim(new DiskFileSystem(), path),
    clock: new ManualClock(),
    scheduler: atOnce,
    logger,
    random: new SeededRandom(1),
    configFor: () => logConfig(),
  });
  return { directory, logger };
}

/** All data records, as a read_uncommitted consumer sees them. */
function recordsOf(log: PartitionLog): CapturedRecord[] {
  const records: CapturedRecord[] = [];
  for (let offset = log.logStartOffset; offset < log.logEndOffset;) {
    const read = log.read({ offset, maxBytes: 50_000, minOneBatch: true, upTo: "highWatermark" });
    assert.ok(read.ok && Buffer.isBuffer(read.part));
    const bytes = read.part;
    const from = offset;
    batchFormat.forEachBatch(bytes, (position) => {
      assert.ok(batchFormat.verifyCrc(bytes, position));
      offset = batchFormat.lastOffset(bytes, position) + 1;
      if (batchFormat.isControl(bytes, position)) return;
      for (const record of readRecords(bytes, position)) {
        if (record.offset < from) continue;
        const headers = record.headers.map(({ key, value }): [string, string | null] => [
          key,
          value?.toString() ?? null,
        ]);
        const { timestamp, key, value } = record;
        records.push({
          offset: record.offset,
          timestamp,
          key: key?.toString() ?? null,
          value: value?.toString() ?? null,
          headers,
        });
      }
    });
  }
  return records;
}
