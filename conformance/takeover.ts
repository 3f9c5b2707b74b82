// One data folder, in turn of two brokers: what Ottla wrote is opened by Apache Kafka, which serves all of it and adds to it,
// and then by Ottla again. So a user can go over to Ottla and back, with the data where it lies.

import { createHash } from "node:crypto";
import { freePort, runReferenceTool, startReferenceKafka } from "../tools/reference.ts";
import type { Report } from "./report.ts";
import { startOttla } from "./targets.ts";

const topic = "dumped";
const WRITTEN = 20_000;
const ADDED = 100;
const added = Array.from({ length: ADDED }, (_, index) => `added by Apache Kafka ${index}\n`).join("");

/** `dataDir` was left by Ottla after a clean stop and holds the topic that dump-log.ts filled. */
export async function checkTakeover(dataDir: string, where: string, report: Report): Promise<void> {
  let before = "";
  await check("opens the folder that Ottla wrote and reads every record", async () => {
    before = await withKafka(dataDir, async (bootstrap) => {
      const records = await readAll(bootstrap, WRITTEN);
      await produce(bootstrap);
      return records;
    });
    expectLines(before, WRITTEN);
  });
  await check("leaves a folder that Ottla opens again, with what was added", async () => {
    const broker = await startOttla("disk", dataDir);
    const after = await readAll(broker.bootstrap, WRITTEN + ADDED);
    await broker.stop();
    expectLines(after, WRITTEN + ADDED);
    if (digest(after) !== digest(before + added))
      throw new Error("the records are not those that Kafka read and added");
  });

  async function check(what: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
      report.add("ok", where, what);
    } catch (error) {
      report.add("failed", where, `${what}: ${(error as Error).message.replaceAll("\n", " ")}`);
    }
  }
}

/** Ottla's metadata log names no voters, as that of a node set up before KIP-853; so the properties do. */
async function withKafka<Result>(dataDir: string, use: (bootstrap: string) => Promise<Result>): Promise<Result> {
  const controllerPort = await freePort();
  const properties = { "controller.quorum.voters": `1@127.0.0.1:${controllerPort}` };
  const kafka = await startReferenceKafka({ dataDir, controllerPort, properties, heapMegabytes: 512 });
  try {
    return await use(kafka.bootstrap);
  } finally {
    await kafka.stop();
  }
}

// Ends with the last record that is expected, so that the limit on silence can be long enough for a slow machine.
async function readAll(bootstrap: string, count: number): Promise<string> {
  const from = ["--bootstrap-server", bootstrap, "--topic", topic, "--partition", "0", "--offset", "earliest"];
  const consumer = "org.apache.kafka.tools.consumer.ConsoleConsumer";
  const until = ["--max-messages", String(count), "--timeout-ms", "30000"];
  const { stdout } = await runReferenceTool(consumer, [...from, ...until], { limitMs: 60_000 });
  return stdout;
}

async function produce(bootstrap: string): Promise<void> {
  const words = ["--bootstrap-server", bootstrap, "--topic", topic];
  const { code, stderr } = await runReferenceTool("org.apache.kafka.tools.ConsoleProducer", words, { stdin: added });
  if (code !== 0) throw new Error(`the console producer ended with ${code}: ${stderr.slice(-500)}`);
}

function expectLines(text: string, count: number): void {
  const lines = text.split("\n").length - 1;
  if (lines !== count) throw new Error(`${lines} records were read, expected ${count}`);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
