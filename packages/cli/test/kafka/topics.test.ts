// kafka-topics against a broker; what is expected is what Kafka's own command prints.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startBroker } from "@ottla/testkit";
import { parseReplicaAssignment } from "../../src/kafka/commands/topics/replica-assignment.ts";
import { topicLines } from "../../src/kafka/commands/topics/describe.ts";
import { readTopicOptions } from "../../src/kafka/commands/topics/options.ts";
import { runCommand } from "./run-command.ts";
import type { CommandResult } from "./run-command.ts";

let broker: Awaited<ReturnType<typeof startBroker>>;

before(async () => {
  broker = await startBroker();
});

after(() => broker.close());

function run(line: string): Promise<CommandResult> {
  return runCommand("kafka-topics", `--bootstrap-server ${broker.bootstrap} ${line}`);
}

test("the line of every tutorial works as it stands, whatever the order of its options", async () => {
  const created = await run("--replication-factor 1 --partitions 1 --topic my-topic --create");
  assert.deepEqual(created, { code: 0, stdout: "Created topic my-topic.\n", stderr: "" });
});

test("a topic that exists is a failure, and none with --if-not-exists", async () => {
  await run("--create --topic twice");
  assert.deepEqual(await run("--create --topic twice"), {
    code: 1,
    stdout: "Error while executing topic command : Topic 'twice' already exists.\n",
    stderr: "org.apache.kafka.common.errors.TopicExistsException: Topic 'twice' already exists.\n",
  });
  assert.deepEqual(await run("--create --topic twice --if-not-exists"), { code: 0, stdout: "", stderr: "" });
});

test("a topic is described with its partitions and its own configs", async () => {
  await run("--create --topic orders --partitions 2 --config retention.ms=3600000");
  const { stdout, code } = await run("--describe --topic orders");
  assert.equal(code, 0);
  const [topic, ...partitions] = stdout.slice(0, -1).split("\n");
  assert.match(
    topic!,
    /^Topic: orders\tTopicId: [\w-]{22}\tPartitionCount: 2\tReplicationFactor: 1\tConfigs: (?:[^,]+,)*retention\.ms=3600000$/,
  );
  assert.deepEqual(partitions, [
    "\tTopic: orders\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr: ",
    "\tTopic: orders\tPartition: 1\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr: ",
  ]);
});

test("a topic gets more partitions, is listed and deleted by a pattern", async () => {
  await run("--create --topic grow-1");
  await run("--create --topic grow-2");
  assert.equal((await run("--alter --topic grow-1 --partitions 3")).code, 0);
  assert.match((await run("--describe --topic grow-1")).stdout, /PartitionCount: 3/);
  assert.equal((await run("--list --topic grow-.*")).stdout, "grow-1\ngrow-2\n");
  assert.deepEqual(await run("--delete --topic grow-.*"), { code: 0, stdout: "", stderr: "" });
  assert.equal((await run("--list --topic grow-.*")).stdout, "\n");
});

const failures: { name: string; line: string; stdout: string }[] = [
  {
    name: "a topic that does not exist",
    line: "--describe --topic none",
    stdout: "Topic 'none' does not exist as expected",
  },
  {
    name: "a config that does not exist",
    line: "--create --topic t --config a=b",
    stdout: "Unknown topic config name: a",
  },
  {
    name: "a config without a value",
    line: "--create --topic t --config retention.ms",
    stdout: `requirement failed: Invalid topic config: all configs to be added must be in the format "key=val".`,
  },
  { name: "no partitions", line: "--create --topic t --partitions 0", stdout: "The partitions must be greater than 0" },
  {
    name: "no replicas",
    line: "--create --topic t --replication-factor 0",
    stdout: "The replication factor must be between 1 and 32767 inclusive",
  },
  { name: "a pattern that is none", line: "--list --topic [", stdout: "[ is an invalid regex." },
];

describe("failures are told on stdout, with 1", () => {
  for (const { name, line, stdout } of failures) {
    test(name, async () => {
      const result = await run(line);
      assert.deepEqual([result.code, result.stdout], [1, `Error while executing topic command : ${stdout}\n`]);
    });
  }
});

const mistakes: { name: string; line: string; stderr: string; withUsage?: boolean }[] = [
  { name: "no word", line: "", stderr: "Create, delete, describe, or change a topic." },
  { name: "--help", line: "--help", stderr: "This tool helps to create, delete, describe, or change a topic." },
  {
    name: "no action",
    line: "--bootstrap-server h:1",
    stderr: "Command must include exactly one action: --list, --describe, --create, --alter or --delete",
  },
  {
    name: "two actions",
    line: "--bootstrap-server h:1 --list --create",
    stderr: "Command must include exactly one action: --list, --describe, --create, --alter or --delete",
  },
  { name: "no server", line: "--list", stderr: "--bootstrap-server must be specified", withUsage: false },
  {
    name: "an unknown option",
    line: "--list --zookeeper z",
    stderr: "zookeeper is not a recognized option",
    withUsage: false,
  },
  { name: "no topic", line: "--bootstrap-server h:1 --create", stderr: `Missing required argument "[topic]"` },
  {
    name: "no number of partitions",
    line: "--bootstrap-server h:1 --alter --topic t",
    stderr: `Missing required argument "[partitions]"`,
  },
  {
    name: "configs of a topic that exists",
    line: "--bootstrap-server h:1 --alter --topic t --config a=b",
    stderr: `Option combination "[[bootstrap-server], [config]]" can't be used with option "[alter]" (To alter topic configurations, the kafka-configs tool can be used.)`,
  },
  {
    name: "partitions to list",
    line: "--bootstrap-server h:1 --list --partitions 1",
    stderr: `Option "[partitions]" can't be used with option "[list]"`,
  },
  {
    name: "replicas twice",
    line: "--bootstrap-server h:1 --create --topic t --replica-assignment 1 --partitions 1",
    stderr: `Option "[replica-assignment]" can't be used with option "[partitions]"`,
  },
  {
    name: "two reports that contradict each other",
    line: "--bootstrap-server h:1 --describe --unavailable-partitions --topics-with-overrides",
    stderr: `Option "[unavailable-partitions]" can't be used with option "[topics-with-overrides]"`,
  },
];

describe("mistakes are told on stderr, with 1", () => {
  for (const { name, line, stderr, withUsage = true } of mistakes) {
    test(name, async () => {
      const result = await runCommand("kafka-topics", line);
      assert.equal(result.code, 1);
      assert.equal(result.stdout, "");
      const [first, second] = result.stderr.split("\n");
      assert.equal(first, stderr);
      assert.equal(second!.startsWith("Option  "), withUsage);
    });
  }
});

test("--version tells Kafka's, with 0", async () => {
  assert.deepEqual(await runCommand("kafka-topics", "--version"), { code: 0, stdout: "4.3.1\n", stderr: "" });
});

test("replica assignments are read, and refused where Kafka refuses them", () => {
  assert.deepEqual(parseReplicaAssignment("1:2, 2 : 3"), [
    [1, 2],
    [2, 3],
  ]);
  assert.throws(() => parseReplicaAssignment("1:1"), /Partition replica lists may not contain duplicate entries: 1/);
  assert.throws(() => parseReplicaAssignment("1:2,3"), /Partition 1 has different replication factor: \[3\]/);
});

const partition = {
  leaderEpoch: 0,
  offlineReplicas: [],
  eligibleLeaderReplicas: null,
  lastKnownEligibleLeaderReplicas: null,
};
const topic = {
  name: "t",
  topicId: "AAAAAAAAAAAAAAAAAAAAAA",
  isInternal: false,
  authorizedOperations: null,
  partitions: [
    { ...partition, partition: 0, leaderId: 1, replicas: [1, 2], isr: [1, 2] },
    { ...partition, partition: 1, leaderId: null, replicas: [2, 1], isr: [2] },
  ],
};
const moving = new Map([
  [0, { topic: "t", partition: 0, replicas: [1, 2, 3], addingReplicas: [3], removingReplicas: [1] }],
]);

const described: { name: string; line: string; lines: string[] }[] = [
  {
    name: "without an id and with a reassignment",
    line: "--describe",
    lines: [
      "Topic: t\tPartitionCount: 2\tReplicationFactor: 2\tConfigs: ",
      "\tTopic: t\tPartition: 0\tLeader: 1\tReplicas: 1,2\tIsr: 1,2\tAdding Replicas: 3\tRemoving Replicas: 1\tElr: N/A\tLastKnownElr: N/A",
      "\tTopic: t\tPartition: 1\tLeader: none\tReplicas: 2,1\tIsr: 2\tElr: N/A\tLastKnownElr: N/A",
    ],
  },
  {
    name: "only what is under-replicated",
    line: "--describe --under-replicated-partitions",
    lines: ["\tTopic: t\tPartition: 1\tLeader: none\tReplicas: 2,1\tIsr: 2\tElr: N/A\tLastKnownElr: N/A"],
  },
  { name: "only topics with configs of their own", line: "--describe --topics-with-overrides", lines: [] },
];

describe("a topic's lines", () => {
  for (const { name, line, lines } of described) {
    test(name, () => {
      const io = { out: () => {}, error: () => {} } as unknown as Parameters<typeof readTopicOptions>[1];
      const options = readTopicOptions(`--bootstrap-server h:1 ${line}`.split(" "), io);
      const all = topicLines({ topic, configs: new Map(), reassignments: moving }, options, new Set([1]));
      assert.deepEqual(all, lines);
    });
  }
});
