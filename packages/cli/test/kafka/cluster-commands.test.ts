// Commands about the cluster: transactions, features, log folders, elections, reassignments, access rules. Pure parts as tables; against a
// broker what Ottla serves, and what it does not serve yet says so.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBroker } from "@ottla/testkit";
import { apiLines } from "../../src/kafka/commands/broker-api-versions.ts";
import { dependencyLines, featureLines, mappingLines } from "../../src/kafka/commands/features.ts";
import { parsePartitions } from "../../src/kafka/commands/leader-election.ts";
import { logDirsJson } from "../../src/kafka/commands/log-dirs.ts";
import { descriptionTable, producerTable, transactionTable } from "../../src/kafka/commands/transactions.ts";
import { hangingTable } from "../../src/kafka/commands/transactions/find-hanging.ts";
import { runCommand } from "./run-command.ts";
import type { CommandResult } from "./run-command.ts";

let broker: Awaited<ReturnType<typeof startBroker>>;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "kafka-cluster-commands-"));
  broker = await startBroker();
  await run("kafka-topics", "--create --topic orders");
});

after(async () => {
  await broker.close();
  await rm(folder, { recursive: true });
});

function run(command: string, line: string): Promise<CommandResult> {
  return runCommand(command, `--bootstrap-server ${broker.bootstrap} ${line}`);
}

test("transactions are listed, described and missed", async () => {
  assert.equal(
    (await run("kafka-transactions", "list")).stdout,
    "TransactionalId\tCoordinator\tProducerId\tTransactionState\t\n",
  );
  await run(
    "kafka-producer-perf-test",
    "--topic orders --num-records 3 --record-size 5 --throughput -1 --transactional-id perf",
  );
  assert.match(
    (await run("kafka-transactions", "list")).stdout,
    /^perf {11}\t1 {10}\t\d+ *\t(?:PrepareCommit|CompleteCommit) *\t$/m,
  );
  assert.match((await run("kafka-transactions", "describe --transactional-id perf")).stdout, /^1 {12}\tperf {11}\t/m);
  assert.match(
    (await run("kafka-transactions", "describe-producers --topic orders --partition 0")).stdout,
    /\tNone +\t$/m,
  );
  assert.deepEqual(await run("kafka-transactions", "describe --transactional-id nobody"), {
    code: 1,
    stdout: "",
    stderr:
      "Failed to describe transaction state of transactional-id `nobody`: DescribeTransactions request for transactionalId `nobody` failed because the ID could not be found. Enable debug logging for additional detail.\n",
  });
  assert.equal(
    (await run("kafka-transactions", "abort --topic orders --partition 0 --start-offset 99")).stderr,
    "Could not find any open transactions starting at offset 99 on partition orders-0\n",
  );
  assert.equal(
    (await run("kafka-transactions", "find-hanging --partition 0")).stderr,
    "The `find-hanging` command requires either --topic or --broker-id to limit the scope of the search\n",
  );
});

test("tables of transactions are padded and tabbed", () => {
  const listing = {
    transactionalId: "a-long-transactional-id",
    producerId: 7,
    state: "Ongoing" as const,
    coordinatorId: 1,
  };
  assert.deepEqual(transactionTable([listing]), [
    "TransactionalId        \tCoordinator\tProducerId\tTransactionState\t",
    "a-long-transactional-id\t1          \t7         \tOngoing         \t",
  ]);
  const described = {
    ...listing,
    producerEpoch: 2,
    timeoutMs: 60_000,
    startTimeMs: 1000,
    partitions: [{ topic: "t", partition: 0 }],
  };
  assert.match(descriptionTable(described, 4000)[1]!, /\t1000 +\t3000 +\tt-0 +\t$/);
  assert.match(descriptionTable({ ...described, startTimeMs: null }, 4000)[1]!, /\tNone +\tNone +\t/);
  const producer = {
    producerId: 7,
    producerEpoch: 2,
    lastSequence: 5,
    lastTimestamp: 60_000,
    coordinatorEpoch: null,
    transactionStartOffset: 12,
  };
  assert.match(
    producerTable({ topic: "t", partition: 0, activeProducers: [producer] })[1]!,
    /^7 +\t2 +\t-1 +\t5 +\t60000 +\t12 +\t$/,
  );
  assert.match(
    hangingTable([{ topic: "t", partition: 0, producer }], 300_000)[1]!,
    /^t +\t0 +\t7 +\t2 +\t-1 +\t12 +\t60000 +\t4 +\t$/,
  );
});

test("features of the cluster, and of releases", async () => {
  const { stdout, code } = await run("kafka-features", "describe");
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^Feature: metadata\.version {26}SupportedMinVersion: 3\.3-IV3 {10}SupportedMaxVersion: 4\.3-IV0 /m,
  );
  const range = { min: 0, max: 99 };
  assert.deepEqual(
    featureLines({ supported: new Map([["metadata.version", range]]), finalized: new Map(), finalizedEpoch: null }),
    [
      "Feature: metadata.version                          SupportedMinVersion: UNKNOWN 0        SupportedMaxVersion: UNKNOWN 99       FinalizedVersionLevel: UNKNOWN 0        Epoch: -",
    ],
  );
  assert.deepEqual(mappingLines("3.9"), [
    "metadata.version=21 (3.9)",
    "kraft.version=1",
    "transaction.version=0",
    "group.version=0",
    "eligible.leader.replicas.version=0",
    "share.version=0",
    "streams.version=0",
  ]);
  assert.deepEqual(mappingLines("4.3-IV0").slice(0, 3), [
    "metadata.version=30 (4.3-IV0)",
    "kraft.version=1",
    "transaction.version=2",
  ]);
  assert.throws(
    () => mappingLines("2.9"),
    /^CommandFailure: Unknown metadata\.version '2\.9'\. Supported metadata\.version are: 3\.3-IV3, .*, 4\.4-IV0$/,
  );
  assert.deepEqual(dependencyLines("metadata.version=25"), ["metadata.version=25 (4.0-IV3) has no dependencies."]);
  assert.deepEqual(dependencyLines("eligible.leader.replicas.version=1"), [
    "eligible.leader.replicas.version=1 requires:",
    "    metadata.version=23 (4.0-IV1)",
  ]);
  assert.throws(() => dependencyLines("foo=1"), /Unknown feature: foo/);
  assert.throws(() => dependencyLines("foo"), /Can't parse feature=level string foo: equals sign not found\./);
});

test("what Ottla does not serve yet is told by the broker's error", async () => {
  const unserved: { command: string; line: string }[] = [
    { command: "kafka-acls", line: "--list" },
    { command: "kafka-reassign-partitions", line: "--list" },
    { command: "kafka-leader-election", line: "--election-type preferred --all-topic-partitions" },
    { command: "kafka-features", line: "upgrade --feature group.version=1" },
    { command: "kafka-configs", line: "--describe --user alice" },
  ];
  for (const { command, line } of unserved) {
    const { code, stdout, stderr } = await run(command, line);
    assert.equal(code, 1, command);
    assert.match(stdout + stderr, /UnsupportedVersionException: The node does not support|Could not upgrade/, command);
    assert.match(stdout + stderr, /The node does not support [A-Z_]+/, command);
  }
});

test("log folders are told as JSON", async () => {
  const { stdout } = await run("kafka-log-dirs", "--describe --topic-list orders");
  const [querying, received, json] = stdout.split("\n");
  assert.equal(querying, "Querying brokers for log directories information");
  assert.equal(received, "Received log directory information from brokers 1");
  assert.deepEqual(Object.keys(JSON.parse(json!) as object), ["brokers", "version"]);
  assert.match(json!, /"partition":"orders-0","size":\d+,"offsetLag":0,"isFuture":false/);
  assert.deepEqual(await run("kafka-log-dirs", "--describe --broker-list 1,7"), {
    code: 1,
    stdout: "",
    stderr: "ERROR: The given brokers do not exist from --broker-list: 7. Current existent brokers: 1\n",
  });
  assert.equal(logDirsJson(new Map(), []), '{"brokers":[],"version":1}');
});

test("brokers tell which versions can be used", async () => {
  const { stdout } = await run("kafka-broker-api-versions", "");
  assert.match(
    stdout,
    /^127\.0\.0\.1:\d+ \(id: 1 rack: null isFenced: false\) -> \(\n\tProduce\(0\): 0 to 13 \[usable: 13\],\n/,
  );
  const lines = apiLines([
    { apiKey: 0, minVersion: 20, maxVersion: 21 },
    { apiKey: 1, minVersion: 0, maxVersion: 2 },
    { apiKey: 3, minVersion: 13, maxVersion: 13 },
    { apiKey: 999, minVersion: 0, maxVersion: 1 },
  ]);
  assert.deepEqual(lines.slice(0, 4), [
    "Produce(0): 20 to 21 [unusable: node too new]",
    "Fetch(1): 0 to 2 [unusable: node too old]",
    "ListOffsets(2): UNSUPPORTED",
    "Metadata(3): 13 [usable: 13]",
  ]);
  assert.equal(lines.at(-1), "UNKNOWN(999): 0 to 1");
});

const elections: { line: string; stderr: string }[] = [
  { line: "--topic t", stderr: "Missing required option(s): bootstrap-server, election-type" },
  {
    line: "--bootstrap-server h:1 --election-type preferred",
    stderr: "One and only one of the following options is required: topic, all-topic-partitions, path-to-json-file",
  },
  {
    line: "--bootstrap-server h:1 --election-type preferred --topic t",
    stderr: "Missing required option(s): partition",
  },
  {
    line: "--bootstrap-server h:1 --election-type preferred --all-topic-partitions --partition 1",
    stderr: "Option partition is only allowed if topic is used",
  },
  {
    line: "--bootstrap-server h:1 --election-type any --topic t --partition 1",
    stderr: "Cannot parse argument 'any' of option election-type",
  },
];

describe("mistakes of kafka-leader-election", () => {
  for (const { line, stderr } of elections) {
    test(line, async () => {
      assert.deepEqual(await runCommand("kafka-leader-election", line), { code: 1, stdout: "", stderr: `${stderr}\n` });
    });
  }

  test("files with partitions", () => {
    assert.deepEqual(parsePartitions('{"partitions": [{"topic": "t", "partition": 1}]}'), [
      { topic: "t", partition: 1 },
    ]);
    assert.throws(() => parsePartitions("{}"), /Replica election data is missing "partitions" field/);
    const twice = '{"partitions": [{"topic": "t", "partition": 1}, {"topic": "t", "partition": 1}]}';
    assert.throws(() => parsePartitions(twice), /Replica election data contains duplicate partitions: \[t-1\]/);
  });
});

const reassigning: { line: string; first: string }[] = [
  {
    line: "--bootstrap-server h:1",
    first: "Command must include exactly one action: --generate, --execute, --verify, --cancel, --list",
  },
  { line: "--list", first: "Please specify either --bootstrap-server or --bootstrap-controller" },
  { line: "--bootstrap-server h:1 --verify", first: `Missing required argument "[reassignment-json-file]"` },
  { line: "--bootstrap-server h:1 --list --timeout 5", first: `Option "[timeout]" can't be used with action "[list]"` },
];

describe("mistakes of kafka-reassign-partitions", () => {
  for (const { line, first } of reassigning) {
    test(line, async () => {
      const { code, stderr } = await runCommand("kafka-reassign-partitions", line);
      assert.deepEqual([code, stderr.split("\n")[0]], [1, first]);
    });
  }

  test("a file that is not there", async () => {
    const { code, stdout } = await run("kafka-reassign-partitions", `--verify --reassignment-json-file ${folder}/none`);
    assert.deepEqual([code, stdout], [1, `Error: Unable to read file ${folder}/none\n`]);
  });

  test("a file that cannot be executed", async () => {
    const file = join(folder, "empty.json");
    await writeFile(file, '{"partitions": []}');
    const { code, stdout } = await run("kafka-reassign-partitions", `--execute --reassignment-json-file ${file}`);
    assert.deepEqual([code, stdout], [1, "Error: Partition reassignment list cannot be empty\n"]);
  });
});
