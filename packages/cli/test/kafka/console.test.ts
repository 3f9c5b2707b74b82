// kafka-console-producer and kafka-console-consumer: their pure parts as tables, and both against a broker.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBroker } from "@ottla/testkit";
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
    stderr: "org.apache.kafka.common.KafkaException: No key separator found on line number 2: 'none'\n",
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
      stderr:
        "ERROR Unknown error when running consumer:  (org.apache.kafka.tools.consumer.ConsoleConsumer)\n" +
        "org.apache.kafka.common.config.ConfigException: The configuration receive.buffer.bytes is not supported by this client\n",
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
