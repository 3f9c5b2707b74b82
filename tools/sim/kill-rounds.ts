// kill -9 under load, again and again: a broker in its own process, an idempotent producer, a reader, an admin, and (where kcat is
// installed) a plain and an idempotent kcat. Segments are small and often flushed, so that a kill also meets a roll, a flush, a checkpoint; some
// kills come while the broker is still reading what the last one left. In the end the history is checked, and kcat's lines.

import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "@ottla/base";
import { freePort, startAndKill, startBrokerProcess } from "./broker-process.ts";
import type { BrokerProcess } from "./broker-process.ts";
import { consume } from "./consume.ts";
import { History } from "./history.ts";
import { checkHistory } from "./history-checks.ts";
import { IdempotentLoad } from "./idempotent-load.ts";
import { kcatIsInstalled, KcatLoad } from "./kcat-load.ts";
import { MetadataModel } from "./metadata-model.ts";
import { atProcessEnd } from "./process-end.ts";
import { SimulatedReader } from "./simulated-reader.ts";
import { WireClient } from "./wire-client.ts";

const TOPIC = "numbered";
const PARTITIONS = 3;
const READ_INTERVAL_MS = 20;
const POLL_BYTES = 64 * 1024;
const ADMIN_INTERVAL_MS = 200;
/** Beyond so many topics, one is deleted for each that is created. */
const TOPICS_KEPT = 12;

export interface KillReport {
  rounds: number;
  seed: number;
  kcat: boolean;
  /** How many records the idempotent producer had acknowledged. */
  records: number;
  /** Empty when the broker kept its promises. */
  violations: string[];
}

export interface KillOptions {
  rounds: number;
  seed: number;
  /** Whether kcat takes part. Default: where it is installed. */
  kcat?: boolean;
  log?: (line: string) => void;
}

/** Runs `rounds` of load, kill -9 and restart. */
export async function killRounds(options: KillOptions): Promise<KillReport> {
  const dataDir = await mkdtemp(join(tmpdir(), "ottla-kill-"));
  const removeFolder = (): void => rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 });
  const taken = atProcessEnd(removeFolder);
  const rounds = new KillRounds(options, dataDir);
  try {
    return await rounds.run();
  } finally {
    await rounds.end();
    taken();
    removeFolder();
  }
}

class KillRounds {
  private readonly options: KillOptions;
  private readonly dataDir: string;
  private readonly random: SeededRandom;
  private readonly history = new History();
  private readonly kcats: KcatLoad[] = [];
  private readonly blamed: string[] = [];
  private readonly blame = (sentence: string): void => void this.blamed.push(sentence);
  private readonly reader = new SimulatedReader({ name: "reader", history: this.history, blame: this.blame });
  private readonly model = new MetadataModel(this.blame);
  private broker: BrokerProcess | null = null;
  private load: IdempotentLoad | null = null;
  private isLoaded = true;
  private topicsMade = 0;

  constructor(options: KillOptions, dataDir: string) {
    this.options = options;
    this.dataDir = dataDir;
    this.random = new SeededRandom(options.seed);
  }

  async run(): Promise<KillReport> {
    const { rounds, seed, kcat = kcatIsInstalled(), log } = this.options;
    const port = await freePort();
    const brokerOptions = { port, dataDir: this.dataDir, overrides: this.overrides() };
    this.broker = await startBrokerProcess(brokerOptions);
    const names = ["plain", "idempotent"];
    await this.over(port, async (client) => {
      await this.model.createTopic(client, { name: TOPIC, partitions: PARTITIONS });
      for (const name of names) await this.model.createTopic(client, { name, partitions: 1 });
    });
    const load = new IdempotentLoad({ port, topic: TOPIC, partitions: PARTITIONS, history: this.history });
    this.load = load;
    load.start();
    const others = [
      this.always(port, (client) => this.read(client)),
      this.always(port, (client) => this.administer(client)),
    ];
    if (kcat) this.kcats.push(...names.map((name) => new KcatLoad(port, name, name === "idempotent")));
    for (let round = 1; round <= rounds; round++) {
      await pause(100 + this.random.below(400));
      await this.broker.stop("SIGKILL");
      if (this.random.chance(0.25)) await startAndKill(brokerOptions, this.random.below(400));
      this.broker = await startBrokerProcess(brokerOptions);
      this.history.restarted();
      log?.(`round ${round}: killed and back`);
    }
    await load.finish();
    this.isLoaded = false;
    await Promise.all(others);
    for (const one of this.kcats) await one.finish();
    await this.over(port, (client) => this.judge(client));
    const records = this.history.scans.reduce((sum, { records: { length } }) => sum + length, 0);
    const verdicts = this.kcats.flatMap((one) => one.verdict());
    const violations = [...load.violations, ...this.blamed, ...checkHistory(this.history), ...verdicts];
    return { rounds, seed, kcat, records, violations: violations.slice(0, 50) };
  }

  /** Ends what was started, however `run` ended. */
  async end(): Promise<void> {
    this.isLoaded = false;
    this.load?.abandon();
    for (const one of this.kcats) one.kill();
    await this.broker?.stop("SIGTERM");
  }

  private overrides(): string[] {
    const flush = this.random.pick([
      [],
      ["log.flush.interval.messages=100"],
      ["log.flush.interval.ms=50", "log.flush.scheduler.interval.ms=50"],
    ]);
    return ["log.segment.bytes=1048576", "log.flush.offset.checkpoint.interval.ms=150", ...flush];
  }

  /** Does something over a connection, and again over a new one whenever that breaks, until the load ends. */
  private async always(port: number, act: (client: WireClient) => Promise<void>): Promise<void> {
    while (this.isLoaded) {
      try {
        await this.over(port, act);
      } catch {
        // The broker was killed, and not there when this connected.
      }
      await pause(READ_INTERVAL_MS);
    }
  }

  private async over(port: number, act: (client: WireClient) => Promise<void>): Promise<void> {
    const client = await WireClient.connect(port);
    try {
      await act(client);
    } finally {
      client.close();
    }
  }

  private async read(client: WireClient): Promise<void> {
    for (let turn = 0; this.isLoaded && !client.isLost; turn++) {
      await this.reader.poll(client, { topic: TOPIC, partition: turn % PARTITIONS }, POLL_BYTES);
      await pause(READ_INTERVAL_MS);
    }
  }

  /** Creates and deletes topics: what was answered must be there, or gone, in the end. */
  private async administer(client: WireClient): Promise<void> {
    while (this.isLoaded && !client.isLost) {
      await this.model.createTopic(client, { name: `made-${this.topicsMade++}`, partitions: 1 + this.random.below(2) });
      const existing = this.model.existing().filter((name) => name.startsWith("made-"));
      if (existing.length > TOPICS_KEPT) await this.model.deleteTopic(client, existing[0]!);
      await pause(ADMIN_INTERVAL_MS);
    }
  }

  private async judge(client: WireClient): Promise<void> {
    await this.model.check(client);
    for (let partition = 0; partition < PARTITIONS; partition++)
      await this.reader.scan(client, { topic: TOPIC, partition });
    for (const one of this.kcats)
      await consume(client, { topic: one.topic, partition: 0 }, (record) => one.see(record));
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
