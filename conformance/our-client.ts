// `npm run conformance -- our-client`: the tests of packages/client, which `npm test` runs against Ottla, against Apache Kafka. A client
// that was only ever tried with our own broker would share its mistakes.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { requireProgram } from "../tools/reference.ts";
import type { Report } from "./report.ts";
import { startReference } from "./targets.ts";

const root = join(import.meta.dirname, "..");
const limitMs = 600_000;
/** A test that hangs fails, and is named. */
const testLimitMs = 180_000;

/** Few partitions of the internal topics, as they are made with the first group; no long waits for rebalances; access rules for the admin. */
const properties = {
  "group.initial.rebalance.delay.ms": "0",
  "group.consumer.min.heartbeat.interval.ms": "50",
  "group.consumer.heartbeat.interval.ms": "200",
  "offsets.topic.num.partitions": "4",
  "transaction.state.log.num.partitions": "4",
  "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  "super.users": "User:ANONYMOUS",
  // Records of some tests are of 2023; half a minute after its start Kafka would delete them under the readers.
  "log.retention.ms": "-1",
};

/** Lines of TAP: a test, or one within it, that failed; the end of its fields; how many tests passed. */
const failedLine = /^(\s*)not ok \d+ - (.*?)(?: # (?:SKIP|TODO).*)?$/;
const lastFieldLine = /^\s*\.\.\.$/;
const passedLine = /^# pass (\d+)$/;
/** The field that says why, on its own line or on those below it, up to the next one. */
const errorField = /\berror: (?:\|-)?(.*?) (?:code|name|expected|stack):/;

export async function runOurClient(report: Report): Promise<void> {
  await requireProgram("java", "Apache Kafka needs Java 17 or newer");
  const kafka = await startReference(properties);
  try {
    await runTests(kafka.bootstrap, report);
  } finally {
    await kafka.stop();
    await kafka.remove();
  }
}

async function runTests(bootstrap: string, report: Report): Promise<void> {
  const files = globSync("packages/client/test/*.test.ts", { cwd: root });
  const words = ["--test", "--test-reporter=tap", "--test-concurrency=2", `--test-timeout=${testLimitMs}`];
  const child = spawn(process.execPath, [...words, ...files], {
    cwd: root,
    env: { ...process.env, REFERENCE_BOOTSTRAP: bootstrap },
    stdio: ["ignore", "pipe", "ignore"],
    timeout: limitMs,
  });
  const ended = once(child, "exit");
  const { passed, failures } = await readTap(createInterface({ input: child.stdout }));
  for (const each of failures) report.add("failed", "reference our-client", each);
  const [code] = (await ended) as [number | null];
  if (code !== 0 && code !== 1) report.add("failed", "reference our-client", `comes to its end: ended with ${code}`);
  report.add(
    passed > 0 ? "ok" : "failed",
    "reference our-client",
    `${passed} tests of the client pass against Apache Kafka`,
  );
}

/** Counts what passed, and says of each test that failed where it stands and why. */
async function readTap(lines: AsyncIterable<string>): Promise<{ passed: number; failures: string[] }> {
  const failures: string[] = [];
  let passed = 0;
  let suite = "";
  let name = "";
  let fields: string[] | null = null;
  for await (const line of lines) {
    suite = /^# Subtest: (.*)$/.exec(line)?.[1] ?? suite;
    passed = Number(passedLine.exec(line)?.[1] ?? passed);
    const failed = failedLine.exec(line);
    if (failed !== null) {
      name = failed[1] === "" ? failed[2]! : `${suite}: ${failed[2]!}`;
      fields = [];
    } else if (fields !== null && lastFieldLine.test(line)) {
      const error = errorField.exec(fields.join(" "))?.[1]!.trim();
      // A suite fails with what is in it, which has been told.
      if (!/^'\d+ subtests? failed'$/.test(error ?? ""))
        failures.push(error === undefined ? name : `${name}: ${error}`);
      fields = null;
    } else fields?.push(line.trim());
  }
  if (fields !== null) failures.push(name);
  return { passed, failures };
}
