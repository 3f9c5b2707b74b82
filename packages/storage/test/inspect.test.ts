// inspectFile on files that Apache Kafka wrote, and on damaged ones.

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ManualClock } from "@ottla/base";
import { DiskFileSystem, inspectFile, MemoryFileSystem } from "@ottla/storage";
import type { InspectedEntry } from "@ottla/storage";
import { unpackCapturedFolder } from "../../testkit/captures/unpack.ts";
import { batchOf } from "./support/logs.ts";

let kafka = "";
before(async () => {
  kafka = await mkdtemp(join(tmpdir(), "ottla-inspect-"));
  await unpackCapturedFolder("killed", kafka);
});
after(() => rm(kafka, { recursive: true }));

const TRANSACTIONS = "transactions-0/00000000000000000004";

test("Kafka's segment shows its batches, markers included, each with a matching checksum", () => {
  const entries = inspect(`${TRANSACTIONS}.log`);
  assert.deepEqual(
    entries.map(({ kind }) => kind),
    entries.map(() => "batch"),
  );
  assert.ok(entries.every((entry) => entry.kind === "batch" && entry.checksumMatches));
  assert.ok(entries.some((entry) => entry.kind === "batch" && entry.isControl));
});

test("the zeros of a preallocated index of Kafka's are no entries", () => {
  assert.ok(inspect(`${TRANSACTIONS}.index`).every((entry) => entry.kind === "offset" && entry.offset > 4));
  assert.ok(inspect(`${TRANSACTIONS}.timeindex`).every((entry) => entry.kind === "time" && entry.timestamp > 1e12));
});

test("Kafka's transaction index shows the aborted transaction", () => {
  const entries = inspect(`${TRANSACTIONS}.txnindex`);
  assert.equal(entries.length, 1);
  assert.equal(entries[0]!.kind, "abortedTransaction");
});

test("Kafka's producer snapshot shows its producer", () => {
  assert.deepEqual(
    inspect(`${TRANSACTIONS}.snapshot`).map(({ kind }) => kind),
    ["producer"],
  );
});

test("Kafka's text files are understood", () => {
  const meta = inspect("meta.properties")[0]!;
  assert.ok(meta.kind === "metaProperties" && meta.version === 1 && meta.clusterId?.length === 22 && meta.nodeId === 1);
  assert.ok(inspect("recovery-point-offset-checkpoint").every(({ kind }) => kind === "partitionOffset"));
  assert.deepEqual(inspect("plain-0/leader-epoch-checkpoint"), [{ kind: "leaderEpoch", epoch: 0, startOffset: 0 }]);
  assert.equal(inspect("plain-0/partition.metadata")[0]!.kind, "partitionMetadata");
});

test("Kafka's metadata log and its snapshots are record batches too", async () => {
  const names = await readdir(join(kafka, "__cluster_metadata-0"));
  const readable = names.filter((name) => name.endsWith(".log") || name.endsWith(".checkpoint"));
  assert.ok(readable.length >= 2);
  for (const name of readable) {
    const entries = inspect(`__cluster_metadata-0/${name}`);
    assert.ok(entries.length > 0 && entries.every((entry) => entry.kind === "batch" && entry.checksumMatches), name);
  }
});

const damaged: { sentence: string; name: string; bytes: Buffer; problem: RegExp }[] = [
  {
    sentence: "a torn batch",
    name: "00000000000000000000.log",
    bytes: Buffer.concat([batchOf(["whole"]), batchOf(["torn"]).subarray(0, 70)]),
    problem: /the batch is not complete; 70 bytes are left/,
  },
  {
    sentence: "a segment of zeros",
    name: "00000000000000000000.log",
    bytes: Buffer.alloc(100),
    problem: /no record batch/,
  },
  {
    sentence: "half an index entry",
    name: "00000000000000000000.index",
    bytes: Buffer.alloc(11, 1),
    problem: /no whole entry/,
  },
  {
    sentence: "a short snapshot",
    name: "00000000000000000000.snapshot",
    bytes: Buffer.alloc(3),
    problem: /snapshot of 3 bytes/,
  },
  {
    sentence: "a cut checkpoint",
    name: "leader-epoch-checkpoint",
    bytes: Buffer.from("0\n2\n0 0\n"),
    problem: /does not have the format/,
  },
];

for (const { sentence, name, bytes, problem } of damaged) {
  test(`${sentence} is told as a problem, not thrown`, () => {
    const fileSystem = new MemoryFileSystem(new ManualClock());
    fileSystem.writeFile(`/${name}`, bytes);
    const last = [...inspectFile(fileSystem, `/${name}`)].at(-1)!;
    assert.ok(last.kind === "problem");
    assert.match(last.problem, problem);
  });
}

test("records come with their batch when they are asked for", () => {
  const fileSystem = new MemoryFileSystem(new ManualClock());
  fileSystem.writeFile("/00000000000000000000.log", batchOf(["one", "two"], { compression: "gzip" }));
  const [batch] = [...inspectFile(fileSystem, "/00000000000000000000.log", { records: true })];
  assert.ok(batch?.kind === "batch");
  assert.deepEqual(
    batch.records?.map(({ value }) => String(value)),
    ["one", "two"],
  );
});

function inspect(name: string): InspectedEntry[] {
  return [...inspectFile(new DiskFileSystem(), join(kafka, name))];
}
