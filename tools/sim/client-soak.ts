// The soak of the client: producers, transactions and groups of consumers in this process, against a broker of the test kit that misbehaves in
// storms of some seconds. In the calm between them everybody has to catch up within a bound; at the end everything is closed, the log is read
// past the clients, and the checks look at what was noted. A seed gives the same storms and lives, as far as real time allows.

import { setTimeout as sleep } from "node:timers/promises";
import { SeededRandom } from "@ottla/base";
import { Kafka } from "@ottla/client";
import type { ProducerOptions } from "@ottla/client";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { readLog } from "./soak-audit.ts";
import { checkSoak } from "./soak-checks.ts";
import { SoakHistory } from "./soak-history.ts";
import { LeakWatch } from "./soak-leaks.ts";
import { closeTimed, IdempotentSender, TransactionalSender } from "./soak-senders.ts";
import { Weather } from "./soak-weather.ts";
import { createTopics } from "./wire-reads.ts";

export interface SoakOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly log: (line: string) => void;
}

export interface SoakReport {
  readonly records: number;
  readonly handled: number;
  readonly faults: number;
  readonly violations: readonly string[];
}

const TOPICS = [
  { name: "orders", partitions: 4 },
  { name: "payments", partitions: 3 },
] as const;

const STORM_LEAST_MS = 2_000;
const STORM_MORE_MS = 4_000;
const CALM_LEAST_MS = 1_000;
const KAFKA_CLOSE_BOUND_MS = 10_000;

const patience = { requestTimeoutMs: 3_000, deliveryTimeoutMs: 60_000 } as const;

const idempotent: readonly (ProducerOptions & { readonly name: string; readonly mayFail?: boolean })[] = [
  { name: "plain", ...patience },
  { name: "small", ...patience, batchSizeBytes: 150, maxBatchBytes: 150, lingerMs: 0 },
  { name: "packed", ...patience, compression: "lz4", lingerMs: 20 },
  { name: "single", ...patience, maxInFlight: 1, batchSizeBytes: 300 },
  {
    name: "hasty",
    mayFail: true,
    requestTimeoutMs: 700,
    deliveryTimeoutMs: 1_200,
    lingerMs: 5,
    batchSizeBytes: 200,
    maxBatchBytes: 200,
    maxBlockMs: 1_500,
  },
];

export async function clientSoak(options: SoakOptions): Promise<SoakReport> {
  const history = new SoakHistory();
  const leaks = new LeakWatch(history);
  const soak = await Soak.start(options, history);
  await soak.run();
  await leaks.end();
  const handled = [...history.handlings.values()].flatMap((ofGroup) => [...ofGroup.values()]);
  return {
    records: history.sent.length,
    handled: handled.reduce((sum, { length }) => sum + length, 0),
    faults: soak.weather.hits,
    violations: checkSoak(history),
  };
}

class Soak {
  readonly weather: Weather;
  private readonly options: SoakOptions;
  private readonly history: SoakHistory;
  private readonly broker: TestBroker;
  private readonly random: SeededRandom;
  private readonly clients: Kafka[] = [];

  private constructor(options: SoakOptions, history: SoakHistory, broker: TestBroker) {
    this.options = options;
    this.history = history;
    this.broker = broker;
    this.random = new SeededRandom(options.seed);
    this.weather = new Weather(broker, new SeededRandom(options.seed + 1));
  }

  static async start(options: SoakOptions, history: SoakHistory): Promise<Soak> {
    const overrides = {
      "group.min.session.timeout.ms": "1000",
      "group.consumer.min.session.timeout.ms": "1000",
      "group.consumer.session.timeout.ms": "6000",
      "group.consumer.min.heartbeat.interval.ms": "100",
      "group.consumer.heartbeat.interval.ms": "500",
    };
    const broker = await startBroker({ seed: options.seed, overrides });
    await createTopics(broker.port, TOPICS);
    return new Soak(options, history, broker);
  }

  async run(): Promise<void> {
    const stopSending = new AbortController();
    const sending = this.senders().map((sender) => sender.run(stopSending.signal));
    const untilMs = performance.now() + this.options.seconds * 1_000;
    while (performance.now() < untilMs) {
      this.options.log(`storm: ${this.weather.storm()}`);
      await sleep(STORM_LEAST_MS + this.random.below(STORM_MORE_MS));
      this.weather.calm();
      await sleep(CALM_LEAST_MS);
    }
    stopSending.abort();
    await Promise.all(sending);
    await Promise.all(
      this.clients.map((kafka) =>
        closeTimed(this.history, "closing a client", KAFKA_CLOSE_BOUND_MS, () => kafka.close()),
      ),
    );
    await readLog(this.broker.port, TOPICS, this.history);
    await this.broker.close();
  }

  private senders(): { run(signal: AbortSignal): Promise<void> }[] {
    const shared = this.kafka("senders");
    const [orders, payments] = TOPICS;
    const { history } = this;
    const common = (name: string, topic: (typeof TOPICS)[number]) => ({
      name,
      topic: topic.name,
      partitions: topic.partitions,
      random: new SeededRandom(this.random.uint32()),
      history,
    });
    return [
      ...idempotent.map(({ name, mayFail = false, ...producer }, index) => {
        const kafka = index < 2 ? shared : this.kafka(name);
        return new IdempotentSender({ ...common(name, orders), kafka, producer, mayFail });
      }),
      ...["deposits", "refunds"].map((name) => {
        const producer = { ...patience, transactionalId: name, maxBlockMs: 30_000 };
        return new TransactionalSender({ ...common(name, payments), kafka: this.kafka(name), producer, mayFail: true });
      }),
    ];
  }

  private kafka(clientId: string): Kafka {
    const kafka = new Kafka({
      bootstrapServers: this.broker.bootstrap,
      clientId,
      requestTimeoutMs: 3_000,
      defaultApiTimeoutMs: 15_000,
      metadataMaxAgeMs: 5_000,
    });
    this.clients.push(kafka);
    return kafka;
  }
}
