// `npm run conformance [-- FILTER] [--against reference]`: clients of other makers and languages against a broker, each check on a line,
// and at the end the count alone on a line. Without a word: against `ottla start --memory` and `ottla start --data-dir`, all suites.
// `--against reference` runs the same checks against Apache Kafka itself, which shows that it is the checks that are right.
// A client whose language is not on this machine is skipped; with CI=true that is a failure.

import { parseArgs } from "node:util";
import { MissingProgramError } from "../tools/reference.ts";
import { checkDump, fillForDump } from "./dump-log.ts";
import { checkKilledFolder } from "./killed-folder.ts";
import { quickParts, runKafkaCommands } from "./kafka-commands/suite.ts";
import { runKafkaTools } from "./kafka-tools/suite.ts";
import { runOurClient } from "./our-client.ts";
import { runLibrdkafka } from "./librdkafka/suite.ts";
import { run, type Command } from "./processes.ts";
import { Report } from "./report.ts";
import { suites, type Suite } from "./suites.ts";
import { checkTakeover } from "./takeover.ts";
import { runTestRunners } from "./test-runners.ts";
import { startTargets, type Target } from "./targets.ts";

const suiteLimitMs = 120_000;
const dumpLogName = "kafka-dump-log";
const kafkaCommandsName = "kafka-commands";
const kafkaToolsName = "kafka-tools";
const librdkafkaName = "librdkafka";
const ourClientName = "our-client";
const testRunnersName = "test-runners";

async function main(words: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      against: { type: "string", default: "ottla" },
      protocol: { type: "string", multiple: true, default: ["classic", "consumer"] },
      tests: { type: "string", default: "" },
      record: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
    },
  });
  const against = oneOf(values.against, ["ottla", "reference"]);
  const wanted: Wanted = (name) => positionals.length === 0 || positionals.some((part) => name.includes(part));
  const report = new Report({ skippedIsFailed: process.env["CI"] === "true" });
  await runClients(against, wanted, report);
  if (wanted(testRunnersName)) await orSkipped(report, testRunnersName, () => runTestRunners(report));
  // The tests of librdkafka wait more than they work: others work meanwhile.
  await Promise.all([
    withReference(against, wanted, report, { tests: values.tests, isNamed: positionals.length > 0 }),
    withLibrdkafka({ ...values, quick: values.quick || positionals.length === 0 }, { against, wanted, report }),
  ]);
  console.log(report.closingLine());
  const none = report.counts.ok + report.counts.failed + report.counts.skipped === 0;
  process.exitCode = report.counts.failed > 0 || none ? 1 : 0;
}

type Against = "ottla" | "reference";
type Wanted = (name: string) => boolean;

interface CommandWords {
  tests: string;
  /** Some suites are asked for by name; then Kafka's commands are compared in all of their parts. */
  isNamed: boolean;
}

/** What is compared with Apache Kafka, or tried on it. */
async function withReference(against: Against, wanted: Wanted, report: Report, words: CommandWords): Promise<void> {
  const named = words.tests.split(",").filter((part) => part !== "");
  const parts = words.isNamed ? named : quickParts;
  const commands = { against, parts, isVerbose: named.length > 0 };
  if (wanted(kafkaToolsName)) await orSkipped(report, kafkaToolsName, () => runKafkaTools(report, against));
  if (wanted(kafkaCommandsName)) await orSkipped(report, kafkaCommandsName, () => runKafkaCommands(report, commands));
  if (wanted(ourClientName)) await orSkipped(report, ourClientName, () => runOurClient(report));
}

interface LibrdkafkaWords {
  protocol: string[];
  tests: string;
  record: boolean;
  quick: boolean;
}

async function withLibrdkafka(
  words: LibrdkafkaWords,
  { against, wanted, report }: { against: Against; wanted: Wanted; report: Report },
): Promise<void> {
  const protocols = words.protocol.map((protocol) => oneOf(protocol, ["classic", "consumer"]));
  if (!wanted(librdkafkaName)) return;
  const extent = words.quick ? "quick" : "all";
  const numbers = words.tests.split(",").filter((number) => number !== "");
  const options = { against, extent, protocols, numbers, record: words.record } as const;
  await orSkipped(report, librdkafkaName, () => runLibrdkafka(report, options));
}

function oneOf<const Word extends string>(word: string, words: readonly Word[]): Word {
  const found = words.find((candidate) => candidate === word);
  if (found === undefined) throw new Error(`"${word}" is none of ${words.join(", ")}`);
  return found;
}

/** A program that this machine lacks makes the whole suite one skipped check. */
async function orSkipped(report: Report, where: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    report.add(error instanceof MissingProgramError ? "skipped" : "failed", where, (error as Error).message);
  }
}

/** All clients at the same brokers, and then what is left on disk. */
async function runClients(against: Against, wanted: Wanted, report: Report): Promise<void> {
  const selected = suites.filter(({ name }) => wanted(name));
  if (selected.length === 0 && !wanted(dumpLogName)) return;
  const targets = await startTargets(against);
  const free = createTurns(2);
  await Promise.all(selected.map((suite) => runSuite(suite, { targets, report, free })));
  await endTargets(targets, report, wanted(dumpLogName));
}

interface Place {
  targets: Target[];
  report: Report;
  free: Turns;
}

async function runSuite(suite: Suite, { targets, report, free }: Place): Promise<void> {
  let command: Command;
  try {
    command = await suite.prepare();
  } catch (error) {
    const verdict = error instanceof MissingProgramError ? "skipped" : "failed";
    report.add(verdict, suite.name, `installs: ${(error as Error).message}`);
    return;
  }
  for (const target of targets) {
    await free.take();
    try {
      await runOn(suite, command, target, report);
    } finally {
      free.give();
    }
  }
}

async function runOn(suite: Suite, command: Command, target: Target, report: Report): Promise<void> {
  const where = `${target.name} ${suite.name}`;
  const words = [...command.words, target.bootstrap, `${suite.name}-`];
  const { code, stdout, output } = await run({ ...command, words }, suiteLimitMs);
  const count = report.addOutput(where, stdout);
  if (code === 0 && count > 0) return;
  report.add("failed", where, `comes to its end: ended with ${code} after ${count} checks: ${output.slice(-800)}`);
}

/** Stops all brokers; on those with a folder Kafka's dump tool, and then Kafka itself, reads what is left. */
async function endTargets(targets: Target[], report: Report, dumps: boolean): Promise<void> {
  for (const target of targets) {
    const where = `${target.name} ${dumpLogName}`;
    const { dataDir } = target;
    try {
      if (dumps && dataDir !== null) await fillForDump(target.bootstrap);
      await target.stop();
      if (dumps && dataDir !== null) await checkDump(dataDir, where, report);
      if (dumps && target.name === "disk") {
        await checkTakeover(target.dataDir!, "disk kafka-takeover", report);
        await checkKilledFolder("disk killed-folder", report);
      }
    } catch (error) {
      const verdict = error instanceof MissingProgramError ? "skipped" : "failed";
      report.add(verdict, where, (error as Error).message);
    } finally {
      await target.remove();
    }
  }
}

/** Lets so many go on at a time. */
interface Turns {
  take(): Promise<void>;
  give(): void;
}

function createTurns(count: number): Turns {
  let left = count;
  const waiting: (() => void)[] = [];
  return {
    async take() {
      if (left > 0) left -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
    },
    give() {
      const next = waiting.shift();
      if (next === undefined) left += 1;
      else next();
    },
  };
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof MissingProgramError ? error.message : error);
  process.exitCode = 1;
});
