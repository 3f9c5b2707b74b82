// `ottla produce` against a broker: what the input becomes, what is refused, and what is told.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as runner from "node:test";
import { useBroker } from "@ottla/testkit";
import type { InspectedRecord } from "@ottla/testkit";
import { temporaryFolder } from "../run-ottla.ts";
import { topicWith } from "./records.ts";
import { ottlaCommand } from "./run-people.ts";
import type { PeopleOptions, PeopleResult } from "./run-people.ts";

const { describe, test } = runner;
const broker = useBroker(runner);

async function produce(words: string | readonly string[], options: PeopleOptions = {}): Promise<PeopleResult> {
  const list = typeof words === "string" ? words.split(" ") : words;
  return await ottlaCommand(["produce", ...list, "-b", broker().bootstrap], options);
}

/** What the topic has, as short as it can be said. */
async function written(topic: string): Promise<string[]> {
  return (await broker().inspect.records(topic)).map(shortText);
}

function shortText({ key, value, headers }: InspectedRecord): string {
  const text = (data: Buffer | null): string => (data === null ? "null" : JSON.stringify(data.toString("latin1")));
  const list = headers.map((header) => `${header.key}=${text(header.value)}`);
  return [...(key === null ? [] : [`${text(key)}:`]), text(value), ...list].join(" ");
}

describe("the input becomes records:", () => {
  const rows: readonly (readonly [
    sentence: string,
    words: readonly string[],
    input: string,
    records: readonly string[],
  ])[] = [
    ["lines", [], "one\ntwo\n", ['"one"', '"two"']],
    ["a last line without its end", [], "one\ntwo", ['"one"', '"two"']],
    ["empty lines", [], "\n\n", ['""', '""']],
    ["nothing", [], "", []],
    ["empty lines as null", ["-Z"], "a\n\n", ['"a"', "null"]],
    [
      "keys and values",
      ["-K", ":"],
      "k:v\nk2:v:w\nalone\n:v\nk:\n",
      ['"k": "v"', '"k2": "v:w"', '"alone"', '"": "v"', '"k": ""'],
    ],
    [
      "keys and values, the empty ones as null",
      ["-K", "\\t", "-Z"],
      "k\tv\n\tv\nk\t\n",
      ['"k": "v"', '"v"', '"k": null'],
    ],
    ["a fixed key where there is none", ["-K", ":", "-k", "fixed"], "k:v\nalone\n", ['"k": "v"', '"fixed": "alone"']],
    ["other delimiters", ["-D", "\\x1e", "-K", "=>"], "a=>1\x1eb=>2\n\x1e", ['"a": "1"', '"b": "2\\n"']],
    ["headers", ["-H", "a=1", "-H", "b=x=y", "-H", "none", "-H", "e="], "v\n", ['"v" a="1" b="x=y" none=null e=""']],
    ["hexadecimal and base64", ["-K", " ", "--key", "hex", "--value", "base64"], "00ff aGk=\n", ['"\\u0000ÿ": "hi"']],
    [
      "integers",
      ["-K", " ", "--key", "int", "--value", "long"],
      "1 -1\n",
      ['"\\u0000\\u0000\\u0000\\u0001": "ÿÿÿÿÿÿÿÿ"'],
    ],
    ["JSON that is checked and not changed", ["--value", "json"], '{"a": 1.10}\n', ['"{\\"a\\": 1.10}"']],
    ["a fixed key of a format", ["-k", "7", "--key", "int"], "v\n", ['"\\u0000\\u0000\\u0000\\u0007": "v"']],
    ["all of the input as one", ["--whole"], "one\ntwo\n", ['"one\\ntwo\\n"']],
    ["the first ones", ["--max", "2"], "1\n2\n3\n", ['"1"', '"2"']],
    [
      "records as JSON",
      ["--json"],
      '{"key":"k","value":"v","headers":{"h":"1"}}\n\n{"value":null}\n',
      ['"k": "v" h="1"', "null"],
    ],
    [
      "JSON, a fixed key and more headers",
      ["--json", "-k", "f", "-H", "x=2"],
      '{"value":"v","headers":{"h":"1"}}',
      ['"f": "v" h="1" x="2"'],
    ],
    ["a list as `consume -o json` writes it", ["--json"], '[\n{"value":"a"},\n{"value":"b"}\n]\n', ['"a"', '"b"']],
  ];
  for (const [sentence, words, input, records] of rows) {
    test(sentence, async () => {
      await topicWith(broker(), []);
      const result = await produce(["t", ...words], { input });
      assert.deepEqual(await written("t"), records);
      assert.match(result.stderr, new RegExp(`^${records.length} records? written to t: .* in .*\n$`));
      assert.equal(result.stdout, "");
      assert.equal(result.code, 0);
    });
  }

  for (const codec of ["none", "gzip", "snappy", "lz4", "zstd"]) {
    test(`compressed with ${codec}`, async () => {
      await topicWith(broker(), []);
      assert.equal((await produce(["t", "-z", codec], { input: "one\ntwo\n" })).code, 0);
      assert.deepEqual(await written("t"), ['"one"', '"two"']);
    });
  }

  for (const acks of ["all", "1", "0"]) {
    test(`with acks ${acks}`, async () => {
      await topicWith(broker(), []);
      assert.equal((await produce(["t", "--acks", acks], { input: "one\n" })).code, 0);
      await broker().until.records("t", 1);
    });
  }

  test("of files, each of which ends its last line", async (context) => {
    await topicWith(broker(), []);
    const folder = temporaryFolder(context);
    writeFileSync(join(folder, "a"), "1\n2");
    writeFileSync(join(folder, "b"), "3\n");
    const result = await produce(["t", "--file", join(folder, "a"), "--file", join(folder, "b")], { input: "no\n" });
    assert.deepEqual(await written("t"), ['"1"', '"2"', '"3"']);
    assert.equal(result.code, 0);
  });

  test("in the partition that is named", async () => {
    await topicWith(broker(), [], { partitions: 3 });
    await produce("t --partition 2", { input: "a\nb\n" });
    assert.deepEqual(
      (await broker().inspect.records("t")).map(({ partition }) => partition),
      [2, 2],
    );
  });

  test("in the partitions and with the times that JSON records name, unless told otherwise", async () => {
    await topicWith(broker(), [], { partitions: 3 });
    const input = '{"value":"a","partition":1,"timestamp":1700000000000}\n';
    await produce("t --json", { input });
    await produce("t --json --partition 0", { input });
    const records = await broker().inspect.records("t");
    assert.deepEqual(
      records.map(({ partition, timestamp }) => [partition, timestamp]).sort(([left], [right]) => left! - right!),
      [
        [0, 1_700_000_000_000],
        [1, 1_700_000_000_000],
      ],
    );
    await topicWith(broker(), [], { name: "narrow", partitions: 1 });
    assert.equal((await produce("narrow --json --any-partition", { input })).code, 0);
    assert.equal((await broker().inspect.records("narrow")).length, 1);
  });
});

describe("what fails is told, counted, and does not stop the rest:", () => {
  test("lines that are no JSON", async () => {
    await topicWith(broker(), []);
    const result = await produce("t --json", { input: '{"value":"a"}\nhello\n{"value":"b","x":1}\n{"value":"c"}\n' });
    assert.deepEqual(await written("t"), ['"a"', '"c"']);
    const [first, second, last] = result.stderr.split("\n");
    assert.match(first!, /^ottla: line 2 was not written: it is no JSON: /);
    assert.equal(second, 'ottla: line 3 was not written: a record has no field "x"');
    assert.equal(last, "ottla: 2 of 4 records were not written to t");
    assert.equal(result.code, 1);
  });

  test("records that are too large, unless larger ones are allowed", async () => {
    await topicWith(broker(), []);
    const input = `a\n${"x".repeat(2_000_000)}\nb\n`;
    const refused = await produce("t", { input });
    assert.match(
      refused.stderr,
      /^ottla: line 2 was not written: it has 2000000 bytes, more than 1048576: .* \(MESSAGE_TOO_LARGE\)\n/,
    );
    assert.deepEqual(await written("t"), ['"a"', '"b"']);
    // The topic's own limit is then what refuses it.
    const larger = await produce("t --max-record-bytes 3000000", { input });
    assert.match(larger.stderr, /^ottla: line 2 was not written: .*\(MESSAGE_TOO_LARGE\)\n/);
    assert.equal(larger.code, 1);
    assert.deepEqual(await written("t"), ['"a"', '"b"', '"a"', '"b"']);
  });

  test("records as JSON that are too large, by what they stand for", async () => {
    await topicWith(broker(), []);
    const line = (bytes: number): string => `${JSON.stringify({ key: "k", value: "\u0000".repeat(bytes - 1) })}\n`;
    const result = await produce("t --json --max-record-bytes 1000", { input: line(1000) + line(1001) });
    assert.match(result.stderr, /^ottla: line 2 was not written: it has 1001 bytes, more than 1000: /);
    assert.equal((await broker().inspect.records("t")).length, 1);
  });

  test("what a broker refuses, by line", async () => {
    await topicWith(broker(), [], { partitions: 2 });
    const input = '{"value":"a","partition":0}\n{"value":"b","partition":1}\n{"value":"c","partition":0}\n';
    broker().faults.add({
      api: "Produce",
      topic: "t",
      partition: 1,
      action: { error: "TOPIC_AUTHORIZATION_FAILED" },
    });
    const result = await produce("t --json", { input });
    assert.match(
      result.stderr,
      /^ottla: line 2 was not written: .* \(TOPIC_AUTHORIZATION_FAILED\)\nottla: 1 of 3 records was not written to t\n$/,
    );
    assert.deepEqual(await written("t"), ['"a"', '"c"']);
  });

  test("only the first ten one by one", async () => {
    await topicWith(broker(), []);
    const result = await produce("t --value int", { input: "x\n".repeat(1000) });
    assert.equal(result.stderr.split("\n").length, 13);
    assert.match(
      result.stderr,
      /\nottla: more failed; they are only counted\nottla: 1000 of 1000 records were not written to t\n$/,
    );
  });

  test("records that no broker takes in time", async () => {
    await topicWith(broker(), []);
    broker().faults.add({ api: "Produce", action: { hang: true } });
    const result = await produce("t --timeout 300ms", { input: "a\n" });
    assert.match(
      result.stderr,
      /^ottla: line 1 was not written: .* \(DELIVERY_TIMEOUT\)\nottla: 1 of 1 record was not/,
    );
    assert.equal(result.code, 1);
  });
});

describe("the count at the end", () => {
  test("is one document of JSON or YAML on stdout", async () => {
    await topicWith(broker(), []);
    const result = await produce("t -o json", { input: "a\nbc\n" });
    const { tookMs, ...rest } = JSON.parse(result.stdout) as Record<string, unknown>;
    assert.deepEqual(rest, { topic: "t", written: 2, failed: 0, bytes: 3 });
    assert.equal(typeof tookMs, "number");
    assert.equal(result.stderr, "");
    assert.match(
      (await produce("t -o yaml", { input: "a\n" })).stdout,
      /^topic: t\nwritten: 1\nfailed: 0\nbytes: 1\ntookMs: \d+\n$/,
    );
  });

  test("is not told with --quiet, but for failures", async () => {
    await topicWith(broker(), []);
    assert.deepEqual((await produce("t -q", { input: "a\n", columns: 80 })).stderr, "");
    assert.match((await produce("t -q --value int", { input: "a\n" })).stderr, /1 of 1 record/);
  });

  test("is shown while it grows, on a terminal only", async () => {
    await topicWith(broker(), []);
    const { stderr } = await produce("t", { input: "a\nb\n", columns: 80 });
    const lines = stderr.split("\r\u001b[2K");
    assert.match(lines[1]!, /^\d records written, .* records\/s$/);
    assert.match(lines[2]!, /^2 records written to t: /);
  });
});

describe("mistakes are one line:", () => {
  const rows: readonly (readonly [words: string, code: number, stderr: RegExp])[] = [
    ["nowhere", 1, /^ottla: nowhere: .*\(UNKNOWN_TOPIC_OR_PARTITION\)\n$/],
    ["t --partition 3", 1, /^ottla: t has no partition 3: its partitions are 0 to 0 \(UNKNOWN_TOPIC_OR_PARTITION\)\n$/],
    ["t*", 2, /^ottla: t\* is a pattern: here one topic is meant\n$/],
    ["t --file nosuchfile", 1, /^0 records written to t: .*\nottla: there is no file nosuchfile \(ENOENT\)\n$/],
    ["t --file .", 1, /\nottla: \. cannot be read: EISDIR.*\n$/],
    ["t -k x --key int", 2, /^ottla: "x" is not a whole number\n$/],
    ["t --json -K :", 2, /^ottla: --json and --key-delimiter cannot go together\n$/],
    ["t --whole -D x", 2, /^ottla: --whole and --delimiter cannot go together\n$/],
    ["t --json -p 1 --any-partition", 2, /^ottla: --partition and --any-partition cannot go together\n$/],
    ["t --any-partition", 2, /^ottla: --any-partition is for records of --json/],
    ["t --key hex", 2, /^ottla: --key is about keys/],
    ["t --partition x", 2, /^ottla: .*x is not a whole number from 0 to 2147483647\.\n$/],
    ["t -z brotli", 2, /Allowed choices are none, gzip, snappy, lz4, zstd/],
    ["t --timeout 10", 2, /is no duration/],
    ["t -H =v", 2, /is no header/],
    ["t u", 2, /too many arguments/],
  ];
  for (const [words, code, stderr] of rows) {
    test(words, async () => {
      await topicWith(broker(), []);
      const result = await produce(words, { input: "a\n" });
      assert.match(result.stderr, stderr);
      assert.equal(result.code, code);
      assert.equal(result.stdout, "");
      assert.deepEqual(await written("t"), []);
    });
  }

  test("an empty delimiter", async () => {
    const result = await produce(["t", "-D", ""]);
    assert.equal(result.stderr, "ottla: a delimiter is empty\n");
    assert.equal(result.code, 2);
  });
});
