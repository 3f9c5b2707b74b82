// Runs librdkafka's test program, one process for each test number, and reads the summary that it prints. A process has a time
// limit; its whole output is kept in .cache when a test fails.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../../tools/reference.ts";
import { run } from "../processes.ts";
import type { LibrdkafkaBuild } from "./build.ts";
import type { LibrdkafkaTest, Scenario } from "./tests.ts";

export type Verdict = "passes" | "fails" | "skips";
export type GroupProtocol = "classic" | "consumer";

export interface TestResult {
  name: string;
  verdict: Verdict;
  /** The test's own words when it failed or skipped itself. */
  reason: string;
  seconds: number;
}

export interface RunOptions {
  build: LibrdkafkaBuild;
  bootstrap: string;
  protocol: GroupProtocol;
  scenario: Scenario;
  /** In the names of kept outputs. */
  targetName: string;
}

const testLimitMs = 1_200_000;
/** The tests set their limits for three brokers and a machine of their own. */
const timeoutMultiplier = 2;
const summary = /^\| +(\d{4}_\w+) +\| +(\w+) +\| +([\d.]+)s +\| *(.*)$/gm;
const endOfTest = /={5,} Test (\d{4}_\w+) (PASSED|FAILED|SKIPPED)/g;
const failureOfTest = /^### Test "([^"]*)" failed at .*\n(.*)$/gm;
const verdicts: Record<string, Verdict> = { PASSED: "passes", SKIPPED: "skips" };

/** Runs all tests of one number that are in `tests`. */
export async function runNumber(tests: readonly LibrdkafkaTest[], options: RunOptions): Promise<TestResult[]> {
  const { number } = tests[0]!;
  const { build, bootstrap, protocol, scenario, targetName } = options;
  const label = `${targetName}-${protocol}-${number}${scenario === "default" ? "" : `-${scenario}`}`;
  const logs = cacheFolder("conformance", "librdkafka-output");
  await mkdir(logs, { recursive: true });
  const config = join(logs, `${label}.conf`);
  const lines = [`bootstrap.servers=${bootstrap}`, `test.timeout.multiplier=${timeoutMultiplier}`];
  await writeFile(config, `${lines.join("\n")}\n`);
  const words = ["-p1", "-L", "-s", scenario];
  const environment = {
    TESTS: number,
    TEST_KAFKA_VERSION: "4.3.1",
    TEST_CONSUMER_GROUP_PROTOCOL: protocol,
    RDKAFKA_TEST_CONF: config,
    KAFKA_PATH: build.kafkaPath,
    BROKERS: bootstrap,
    LD_LIBRARY_PATH: [join(build.testFolder, "..", "src"), join(build.testFolder, "..", "src-cpp")].join(":"),
    CI: "", // It would raise the limits and the number of tests at a time.
  };
  const command = { program: "./test-runner", words, folder: build.testFolder, environment };
  const { output } = await run(command, testLimitMs);
  // oxlint-disable-next-line no-control-regex
  const plain = output.replaceAll(/\u001B\[[0-9;]*m/g, "");
  const results = tests.map((test) => resultOf(test, plain));
  if (results.some(({ verdict }) => verdict === "fails")) await writeFile(join(logs, `${label}.log`), plain);
  return results;
}

function resultOf({ name }: LibrdkafkaTest, output: string): TestResult {
  const line = [...output.matchAll(summary)].findLast((match) => match[1] === name);
  if (line !== undefined) {
    const [, , state, seconds, reason] = line;
    return { name, verdict: verdicts[state!] ?? "fails", reason: reason!.slice(0, 300), seconds: Number(seconds) };
  }
  // A test that fails while its threads run takes the whole program down before it prints a summary; the tests before it have ended.
  const ended = [...output.matchAll(endOfTest)].findLast((match) => match[1] === name);
  const verdict = verdicts[ended?.[2] ?? ""] ?? "fails";
  return { name, verdict, reason: verdict === "passes" ? "" : firstFailure(name, output), seconds: 0 };
}

/** The test's own first failure, or else the first of the process. */
function firstFailure(name: string, output: string): string {
  const failures = [...output.matchAll(failureOfTest)];
  const failure = failures.find((match) => match[1]!.startsWith(name)) ?? failures[0];
  if (failure !== undefined) return `${failure[1]}: ${failure[2]}`.slice(0, 400);
  return `ended without a summary: ${output.trim().split("\n").at(-1)?.slice(-200) ?? ""}`;
}
