// `ottla dump-log` on files written here byte by byte, on those of a running broker, and on damaged ones.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { RecordBatchBuilder } from "@ottla/protocol";
import { unpackCapturedFolder } from "../../testkit/captures/unpack.ts";
import { ottla, program, startOttla, temporaryFolder } from "./run-ottla.ts";

const SEGMENT = "00000000000000000005.log";

function segment(count = 1): Buffer {
  const batches = Array.from({ length: count }, (_, index) => {
    const builder = new RecordBatchBuilder({ baseOffset: 5 + index, compression: "gzip" });
    builder.append({
      timestamp: 1_000,
      key: Buffer.from("k"),
      value: Buffer.from("a b"),
      headers: [{ key: "h", value: null }],
    });
    return builder.build();
  });
  return Buffer.concat(batches);
}

function file(context: TestContext, name: string, bytes: Buffer | string): string {
  const path = join(temporaryFolder(context), name);
  writeFileSync(path, bytes);
  return path;
}

test("a segment is a line a batch, and with --records a line a record", async (context) => {
  const path = file(context, SEGMENT, segment());
  const { stdout, stderr, code } = await ottla(["dump-log", path, "--records"]);
  assert.equal(stderr, "");
  const [batch, record] = stdout.split("\n");
  assert.match(
    batch!,
    /^batch {2}position=0 {2}baseOffset=5 {2}lastOffset=5 {2}recordCount=1 .* checksumMatches=true {2}compression=gzip /,
  );
  assert.match(batch!, / maxTimestamp=1000 \(1970-01-01T00:00:01\.000Z\) /);
  assert.equal(
    record,
    '  record  offset=5  timestamp=1000 (1970-01-01T00:00:01.000Z)  key=k  value="a b"  headers=[{"key":"h","value":null}]',
  );
  assert.equal(code, 0);
  assert.equal((await ottla(["dump-log", path])).stdout, `${batch}\n`);
});

test("--json is an object a line", async (context) => {
  const { stdout } = await ottla(["dump-log", file(context, SEGMENT, segment(2)), "--json", "--records"]);
  const entries = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    entries.map(({ kind, baseOffset }) => [kind, baseOffset]),
    [
      ["batch", 5],
      ["batch", 6],
    ],
  );
  assert.deepEqual(entries[1]!["records"], [
    { offset: 6, timestamp: 1000, key: "k", value: "a b", headers: [{ key: "h", value: null }] },
  ]);
});

test("an index shows its entries", async (context) => {
  // Relative offset 7 at position 4096.
  const path = file(context, "00000000000000000005.index", Buffer.from("0000000700001000", "hex"));
  assert.equal((await ottla(["dump-log", path])).stdout, "offset  offset=12  position=4096\n");
});

test("a checkpoint shows its entries", async (context) => {
  const path = file(context, "recovery-point-offset-checkpoint", "0\n2\na 0 17\nb-c 3 5\n");
  assert.equal(
    (await ottla(["dump-log", path])).stdout,
    "partitionOffset  topic=a  partition=0  offset=17\npartitionOffset  topic=b-c  partition=3  offset=5\n",
  );
});

test("an empty file says so", async (context) => {
  assert.equal((await ottla(["dump-log", file(context, SEGMENT, "")])).stdout, "no entries\n");
});

test("the records of the metadata log are shown by their names, while the broker runs", async (context) => {
  const folder = temporaryFolder(context);
  await startOttla(context, ["--data-dir", folder]);
  const path = join(folder, "__cluster_metadata-0", "00000000000000000000.log");
  const { stdout } = await ottla(["dump-log", path, "--records"]);
  assert.match(stdout, /^ {2}record {2}offset=0 .* control=leaderChange /m);
  assert.match(
    stdout,
    /^ {2}record .* type=FeatureLevelRecord {2}version=0 {2}value=\{"name":"metadata\.version","featureLevel":\d+\}$/m,
  );
  assert.match(stdout, /^ {2}record .* type=RegisterBrokerRecord .*"name":"PLAINTEXT","host":"127\.0\.0\.1"/m);
});

test("the records of the coordinators' topics are shown by their names, as Kafka wrote them", async (context) => {
  const folder = temporaryFolder(context);
  await unpackCapturedFolder("clean", folder);
  const recordsOf = async (log: string): Promise<string[]> => {
    const path = join(folder, log, "00000000000000000000.log");
    return (await ottla(["dump-log", path, "--records"])).stdout
      .split("\n")
      .filter((line) => line.startsWith("  record"));
  };
  const [offset] = await recordsOf("__consumer_offsets-0");
  assert.match(
    offset!,
    /^ {2}record {2}offset=0 .* type=OffsetCommit {2}key=\{"group":"readers","topic":"plain","partition":0\} {2}version=4 {2}value=\{"offset":4,"leaderEpoch":0,"metadata":"a note","commitTimestamp":\d+,"topicId":"[\w-]{22}"\}$/,
  );
  const states = await recordsOf("__transaction_state-0");
  assert.equal(states.length, 10);
  assert.match(
    states[1]!,
    / type=TransactionLog {2}key=\{"transactionalId":"finished"\} {2}version=1 {2}value=\{"producerId":\d+,.*"transactionStatus":1,"transactionPartitions":\[\{"topic":"transactions","partitionIds":\[0\]\}\],/,
  );
});

test("--decoder says whose records they are where the folder does not; what it cannot read is shown as it is", async (context) => {
  const key = Buffer.from("00010001670001740000000c", "hex");
  const builder = new RecordBatchBuilder();
  builder.append({ timestamp: 0, key, value: null });
  builder.append({ timestamp: 0, key, value: Buffer.from("00630001", "hex") });
  builder.append({ timestamp: 0, key: Buffer.from("0063", "hex"), value: null });
  builder.append({ timestamp: 0, key: key.subarray(0, 5), value: Buffer.from("v") });
  const path = file(context, SEGMENT, builder.build());
  const dumped = await ottla(["dump-log", path, "--json", "--decoder", "offsets"]);
  assert.deepEqual((JSON.parse(dumped.stdout) as { records: unknown }).records, [
    { offset: 0, timestamp: 0, type: "OffsetCommit", key: { group: "g", topic: "t", partition: 12 }, tombstone: true },
    {
      offset: 1,
      timestamp: 0,
      type: "OffsetCommit",
      key: { group: "g", topic: "t", partition: 12 },
      version: 99,
      value: { hex: "00630001" },
    },
    { offset: 2, timestamp: 0, type: "unknown type 99", key: { hex: "0063" }, value: null },
    { offset: 3, timestamp: 0, problem: "needs 2 bytes at 5, has 0", key: { hex: "0001000167" }, value: "v" },
  ]);
  assert.match((await ottla(["dump-log", path, "--decoder", "offset"])).stderr, /Allowed choices are offsets/);
});

test("a flipped bit and a torn tail are shown and give exit code 1", async (context) => {
  const bytes = segment(2);
  bytes[bytes.length / 2 - 1]! ^= 1;
  const path = file(context, SEGMENT, bytes.subarray(0, -3));
  const { stdout, stderr, code } = await ottla(["dump-log", path]);
  assert.match(stdout, /^batch .*checksumMatches=false/m);
  assert.match(stdout, /^problem {2}position=\d+ {2}problem="the batch is not complete; \d+ bytes are left"$/m);
  assert.equal(stderr, `ottla: ${path} has 2 problems\n`);
  assert.equal(code, 1);
});

test("a reader that has seen enough ends the dump", async (context) => {
  const path = file(context, SEGMENT, segment(5_000));
  const child = spawn(process.execPath, [program, "dump-log", path], { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = once(child, "close");
  await once(child.stdout, "data");
  child.stdout.destroy();
  assert.deepEqual(await ended, [0, null]);
  assert.equal(stderr, "");
});

const refusals: { name: string; path: string; stderr: RegExp }[] = [
  { name: "a file that is not there", path: `none/${SEGMENT}`, stderr: /cannot read none\/\S+: there is no such file/ },
  {
    name: "a name that says nothing",
    path: "notes.txt",
    stderr: /notes\.txt is not the name of a file in a data folder/,
  },
];

for (const { name, path, stderr } of refusals) {
  test(`${name} is one clear line and exit code 1`, async () => {
    const result = await ottla(["dump-log", path]);
    assert.match(result.stderr, stderr);
    assert.match(result.stderr, /^ottla: [^\n]+\n$/);
    assert.equal(result.stdout, "");
    assert.equal(result.code, 1);
  });
}
