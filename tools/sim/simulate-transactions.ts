// Transactions through a whole broker over files that fail, crash and lose power: producers that take over each other's transactional ids,
// die, wait too long and repeat themselves late, and readers at both isolation levels, in any interleaving of fetches and markers.
// `simulateTransactions(seed, steps)` takes that many random steps and returns what did not hold; the same seed takes the same steps.
// Every second seed lets the power fail and flushes each append, as then nothing acknowledged may be lost; the others kill the process.

import { SeededRandom } from "@ottla/base";
import { errorCodes, errorName } from "@ottla/protocol";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { SimulatedHolder } from "./simulated-holder.ts";
import { SimulatedNode, turns } from "./simulated-node.ts";
import type { End } from "./simulated-node.ts";
import { nameOf } from "./simulated-producer.ts";
import type { Place } from "./simulated-producer.ts";
import { TransactionHistory } from "./transaction-history.ts";
import { checkTransactions } from "./transaction-checks.ts";
import { fetchStableOffset } from "./transactional-calls.ts";
import { TransactionalReader } from "./transactional-reader.ts";
import { ConnectionLost } from "./wire-client.ts";
import type { Caller } from "./wire-client.ts";

const TOPIC = "sim";
const SOURCE = "source";
const PARTITIONS = 3;
const IDS = ["new-a", "new-b", "old-c"] as const;
const STEPS_PER_EPISODE = 500;
const STEPS_AFTER_FAILURE = 8;
const TRANSACTION_TIMEOUT_MS = 20_000;
const ZOMBIES_MAX = 2;
const READ_BYTES = 1500;
/** Of the broker's own clock, for everybody to go on after the last restart. Coordinators load again after a second, markers are written again within one. */
const PROGRESS_BOUND_MS = 30_000;
const PROGRESS_STEP_MS = 50;

/** What stands between the clients and the broker: a test puts a fault there, to see whether it is seen. */
export type Distortion = (client: Caller) => Caller;

/** Takes `steps` random steps, in episodes of a new broker each; empty when everything held. */
export async function simulateTransactions(seed: number, steps: number, distort?: Distortion): Promise<string[]> {
  for (let episode = 0; episode * STEPS_PER_EPISODE < steps; episode++) {
    const count = Math.min(STEPS_PER_EPISODE, steps - episode * STEPS_PER_EPISODE);
    const simulation = new TransactionSimulation(seed + episode, distort);
    const sentences = await simulation.run(count);
    const where = `seed ${seed + episode}, ${count} steps, the last: ${simulation.trail.join(" ")}`;
    if (sentences.length > 0) return sentences.map((sentence) => `${sentence} (${where})`);
  }
  return [];
}

type Step = readonly [weight: number, name: string, take: (simulation: TransactionSimulation) => Promise<void> | void];

export class TransactionSimulation {
  readonly history = new TransactionHistory();
  /** The last steps, for the report. */
  readonly trail: string[] = [];
  private readonly violations: string[] = [];
  private readonly random: SeededRandom;
  private readonly losesPower: boolean;
  private readonly node: SimulatedNode;
  private readonly distort: Distortion;
  private readonly blame = (sentence: string): void => void this.violations.push(sentence);
  private readonly places: readonly Place[];
  private readonly readers: readonly TransactionalReader[];
  private readonly holders = new Map<string, SimulatedHolder>();
  private readonly zombies = new Map<string, SimulatedHolder[]>();
  private client: Caller | null = null;
  private holdersMade = 0;
  private stepsSinceFailure = 0;

  constructor(seed: number, distort: Distortion = (client) => client) {
    this.distort = distort;
    this.random = new SeededRandom(seed);
    this.losesPower = seed % 2 === 0;
    this.node = new SimulatedNode(this.random, {
      "transaction.state.log.num.partitions": "2",
      "offsets.topic.num.partitions": "2",
      ...(this.losesPower ? { "log.flush.interval.messages": "1" } : {}),
    });
    const { history, blame } = this;
    this.places = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition }));
    this.readers = (["read_committed", "read_committed", "read_uncommitted"] as const).map(
      (isolation, index) => new TransactionalReader({ name: `reader-${index}`, isolation, history, blame }),
    );
  }

  async run(steps: number): Promise<string[]> {
    await this.start(false);
    await this.createTopics();
    for (const id of IDS) this.succeed(id);
    for (let step = 0; step < steps && this.violations.length === 0; step++) await this.step();
    if (this.violations.length > 0) {
      await this.node.stop("kill");
      return this.violations;
    }
    await this.finish();
    return [...this.violations, ...checkTransactions(this.history)];
  }

  private async step(): Promise<void> {
    await turns(this.random.below(3));
    if (this.node.system.crashed) return this.restart(this.losesPower && this.random.chance(0.5) ? "powerCut" : "kill");
    if (this.node.hasFailed() && ++this.stepsSinceFailure > STEPS_AFTER_FAILURE) return this.restart("kill");
    for (const [id, holder] of this.holders) if (!holder.alive) this.succeed(id);
    let roll = this.random.below(TOTAL_WEIGHT);
    for (const [weight, name, take] of STEPS) {
      roll -= weight;
      if (roll >= 0) continue;
      this.note(name);
      await take(this);
      return;
    }
  }

  /** The producers take a step or two each, in any order. */
  work(): void {
    for (let count = 1 + this.random.below(4); count > 0; count--) this.anybody(0.15).step();
  }

  late(): void {
    this.anybody(0.15).sendLate();
  }

  commitAside(): void {
    this.anybody(0.7).commitAside();
  }

  /** A new instance takes over the id of one that lives and does not know. */
  takeOver(): void {
    this.succeed(this.random.pick(IDS));
  }

  async poll(): Promise<void> {
    const maxBytes = 1 + this.random.below(READ_BYTES);
    await this.random.pick(this.readers).poll(this.client!, this.random.pick(this.places), maxBytes);
  }

  async readOffset(): Promise<void> {
    await this.noteOffset(this.random.pick(IDS), (reading) => this.history.offsetReadings.push(reading));
  }

  advance(byMs: number): void {
    for (const holder of this.everybody()) {
      const { current } = holder;
      if (current === null || this.node.nowMs() + byMs - current.begunMs < TRANSACTION_TIMEOUT_MS) continue;
      const { transactionalId } = current.transaction;
      this.history.expiries.push({ transactionalId, begun: this.history.tick() });
    }
    this.node.advance(byMs);
  }

  pause(): void {
    this.advance(this.random.pick([10, 100, 1000, 1000, 7000, 31_000]));
  }

  failSoon(): void {
    const operation = this.random.pick(["append", "append", "append", "sync", "read"] as const);
    const path = this.random.pick(["", `${TOPIC}-0`, `${TOPIC}-1`, "__transaction_state", "__consumer_offsets"]);
    const code = this.random.pick(["ENOSPC", "EIO"] as const);
    this.note(`${operation}:${code}:${path}`);
    this.node.system.failNext({ operation, code, path, shortBytes: this.random.below(200) });
  }

  crashSoon(): void {
    this.node.system.crashAt = this.node.system.operations + 1 + this.random.below(60);
  }

  async restart(end: End): Promise<void> {
    const how = end === "clean" && this.node.hasFailed() ? "kill" : end;
    this.note(`[${how}]`);
    await this.node.stop(how);
    this.node.logger.lines.length = 0;
    await this.start(true);
    this.stepsSinceFailure = 0;
  }

  private async start(mayCrash: boolean): Promise<void> {
    await this.node.start(mayCrash);
    this.client = this.distort(this.node.client);
  }

  private async createTopics(): Promise<void> {
    const topics = [
      { name: TOPIC, numPartitions: PARTITIONS },
      { name: SOURCE, numPartitions: 2 },
    ];
    const response = await this.client!.call(createTopicsApi, 7, {
      topics: topics.map((topic) => ({ ...topic, replicationFactor: 1, assignments: [], configs: [] })),
      timeoutMs: 10_000,
      validateOnly: false,
    });
    for (const { name, errorCode } of response.topics)
      if (errorCode !== errorCodes.NONE) this.blame(`${name}: ${errorName(errorCode)}`);
  }

  private succeed(transactionalId: string): void {
    const before = this.holders.get(transactionalId);
    if (before !== undefined) {
      const zombies = [...(this.zombies.get(transactionalId) ?? []), before].filter(({ alive }) => alive);
      this.zombies.set(transactionalId, zombies.slice(-ZOMBIES_MAX));
    }
    const { history, random, blame, places } = this;
    const holder = new SimulatedHolder({
      name: `${transactionalId}#${this.holdersMade++}`,
      transactionalId,
      generation: transactionalId.startsWith("new") ? "new" : "old",
      group: groupOf(transactionalId),
      source: { topic: SOURCE, partition: 0 },
      sideSource: { topic: SOURCE, partition: 1 },
      places,
      timeoutMs: TRANSACTION_TIMEOUT_MS,
      history,
      random,
      caller: () => this.client!,
      nowMs: () => this.node.nowMs(),
      blame,
    });
    this.holders.set(transactionalId, holder);
  }

  private everybody(): SimulatedHolder[] {
    return [...this.holders.values(), ...this.livingZombies()];
  }

  private livingZombies(): SimulatedHolder[] {
    return [...this.zombies.values()].flat().filter(({ alive }) => alive);
  }

  /** With so much of a chance a zombie, where there is one. */
  private anybody(zombieChance: number): SimulatedHolder {
    const zombies = this.livingZombies();
    const picksZombie = zombies.length > 0 && this.random.chance(zombieChance);
    return this.random.pick(picksZombie ? zombies : [...this.holders.values()]);
  }

  /** A last restart without faults; then every id is taken once more, everybody commits once, and everything is read. */
  private async finish(): Promise<void> {
    await this.node.stop("kill");
    await this.start(false);
    for (const id of IDS) this.succeed(id);
    for (const holder of this.holders.values()) holder.resting = true;
    await this.within("taking over every transactional id", (holder) => holder.isReady);
    for (const holder of this.holders.values()) holder.resting = false;
    await this.within("a transaction of everybody", (holder) => {
      holder.resting ||= holder.committed > 0;
      return holder.resting && holder.isReady;
    });
    await this.untilStable();
    for (const id of IDS) await this.noteOffset(id, (reading) => this.history.finalOffsets.push(reading));
    const { history, blame } = this;
    const scanner = new TransactionalReader({ name: "scan", isolation: "read_committed", history, blame });
    for (const place of this.places) {
      if (!(await scanner.scan(this.client!, place))) this.blame(`${nameOf(place)} cannot be read to its end`);
    }
    await this.node.stop("clean");
  }

  /** Nothing is open any more: every last stable offset is at the end. */
  private async untilStable(): Promise<void> {
    const { history } = this;
    const last = this.readers[2]!;
    const isStable = async (): Promise<boolean> => {
      for (const place of this.places) {
        await last.poll(this.client!, place, 4 * 1024 * 1024);
        const read = history.reads.findLast(({ partition }) => partition === nameOf(place));
        if (read === undefined || read.lastStableOffset < read.highWatermark) return false;
      }
      return true;
    };
    await this.progress("the last stable offsets", isStable);
  }

  private async within(what: string, isDone: (holder: SimulatedHolder) => boolean): Promise<void> {
    await this.progress(what, () => {
      let done = true;
      for (const [id, holder] of this.holders) {
        if (!holder.alive) this.succeed(id);
        if (isDone(holder)) continue;
        done = false;
        this.holders.get(id)!.step();
      }
      return done;
    });
  }

  private async progress(what: string, isDone: () => boolean | Promise<boolean>): Promise<void> {
    const begunMs = this.node.nowMs();
    let tookMs = 0;
    while (!(await isDone())) {
      tookMs = this.node.nowMs() - begunMs;
      if (tookMs > PROGRESS_BOUND_MS) {
        tookMs = Infinity;
        break;
      }
      await turns(3);
      this.advance(PROGRESS_STEP_MS);
    }
    this.history.progress.push({ what, tookMs, boundMs: PROGRESS_BOUND_MS });
  }

  private async noteOffset(
    transactionalId: string,
    keep: (reading: TransactionHistory["offsetReadings"][number]) => void,
  ): Promise<void> {
    const [group, place] = [groupOf(transactionalId), { topic: SOURCE, partition: 0 }];
    const begun = this.history.tick();
    try {
      const { errorCode, offset } = await fetchStableOffset(this.client!, group, place);
      if (errorCode !== errorCodes.NONE) return;
      keep({ group, partition: nameOf(place), offset, begun, ended: this.history.tick() });
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
    }
  }

  private note(step: string): void {
    this.trail.push(step);
    if (this.trail.length > 30) this.trail.shift();
  }
}

const STEPS: readonly Step[] = [
  [600, "work", (simulation) => simulation.work()],
  [200, "poll", (simulation) => simulation.poll()],
  [120, "late", (simulation) => simulation.late()],
  [60, "aside", (simulation) => simulation.commitAside()],
  [30, "offset", (simulation) => simulation.readOffset()],
  [25, "take", (simulation) => simulation.takeOver()],
  [80, "pause", (simulation) => simulation.pause()],
  [10, "fail", (simulation) => simulation.failSoon()],
  [10, "crashSoon", (simulation) => simulation.crashSoon()],
  [5, "stop", (simulation) => simulation.restart("clean")],
  [8, "kill", (simulation) => simulation.restart("kill")],
];
const TOTAL_WEIGHT = STEPS.reduce((sum, [weight]) => sum + weight, 0);

function groupOf(transactionalId: string): string {
  return `group-${transactionalId}`;
}
