// `ottla topic …` against a broker: what is made, shown, changed and lost, and what is refused.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { Kafka } from "@ottla/client";
import { useBroker } from "@ottla/testkit";
import { ottlaCommand } from "./run-people.ts";
import type { PeopleOptions, PeopleResult } from "./run-people.ts";

const { describe, test } = runner;
const broker = useBroker(runner);

function topic(line: string, options: PeopleOptions = {}): Promise<PeopleResult> {
  return ottlaCommand(["topic", ...line.split(" "), "-b", broker().bootstrap], options);
}

async function json(line: string): Promise<Record<string, unknown>[]> {
  return JSON.parse((await topic(`${line} -o json`)).stdout) as Record<string, unknown>[];
}

function names(): string[] {
  return broker()
    .inspect.topics()
    .map(({ name }) => name)
    .sort();
}

async function write(name: string, count: number, partition = 0): Promise<void> {
  await using kafka = new Kafka({ bootstrapServers: broker().bootstrap });
  const producer = kafka.producer();
  await Promise.all(Array.from({ length: count }, () => producer.send({ topic: name, partition, value: "x" })));
}

test("topics are created with partitions and configs, listed by pattern, and shown with their offsets", async () => {
  const created = await topic("create orders orders-eu -p 2 -r 1 -c retention.ms=5 -c segment.bytes=2000000");
  assert.equal(created.stdout, "orders created: 2 partitions, 1 replica\norders-eu created: 2 partitions, 1 replica\n");
  await topic("create payments");
  await write("orders", 3, 1);
  const [listed] = await json("list orders");
  assert.deepEqual(
    { ...listed, sizeBytes: 0 },
    {
      name: "orders",
      partitions: 2,
      replicas: 1,
      sizeBytes: 0,
      offlinePartitions: 0,
      underReplicatedPartitions: 0,
      isInternal: false,
    },
  );
  assert.deepEqual(
    (await json("list ord* pay?ents")).map(({ name }) => name),
    ["orders", "orders-eu", "payments"],
  );
  assert.deepEqual(await json("list --unhealthy"), []);
  const [described] = await json("describe orders");
  assert.deepEqual(described!["configs"], [
    { name: "retention.ms", value: "5" },
    { name: "segment.bytes", value: "2000000" },
  ]);
  assert.equal(described!["offsetCount"], 3);
  const [, second] = described!["partitions"] as Record<string, unknown>[];
  assert.deepEqual(
    { ...second, sizeBytes: 0, leaderEpoch: 0 },
    {
      partition: 1,
      leader: 1,
      leaderEpoch: 0,
      replicas: [1],
      isr: [1],
      offlineReplicas: [],
      startOffset: 0,
      endOffset: 3,
      sizeBytes: 0,
      state: "ok",
    },
  );
});

test("internal topics are listed when asked for, and no pattern stands for them", async () => {
  await ottlaCommand(`topic create orders -b ${broker().bootstrap}`);
  await ottlaCommand(`group reset-offsets g --create --topic orders --to-earliest --yes -b ${broker().bootstrap}`);
  assert.deepEqual(
    (await json("list")).map(({ name }) => name),
    ["orders"],
  );
  assert.deepEqual(
    (await json("list --internal")).map(({ name }) => name),
    ["__consumer_offsets", "orders"],
  );
  assert.equal((await topic("delete *offsets --yes")).stderr, "ottla: no topic matches *offsets\n");
  assert.equal((await json("describe __consumer_offsets"))[0]!["isInternal"], true);
});

test("what is there already is a failure, or is not with --if-not-exists; a dry run makes nothing", async () => {
  await topic("create orders");
  const again = await topic("create orders payments");
  assert.equal(again.stdout, "payments created: 1 partition, 1 replica\n");
  assert.match(again.stderr, /^ottla: orders: .*already exists.* \(TOPIC_ALREADY_EXISTS\)\n$/);
  assert.equal(again.code, 1);
  const fine = await topic("create orders --if-not-exists");
  assert.deepEqual([fine.code, fine.stdout, fine.stderr], [0, "orders exists already\n", ""]);
  assert.equal((await topic("create more --dry-run -p 7")).stdout, "more would be created: 7 partitions, 1 replica\n");
  assert.deepEqual(names(), ["orders", "payments"]);
  assert.match((await topic("create more --dry-run -r 9")).stderr, /\(INVALID_REPLICATION_FACTOR\)/);
});

test("partitions and configs are changed and shown before and after; an empty value is the default again", async () => {
  await topic("create orders -c retention.ms=5");
  const dry = await topic("alter orders -p 3 -c retention.ms= --dry-run -o json");
  assert.deepEqual(
    (JSON.parse(dry.stdout) as Record<string, unknown>[]).map((row) => [
      row["config"],
      row["before"],
      row["after"],
      row["isDryRun"],
    ]),
    [
      ["retention.ms", "5", null, true],
      ["partitions", "1", "3", true],
    ],
  );
  assert.equal((await json("describe orders"))[0]!["offsetCount"], 0);
  const done = await topic("alter orders -p 3 -c retention.ms=");
  assert.equal(
    done.stdout,
    [
      "TOPIC   CONFIG        BEFORE  AFTER",
      "orders  retention.ms  5       604800000 (default)",
      "orders  partitions    1       3",
      "",
    ].join("\n"),
  );
  const [now] = await json("describe orders");
  assert.deepEqual([now!["configs"], (now!["partitions"] as unknown[]).length], [[], 3]);
});

test("of several changes each fails for itself", async () => {
  await topic("create a b -p 2");
  await topic("alter b -p 5");
  const result = await topic("alter a b nowhere -p 4");
  assert.match(result.stdout, /^a +partitions +2 +4$/m);
  assert.doesNotMatch(result.stdout, /^b /m);
  assert.match(
    result.stderr,
    /^ottla: nowhere: .*\(UNKNOWN_TOPIC_OR_PARTITION\)\nottla: b: .*\(INVALID_PARTITIONS\)\n$/,
  );
  assert.equal(result.code, 1);
});

describe("deleting:", () => {
  test("shows what is lost, asks, and deletes after a yes", async () => {
    await topic("create orders orders-eu payments");
    await write("orders", 2);
    const { stdout, stderr, questions, code } = await topic("delete ord*", { answers: ["yes"] });
    assert.match(stderr, /^TOPIC +PARTITIONS +OFFSETS +SIZE\norders +1 +2 +\S+ B\norders-eu +1 +0 +0 B\n$/);
    assert.deepEqual(questions, [`Delete these 2 topics on ${broker().bootstrap}? The records are lost. [y/N] `]);
    assert.deepEqual([code, stdout], [0, "orders deleted\norders-eu deleted\n"]);
    assert.deepEqual(names(), ["payments"]);
  });

  const refusals: readonly (readonly [
    sentence: string,
    line: string,
    options: PeopleOptions,
    code: number,
    message: RegExp,
  ])[] = [
    ["anything but yes deletes nothing", "delete orders", { answers: ["no"] }, 1, /^ottla: nothing was changed$/m],
    ["nor does the end of the input", "delete orders", { answers: [] }, 2, /--yes does it without a question/],
    ["nor does a dry run", "delete orders --dry-run", {}, 0, /^$/],
    [
      "a name that is wrong keeps all",
      "delete orders nowhere --yes",
      {},
      1,
      /^ottla: nothing was deleted: nowhere: .*\(UNKNOWN_TOPIC_OR_PARTITION\)\n$/,
    ],
  ];
  for (const [sentence, line, options, code, message] of refusals) {
    test(sentence, async () => {
      await topic("create orders");
      const result = await topic(line, options);
      assert.match(result.stderr, message);
      assert.equal(result.code, code);
      assert.deepEqual(names(), ["orders"]);
    });
  }

  test("a name that is not there is no failure with --if-exists", async () => {
    await topic("create orders");
    const result = await topic("delete orders nowhere --yes --if-exists");
    assert.deepEqual([result.code, result.stdout, result.stderr], [0, "orders deleted\n", ""]);
    assert.deepEqual((await topic("delete nowhere --yes --if-exists -o json")).stdout, "[]\n");
  });
});

test("a broker that tells no sizes and one that is refused offsets leave gaps, which are named", async () => {
  await topic("create orders");
  broker().faults.add({ api: "DescribeLogDirs", action: { error: "CLUSTER_AUTHORIZATION_FAILED" } });
  broker().faults.add({ api: "ListOffsets", action: { error: "TOPIC_AUTHORIZATION_FAILED" } });
  const { stdout, stderr, code } = await topic("describe orders -o json");
  const [described] = JSON.parse(stdout) as Record<string, unknown>[];
  assert.deepEqual([described!["sizeBytes"], described!["offsetCount"], code], [null, null, 0]);
  assert.match(stderr, /^ottla: sizes.* not told: .*\(CLUSTER_AUTHORIZATION_FAILED\)\n$/);
  assert.match((await topic("list")).stdout, /^orders +1 +1 +- +ok$/m);
});

const mistakes: readonly (readonly [line: string, message: RegExp])[] = [
  ["create", /missing required argument 'topic'/],
  ["create orders -p 0", /0 is not a whole number from 1 to 1000000/],
  ["create orders -c retention.ms", /retention\.ms is not name=value/],
  ["alter orders", /nothing to change: --partitions, --config or both are needed/],
  ["list -o xml", /Allowed choices are table, json, yaml/],
  ["describe", /missing required argument 'topic'/],
  ["lsit", /unknown command 'lsit' \(Did you mean list\?\)/],
];
for (const [line, message] of mistakes) {
  test(`\`ottla topic ${line}\` is one line and exit code 2`, async () => {
    const result = await topic(line);
    assert.match(result.stderr, message);
    assert.match(result.stderr, /^ottla: [^\n]+\n$/);
    assert.deepEqual([result.code, result.stdout], [2, ""]);
  });
}
