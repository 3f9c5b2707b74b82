// `ottla record get|find|delete` against a broker.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { Kafka } from "@ottla/client";
import { useBroker } from "@ottla/testkit";
import { numbered, topicWith } from "./records.ts";
import { ottlaCommand } from "./run-people.ts";
import type { PeopleOptions, PeopleResult } from "./run-people.ts";

const { describe, test } = runner;
const broker = useBroker(runner);

async function record(words: string | readonly string[], options: PeopleOptions = {}): Promise<PeopleResult> {
  const list = typeof words === "string" ? words.split(" ") : words;
  return await ottlaCommand(["record", ...list, "-b", broker().bootstrap], options);
}

const whole = {
  key: "k1",
  value: '{"id":12345678901234567890}',
  timestamp: 1_700_000_000_123,
  headers: [
    ["h", "1"],
    ["n", null],
  ] as const,
};

describe("record get", () => {
  test("shows all there is of a record", async () => {
    await topicWith(broker(), [whole]);
    const result = await record("get t 0 0");
    assert.equal(
      result.stdout,
      [
        "topic         t",
        "partition     0",
        "offset        0",
        "timestamp     2023-11-14T22:13:20.123Z (CreateTime)",
        "leader epoch  0",
        "key size      2 bytes",
        "value size    27 bytes",
        "header h      1",
        "header n      null",
        "key           k1",
        'value         {"id":12345678901234567890}',
        "",
      ].join("\n"),
    );
    assert.equal(result.code, 0);
  });

  test("prints it as JSON with every digit, as YAML, and by a format", async () => {
    await topicWith(broker(), [whole]);
    assert.ok(
      (await record("get t 0 0 -o json --value json")).stdout.includes(
        '"value":{"id":12345678901234567890},"valueEncoding":"json"',
      ),
    );
    assert.match((await record("get t 0 0 -o yaml")).stdout, /^topic: t\npartition: 0\noffset: 0\n[^]*\nkey: k1\n/);
    assert.equal((await record("get t 0 0 -f %k=%s --key hex")).stdout, `6b31=${whole.value}`);
  });

  test("refuses a text for null where null has a spelling of its own", async () => {
    await topicWith(broker(), [whole]);
    for (const output of ["json", "yaml"]) {
      const { code, stderr } = await record(`get t 0 0 --null-text none -o ${output}`);
      assert.deepEqual([code, stderr], [2, `ottla: --null-text is for text: -o ${output} writes null as it does\n`]);
    }
    assert.equal((await record("get t 0 0 --null-text none -o table")).code, 0);
  });

  test("shows what is no text in hexadecimal, and tells of what is not of its format", async () => {
    await topicWith(broker(), [{ key: Buffer.of(0xff), value: "\u001b[2J" }]);
    const result = await record("get t 0 0 --value json");
    assert.match(result.stdout, /\nkey {11}0xff\nvalue {9}\\x1b\[2J\n$/);
    assert.equal(result.stderr, "ottla: the value is no json, and shown as text\n");
    assert.equal(result.code, 1);
  });

  test("shows records of aborted transactions, unless it is told otherwise, and says what a marker is", async () => {
    await topicWith(broker(), [{ value: "before" }]);
    await using kafka = new Kafka({ bootstrapServers: broker().bootstrap });
    const producer = kafka.producer({ transactionalId: "x" });
    for (const value of ["aborted", "committed"]) {
      const transaction = await producer.beginTransaction();
      await transaction.send({ topic: "t", partition: 0, value });
      await (value === "aborted" ? transaction.abort() : transaction.commit());
    }
    await broker().until.transaction("x", "CompleteCommit");
    assert.equal((await record("get t 0 1 -f %s")).stdout, "aborted");
    const marker = /^ottla: t-0 has no record at offset \d, which was compacted away or belongs to a transaction: /;
    const hidden = await record("get t 0 1 -f %s --isolation read_committed");
    assert.match(hidden.stderr, marker);
    assert.match(hidden.stderr, /the next one is 3\n$/);
    assert.match((await record("get t 0 4")).stderr, /none comes behind it\n$/);
  });

  const mistakes: readonly (readonly [words: string, code: number, stderr: string])[] = [
    ["get t 0 3", 1, "ottla: t-0 has no offset 3: it has 0 to 2 (OFFSET_OUT_OF_RANGE)\n"],
    ["get t 1 0", 1, "ottla: t-1 has no offset 0: it is empty (OFFSET_OUT_OF_RANGE)\n"],
    ["get t 2 0", 1, "ottla: t has no partition 2: its partitions are 0 to 1 (UNKNOWN_TOPIC_OR_PARTITION)\n"],
    ["get t x 0", 2, "ottla: the partition: x is not a whole number of at least 0\n"],
    ["get t 0 -- -1", 2, "ottla: the offset: -1 is not a whole number of at least 0\n"],
    ["get t 0 0 -f %s -o json", 2, "ottla: --format and --output cannot go together\n"],
    ["get t 0", 2, "ottla: missing required argument 'offset'\n"],
  ];
  for (const [words, code, stderr] of mistakes) {
    test(`${words}: ${stderr.trim()}`, async () => {
      await topicWith(broker(), numbered(3), { partitions: 2 });
      const list = words.split(" ");
      const at = list.indexOf("--");
      const full = at < 0 ? list : [...list.slice(0, at), "-b", broker().bootstrap, ...list.slice(at)];
      const result = at < 0 ? await record(list) : await ottlaCommand(["record", ...full]);
      assert.equal(result.stderr, stderr);
      assert.equal(result.code, code);
      assert.equal(result.stdout, "");
    });
  }
});

describe("record find", () => {
  const customers = [
    { key: "a", value: "1", timestamp: 10 },
    { key: "b", value: "2", timestamp: 20 },
    { key: "a", value: "3", timestamp: 30, partition: 1 },
    { key: null, value: "4", timestamp: 40 },
    { key: "a", value: null, timestamp: 25 },
    { key: "ab", value: "5", timestamp: 60 },
  ];
  const rows: readonly (readonly [words: string, stdout: string])[] = [
    ["a -p 0 --null-text gone", "1\ngone\n"],
    ["b", "2\n"],
    ["a --last", "3\n"],
    ["a --last -p 0 -f %o", "3"],
    ["a --since 26 -p 1 -f %p@%o", "1@0"],
    ["a --until 20 -f %s", "1"],
    ["a -p 0 --max 1", "1\n"],
    ["61 --key hex -p 1 -f %k:%s", "61:3"],
    ["YQ== --key base64 -p 1 -f %k", "YQ=="],
  ];
  for (const [words, stdout] of rows) {
    test(words, async () => {
      await topicWith(broker(), customers, { partitions: 2 });
      const result = await record(`find t ${words}`);
      assert.equal(result.stdout, stdout);
      assert.equal(result.stderr, "");
      assert.equal(result.code, 0);
    });
  }

  test("finds integers by their number, and shows records as JSON", async () => {
    await topicWith(broker(), [
      { key: Buffer.of(0, 0, 0, 7), value: "int" },
      { key: Buffer.of(0, 0, 0, 0, 0, 0, 0, 7), value: "long" },
    ]);
    assert.equal((await record("find t 7 --key int -f %k:%s")).stdout, "7:int");
    assert.equal((await record("find t 7 --key long -f %k:%s")).stdout, "7:long");
    const [found] = JSON.parse((await record("find t 7 --key int -o json")).stdout) as Record<string, unknown>[];
    assert.deepEqual([found!["key"], found!["keyEncoding"]], [7, "int32"]);
  });

  test("says that there is none, and how many were read", async () => {
    await topicWith(broker(), customers, { partitions: 2 });
    const result = await record("find t zz");
    assert.equal(result.stderr, "ottla: none of the 6 records of t that were read has this key\n");
    assert.equal(result.code, 1);
  });

  for (const [words, code, stderr] of [
    ["find t x --key int", 2, /^ottla: "x" is not a whole number\n$/],
    ["find t x --last --max 2", 2, /^ottla: --last and --max cannot go together\n$/],
    ["find nowhere x", 1, /\(UNKNOWN_TOPIC_OR_PARTITION\)\n$/],
  ] as const) {
    test(`refuses ${words}`, async () => {
      await topicWith(broker(), []);
      const result = await record(words);
      assert.match(result.stderr, stderr);
      assert.equal(result.code, code);
    });
  }
});

describe("record delete", () => {
  const left = async (): Promise<string> => {
    const { stdout } = await ottlaCommand(["consume", "t", "-e", "-b", broker().bootstrap]);
    return stdout
      .split("\n")
      .filter((value) => value !== "")
      .sort()
      .join(" ");
  };
  const ten = async (): Promise<void> =>
    topicWith(broker(), [...numbered(10), { value: "p1", partition: 1, timestamp: 5 }], { partitions: 2 });

  const rows: readonly (readonly [words: string, stdout: string, left: string])[] = [
    ["--before 4 -p 0 --yes", "t-0 begins at 4: 4 offsets deleted\n", "4 5 6 7 8 9 p1"],
    ["--before end --yes", "t-0 begins at 10: 10 offsets deleted\nt-1 begins at 1: 1 offset deleted\n", ""],
    [
      "--until 1003000 --yes",
      "t-0 begins at 3: 3 offsets deleted\nt-1 begins at 1: 1 offset deleted\n",
      "3 4 5 6 7 8 9",
    ],
    ["--until 4 --yes", "t has no such records\n", "0 1 2 3 4 5 6 7 8 9 p1"],
    ["--before 0 --yes", "t has no such records\n", "0 1 2 3 4 5 6 7 8 9 p1"],
  ];
  for (const [words, stdout, rest] of rows) {
    test(words, async () => {
      await ten();
      const result = await record(`delete t ${words}`);
      assert.equal(result.stdout, stdout);
      assert.equal(result.stderr, "");
      assert.equal(await left(), rest);
      assert.equal(result.code, 0);
    });
  }

  test("shows what would be lost and asks", async () => {
    await ten();
    const result = await record("delete t --before 4 -p 0", { answers: ["y"] });
    assert.match(
      result.questions[0]!,
      /^Delete 4 offsets of t on 127\.0\.0\.1:\d+\? The records are lost\. \[y\/N\] $/,
    );
    assert.equal(
      result.stderr,
      "PARTITION  BEGINNING  NEW BEGINNING  END  DELETED\n        0          0              4   10        4\n",
    );
    assert.equal(await left(), "4 5 6 7 8 9 p1");
  });

  test("does nothing when the answer is no, when there is nobody to ask, or to see what it would do", async () => {
    await ten();
    const refused = await record("delete t --before end", { answers: ["n"] });
    assert.match(refused.stderr, /ottla: nothing was changed\n$/);
    assert.equal(refused.code, 1);
    const alone = await record("delete t --before end");
    assert.match(alone.stderr, /ottla: nobody is here to be asked/);
    assert.equal(alone.code, 2);
    const dry = await record("delete t --before end --dry-run");
    assert.match(dry.stdout, /^would be deleted on 127\.0\.0\.1:\d+: 11 offsets\nPARTITION /);
    assert.equal(dry.code, 0);
    assert.equal(await left(), "0 1 2 3 4 5 6 7 8 9 p1");
  });

  test("prints one document", async () => {
    await ten();
    const { stdout } = await record("delete t --before 4 -p 0 --yes -o json");
    assert.deepEqual(JSON.parse(stdout), [
      { topic: "t", partition: 0, beginningOffset: 0, endOffset: 10, beforeOffset: 4, offsetCount: 4, isDeleted: true },
    ]);
  });

  test("tells which partitions failed", async () => {
    await ten();
    broker().faults.add({ api: "DeleteRecords", topic: "t", partition: 1, action: { error: "POLICY_VIOLATION" } });
    const result = await record("delete t --before end --yes");
    assert.equal(result.stdout, "t-0 begins at 10: 10 offsets deleted\n");
    assert.match(result.stderr, /^ottla: t-1: .*\(POLICY_VIOLATION\)\n$/);
    assert.equal(result.code, 1);
  });

  for (const [words, code, stderr] of [
    ["delete t", 2, /^ottla: say which records: /],
    ["delete t --before 1 --until 1m", 2, /^ottla: say which records: /],
    ["delete t --before x", 2, /x is no offset: write a whole number, or end/],
    ["delete t --before 5 --yes", 1, /^ottla: nothing was deleted: t-1 ends at 1, before 5 \(OFFSET_OUT_OF_RANGE\)\n$/],
    ["delete t --before 5 -p 7", 1, /t has no partition 7/],
    ["delete t* --before 1 --yes", 2, /^ottla: t\* is a pattern: here one topic is meant\n$/],
  ] as const) {
    test(`refuses ${words}`, async () => {
      await ten();
      const result = await record(words);
      assert.match(result.stderr, stderr);
      assert.equal(result.code, code);
      assert.equal(await left(), "0 1 2 3 4 5 6 7 8 9 p1");
    });
  }
});
