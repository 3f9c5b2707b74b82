// joptsimple's rules, as Kafka's commands rely on them. What is expected here was taken from joptsimple 5.0.4 itself.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { flag, option, optional, optionTable } from "../../src/kafka/options/option-table.ts";
import { parseOptions } from "../../src/kafka/options/parse-options.ts";
import { usageLines } from "../../src/kafka/options/usage-text.ts";

const table = optionTable([
  option("topic", "topic", "The topic."),
  option("partitions", "# of partitions", "How many.", { type: "Integer" }),
  option("timeout", "ms", "How long.", { type: "Long", byDefault: 5000 }),
  option("servers", "", "Where.", { older: ["broker-list"] }),
  option("keys", "", "Several.", { separator: "," }),
  optional("state", "", "Perhaps a state.", { availableIf: ["list"] }),
  flag("list", "List."),
]);

const parsed: { name: string; line: string; has?: string[]; values?: Record<string, string[]>; rest?: string[] }[] = [
  { name: "a value is the next word", line: "--topic t", values: { topic: ["t"] } },
  { name: "a value stands behind an equals sign", line: "--topic=a=b", values: { topic: ["a=b"] } },
  { name: "one dash does as well", line: "-topic t -list", values: { topic: ["t"] }, has: ["list"] },
  { name: "the next word is the value, whatever it looks like", line: "--topic --list", values: { topic: ["--list"] } },
  {
    name: "nothing behind the equals sign is the empty value",
    line: "--topic= t",
    values: { topic: [""] },
    rest: ["t"],
  },
  { name: "an option may be repeated", line: "--topic a --topic b", values: { topic: ["a", "b"] } },
  { name: "an older spelling is the same option", line: "--broker-list h:1", values: { servers: ["h:1"] } },
  { name: "values are split at the separator", line: "--keys a,b,c", values: { keys: ["a", "b", "c"] } },
  { name: "an optional value may be left out", line: "--list --state", values: { state: [] }, has: ["state"] },
  {
    name: "an optional value is not taken from an option",
    line: "--state --list",
    values: { state: [] },
    has: ["list"],
  },
  { name: "an optional value may stand there", line: "--list --state stable", values: { state: ["stable"] } },
  { name: "a flag's value does not matter", line: "--list=no", has: ["list"] },
  { name: "behind two dashes nothing is an option", line: "--list -- --topic", has: ["list"], rest: ["--topic"] },
  { name: "words that are no options are kept", line: "a --list b -", rest: ["a", "b", "-"] },
  { name: "a default counts as a value, not as the option", line: "", values: { timeout: ["5000"] } },
];

describe("parsing options", () => {
  for (const { name, line, has = [], values = {}, rest } of parsed) {
    test(name, () => {
      const options = parseOptions(table, words(line));
      for (const each of has) assert.ok(options.has(each as "topic"));
      for (const [each, texts] of Object.entries(values)) assert.deepEqual(options.texts(each as "topic"), texts);
      if (rest !== undefined) assert.deepEqual(options.rest, rest);
    });
  }

  test("a default is not on the command line", () => {
    const options = parseOptions(table, []);
    assert.equal(options.has("timeout"), false);
    assert.equal(options.number("timeout"), 5000);
  });
});

const refused: { name: string; line: string; message: string }[] = [
  { name: "an unknown option", line: "--foo", message: "foo is not a recognized option" },
  { name: "a beginning of an option", line: "--part 1", message: "part is not a recognized option" },
  {
    name: "an unknown option with one dash, by its first letter",
    line: "-xyz",
    message: "x is not a recognized option",
  },
  { name: "a missing value", line: "--topic", message: "Option topic requires an argument" },
  {
    name: "a value that is no number",
    line: "--partitions 1x",
    message: "Cannot parse argument '1x' of option partitions",
  },
  {
    name: "a number that is too large",
    line: "--partitions 2147483648",
    message: "Cannot parse argument '2147483648' of option partitions",
  },
  {
    name: "two values where one is asked for",
    line: "--partitions 1 --partitions 2",
    message: "Found multiple arguments for option partitions, but you asked for only one",
  },
  {
    name: "an option that goes with another one only",
    line: "--state",
    message: "Option(s) [state] are unavailable given other options on the command line",
  },
];

describe("refusing options", () => {
  for (const { name, line, message } of refused) {
    test(name, () => {
      assert.throws(
        () => parseOptions(table, words(line)).number("partitions"),
        (error: Error) => error.name === "OptionError" && error.message === message,
      );
    });
  }

  test("with --help nothing is missing", () => {
    assert.ok(parseOptions(table, ["--state", "--help"]).has("help"));
  });

  test("abbreviations are taken where the table says so, when they fit one option alone", () => {
    const abbreviating = optionTable([flag("list", "List."), flag("long", "Long.")], { takesAbbreviations: true });
    assert.ok(parseOptions(abbreviating, ["--li"]).has("list"));
    assert.throws(() => parseOptions(abbreviating, ["--l"]), /l is not a recognized option/);
  });
});

test("the usage text is drawn in two columns", () => {
  const small = optionTable([
    option("bootstrap-server", "server to connect to", "REQUIRED: The Kafka server to connect to."),
    option("timeout", "timeout_ms", "How long to wait.", { type: "Long", byDefault: 1000 }),
    flag("list", "List all available topics."),
  ]);
  assert.deepEqual(usageLines(small).slice(0, 7), [
    "Option                                   Description                            ",
    "------                                   -----------                            ",
    "--bootstrap-server <String: server to    REQUIRED: The Kafka server to connect  ",
    "  connect to>                              to.                                  ",
    "--help                                   Print this text.                       ",
    "--list                                   List all available topics.             ",
    "--timeout <Long: timeout_ms>             How long to wait. (default: 1000)      ",
  ]);
});

function words(line: string): string[] {
  return line.split(" ").filter((word) => word !== "");
}
