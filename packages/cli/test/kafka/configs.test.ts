// kafka-configs, kafka-get-offsets, kafka-delete-records, kafka-groups and kafka-cluster against a broker, and their pure parts as tables.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBroker } from "@ottla/testkit";
import { parseAddedConfigs } from "../../src/kafka/commands/configs/changes.ts";
import { quotaLine, scramChanges } from "../../src/kafka/commands/configs/quota-configs.ts";
import { parseDeletions } from "../../src/kafka/commands/delete-records.ts";
import { filterByPatterns, filterByTopic } from "../../src/kafka/commands/get-offsets/filter.ts";
import { parseOffsetSpec } from "../../src/kafka/commands/get-offsets/offset-spec.ts";
import { runCommand } from "./run-command.ts";
import type { CommandResult } from "./run-command.ts";

let broker: Awaited<ReturnType<typeof startBroker>>;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "kafka-configs-"));
  broker = await startBroker();
  await run("kafka-topics", "--create --topic orders --partitions 2");
  const input = "a\nb\nc\n";
  await runCommand("kafka-console-producer", `--bootstrap-server ${broker.bootstrap} --topic payments`, { input });
});

after(async () => {
  await broker.close();
  await rm(folder, { recursive: true });
});

function run(command: string, line: string): Promise<CommandResult> {
  return runCommand(command, `--bootstrap-server ${broker.bootstrap} ${line}`);
}

test("configs of a topic are set, shown and taken away", async () => {
  const altered = await run(
    "kafka-configs",
    "--alter --entity-type topics --entity-name orders --add-config retention.ms=5000,cleanup.policy=[delete]",
  );
  assert.deepEqual(altered, { code: 0, stdout: "Completed updating config for topic orders.\n", stderr: "" });
  const { stdout } = await run("kafka-configs", "--describe --topic orders");
  assert.match(
    stdout,
    /^Dynamic configs for topic orders are:\n  cleanup\.policy=delete sensitive=false synonyms=\{DYNAMIC_TOPIC_CONFIG:cleanup\.policy=delete, .*\}\n  retention\.ms=5000 sensitive=false synonyms=\{DYNAMIC_TOPIC_CONFIG:retention\.ms=5000.*\}\n$/,
  );
  await run("kafka-configs", "--alter --topic orders --delete-config retention.ms,cleanup.policy");
  assert.equal(
    (await run("kafka-configs", "--describe --topic orders")).stdout,
    "Dynamic configs for topic orders are:\n",
  );
  assert.match(
    (await run("kafka-configs", "--describe --topic orders --all")).stdout,
    /^All configs for topic orders are:\n(?:  .+\n){20,}$/,
  );
});

test("what does not exist has no configs, which is no failure", async () => {
  assert.deepEqual(await run("kafka-configs", "--describe --topic nope"), {
    code: 0,
    stdout: "The topic 'nope' doesn't exist and doesn't have dynamic config.\n",
    stderr: "",
  });
});

test("what a broker refuses is a failure", async () => {
  const { code, stderr } = await run("kafka-configs", "--alter --topic nope --add-config retention.ms=1");
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^Error while executing config command with args '--bootstrap-server \S+ --alter --topic nope --add-config retention\.ms=1'\norg\.apache\.kafka\.common\.errors\.UnknownTopicOrPartitionException: .+\n$/,
  );
});

const refused: { line: string; stderr: string }[] = [
  {
    line: "--describe --entity-type topics",
    stderr: "Either --bootstrap-server or --bootstrap-controller must be specified.",
  },
  { line: "--bootstrap-server h:1 --describe", stderr: "At least one entity type must be specified" },
  {
    line: "--bootstrap-server h:1 --describe --entity-type things",
    stderr:
      "Invalid entity type things, the entity type must be one of topics, clients, users, brokers, ips, client-metrics, groups, broker-loggers with a --bootstrap-server or --bootstrap-controller argument",
  },
  {
    line: "--bootstrap-server h:1 --describe --topic t --broker 1",
    stderr: "Only 'users' and 'clients' entity types may be specified together",
  },
  {
    line: "--bootstrap-server h:1 --describe --entity-type topics --topic t",
    stderr: "Duplicate entity type(s) specified: topics",
  },
  {
    line: "--bootstrap-server h:1 --describe --entity-type users --client t",
    stderr: "--entity-{type,name,default} should not be used in conjunction with specific entity flags",
  },
  {
    line: "--bootstrap-server h:1 --describe --broker x",
    stderr: "The entity name for brokers must be a valid integer broker id, but it is: x",
  },
  {
    line: "--bootstrap-server h:1 --alter --topic t",
    stderr: "At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter",
  },
  {
    line: "--bootstrap-server h:1 --alter --entity-type topics --add-config a=b",
    stderr: "An entity name must be specified with --alter of topics",
  },
  {
    line: "--bootstrap-server h:1 --alter --entity-type users --add-config a=b",
    stderr: "An entity-name or default entity must be specified with --alter of users, clients, brokers or ips",
  },
  {
    line: "--bootstrap-server h:1 --describe --entity-type broker-loggers",
    stderr: "An entity name must be specified with --describe of broker-loggers",
  },
  { line: "--bootstrap-server h:1 --describe --zookeeper z", stderr: "zookeeper is not a recognized option" },
];

describe("mistakes of kafka-configs are one line on stderr, with 1", () => {
  for (const { line, stderr } of refused) {
    test(line, async () => {
      assert.deepEqual(await runCommand("kafka-configs", line), { code: 1, stdout: "", stderr: `${stderr}\n` });
    });
  }
});

test("values in square brackets may have commas", () => {
  assert.deepEqual(
    [...parseAddedConfigs("a=1, b = [x,y=z],c=")],
    [
      ["a", "1"],
      ["b", "x,y=z"],
      ["c", ""],
    ],
  );
  assert.throws(() => parseAddedConfigs("a"), /Invalid entity config: all configs to be added must be in the format/);
});

test("quotas are told by whom they are for", () => {
  assert.equal(
    quotaLine({
      entity: { user: "alice", "client-id": null },
      quotas: { consumer_byte_rate: 1048576, request_percentage: 0.5 },
    }),
    "Quota configs for user-principal 'alice', the default client-id are consumer_byte_rate=1048576.0, request_percentage=0.5",
  );
});

test("SCRAM credentials are read with and without iterations", () => {
  const set = new Map([
    ["SCRAM-SHA-256", "iterations=8192,password=a,b"],
    ["SCRAM-SHA-512", "password=c"],
  ]);
  assert.deepEqual(scramChanges("alice", { set, remove: [] }), [
    { user: "alice", mechanism: "SCRAM-SHA-256", password: "a,b", iterations: 8192 },
    { user: "alice", mechanism: "SCRAM-SHA-512", password: "c", iterations: 4096 },
  ]);
  assert.throws(
    () => scramChanges("alice", { set: new Map([["SCRAM-SHA-256", "iterations=1,password=a"]]), remove: [] }),
    /Iterations 1 is less than the minimum 4096 required for SCRAM-SHA-256/,
  );
});

test("offsets are listed by place and time", async () => {
  assert.equal((await run("kafka-get-offsets", "--topic payments")).stdout, "payments:0:3\n");
  assert.equal((await run("kafka-get-offsets", "--topic payments --time earliest")).stdout, "payments:0:0\n");
  assert.equal((await run("kafka-get-offsets", "--topic payments --time 1000")).stdout, "payments:0:0\n");
  assert.equal((await run("kafka-get-offsets", "--topic payments --time 99999999999999")).stdout, "");
  assert.equal(
    (await run("kafka-get-offsets", "--topic-partitions orders:1,pay.*")).stdout,
    "orders:1:0\npayments:0:3\n",
  );
  assert.deepEqual(await run("kafka-get-offsets", "--topic none"), {
    code: 1,
    stdout: "",
    stderr: "Error occurred: Could not match any topic-partitions with the specified filters\n",
  });
  assert.equal(
    (await run("kafka-get-offsets", "--time soon")).stderr.split("\n")[0]!.slice(0, 45),
    "Error occurred: Malformed time argument soon.",
  );
});

test("places are read by name and by number", () => {
  assert.equal(parseOffsetSpec("-3"), "maxTimestamp");
  assert.equal(parseOffsetSpec("earliest-local"), "earliestLocal");
  assert.equal(parseOffsetSpec("-7"), -7);
});

test("partitions are chosen by patterns", () => {
  const filter = filterByPatterns("a:1,b:2-4,c:3-,d:-2,:9");
  const allowed = (topic: string): number[] =>
    [0, 1, 2, 3, 4, 9].filter((partition) => filter.allows(topic, partition));
  assert.deepEqual(["a", "b", "c", "d", "e"].map(allowed), [[1, 9], [2, 3, 9], [3, 4, 9], [0, 1, 9], [9]]); // prettier-ignore
  assert.throws(() => filterByPatterns("a:b"), /Invalid rule specification: a:b/);
  assert.throws(
    () => filterByTopic("a", "1,x"),
    /--partitions expects a comma separated list of numeric partition ids, but received: 1,x/,
  );
});

test("records are deleted below the offsets of a file", async () => {
  const file = join(folder, "offsets.json");
  await writeFile(
    file,
    '{"partitions": [{"topic": "payments", "partition": 0, "offset": 2}, {"topic": "orders", "partition": 1, "offset": 9}]}',
  );
  const { code, stdout } = await run("kafka-delete-records", `--offset-json-file ${file}`);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^Executing records delete operation\nRecords delete operation completed:\npartition: payments-0\tlow_watermark: 2\npartition: orders-1\terror: org\.apache\.kafka\.common\.errors\.OffsetOutOfRangeException: .+\n$/,
  );
});

const deletions: { text: string; problem: RegExp }[] = [
  { text: "{", problem: /The input string is not a valid JSON/ },
  { text: "{}", problem: /Missing partitions field/ },
  { text: '{"version": 2, "partitions": []}', problem: /Not supported version field value 2/ },
  { text: '{"partitions": [{"topic": "t"}]}', problem: /No such field exists: `partition`/ },
  {
    text: '{"partitions": [{"topic": "t", "partition": 0, "offset": "1"}]}',
    problem: /Expected `Long` value, received "1"/,
  },
  {
    text: '{"partitions": [{"topic": "t", "partition": 0, "offset": 1}, {"topic": "t", "partition": 0, "offset": 2}]}',
    problem: /Offset json file contains duplicate topic partitions: t-0/,
  },
];

describe("files of kafka-delete-records that cannot be used", () => {
  for (const { text, problem } of deletions) test(text, () => assert.throws(() => parseDeletions(text), problem));
});

test("groups of every type are listed", async () => {
  await run("kafka-consumer-groups", "--reset-offsets --group g --topic orders --to-earliest --execute");
  assert.deepEqual(await run("kafka-groups", "--list --consumer"), {
    code: 0,
    stdout: `${["GROUP", "TYPE", "PROTOCOL"].map((head) => head.padEnd(20)).join(" ")}\n${["g", "Classic", ""].map((cell) => cell.padEnd(20)).join(" ")} \n`,
    stderr: "",
  });
  assert.equal((await run("kafka-groups", "--list --share")).stdout.split("\n").length, 2);
});

test("the cluster tells its id and its endpoints", async () => {
  const { stdout } = await runCommand("kafka-cluster", `cluster-id --bootstrap-server ${broker.bootstrap}`);
  assert.match(stdout, /^Cluster ID: [\w-]{22}\n$/);
  const endpoints = await runCommand("kafka-cluster", `list-endpoints -b ${broker.bootstrap}`);
  assert.match(
    endpoints.stdout,
    /^ID {9}HOST {6}PORT {7}RACK {7}STATE {6}ENDPOINT_TYPE  \n1 {10}127\.0\.0\.1 \d+ +null {7}unfenced {3}broker {9}\n$/,
  );
});
