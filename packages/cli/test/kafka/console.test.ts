// kafka-console-producer and kafka-console-consumer: their pure parts as tables, and both against a broker.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBroker } from "@ottla/testkit";
import { deserializerOf } from "../../src/kafka/commands/console-consumer/deserializers.ts";
import { defaultFormatter } from "../../src/kafka/commands/console-consumer/formatter.ts";
import { LineSplitter } from "../../src/kafka/commands/console-producer/input-lines.ts";
import { LineReader } from "../../src/kafka/commands/console-producer/line-reader.ts";
import { runCommand } from "./run-command.ts";
import type { CommandResult } from "./run-command.ts";

let broker: Awaited<ReturnType<typeof startBroker>>;

before(async () => {
  broker = await startBroker();
});

after(() => broker.close());

function produce(line: string, input: string): Promise<CommandResult> {
  return runCommand("kafka-console-producer", `--broker-list ${broker.bootstrap} ${line}`, { input });
}

function consume(line: string): Promise<CommandResult> {
  return runCommand("kafka-console-consumer", `--bootstrap-server ${broker.bootstrap} ${line}`);
}

test("what is typed is read again, from the beginning of one partition", async () => {
  assert.deepEqual(await produce("--topic lines", "one\ntwo\r\n\nlast"), { code: 0, stdout: "", stderr: "" });
  assert.deepEqual(await consume("--topic lines --from-beginning --partition 0 --max-messages 4"), {
    code: 0,
    stdout: "one\ntwo\n\nlast\n",
    stderr: "Processed a total of 4 messages\n",
  });
  assert.equal((await consume("--topic lines --partition 0 --offset 3 --max-messages 1")).stdout, "last\n");
});

test("a group goes on behind what was printed", async () => {
  await produce("--topic grouped --sync", "a\nb\nc\n");
  assert.equal((await consume("--topic grouped --group readers --from-beginning --max-messages 2")).stdout, "a\nb\n");
  assert.equal((await consume("--topic grouped --group readers --max-messages 1")).stdout, "c\n");
});

test("keys, headers and places are printed when they are asked for", async () => {
  await produce(
    "--topic headed --compression-codec zstd --reader-property parse.key=true --reader-property parse.headers=true --reader-property null.marker=NIL",
    "h:1,i:2\tk\tv\nNIL\tNIL\tNIL\n",
  );
  const line =
    "--topic headed --partition 0 --from-beginning --max-messages 2 --formatter-property print.key=true --formatter-property print.headers=true --formatter-property print.partition=true --formatter-property print.offset=true --formatter-property key.separator=|";
  assert.equal(
    (await consume(line)).stdout,
    "Partition:0|Offset:0|h:1,i:2|k|v\nPartition:0|Offset:1|NO_HEADERS|null|null\n",
  );
});

test("no record for too long ends the command, which is no failure", async () => {
  await produce("--topic quiet", "x\n");
  assert.deepEqual(await consume("--topic quiet --partition 0 --timeout-ms 50"), {
    code: 0,
    stdout: "",
    stderr: `ERROR Error processing message, terminating consumer process:  (org.apache.kafka.tools.consumer.ConsoleConsumer)
org.apache.kafka.common.errors.TimeoutException
Processed a total of 0 messages
`,
  });
});

test("a signal ends the command with what it has printed", async () => {
  await produce("--topic ended", "x\n");
  const ending = new AbortController();
  const line = `--bootstrap-server ${broker.bootstrap} --topic ended --partition 0 --from-beginning`;
  const result = await runCommand("kafka-console-consumer", line, {
    signal: ending.signal,
    onOutput: (stdout) => {
      if (stdout === "x\n") ending.abort();
    },
  });
  assert.deepEqual(result, { code: 0, stdout: "x\n", stderr: "Processed a total of 1 messages\n" });
});

test("a line without its separator ends the producer, after the lines before it", async () => {
  assert.deepEqual(await produce("--topic broken --reader-property parse.key=true", "k\tv\nnone\n"), {
    code: 1,
    stdout: "",
    stderr: "No key separator found on line number 2: 'none'\n",
  });
  assert.equal((await consume("--topic broken --partition 0 --from-beginning --max-messages 1")).stdout, "v\n");
});

test("configs come from a file, and single ones come first", async () => {
  const folder = await mkdtemp(join(tmpdir(), "kafka-console-"));
  try {
    const file = join(folder, "consumer.properties");
    await writeFile(file, "group.id=filed\nauto.offset.reset=earliest\nmax.poll.records=1\n");
    await produce("--topic filed --command-property acks=1 --command-property enable.idempotence=false", "a\n");
    const line = `--topic filed --command-config ${file} --command-property max.poll.records=2 --max-messages 1`;
    assert.equal((await consume(line)).stdout, "a\n");
    await writeFile(file, "receive.buffer.bytes=1000\n");
    assert.deepEqual(await consume(`--topic filed --command-config ${file}`), {
      code: 1,
      stdout: "",
      stderr: "The configuration receive.buffer.bytes is not supported by this client\n",
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

const mistakes: { name: string; command: string; line: string; first: string; stdout?: string }[] = [
  {
    name: "no topic",
    command: "kafka-console-producer",
    line: "--bootstrap-server h:1",
    first: `Missing required argument "[topic]"`,
  },
  {
    name: "no server",
    command: "kafka-console-producer",
    line: "--topic t",
    first: "Error while validating the bootstrap address",
  },
  {
    name: "a server without a port",
    command: "kafka-console-producer",
    line: "--topic t --bootstrap-server h",
    first: "Please provide valid host:port like host1:9091,host2:9092",
  },
  {
    name: "both spellings",
    command: "kafka-console-producer",
    line: "--topic t --bootstrap-server h:1 --property a=b --reader-property a=b",
    first: "Options --reader-property and --property cannot be specified together.",
  },
  {
    name: "an unknown option",
    command: "kafka-console-producer",
    line: "--queue 1",
    first: "queue is not a recognized option",
  },
  {
    name: "neither topic nor pattern",
    command: "kafka-console-consumer",
    line: "--bootstrap-server h:1",
    first: "Exactly one of the following arguments is required: [topic], [include]",
  },
  {
    name: "a place without a partition",
    command: "kafka-console-consumer",
    line: "--bootstrap-server h:1 --topic t --offset 1",
    first: "The partition is required when offset is specified.",
  },
  {
    name: "two places",
    command: "kafka-console-consumer",
    line: "--bootstrap-server h:1 --topic t --partition 0 --offset 1 --from-beginning",
    first: "Options from-beginning and offset cannot be specified together.",
  },
  {
    name: "a place that is none",
    command: "kafka-console-consumer",
    line: "--bootstrap-server h:1 --topic t --partition 0 --offset -1",
    first:
      "The provided offset value '-1' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.",
  },
  {
    name: "a group and a partition",
    command: "kafka-console-consumer",
    line: "--bootstrap-server h:1 --topic t --partition 0 --group g",
    first: "Options group and partition cannot be specified together.",
  },
  {
    name: "a formatter that is Java code",
    command: "kafka-console-consumer",
    line: "--bootstrap-server h:1 --topic t --formatter a.B",
    first: "a.B",
  },
  {
    name: "a beginning twice",
    command: "kafka-console-consumer",
    line: "--bootstrap-server h:1 --topic t --from-beginning --command-property auto.offset.reset=latest",
    first: "Can't simultaneously specify --from-beginning and 'auto.offset.reset=latest', please remove one option",
  },
];

describe("mistakes are told on stderr, with 1", () => {
  for (const { name, command, line, first } of mistakes) {
    test(`${command}: ${name}`, async () => {
      const { code, stderr } = await runCommand(command, line);
      assert.deepEqual([code, stderr.split("\n")[0]], [1, first]);
    });
  }
});

test("older spellings work and say what to write", async () => {
  const { stdout } = await produce("--topic older --property parse.key=true", "k\tv\n");
  assert.equal(
    stdout,
    "Warning: --property is deprecated and will be removed in a future version. Use --reader-property instead.\n",
  );
  const read = await consume("--topic older --partition 0 --from-beginning --max-messages 1 --property print.key=true");
  assert.equal(
    read.stdout,
    "Option --property is deprecated and will be removed in a future version. Use --formatter-property instead.\nk\tv\n",
  );
});

const readerLines: { name: string; properties: Record<string, string>; line: string; record: object | RegExp }[] = [
  { name: "the value alone", properties: {}, line: "a\tb", record: { key: null, value: "a\tb", headers: [] } },
  {
    name: "a key",
    properties: { "parse.key": "true" },
    line: "a\tb\tc",
    record: { key: "a", value: "b\tc", headers: [] },
  },
  {
    name: "separators of one's own",
    properties: {
      "parse.key": "true",
      "key.separator": "::",
      "parse.headers": "TRUE",
      "headers.delimiter": "|",
      "headers.separator": ";",
      "headers.key.separator": "=",
    },
    line: "a=1;b=|k::v",
    record: { key: "k", value: "v", headers: [["a", "1"], ["b", ""]] }, // prettier-ignore
  },
  {
    name: "a missing key that does not matter",
    properties: { "parse.key": "true", "ignore.error": "true" },
    line: "v",
    record: { key: null, value: "v", headers: [] },
  },
  {
    name: "a missing key",
    properties: { "parse.key": "true" },
    line: "v",
    record: /No key separator found on line number 1: 'v'/,
  },
  {
    name: "missing headers",
    properties: { "parse.headers": "true" },
    line: "v",
    record: /No headers delimiter found on line number 1: 'v'/,
  },
  {
    name: "a header without a name",
    properties: { "parse.headers": "true" },
    line: "h\tv",
    record: /No header key separator found in pair 'h' on line number 1/,
  },
  {
    name: "a header whose name is null",
    properties: { "parse.headers": "true", "null.marker": "N" },
    line: "N:1\tv",
    record: /Header keys should not be equal to the null marker 'N'/,
  },
];

describe("lines become records", () => {
  for (const { name, properties, line, record } of readerLines) {
    test(name, () => {
      const reader = new LineReader(new Map(Object.entries(properties)));
      if (record instanceof RegExp) assert.throws(() => reader.read(line), record);
      else assert.deepEqual(reader.read(line), record);
    });
  }

  test("marks that are the same are refused", () => {
    assert.throws(
      () => new LineReader(new Map([["headers.delimiter", ","]])),
      /headers\.delimiter and headers\.separator may not be equal/,
    );
    assert.throws(
      () => new LineReader(new Map([["null.marker", "\t"]])),
      /null\.marker and key\.separator may not be equal/,
    );
  });
});

test("lines end as in Java, wherever the input is cut", () => {
  const whole = Buffer.from("a\r\nb\nc\rä\n\nd");
  for (let cut = 0; cut <= whole.length; cut++) {
    const splitter = new LineSplitter();
    const lines = [...splitter.add(whole.subarray(0, cut)), ...splitter.add(whole.subarray(cut))];
    assert.deepEqual([...lines, splitter.end()], ["a", "b", "c", "ä", "", "d"], `cut at ${cut}`);
  }
});

const bytes: { className: string; hex: string; text: string | RegExp }[] = [
  { className: "StringDeserializer", hex: "c3a4", text: "ä" },
  { className: "IntegerDeserializer", hex: "ffffffff", text: "-1" },
  { className: "IntegerDeserializer", hex: "00", text: /Size of data received by IntegerDeserializer is not 4/ },
  { className: "LongDeserializer", hex: "7fffffffffffffff", text: "9223372036854775807" },
  { className: "ShortDeserializer", hex: "0102", text: "258" },
  { className: "FloatDeserializer", hex: "3dcccccd", text: "0.1" },
  { className: "DoubleDeserializer", hex: "4341c37937e08000", text: "1.0E16" },
  { className: "DoubleDeserializer", hex: "3ff0000000000000", text: "1.0" },
  { className: "BooleanDeserializer", hex: "01", text: "true" },
  { className: "BytesDeserializer", hex: "61005c", text: "a\\x00\\x5C" },
];

describe("Kafka's deserializers as text", () => {
  for (const { className, hex, text } of bytes) {
    test(`${className} of ${hex}`, () => {
      const toText = deserializerOf(`org.apache.kafka.common.serialization.${className}`)!;
      if (text instanceof RegExp) assert.throws(() => toText(Buffer.from(hex, "hex")), text);
      else assert.equal(toText(Buffer.from(hex, "hex")), text);
    });
  }
});

const record = {
  topic: "t",
  partition: 3,
  offset: 7,
  timestamp: 1700000000000,
  timestampType: "CreateTime" as const,
  key: Buffer.from("k"),
  value: Buffer.from([0, 0, 0, 5]),
  headers: [
    { key: "a", value: Buffer.from("1") },
    { key: "b", value: null },
  ],
};

const printed: { name: string; properties: Record<string, string>; text: string }[] = [
  { name: "the value", properties: {}, text: "\0\0\0\u0005\n" },
  { name: "nothing", properties: { "print.value": "false" }, text: "" },
  { name: "the key last", properties: { "print.key": "true", "print.value": "false" }, text: "k\n" },
  {
    name: "all there is",
    properties: {
      "print.timestamp": "true",
      "print.partition": "true",
      "print.offset": "true",
      "print.delivery": "true",
      "print.epoch": "true",
      "print.headers": "true",
      "print.key": "true",
      "value.deserializer": "org.apache.kafka.common.serialization.IntegerDeserializer",
    },
    text: "CreateTime:1700000000000\tPartition:3\tOffset:7\tDelivery:NOT_PRESENT\tEpoch:NOT_PRESENT\ta:1,b:null\tk\t5\n",
  },
  {
    name: "marks of one's own",
    properties: {
      "print.headers": "true",
      "print.value": "false",
      "headers.separator": ";",
      "null.literal": "-",
      "line.separator": ".",
    },
    text: "a:1;b:-.",
  },
];

describe("records become lines", () => {
  for (const { name, properties, text } of printed) {
    test(name, () => {
      let written = "";
      defaultFormatter(new Map(Object.entries(properties)))(record, (piece) => void (written += piece.toString()));
      assert.equal(written, text);
    });
  }
});
