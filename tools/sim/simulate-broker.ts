// A whole broker over files that fail, crash and lose power, under producers and readers whose history is checked in the end:
// `simulateBroker(seed, steps)` takes that many random steps and returns what did not hold. The same seed takes the same steps.
// Every second seed lets the power fail and flushes each append, as then nothing acknowledged may be lost; the others kill the process.

import { SeededRandom } from "@ottla/base";
import type { FaultyFileSystem } from "@ottla/storage/faulty";
import { errorCodes, errorName } from "@ottla/protocol";
import { deleteRecordsApi } from "@ottla/protocol/messages/21-delete-records.ts";
import { History } from "./history.ts";
import { checkHistory } from "./history-checks.ts";
import { MetadataModel } from "./metadata-model.ts";
import { boundByBytes, boundByTime } from "./retention-bounds.ts";
import { SimulatedNode, turns } from "./simulated-node.ts";
import type { End } from "./simulated-node.ts";
import { nameOf, SimulatedProducer } from "./simulated-producer.ts";
import type { Place } from "./simulated-producer.ts";
import { SimulatedReader, unlessFailed } from "./simulated-reader.ts";

const TOPIC = "sim";
const PARTITIONS = 2;
/** Longer histories find nothing that shorter ones do not, and checking them costs more than their length. */
const STEPS_PER_EPISODE = 500;
/** How long a broker whose disk failed is looked at before it is started again. */
const STEPS_AFTER_FAILURE = 8;
const RETENTION_CHECK_MS = 10_000;

/** Takes `steps` random steps, in episodes of a new broker each; empty when everything held. */
export async function simulateBroker(seed: number, steps: number): Promise<string[]> {
  for (let episode = 0; episode * STEPS_PER_EPISODE < steps; episode++) {
    const count = Math.min(STEPS_PER_EPISODE, steps - episode * STEPS_PER_EPISODE);
    const simulation = new BrokerSimulation(seed + episode);
    const sentences = await simulation.run(count);
    const where = `seed ${seed + episode}, ${count} steps, the last: ${simulation.trail.join(" ")}`;
    if (sentences.length > 0) return sentences.map((sentence) => `${sentence} (${where})`);
  }
  return [];
}

type Step = readonly [weight: number, name: string, take: (simulation: BrokerSimulation) => Promise<void> | void];

export class BrokerSimulation {
  readonly history = new History();
  /** The last steps, for the report. */
  readonly trail: string[] = [];
  private readonly violations: string[] = [];
  private readonly random: SeededRandom;
  private readonly betweenLives: (system: FaultyFileSystem) => void;
  private readonly losesPower: boolean;
  private readonly node: SimulatedNode;
  private readonly producers: SimulatedProducer[];
  private readonly readers: SimulatedReader[];
  private readonly model: MetadataModel;
  private readonly places: Place[];
  /** Whether a call that fails may have been made to. */
  private faultsWereSet = false;
  private stepsSinceFailure = 0;
  private topicsMade = 0;

  /** `betweenLives` may do to the files of a dead process what no broker can survive, so that a test sees whether it is seen. */
  constructor(seed: number, betweenLives: (system: FaultyFileSystem) => void = () => {}) {
    this.betweenLives = betweenLives;
    this.random = new SeededRandom(seed);
    this.losesPower = seed % 2 === 0;
    this.node = new SimulatedNode(this.random, {
      "log.retention.check.interval.ms": String(RETENTION_CHECK_MS),
      "metadata.log.max.record.bytes.between.snapshots": "2000",
    });
    const blame = (sentence: string): void => void this.violations.push(sentence);
    const { history, random } = this;
    const common = { history, random, blame, nowMs: () => this.node.nowMs() };
    this.producers = ["once-a", "once-b", "plain-c", "plain-d"].map(
      (name) => new SimulatedProducer({ ...common, name, idempotent: name.startsWith("once") }),
    );
    this.readers = ["reader-a", "reader-b"].map((name) => new SimulatedReader({ name, history, blame }));
    this.model = new MetadataModel(blame);
    this.places = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition }));
  }

  async run(steps: number): Promise<string[]> {
    await this.node.start(false);
    const small = { "segment.index.bytes": "48", "index.interval.bytes": "200", "file.delete.delay.ms": "1000" };
    const configs = this.losesPower ? { ...small, "flush.messages": "1" } : small;
    await this.model.createTopic(this.node.client, { name: TOPIC, partitions: PARTITIONS, configs });
    await this.greet();
    for (let step = 0; step < steps && this.violations.length === 0; step++) await this.step();
    if (this.violations.length > 0) {
      await this.node.stop("kill");
      return this.violations;
    }
    await this.finish();
    return [...this.violations, ...checkHistory(this.history)];
  }

  private async step(): Promise<void> {
    await turns(this.random.below(3));
    if (this.node.system.crashed) return this.restart(this.losesPower && this.random.chance(0.5) ? "powerCut" : "kill");
    if (this.node.hasFailed() && ++this.stepsSinceFailure > STEPS_AFTER_FAILURE) return this.restart("kill");
    let roll = this.random.below(TOTAL_WEIGHT);
    for (const [weight, name, take] of STEPS) {
      roll -= weight;
      if (roll >= 0) continue;
      this.note(name);
      await take(this);
      return;
    }
  }

  produce(): void {
    for (let count = 1 + this.random.below(5); count > 0; count--)
      this.random.pick(this.producers).send(this.random.pick(this.places));
  }

  async drain(): Promise<void> {
    for (let turn = 0; turn < 200 && !this.node.system.crashed; turn++) {
      if (this.producers.every((producer) => producer.underWay() === 0)) return;
      await turns(1);
    }
    if (!this.node.system.crashed) this.violations.push("appends are not answered");
  }

  poll(): Promise<void> {
    const maxBytes = 1 + this.random.below(4000);
    return this.random.pick(this.readers).poll(this.node.client, this.random.pick(this.places), maxBytes);
  }

  look(): Promise<void> {
    return this.random.pick(this.readers).look(this.node.client, this.random.pick(this.places));
  }

  askEpoch(): Promise<void> {
    const place = this.random.pick(this.places);
    const latest = this.node.node.broker.replicas.get(place.topic, place.partition)?.leaderEpoch ?? 0;
    return this.random.pick(this.readers).askEpoch(this.node.client, place, this.random.below(latest + 2));
  }

  async deleteRecords(): Promise<void> {
    const place = this.random.pick(this.places);
    const highest = Math.max(
      0,
      ...this.history.marks.filter(isOf(nameOf(place))).map((mark) => mark.highWatermark ?? 0),
    );
    const offset = this.random.below(highest + 1);
    this.history.allow(nameOf(place), offset);
    const begun = this.history.tick();
    const response = await unlessFailed(
      this.node.client.call(deleteRecordsApi, 2, {
        topics: [{ name: place.topic, partitions: [{ partitionIndex: place.partition, offset }] }],
        timeoutMs: 10_000,
      }),
    );
    if (response === null) return this.mustBeFaulty("DeleteRecords has no answer");
    const { errorCode, lowWatermark } = response.topics[0]!.partitions[0]!;
    if (errorCode === errorCodes.NONE) this.history.noted(nameOf(place), begun, { logStart: lowWatermark });
    else this.mustBeFaulty(`DeleteRecords got ${errorName(errorCode)}`);
  }

  /** Lets retention remove something, by size or by age. Not where the power fails: renamed files may come back then, as with Kafka. */
  async retention(): Promise<void> {
    if (this.losesPower) return;
    const bySize = this.random.chance(0.5);
    const name = bySize ? "retention.bytes" : "retention.ms";
    const limit = bySize ? 500 + this.random.below(20_000) : 60_000 + this.random.below(600_000);
    if (!(await this.setRetention(name, String(limit)))) return;
    await this.drain();
    for (const place of this.places.map(nameOf)) {
      const sinceMs = this.node.nowMs() + RETENTION_CHECK_MS - limit;
      this.history.allow(
        place,
        bySize ? boundByBytes(this.history, place, limit) : boundByTime(this.history, place, sinceMs),
      );
    }
    this.node.advance(RETENTION_CHECK_MS);
    await turns(2);
    for (const place of this.places) await this.readers[0]!.look(this.node.client, place);
    await this.setRetention(name, "-1");
  }

  async createTopic(): Promise<void> {
    const name = `temporary-${this.topicsMade++}`;
    const made = await this.model.createTopic(this.node.client, { name, partitions: 1 + this.random.below(3) });
    if (!made) this.mustBeFaulty(`${name} cannot be created`);
  }

  async deleteTopic(): Promise<void> {
    const names = this.model.existing().filter((name) => name !== TOPIC);
    if (names.length === 0) return;
    const name = this.random.pick(names);
    if (!(await this.model.deleteTopic(this.node.client, name))) this.mustBeFaulty(`${name} cannot be deleted`);
  }

  async checkMetadata(): Promise<void> {
    if (!this.faultsWereSet) await this.model.check(this.node.client);
  }

  advance(): void {
    this.node.advance(this.random.pick([10, 1000, 7000, 61_000]));
  }

  failSoon(): void {
    this.faultsWereSet = true;
    const operation = this.random.pick([
      "append",
      "append",
      "sync",
      "sync",
      "rename",
      "write",
      "truncate",
      "open",
      "read",
    ] as const);
    const path = this.random.pick(["", `${TOPIC}-0`, `${TOPIC}-1`, "__cluster_metadata-0", "checkpoint"]);
    const code = this.random.pick(["ENOSPC", "EIO"] as const);
    this.note(`${operation}:${code}:${path}`);
    this.node.system.failNext({ operation, code, path, shortBytes: this.random.below(200) });
  }

  crashSoon(): void {
    this.faultsWereSet = true;
    this.node.system.crashAt = this.node.system.operations + 1 + this.random.below(40);
  }

  async restart(end: End): Promise<void> {
    const failed = this.node.hasFailed();
    const expectClean = end === "clean" && !failed && !this.faultsWereSet;
    this.note(`[${failed && end === "clean" ? "kill" : end}]`);
    const ended = await this.node.stop(failed && end === "clean" ? "kill" : end);
    this.node.logger.lines.length = 0;
    if (ended !== "clean" && this.random.chance(0.3)) this.damage();
    this.betweenLives(this.node.system);
    await this.node.start(!expectClean);
    this.stepsSinceFailure = 0;
    this.faultsWereSet = false;
    this.history.restarted();
    if (expectClean) this.expectNothingToMend();
    await this.model.check(this.node.client);
    await this.greet();
  }

  /** False without an answer; then nobody knows what retention may do from now on. */
  private async setRetention(name: string, value: string): Promise<boolean> {
    if (await this.model.setConfig(this.node.client, TOPIC, name, value)) return true;
    for (const place of this.places) this.history.allow(nameOf(place), Infinity);
    this.mustBeFaulty(`${name} cannot be set`);
    return false;
  }

  /** A bit of an index or a producer snapshot turns while the broker is down: both can be built again. */
  private damage(): void {
    const folder = `/data/${nameOf(this.random.pick(this.places))}`;
    // The name of a folder that never held a record may be lost with the power.
    if (this.node.system.status(folder) === null) return;
    const files = this.node.system.list(folder).filter(({ name }) => /\.(?:index|timeindex|snapshot)$/.test(name));
    if (files.length > 0) this.node.system.flipBit(`${folder}/${this.random.pick(files).name}`);
  }

  private expectNothingToMend(): void {
    const complaints = this.node.logger.lines.filter(({ level }) => level === "warn" || level === "error");
    if (!this.node.node.broker.logDirectory.wasClean)
      this.violations.push("fault 17: a clean stop was not taken for one");
    for (const { sentence, fields } of complaints)
      this.violations.push(`after a clean stop the log says: ${sentence} ${JSON.stringify(fields)}`);
  }

  /** Producers go on with the new process. */
  private async greet(): Promise<void> {
    for (const producer of this.producers) {
      producer.begin(this.node.client);
      await unlessFailed(producer.identify((id) => this.model.producerIdGiven(id)));
    }
  }

  /** A last restart without faults; then everything unanswered is answered, and everything read. */
  private async finish(): Promise<void> {
    await this.restart("kill");
    await this.drain();
    await this.restart("clean");
    await this.drain();
    for (const place of this.places) await this.readers[0]!.scan(this.node.client, place);
    await this.node.stop("clean");
  }

  private mustBeFaulty(sentence: string): void {
    if (!this.faultsWereSet && !this.node.hasFailed()) this.violations.push(sentence);
  }

  private note(step: string): void {
    this.trail.push(step);
    if (this.trail.length > 30) this.trail.shift();
  }
}

const STEPS: readonly Step[] = [
  [400, "produce", (simulation) => simulation.produce()],
  [60, "drain", (simulation) => simulation.drain()],
  [200, "poll", (simulation) => simulation.poll()],
  [40, "look", (simulation) => simulation.look()],
  [40, "epoch", (simulation) => simulation.askEpoch()],
  [25, "delete", (simulation) => simulation.deleteRecords()],
  [20, "retention", (simulation) => simulation.retention()],
  [20, "create", (simulation) => simulation.createTopic()],
  [15, "drop", (simulation) => simulation.deleteTopic()],
  [15, "metadata", (simulation) => simulation.checkMetadata()],
  [60, "advance", (simulation) => simulation.advance()],
  [20, "fail", (simulation) => simulation.failSoon()],
  [20, "crashSoon", (simulation) => simulation.crashSoon()],
  [10, "stop", (simulation) => simulation.restart("clean")],
  [10, "kill", (simulation) => simulation.restart("kill")],
];
const TOTAL_WEIGHT = STEPS.reduce((sum, [weight]) => sum + weight, 0);

function isOf(partition: string): (mark: { partition: string }) => boolean {
  return (mark) => mark.partition === partition;
}
