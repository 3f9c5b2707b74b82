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
const limitMs = 300_000;

/** Few partitions of the internal topics, as they are made with the first group; no long waits for rebalances; access rules for the admin. */
const properties = {
  "group.initial.rebalance.delay.ms": "0",
  "group.consumer.min.heartbeat.interval.ms": "50",
  "group.consumer.heartbeat.interval.ms": "200",
  "offsets.topic.num.partitions": "4",
  "transaction.state.log.num.partitions": "4",
  "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  "super.users": "User:ANONYMOUS",
};

/** Lines of TAP: a test, or one within it, that failed; and how many passed. */
const failedLine = /^(\s*)not ok \d+ - (.*?)(?: # (?:SKIP|TODO).*)?$/;
const passedLine = /^# pass (\d+)$/;

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
  const child = spawn(process.execPath, ["--test", "--test-reporter=tap", "--test-concurrency=2", ...files], {
    cwd: root,
    env: { ...process.env, REFERENCE_BOOTSTRAP: bootstrap },
    stdio: ["ignore", "pipe", "ignore"],
    timeout: limitMs,
  });
  const ended = once(child, "exit");
  let passed = 0;
  let suite = "";
  for await (const line of createInterface({ input: child.stdout })) {
    const subtest = /^# Subtest: (.*)$/.exec(line);
    if (subtest !== null) suite = subtest[1]!;
    passed = Number(passedLine.exec(line)?.[1] ?? passed);
    const failed = failedLine.exec(line);
    if (failed !== null)
      report.add("failed", "reference our-client", failed[1] === "" ? failed[2]! : `${suite}: ${failed[2]!}`);
  }
  const [code] = (await ended) as [number | null];
  if (code !== 0 && code !== 1) report.add("failed", "reference our-client", `comes to its end: ended with ${code}`);
  report.add(
    passed > 0 ? "ok" : "failed",
    "reference our-client",
    `${passed} tests of the client pass against Apache Kafka`,
  );
}
