// `ottla group …` against a broker, with groups of both protocols and one that only has offsets.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { Kafka } from "@ottla/client";
import type { Consumer } from "@ottla/client";
import { useBroker } from "@ottla/testkit";
import type { ResetPlace, ResetTarget } from "../../src/people/group/reset-target.ts";
import { resetOffset } from "../../src/people/group/reset-target.ts";
import { ottlaCommand } from "./run-people.ts";
import type { PeopleOptions, PeopleResult } from "./run-people.ts";

const { describe, test } = runner;
const broker = useBroker(runner);

function group(line: string, options: PeopleOptions = {}): Promise<PeopleResult> {
  return ottlaCommand(["group", ...line.split(" "), "-b", broker().bootstrap], options);
}

async function json(line: string): Promise<Record<string, unknown>[]> {
  const { stdout, stderr } = await group(`${line} -o json`);
  assert.equal(stderr, "");
  return JSON.parse(stdout) as Record<string, unknown>[];
}

/** "orders" with five records in each of two partitions, and a group "billing" that has done some of them. */
async function withBilling(kafka: Kafka): Promise<void> {
  const admin = kafka.admin();
  await admin.createTopics([{ name: "orders", partitions: 2 }]);
  const producer = kafka.producer();
  await Promise.all(
    Array.from({ length: 10 }, (_, at) =>
      producer.send({ topic: "orders", partition: at % 2, value: "x", timestamp: 1_000 + at }),
    ),
  );
  await admin.alterConsumerGroupOffsets("billing", [
    { topic: "orders", partition: 0, offset: 2 },
    { topic: "orders", partition: 1, offset: 5 },
  ]);
}

function open(): Kafka {
  return new Kafka({ bootstrapServers: broker().bootstrap });
}

async function joined(kafka: Kafka, groupId: string, groupProtocol: "classic" | "consumer"): Promise<Consumer> {
  const consumer = kafka.consumer({ groupId, groupProtocol });
  await consumer.subscribe(["orders"]);
  void consumer.run({ eachRecord: () => {} }).catch(() => {});
  await broker().until.groupStable(groupId);
  return consumer;
}

async function committed(groupId: string): Promise<(number | null)[]> {
  await using kafka = open();
  const offsets = (await kafka.admin().listConsumerGroupOffsets([groupId])).get(groupId)!;
  return [...offsets].sort((one, other) => one.partition - other.partition).map(({ offset }) => offset);
}

test("groups are listed with state and lag, by pattern, state and type, and the greatest lag first", async () => {
  await using kafka = open();
  await withBilling(kafka);
  await kafka.admin().alterConsumerGroupOffsets("audit", [{ topic: "orders", partition: 0, offset: 0 }]);
  await joined(kafka, "live", "consumer");
  const rows = (listed: Record<string, unknown>[]): unknown[] =>
    listed.map(({ groupId, type, state, members }) => [groupId, type, state, members]);
  assert.deepEqual(rows(await json("list")), [
    ["audit", "Classic", "Empty", 0],
    ["billing", "Classic", "Empty", 0],
    ["live", "Consumer", "Stable", 1],
  ]);
  assert.deepEqual(
    (await json("list --by-lag a* b*")).map(({ groupId, lag }) => [groupId, lag]),
    [
      ["audit", 5],
      ["billing", 3],
    ],
  );
  assert.deepEqual(
    (await json("list --state stable")).map(({ groupId }) => groupId),
    ["live"],
  );
  assert.deepEqual(
    (await json("list --type Classic --state Empty")).map(({ groupId }) => groupId),
    ["audit", "billing"],
  );
  assert.match(
    (await group("list bill*")).stdout,
    /^GROUP +TYPE +STATE +MEMBERS +LAG\nbilling +Classic +Empty +0 +3\n$/,
  );
});

for (const protocol of ["classic", "consumer"] as const) {
  test(`a group of the ${protocol} protocol is shown with who has which partition`, async () => {
    await using kafka = open();
    await withBilling(kafka);
    await joined(kafka, "live", protocol);
    const [described] = await json("describe live");
    const members = described!["members"] as {
      memberId: string;
      clientId: string;
      host: string;
      partitions: unknown;
    }[];
    assert.equal(described!["state"], "Stable");
    assert.deepEqual(
      members.map(({ clientId, host, partitions }) => [clientId, host, partitions]),
      [
        [
          "ottla",
          "127.0.0.1",
          [
            { topic: "orders", partition: 0 },
            { topic: "orders", partition: 1 },
          ],
        ],
      ],
    );
    const offsets = described!["offsets"] as { partition: number; end: number; memberId: string }[];
    assert.deepEqual(
      offsets.map(({ partition, end, memberId }) => [partition, end, memberId]),
      [0, 1].map((partition) => [partition, 5, members[0]!.memberId]),
    );
    assert.match((await group("describe live")).stdout, /^orders +0 +\S+ +5 +\S+ +ottla +127\.0\.0\.1$/m);
  });
}

test("a group that is not there is told beside those that are", async () => {
  await using kafka = open();
  await withBilling(kafka);
  const { stdout, stderr, code } = await group("describe billing nobody");
  assert.match(stdout, /^Lag +3$/m);
  assert.match(stderr, /^ottla: nobody: .*\(GROUP_ID_NOT_FOUND\)\n$/);
  assert.equal(code, 1);
});

test("names that clients chose do not reach the terminal as orders", async () => {
  await using kafka = open();
  await withBilling(kafka);
  await kafka.admin().alterConsumerGroupOffsets("a\u001b[2Jb", [{ topic: "orders", partition: 0, offset: 0 }]);
  const { stdout } = await group("list a*", { columns: 80 });
  assert.match(stdout, /a\\x1b\[2Jb/);
  assert.equal((await json("list a*"))[0]!["groupId"], "a\u001b[2Jb");
});

describe("resetting:", () => {
  const resets: readonly (readonly [words: string, offsets: readonly number[]])[] = [
    ["--all-topics --to-earliest", [0, 0]],
    ["--all-topics --to-latest", [5, 5]],
    ["--topic orders:1 --to-offset 3", [2, 3]],
    ["--topic orders --to-offset 99", [5, 5]],
    ["--topic orders:0-1 --shift-by -1", [1, 4]],
    ["--topic orders:0 --topic orders:0 --shift-by 2", [4, 5]],
    ["--all-topics --since 1004", [2, 2]],
    ["--all-topics --since 10m", [5, 5]],
  ];
  for (const [words, offsets] of resets) {
    test(words, async () => {
      await using kafka = open();
      await withBilling(kafka);
      const result = await group(`reset-offsets billing ${words} --yes`);
      assert.deepEqual([result.code, result.stderr], [0, ""]);
      assert.deepEqual(await committed("billing"), offsets);
    });
  }

  test("before and after are shown and asked for; a no and a dry run set nothing", async () => {
    await using kafka = open();
    await withBilling(kafka);
    const line = "reset-offsets billing --all-topics --to-earliest";
    const no = await group(line, { answers: [""] });
    assert.match(no.stderr, /^orders +0 +2 +0 +-2 +5\norders +1 +5 +0 +-5 +5\nottla: nothing was changed$/m);
    assert.deepEqual(no.questions, [`Reset 2 partitions of billing on ${broker().bootstrap}? [y/N] `]);
    const dry = await json(`${line} --dry-run`);
    assert.deepEqual(dry[0], {
      topic: "orders",
      partition: 0,
      before: 2,
      after: 0,
      change: -2,
      lag: 5,
      note: null,
      isReset: false,
    });
    assert.deepEqual(await committed("billing"), [2, 5]);
    assert.equal((await group(line, { answers: ["y"] })).code, 0);
    assert.deepEqual(await committed("billing"), [0, 0]);
  });

  test("a group with members is refused, and one that is not there unless it is to be made", async () => {
    await using kafka = open();
    await withBilling(kafka);
    await joined(kafka, "live", "consumer");
    const live = await group("reset-offsets live --topic orders --to-earliest --yes");
    assert.match(live.stderr, /^ottla: live is Stable with 1 member: stop them first.*\(NON_EMPTY_GROUP\)\n$/);
    const none = await group("reset-offsets new --topic orders --to-latest --yes");
    assert.deepEqual(
      [none.code, none.stderr],
      [1, "ottla: there is no group new; --create makes one (GROUP_ID_NOT_FOUND)\n"],
    );
    assert.equal((await group("reset-offsets new --topic orders --to-latest --yes --create")).code, 0);
    assert.deepEqual(await committed("new"), [5, 5]);
  });

  test("a partition whose offset cannot be set is told, the others are set", async () => {
    await using kafka = open();
    await withBilling(kafka);
    broker().faults.add({ api: "OffsetCommit", partition: 1, action: { error: "TOPIC_AUTHORIZATION_FAILED" } });
    const result = await group("reset-offsets billing --all-topics --to-earliest --yes");
    assert.match(result.stdout, /^orders +0 +2 +0 /m);
    assert.doesNotMatch(result.stdout, /^orders +1 /m);
    assert.match(result.stderr, /^ottla: orders-1: .*\(TOPIC_AUTHORIZATION_FAILED\)\n$/);
    assert.equal(result.code, 1);
    assert.deepEqual(await committed("billing"), [0, 5]);
  });

  const place: ResetPlace = { topic: "t", partition: 0, before: 20, start: 10, end: 30, atTime: -1 };
  const targets: readonly (readonly [target: ResetTarget, before: number | null, expected: readonly unknown[]])[] = [
    [{ kind: "offset", offset: 5 }, 20, [10, -10, 20, "5 is before the start"]],
    [{ kind: "shift", by: 100 }, 20, [30, 10, 0, "120 is after the end"]],
    [{ kind: "time", timeMs: 0 }, 20, [30, 10, 0, "no record is that new"]],
    [{ kind: "earliest" }, null, [10, null, 20, null]],
  ];
  for (const [target, before, expected] of targets) {
    test(`${JSON.stringify(target)} from ${before} is within the log and says why`, () => {
      const { after, change, lag, note } = resetOffset({ ...place, before }, target);
      assert.deepEqual([after, change, lag, note], expected);
    });
  }
});

describe("deleting:", () => {
  test("groups by pattern, after a yes", async () => {
    await using kafka = open();
    await withBilling(kafka);
    await kafka.admin().alterConsumerGroupOffsets("bills", [{ topic: "orders", partition: 0, offset: 0 }]);
    const dry = await group("delete bill* --dry-run");
    assert.match(dry.stdout, /^would be deleted on \S+: 2 groups$/m);
    const { stdout, questions } = await group("delete bill*", { answers: ["y"] });
    assert.equal(stdout, "billing deleted\nbills deleted\n");
    assert.deepEqual(questions, [`Delete these 2 groups on ${broker().bootstrap}? What was committed is lost. [y/N] `]);
    assert.deepEqual(await json("list"), []);
  });

  test("none, when one has members or is not there", async () => {
    await using kafka = open();
    await withBilling(kafka);
    await joined(kafka, "live", "classic");
    const live = await group("delete billing live --yes");
    assert.deepEqual(
      [live.code, live.stderr],
      [1, "ottla: nothing was deleted: live is Stable with 1 member (NON_EMPTY_GROUP)\n"],
    );
    assert.match(
      (await group("delete billing nobody --yes")).stderr,
      /^ottla: nothing was deleted: nobody: .*\(GROUP_ID_NOT_FOUND\)\n$/,
    );
    assert.deepEqual((await json("list bill*")).length, 1);
  });
});

const mistakes: readonly (readonly [line: string, code: number, message: RegExp])[] = [
  ["reset-offsets billing --to-earliest", 2, /which partitions\?/],
  ["reset-offsets billing --topic orders --all-topics --to-earliest", 2, /which partitions\?/],
  ["reset-offsets billing --topic orders", 2, /where to\?/],
  ["reset-offsets billing --topic orders --to-earliest --to-offset 3", 2, /where to\?/],
  ["reset-offsets billing --topic orders:x --to-earliest", 2, /orders:x is not TOPIC:PARTITIONS/],
  ["reset-offsets billing --topic orders --since yesterday", 2, /--since: "yesterday" is no time/],
  ["reset-offsets billing --topic orders --to-offset -1", 2, /-1 is not a whole number of at least 0/],
  ["reset-offsets billing --topic orders:7 --to-earliest", 1, /orders has 2 partitions, and 7 is none of them/],
  ["reset-offsets billing --topic nowhere --to-earliest", 1, /nowhere: .*\(UNKNOWN_TOPIC_OR_PARTITION\)/],
  ["list --state Happy", 2, /Allowed choices are Stable, Empty/],
];
for (const [line, code, message] of mistakes) {
  test(`\`ottla group ${line}\` is one line and exit code ${code}`, async () => {
    await using kafka = open();
    await withBilling(kafka);
    const result = await group(line);
    assert.match(result.stderr, message);
    assert.match(result.stderr, /^ottla: [^\n]+\n$/);
    assert.deepEqual([result.code, result.stdout], [code, ""]);
    assert.deepEqual(await committed("billing"), [2, 5]);
  });
}
