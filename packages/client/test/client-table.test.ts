// docs/reference/client.md against Java's lists (support/java-surface.ts), the options and methods here, and the tests that it names.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import * as client from "../src/index.ts";
import { clientOptionNames, consumerOptionNames, producerOptionNames } from "../src/option-names.ts";
import { eventually } from "./support/eventually.ts";
import { javaConfigKeys, javaMethods, javaMetrics } from "./support/java-surface.ts";
import { startTarget } from "./target.ts";

interface Row {
  readonly section: string;
  /** The header of the table's first column. */
  readonly kind: string;
  readonly cells: readonly string[];
}

const page = readFileSync(new URL("../../../docs/reference/client.md", import.meta.url), "utf8");
const rows = rowsOf(page);

/** What stands between backticks, but for what is in parentheses behind: fields of an option. */
const code = (cell: string): string[] =>
  [...cell.replaceAll(/ \((?=`)[^)]*\)/g, "").matchAll(/`([^`]+)`/g)].map(([, text]) => text!);

const isLeftOut = (here: string): boolean => here.startsWith("–");

function rowsOf(text: string): Row[] {
  const found: Row[] = [];
  let section = "";
  let kind = "";
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    if (line.startsWith("## ")) section = line.slice(3);
    if (!line.startsWith("|") || line.startsWith("|---")) continue;
    const cells = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (lines[index + 1]!.startsWith("|---")) kind = cells[0]!;
    else found.push({ section, kind, cells });
  }
  return found;
}

describe("every key of Java's configuration", () => {
  const optionRows = rows.filter(({ kind }) => kind === "key");
  const leftOut = rows.filter(({ section }) => section === "Left out").flatMap(({ cells }) => code(cells[0]!));

  test("has a row, and every row is one of Java's", () => {
    const told = [...optionRows.flatMap(({ cells }) => code(cells[0]!)), ...leftOut];
    const families = told.filter((key) => key.endsWith(".*")).map((key) => key.slice(0, -1));
    const isTold = (key: string): boolean => told.includes(key) || families.some((family) => key.startsWith(family));
    assert.deepEqual(
      javaConfigKeys.filter((key) => !isTold(key)),
      [],
    );
    assert.deepEqual(
      told.filter((key) => !key.endsWith(".*") && !javaConfigKeys.includes(key)),
      [],
    );
  });

  const tables = {
    "Options of `new Kafka(…)`": clientOptionNames,
    "Options of `kafka.producer(…)`": producerOptionNames,
    "Options of `kafka.consumer(…)`": consumerOptionNames,
  };
  for (const [section, names] of Object.entries<Readonly<Record<string, readonly string[]>>>(tables)) {
    test(`${section}: rows and options are the same`, () => {
      const told = new Map<string, Set<string>>();
      for (const { cells } of optionRows.filter((row) => row.section === section)) {
        const [keys, here] = [code(cells[0]!), cells[1]!];
        if (isLeftOut(here)) continue;
        for (const option of code(here)) {
          const known = told.get(option) ?? told.set(option, new Set()).get(option)!;
          for (const key of keys) if (names[option]?.includes(key) === true) known.add(key);
        }
        for (const key of keys)
          assert.equal(
            code(here).some((option) => names[option]?.includes(key)),
            true,
            key,
          );
      }
      const plain = (entries: Iterable<[string, Iterable<string>]>): string[] =>
        Array.from(entries, ([option, keys]) => `${option}: ${[...keys].sort().join(" ")}`).sort();
      assert.deepEqual(plain(told), plain(Object.entries(names)));
    });
  }
});

test("every method of Java's has a row, and every row is one of Java's", () => {
  const told = rows
    .filter(({ kind }) => /^`\w+`$/.test(kind))
    .flatMap(({ kind, cells }) =>
      code(cells[0]!).map((method) => (method.startsWith("new ") ? method : `${code(kind)[0]!}.${method}`)),
    );
  assert.deepEqual(told.sort(), [...javaMethods].sort());
});

test("every call of a producer and a consumer that a row names is there", () => {
  const { Producer, Transaction, Consumer } = client;
  const places = { "`Producer`": [Producer, Transaction], "`Consumer`": [Consumer] };
  for (const [kind, classes] of Object.entries(places)) {
    const prototypes: object[] = classes.map(({ prototype }) => prototype as object);
    for (const { cells } of rows.filter((row) => row.kind === kind && !isLeftOut(row.cells[1]!))) {
      for (const text of code(cells[1]!)) {
        if (/^(?:for await|Symbol|await using|signal$|\{)/.test(text)) continue;
        const name = /^(?:transaction\.|batch\.)?(\w+)/.exec(text)![1]!;
        assert.equal(
          prototypes.some((prototype) => name in prototype),
          true,
          text,
        );
      }
    }
  }
});

test("every class and serde that a row names is exported", () => {
  const told = rows.flatMap(({ section, cells }) => (["Errors", "Serdes"].includes(section) ? code(cells[1]!) : []));
  const names = told.map((text) => /^\w+/.exec(text)![0]).filter((name) => /Error$|[a-z]Serde$/.test(name));
  assert.equal(names.length > 20, true);
  const errors = Object.keys(client).filter(
    (name) => name.endsWith("Error") && !/^(?:Kafka|Admin|broker)Error$/.test(name),
  );
  const serdes = Object.keys(client).filter((name) => name.endsWith("Serde"));
  assert.deepEqual([...new Set(names)].sort(), [...errors, ...serdes].sort());
});

test("every row has a test, unless it says why not, and every test that is named exists", () => {
  const withTests = rows.filter(({ section }) => section !== "Left out" && section !== "Metrics");
  assert.equal(withTests.length > 150, true);
  for (const { cells } of withTests) {
    const named = cells.at(-1)!;
    if (named === "") assert.equal(isLeftOut(cells[1]!), true, cells.join(" | "));
    else for (const each of named.split("<br>")) assert.equal(isTest(each), true, each);
  }
});

/** Suites that run against Ottla alone: what is only shown there is not shown. */
const OURS_ALONE = /^(?:describe|test)\([^\n]*(?:isReference|ofOurBroker)[^\n]*\n[\s\S]*?^\}\);$/gm;

/** `file: title`, where the title stands in the file, or fits a template of a test's name there. */
function isTest(named: string): boolean {
  const [, file, title] = /^([a-z-]+): (.+)$/.exec(named) ?? [];
  if (file === undefined || title === undefined) return false;
  const whole = readFileSync(new URL(`${file}.test.ts`, import.meta.url), "utf8");
  const text = whole.replaceAll(OURS_ALONE, "");
  if (text.includes(`"${title}"`) || text.includes(`'${title}'`)) return true;
  return [...text.matchAll(/(?:test|describe)\(\s*`([^`]*)`/g)].some(([, template]) => {
    const parts = template!.split(/\$\{[^}]*\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
    return new RegExp(`^${parts.join(".+")}$`).test(title);
  });
}

test("metrics have Java's names, but for those that the page leaves out", async () => {
  await using target = await startTarget({ overrides: { "group.initial.rebalance.delay.ms": "0" } });
  const topic = target.topicName("measured");
  const kafka = target.kafka();
  await kafka.producer({ transactionalId: target.topicName("id") }).transaction((transaction) => {
    void transaction.send({ topic, value: "a" });
  });
  const consumer = kafka.consumer({ groupId: target.topicName("group"), autoOffsetReset: "earliest" });
  await consumer.subscribe(topic);
  await eventually(async () => assert.equal((await consumer.poll({ timeoutMs: 1_000 })).length, 1));
  await kafka.admin().listTopics();
  const measured = Map.groupBy(kafka.metrics(), ({ group }) => group);
  const leftOut = rows.filter(({ section }) => section === "Metrics");
  for (const [group, names] of Object.entries(javaMetrics)) {
    const own = new Set((measured.get(group) ?? []).map(({ name }) => name));
    const told = leftOut.flatMap(({ cells }) => (code(cells[0]!).includes(group) ? code(cells[1]!) : []));
    assert.deepEqual([...told].sort(), names.filter((name) => !own.has(name)).sort(), group);
  }
});
