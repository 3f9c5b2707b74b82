// `ottla consume` against a broker: which records are shown, how, and when it ends.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { Kafka } from "@ottla/client";
import { useBroker } from "@ottla/testkit";
import { numbered, topicWith } from "./records.ts";
import { ottlaCommand } from "./run-people.ts";
import type { PeopleOptions, PeopleResult } from "./run-people.ts";

const { describe, test } = runner;
const broker = useBroker(runner);

async function consume(words: string | readonly string[], options: PeopleOptions = {}): Promise<PeopleResult> {
  const list = typeof words === "string" ? words.split(" ") : words;
  return await ottlaCommand(["consume", ...list, "-b", broker().bootstrap], options);
}

describe("which records are shown:", () => {
  const rows: readonly (readonly [words: string, values: string])[] = [
    ["-e", "0 1 2 3 4 5 6 7 8 9"],
    ["--max 3", "0 1 2"],
    ["--from beginning -e --max 2", "0 1"],
    ["--from end -e", ""],
    ["--from 7 -e", "7 8 9"],
    ["--from 99 -e", ""],
    ["--from -2 -e", "8 9"],
    ["--from -99 -e --max 1", "0"],
    ["--since 1005000 -e", "5 6 7 8 9"],
    ["--since 1005001 -e", "6 7 8 9"],
    ["--since now -e", ""],
    ["--until 1002000", "0 1"],
    ["--since 1002000 --until 1004000", "2 3"],
    ["--since 1004000 --until 1002000", ""],
    ["--until 1999-01-01", "0 1 2 3 4 5 6 7 8 9"],
    ["-e --grep [37]", "3 7"],
    ["--grep [37] --max 1", "3"],
    ["-p 0 -e --from 9", "9"],
    ["--from 8 --exit --isolation read_uncommitted", "8 9"],
  ];
  for (const [words, values] of rows) {
    test(words, async () => {
      await topicWith(broker(), numbered(10));
      const result = await consume(`t ${words}`);
      assert.equal(result.stdout.trim().replaceAll("\n", " "), values);
      assert.equal(result.stderr, "");
      assert.equal(result.code, 0);
    });
  }

  test("those of several topics, of patterns, and of the partitions that are named", async () => {
    await topicWith(broker(), [{ value: "a0" }, { value: "a1", partition: 1 }, { value: "a2", partition: 2 }], {
      partitions: 3,
      name: "a.x",
    });
    await topicWith(broker(), [{ value: "b0" }, { value: "b2", partition: 2 }], { partitions: 3, name: "b.x" });
    await topicWith(broker(), [{ value: "other" }], { partitions: 3, name: "abx" });
    const values = async (words: string): Promise<string[]> =>
      (await consume(words)).stdout
        .split("\n")
        .filter((line) => line !== "")
        .sort();
    assert.deepEqual(await values("a.x b.x -e"), ["a0", "a1", "a2", "b0", "b2"]);
    assert.deepEqual(await values("*.x -e -p 1-2"), ["a1", "a2", "b2"]);
    assert.deepEqual(await values("?.x a.x -e -p 0 -p 1"), ["a0", "a1", "b0"]);
  });

  test("those that match by key, in the format that is shown", async () => {
    await topicWith(broker(), [
      { key: "needle", value: "1" },
      { key: null, value: "2" },
      { key: "x", value: Buffer.of(0xca, 0xfe) },
    ]);
    assert.equal((await consume("t -e --grep ^need")).stdout, "1\n");
    assert.equal((await consume("t -e --grep cafe --value hex -f %s")).stdout, "cafe");
  });

  test("none of an aborted transaction, unless they are asked for; and the markers end it", async () => {
    await topicWith(broker(), [{ value: "before" }]);
    await using kafka = new Kafka({ bootstrapServers: broker().bootstrap });
    const producer = kafka.producer({ transactionalId: "x" });
    const transaction = await producer.beginTransaction();
    await transaction.send({ topic: "t", partition: 0, value: "aborted" });
    await transaction.abort();
    await broker().until.transaction("x", "CompleteAbort");
    assert.equal((await consume("t -e")).stdout, "before\n");
    assert.equal((await consume("t -e --isolation read_uncommitted")).stdout, "before\naborted\n");
  });

  test("those that come, up to a time to come", async () => {
    await topicWith(broker(), numbered(2));
    const untilMs = Date.now() + 1_000;
    await using kafka = new Kafka({ bootstrapServers: broker().bootstrap });
    const producer = kafka.producer();
    const result = await consume(`t --until ${untilMs}`, {
      onOutput: (stdout) => {
        if (stdout !== "0\n1\n") return;
        void producer.send([
          { topic: "t", value: "live" },
          { topic: "t", value: "late", timestamp: untilMs },
        ]);
      },
    });
    assert.equal(result.stdout, "0\n1\nlive\n");
    assert.equal(result.code, 0);
  });

  test("nothing, when the time to come has come and nothing was there", async () => {
    await topicWith(broker(), []);
    assert.equal((await consume(`t --until ${Date.now() + 300}`)).stdout, "");
  });
});

describe("how they are shown:", () => {
  const record = {
    key: "k1",
    value: Buffer.of(0, 0, 1, 0),
    timestamp: 1_700_000_000_123,
    headers: [
      ["h", "1"],
      ["n", null],
    ] as const,
  };

  test("bare values, when nobody looks", async () => {
    await topicWith(broker(), [{ value: "a" }, { value: null }, { value: "b" }]);
    assert.equal((await consume("t -e")).stdout, "a\n\nb\n");
    assert.equal((await consume("t -e --null-text NULL")).stdout, "a\nNULL\nb\n");
  });

  test("by a format, as kcat writes it", async () => {
    await topicWith(broker(), [record]);
    const result = await consume(["t", "-e", "--value", "int", "-f", "%t[%p]@%o %T %k=%s %K %S %h%%\\n"]);
    assert.equal(result.stdout, "t[0]@0 1700000000123 k1=256 2 4 h=1,n=NULL%\n");
  });

  test("as JSON, a record a line or as one list", async () => {
    await topicWith(broker(), [record, { value: "b", timestamp: 5 }]);
    const first = {
      topic: "t",
      partition: 0,
      offset: 0,
      timestamp: 1_700_000_000_123,
      timestampType: "CreateTime",
      key: "k1",
      value: 256,
      valueEncoding: "int32",
      headers: [
        { key: "h", value: "1" },
        { key: "n", value: null },
      ],
    };
    const second = {
      topic: "t",
      partition: 0,
      offset: 1,
      timestamp: 5,
      timestampType: "CreateTime",
      key: null,
      value: 98,
      valueEncoding: "int8",
      headers: [],
    };
    const lines = (await consume("t -e -o jsonl --value int")).stdout.split("\n");
    assert.deepEqual(
      lines.slice(0, 2).map((line) => JSON.parse(line) as unknown),
      [first, second],
    );
    assert.deepEqual(JSON.parse((await consume("t -e -o json --value int")).stdout), [first, second]);
    assert.equal((await consume("t --from end -e -o json")).stdout, "[]\n");
  });

  test("as lines on a terminal, in which nothing controls it", async () => {
    await topicWith(broker(), [
      record,
      { key: "\u001b[2J", value: 'say "é"\n', timestamp: 0 },
      { value: null, timestamp: 0 },
    ]);
    const { stdout } = await consume("t -e", { columns: 80, env: { NO_COLOR: "1" } });
    assert.equal(
      stdout,
      [
        String.raw`2023-11-14T22:13:20.123Z t-0@0 k1: \x00\x00\x01\x00 h=1 n=null`,
        String.raw`1970-01-01T00:00:00.000Z t-0@1 \x1b[2J: say "é"\x0a`,
        "1970-01-01T00:00:00.000Z t-0@2 null\n",
      ].join("\n"),
    );
    const coloured = await consume("t -e", { columns: 80 });
    assert.ok(coloured.stdout.includes("\u001b[36mk1\u001b[39m: "), coloured.stdout);
  });

  test("as text where it is nothing of the format asked for; that is told and makes the exit code 1", async () => {
    await topicWith(broker(), [
      { key: "abc", value: "{}" },
      { key: "abcd", value: "{" },
    ]);
    const result = await consume(["t", "-e", "--key", "int", "--value", "json", "-f", "%k %s\\n"]);
    assert.equal(result.stdout, "abc {}\n1633837924 {\n");
    assert.equal(
      result.stderr,
      "ottla: 1 key is no integer of 1, 2, 4 or 8 bytes, and shown as text\nottla: 1 value is no JSON, and shown as text\n",
    );
    assert.equal(result.code, 1);
  });
});

describe("a group", () => {
  test("goes on where it stopped, and no further than what was shown", async () => {
    await topicWith(broker(), numbered(10));
    assert.equal((await consume("t -g g --max 3")).stdout, "0\n1\n2\n");
    assert.equal(broker().inspect.offsets("g")[0]?.offset, 3);
    assert.equal((await consume("t -g g --max 1 --grep [5-9]")).stdout, "5\n");
    assert.equal(broker().inspect.offsets("g")[0]?.offset, 6);
    assert.equal((await consume("t -g g -e")).stdout, "6\n7\n8\n9\n");
    assert.equal((await consume("t -g g -e")).stdout, "");
  });

  test("begins at the end when it is told to, and ends at the end of all its partitions", async () => {
    await topicWith(broker(), [...numbered(3), { value: "p1", partition: 1 }], { partitions: 2 });
    assert.equal((await consume("t -g late -e --from end")).stdout, "");
    assert.equal((await consume("t -g early -e --from beginning")).stdout.split("\n").sort().join(" "), " 0 1 2 p1");
  });

  test("reads the topics that match a pattern", async () => {
    await topicWith(broker(), [{ value: "a" }], { name: "x.a" });
    await topicWith(broker(), [{ value: "b" }], { name: "xxa" });
    assert.equal((await consume("x.* -g g -e")).stdout, "a\n");
  });
});

describe("mistakes are one line:", () => {
  const rows: readonly (readonly [words: string, code: number, stderr: RegExp])[] = [
    ["nowhere", 1, /^ottla: nowhere: .*\(UNKNOWN_TOPIC_OR_PARTITION\)\n$/],
    ["no*", 1, /^ottla: no topic matches no\*\n$/],
    ["t -p 0,5", 1, /^ottla: t has no partition 5: .*\(UNKNOWN_TOPIC_OR_PARTITION\)\n$/],
    ["nowhere -g g", 1, /\(UNKNOWN_TOPIC_OR_PARTITION\)\n$/],
    ["t -p x", 2, /x is no list of partitions, such as 0,2,5-7\.\n$/],
    ["t --from middle", 2, /middle is no place/],
    ["t --since soon", 2, /"soon" is no time/],
    ["t --grep (", 2, /Invalid regular expression/],
    ["t -o xml", 2, /Allowed choices are json, jsonl/],
    ["t -f %x", 2, /^ottla: the format has %x/],
    ["t --null-text none -o jsonl", 2, /^ottla: --null-text is for text: -o jsonl writes null as it does\n$/],
    ["t -f %s -o json", 2, /--format and --output cannot go together/],
    ["t --from 1 --since 1m", 2, /--from and --since cannot go together/],
    ["t -g g -p 1", 2, /--partition and --group cannot go together/],
    ["t -g g --since 1m", 2, /--since and --group cannot go together/],
    ["t -g g --from 5", 2, /--from is beginning or end/],
    ["-e", 2, /missing required argument 'topic'/],
  ];
  for (const [words, code, stderr] of rows) {
    test(words, async () => {
      await topicWith(broker(), [{ value: "a" }]);
      const result = await consume(words);
      assert.match(result.stderr, stderr);
      assert.equal(result.code, code);
      assert.equal(result.stdout, "");
    });
  }

  test("nobody answers", async () => {
    const result = await ottlaCommand("consume t -b 127.0.0.1:1");
    assert.match(result.stderr, /^ottla: no broker answers at 127\.0\.0\.1:1: .*ECONNREFUSED/);
    assert.equal(result.code, 1);
  });
});
