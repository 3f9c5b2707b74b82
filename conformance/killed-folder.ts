// One data folder under one load, and the brokers on it killed in turn: Ottla, Apache Kafka, Ottla again. Each reads what the killed one left.
// An idempotent producer goes on through all of them with its sequence numbers, in every codec; in the end the checks of
// tools/sim say whether every acknowledged record is there once, in order, at its offset.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, startReferenceKafka } from "../tools/reference.ts";
import type { ReferenceKafka } from "../tools/reference.ts";
import { startBrokerProcess } from "../tools/sim/broker-process.ts";
import type { BrokerProcess } from "../tools/sim/broker-process.ts";
import { History } from "../tools/sim/history.ts";
import { checkHistory } from "../tools/sim/history-checks.ts";
import { IdempotentLoad } from "../tools/sim/idempotent-load.ts";
import { SimulatedReader } from "../tools/sim/simulated-reader.ts";
import { WireClient } from "../tools/sim/wire-client.ts";
import { createTopics } from "../tools/sim/wire-reads.ts";
import type { Report } from "./report.ts";

const TOPIC = "taken-over";
const PARTITIONS = 3;
const LOAD_MS = 1500;

/** Adds one line for each broker that opens the folder, and one for what the clients saw. */
export async function checkKilledFolder(where: string, report: Report): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "ottla-killed-"));
  const takeover = new KilledTakeover(dataDir);
  const steps: [what: string, step: () => Promise<void>][] = [
    ["Ottla is killed under load", () => takeover.killOttla()],
    ["Apache Kafka opens the folder of a killed Ottla, and its producer goes on", () => takeover.killKafka()],
    ["Ottla opens the folder of the killed Kafka, and its producer goes on", () => takeover.finish()],
    ["every acknowledged record is there once, in order, at its offset", () => takeover.judge()],
  ];
  try {
    for (const [what, step] of steps) {
      await step();
      report.add("ok", where, what);
    }
  } catch (error) {
    report.add("failed", where, (error as Error).message.replaceAll("\n", " "));
  } finally {
    await takeover.end();
    await rm(dataDir, { recursive: true, force: true });
  }
}

class KilledTakeover {
  private readonly dataDir: string;
  private readonly history = new History();
  private readonly blamed: string[] = [];
  private port = 0;
  private load: IdempotentLoad | null = null;
  private ottla: BrokerProcess | null = null;
  private kafka: ReferenceKafka | null = null;

  constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  async killOttla(): Promise<void> {
    this.port = await freePort();
    this.ottla = await startBrokerProcess({
      port: this.port,
      dataDir: this.dataDir,
      overrides: ["log.segment.bytes=1048576"],
    });
    await createTopics(this.port, [{ name: TOPIC, partitions: PARTITIONS }]);
    this.load = new IdempotentLoad({ port: this.port, topic: TOPIC, partitions: PARTITIONS, history: this.history });
    this.load.start();
    await this.underLoad();
    await this.ottla.stop("SIGKILL");
  }

  /** Ottla's metadata log names no voters, as that of a node set up before KIP-853; so the properties do. */
  async killKafka(): Promise<void> {
    const controllerPort = await freePort();
    const metaProperties = await readFile(join(this.dataDir, "meta.properties"), "utf8");
    const nodeId = /^node\.id=(\d+)$/m.exec(metaProperties)![1]!;
    this.kafka = await startReferenceKafka({
      dataDir: this.dataDir,
      port: this.port,
      controllerPort,
      properties: { "node.id": nodeId, "controller.quorum.voters": `${nodeId}@127.0.0.1:${controllerPort}` },
    });
    this.history.restarted();
    await this.underLoad();
    await this.kafka.stop({ kill: true });
  }

  async finish(): Promise<void> {
    this.ottla = await startBrokerProcess({ port: this.port, dataDir: this.dataDir });
    this.history.restarted();
    await this.underLoad();
    await this.load!.finish();
    const client = await WireClient.connect(this.port);
    const reader = new SimulatedReader({
      name: "scan",
      history: this.history,
      blame: (sentence) => void this.blamed.push(sentence),
    });
    for (let partition = 0; partition < PARTITIONS; partition++) await reader.scan(client, { topic: TOPIC, partition });
    client.close();
  }

  async judge(): Promise<void> {
    const sentences = [...this.load!.violations, ...this.blamed, ...checkHistory(this.history)];
    if (sentences.length > 0) throw new Error(sentences.slice(0, 3).join("; "));
  }

  async end(): Promise<void> {
    this.load?.abandon();
    await this.kafka?.stop({ kill: true });
    await this.ottla?.stop("SIGTERM");
  }

  /** Some time in which records are acknowledged. */
  private async underLoad(): Promise<void> {
    const acknowledged = (): number =>
      this.history.batches.filter(({ attempts }) => attempts.at(-1)?.kind === "acked").length;
    const before = acknowledged();
    await new Promise((resolve) => setTimeout(resolve, LOAD_MS));
    if (this.load!.violations.length > 0) throw new Error(this.load!.violations[0]);
    if (acknowledged() === before) throw new Error("nothing is acknowledged");
  }
}
