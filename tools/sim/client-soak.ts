// The soak of the client: producers, transactions and groups of consumers in this process, against a broker of the test kit that misbehaves in
// storms of some seconds. In the calm between them everybody has to catch up within a bound; at the end everything is closed, the log is read
// past the clients, and the checks look at what was noted. A seed gives the same storms and lives, as far as real time allows.

import { setTimeout as sleep } from "node:timers/promises";
import { SeededRandom } from "@ottla/base";
import { Kafka } from "@ottla/client";
import type { ProducerOptions } from "@ottla/client";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { OffsetAuditor, readLog } from "./soak-audit.ts";
import { checkSoak } from "./soak-checks.ts";
import { SoakHistory } from "./soak-history.ts";
import { LeakWatch } from "./soak-leaks.ts";
import { SoakMembers } from "./soak-members.ts";
import type { GroupPlan } from "./soak-members.ts";
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
  /** The longest time that the event loop was late. */
  readonly longestStallMs: number;
}

const TOPICS = [
  { name: "orders", partitions: 4 },
  { name: "payments", partitions: 3 },
] as const;

const STORM_LEAST_MS = 2_000;
const STORM_MORE_MS = 4_000;
const CALM_LEAST_MS = 1_000;
/** A session that runs out, a request that hangs until its timeout, and the rebalances after. */
const CATCH_UP_MS = 20_000;
const LOOK_AGAIN_MS = 25;
const AUDIT_EVERY_MS = 200;
const CHURN_LEAST_MS = 300;
const CHURN_MORE_MS = 2_500;
const SESSION_MS = 4_000;
const SHOWN_REQUESTS = 60;
const JOURNAL_ENTRIES = 20_000;
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

const everything = { topics: ["orders", "payments"], membersMost: 3, isStatic: false, readCommitted: false } as const;
const quickly = {
  autoOffsetReset: "earliest",
  fetchMaxWaitMs: 100,
  autoCommitIntervalMs: 300,
  sessionTimeoutMs: SESSION_MS,
  heartbeatIntervalMs: 300,
} as const;

const groups: readonly GroupPlan[] = [
  { ...everything, id: "range", consumer: { ...quickly, partitionAssignors: ["range"] } },
  { ...everything, id: "sticky", consumer: { ...quickly, partitionAssignors: ["cooperative-sticky"] } },
  {
    ...everything,
    id: "static",
    isStatic: true,
    readCommitted: true,
    consumer: { ...quickly, partitionAssignors: ["cooperative-sticky"] },
  },
  { ...everything, id: "next", consumer: { ...quickly, groupProtocol: "consumer" } },
  { ...everything, id: "settled", readCommitted: true, consumer: { ...quickly, groupProtocol: "consumer" } },
];

export async function clientSoak(options: SoakOptions): Promise<SoakReport> {
  // A soak that hangs is repeated by this too.
  options.log(`npm run sim -- --client-seconds ${options.seconds} --seed ${options.seed}`);
  const history = new SoakHistory();
  const leaks = new LeakWatch(history);
  const soak = await Soak.start(options, history);
  await soak.run();
  await leaks.end();
  history.stalls.end();
  const handled = [...history.handlings.values()].flatMap((ofGroup) => [...ofGroup.values()]);
  return {
    records: history.sent.length,
    handled: handled.reduce((sum, { length }) => sum + length, 0),
    faults: soak.weather.hits,
    violations: checkSoak(history),
    longestStallMs: history.stalls.longestMs,
  };
}

class Soak {
  readonly weather: Weather;
  private readonly options: SoakOptions;
  private readonly history: SoakHistory;
  private readonly broker: TestBroker;
  private readonly random: SeededRandom;
  private readonly clients: Kafka[] = [];
  private readonly groups: readonly SoakMembers[];

  private constructor(options: SoakOptions, history: SoakHistory, broker: TestBroker) {
    this.options = options;
    this.history = history;
    this.broker = broker;
    this.random = new SeededRandom(options.seed);
    this.groups = groups.map(
      (plan) =>
        new SoakMembers(plan, {
          history,
          random: new SeededRandom(this.random.uint32()),
          kafka: (clientId) => this.connect(clientId),
          silenceMs: (clientId) => silenceOf(broker, clientId),
        }),
    );
    this.weather = new Weather(broker, new SeededRandom(options.seed + 1));
  }

  static async start(options: SoakOptions, history: SoakHistory): Promise<Soak> {
    const overrides = {
      "group.min.session.timeout.ms": "1000",
      "group.consumer.min.session.timeout.ms": "1000",
      "group.consumer.session.timeout.ms": String(SESSION_MS),
      "group.consumer.min.heartbeat.interval.ms": "100",
      "group.consumer.heartbeat.interval.ms": "300",
    };
    const broker = await startBroker({ seed: options.seed, overrides, journalEntries: JOURNAL_ENTRIES });
    await createTopics(broker.port, TOPICS);
    return new Soak(options, history, broker);
  }

  async run(): Promise<void> {
    const stopSending = new AbortController();
    const stopAuditing = new AbortController();
    const sending = this.senders().map((sender) => sender.run(stopSending.signal));
    const auditing = this.audit(stopAuditing.signal);
    const untilMs = performance.now() + this.options.seconds * 1_000;
    while (performance.now() < untilMs && this.history.faults.length === 0) {
      await this.storm(STORM_LEAST_MS + this.random.below(STORM_MORE_MS));
      await sleep(CALM_LEAST_MS);
      await this.catchUp();
    }
    this.options.log("producers end");
    stopSending.abort();
    await Promise.all(sending);
    await this.catchUp();
    this.options.log("groups end");
    await Promise.all(this.groups.map((group) => group.end()));
    stopAuditing.abort();
    await auditing;
    await Promise.all(
      this.clients.map((kafka) =>
        closeTimed(this.history, "closing a client", KAFKA_CLOSE_BOUND_MS, () => kafka.close()),
      ),
    );
    this.options.log("the log is read");
    await readLog(this.broker.port, TOPICS, this.history);
    await this.broker.close();
  }

  // Faults, and members that come and go.
  private async storm(forMs: number): Promise<void> {
    const { random, weather } = this;
    const untilMs = performance.now() + forMs;
    this.options.log(`storm: ${weather.storm()}`);
    for (const group of this.groups) if (group.size === 0) group.join();
    const frozen = random.chance(0.4) ? random.pick(this.groups.flatMap((group) => group.clientIds())) : null;
    if (frozen !== null) weather.freeze(frozen);
    const churning = this.groups.map(async (group) => {
      for (;;) {
        const pauseMs = CHURN_LEAST_MS + random.below(CHURN_MORE_MS);
        if (performance.now() + pauseMs > untilMs) return;
        await sleep(pauseMs);
        group.churn();
      }
    });
    await Promise.all([...churning, sleep(forMs)]);
    weather.calm();
    for (const group of this.groups) if (group.size === 0) group.join();
  }

  // Nobody stands still: what was acknowledged when the storm ended is handled by each group before long.
  private async catchUp(): Promise<void> {
    const goals = this.groups.map((group) => ({ group, goal: goalOf(this.history, group.plan) }));
    const begunMs = performance.now();
    let last: readonly string[] = [];
    for (;;) {
      const behind = goals.filter(({ group, goal }) => [...goal].some(([name, end]) => isBehind(group, name, end)));
      if (behind.length === 0) break;
      last = behind.map(({ group }) => group.plan.id);
      if (performance.now() - begunMs > CATCH_UP_MS) {
        for (const { group, goal } of behind) this.stalled(group, goal);
        break;
      }
      await sleep(LOOK_AGAIN_MS);
    }
    this.options.log(`caught up in ${Math.round(performance.now() - begunMs)} ms, last: ${last.join(", ")}`);
  }

  private stalled(group: SoakMembers, goal: ReadonlyMap<string, number>): void {
    const places = [...goal]
      .filter(([name, end]) => isBehind(group, name, end))
      .map(([name, end]) => `${name} at ${group.furthest.get(name) ?? "nothing"} of ${end}`);
    this.history.fault(`${group.plan.id} stands still: ${places.join(", ")}; ${group.describe()}`);
    this.showRequests(group);
  }

  // What the group asked the broker last, and what became of it.
  private showRequests({ plan }: SoakMembers): void {
    const ofGroup = this.broker.journal.entries().filter(({ keys }) => keys.includes(plan.id));
    for (const { atMs, api, clientId, errors, fault, outcome } of ofGroup.slice(-SHOWN_REQUESTS))
      this.options.log(
        `  ${Math.round(atMs)} ms ${api} of ${clientId}: ${[outcome, ...errors, fault ?? ""].join(" ")}`,
      );
  }

  private async audit(signal: AbortSignal): Promise<void> {
    const auditor = new OffsetAuditor(this.broker.port, this.history);
    while (!signal.aborted) {
      for (const { plan } of this.groups) await auditor.read(plan.id);
      await sleep(AUDIT_EVERY_MS);
    }
    auditor.close();
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
    const kafka = this.connect(clientId);
    this.clients.push(kafka);
    return kafka;
  }

  private connect(clientId: string): Kafka {
    return new Kafka({
      bootstrapServers: this.broker.bootstrap,
      clientId,
      requestTimeoutMs: 3_000,
      defaultApiTimeoutMs: 15_000,
      metadataMaxAgeMs: 5_000,
    });
  }
}

/** Requests that the broker takes as a sign of life in a classic group. */
const SIGNS_OF_LIFE: ReadonlySet<string> = new Set(["JoinGroup", "SyncGroup", "Heartbeat", "OffsetCommit"]);

function silenceOf({ journal }: TestBroker, clientId: string): number {
  const entries = journal.entries();
  const own = entries.filter((entry) => entry.clientId === clientId);
  // In a consumer group only heartbeats count.
  const isConsumer = own.some(({ api }) => api === "ConsumerGroupHeartbeat");
  const signs = own.filter(({ api }) => (isConsumer ? api === "ConsumerGroupHeartbeat" : SIGNS_OF_LIFE.has(api)));
  // A request that waits for others keeps a session too; one that a fault keeps from the broker does not.
  if (signs.some(({ outcome, fault }) => outcome === "waiting" && fault === null)) return 0;
  const last = signs.findLast(({ outcome, errors }) => outcome === "answered" && errors.length === 0);
  const nowMs = entries.at(-1)?.atMs ?? 0;
  return last === undefined ? nowMs : nowMs - last.atMs - (last.tookMs ?? 0);
}

/** By partition, the last record that the group has to handle as of now. */
function goalOf({ sent }: SoakHistory, { topics, readCommitted }: GroupPlan): Map<string, number> {
  const goal = new Map<string, number>();
  for (const { topic, transaction, outcome } of sent) {
    if (outcome === null || outcome === "failed" || !topics.includes(topic)) continue;
    if (readCommitted && transaction !== null && transaction.told !== "committed") continue;
    const name = `${topic}-${outcome.partition}`;
    if (outcome.offset > (goal.get(name) ?? -1)) goal.set(name, outcome.offset);
  }
  return goal;
}

function isBehind({ furthest }: SoakMembers, name: string, end: number): boolean {
  return (furthest.get(name) ?? -1) < end;
}
