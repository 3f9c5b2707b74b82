// argparse4j's rules, as those of Kafka's commands rely on them that are written with it. The sentences are argparse4j's, from Kafka's own tools.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { transactionsTable } from "../../src/kafka/commands/transactions/arguments.ts";
import { ArgumentError, ParsedArguments, parseArguments } from "../../src/kafka/arguments/parse-arguments.ts";
import { runCommand } from "./run-command.ts";

const refused: { line: string; message: string }[] = [
  { line: "", message: "too few arguments" },
  { line: "--bootstrap-server h:1", message: "too few arguments" },
  { line: "list", message: "argument --bootstrap-server is required" },
  {
    line: "--bootstrap-server h:1 foo",
    message:
      "invalid choice: 'foo' (choose from 'list', 'describe', 'describe-producers', 'abort', 'find-hanging', 'forceTerminateTransaction')",
  },
  { line: "--bootstrap-server h:1 list --foo", message: "unrecognized arguments: '--foo'" },
  { line: "--bootstrap-server h:1 list foo", message: "unrecognized arguments: 'foo'" },
  {
    line: "--bootstrap-server h:1 list --duration-filter",
    message: "argument --duration-filter: expected one argument",
  },
  {
    line: "--bootstrap-server h:1 list --duration-filter x",
    message: `argument --duration-filter: could not convert 'x' to Long (For input string: "x")`,
  },
  {
    line: "--bootstrap-server h:1 abort --topic t --partition 1 --producer-epoch 99999",
    message: `argument --producer-epoch: could not convert '99999' to Short (Value out of range. Value:"99999" Radix:10)`,
  },
  { line: "--bootstrap-server h:1 describe", message: "argument --transactional-id is required" },
  { line: "--bootstrap-server h:1 describe --tra", message: "argument --transactional-id: expected one argument" },
];

describe("mistakes in arguments", () => {
  for (const { line, message } of refused) {
    test(line === "" ? "nothing at all" : line, () => {
      assert.throws(
        () => parseArguments(transactionsTable, words(line)),
        (error: Error) => error instanceof ArgumentError && error.message === message,
      );
    });
  }
});

test("arguments have values, defaults, and beginnings that stand for them", () => {
  const parsed = parseArguments(transactionsTable, words("--boot h:1 find-hanging --topic=t --partition -3"));
  assert.ok(parsed instanceof ParsedArguments);
  assert.equal(parsed.subcommand, "find-hanging");
  assert.deepEqual(
    [parsed.text("--bootstrap-server"), parsed.text("--topic"), parsed.number("--partition")],
    ["h:1", "t", -3],
  );
  assert.equal(parsed.number("--max-transaction-timeout"), 15);
  assert.equal(parsed.has("--broker-id"), false);
});

test("arguments that exclude each other, and groups of which one is needed", async () => {
  const both = await runCommand("kafka-cluster", "cluster-id -b a:1 -C b:2");
  assert.match(both.stderr, /argument --bootstrap-controller\/-C: not allowed with\nargument --bootstrap-server\/-b/);
  const none = await runCommand("kafka-cluster", "cluster-id");
  assert.match(none.stderr, /one of the arguments --bootstrap-server\/-b\n?\s?--bootstrap-controller\/-C is required/);
});

test("several values stand behind one argument", async () => {
  const { stderr } = await runCommand(
    "kafka-producer-perf-test",
    "--topic t --num-records 1 --throughput -1 --record-size 1 --command-property a=b c --print-metrics",
  );
  assert.equal(stderr, "Invalid property: c\n");
});

test("help is printed on stdout, with the exit codes of Kafka's commands", async () => {
  const help = await runCommand("kafka-transactions", "-h");
  assert.equal(help.code, 1);
  assert.match(help.stdout, /^usage: kafka-transactions\.sh \[-h\] \[--version\]|^usage: kafka-transactions\.sh/);
  assert.match(help.stdout, /^    find-hanging +find transactions that hang$/m);
  assert.equal((await runCommand("kafka-features", "--help")).code, 0);
  assert.equal((await runCommand("kafka-producer-perf-test", "")).code, 0);
  assert.deepEqual(await runCommand("kafka-transactions", "--version"), { code: 0, stdout: "4.3.1\n", stderr: "" });
});

test("a mistake is told behind the usage, on stderr, with 1", async () => {
  const { code, stdout, stderr } = await runCommand("kafka-transactions", "--bootstrap-server h:1 describe");
  assert.deepEqual([code, stdout], [1, ""]);
  assert.equal(
    stderr,
    "usage: kafka-transactions.sh --bootstrap-server host:port describe [-h]\n       --transactional-id TRANSACTIONAL_ID\nkafka-transactions.sh: error: argument --transactional-id is required\n",
  );
});

function words(line: string): string[] {
  return line.split(" ").filter((word) => word !== "");
}
