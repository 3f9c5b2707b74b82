// A log over a file system that fails, crashes and loses power, against a plain list: `simulateLog(seed, steps)` takes that many random
// steps and returns what did not hold. The same seed takes the same steps.

import { ManualClock, RecordingLogger, SeededRandom } from "@ottla/base";
import { DataFolder, LogDirectory } from "@ottla/storage";
import type { AppendResult, PartitionLog } from "@ottla/storage";
import { FaultyFileSystem } from "@ottla/storage/faulty";
import { LogModel } from "./log-model.ts";
import type { SentBatch } from "./log-model.ts";
import { batchOfRecords, logConfig, ManualTurn } from "./logs.ts";

const TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAQ";
const PATH = "/data";

/** Takes `steps` random steps; empty when everything held. */
export async function simulateLog(seed: number, steps: number): Promise<string[]> {
  const simulation = new LogSimulation(seed);
  await simulation.start();
  for (let step = 0; step < steps && simulation.model.violations.length === 0; step++) await simulation.step();
  await simulation.restart("clean");
  return simulation.model.violations.map(
    (violation) => `${violation} (seed ${seed}, after: ${simulation.trail.join(" ")})`,
  );
}

type End = "clean" | "kill" | "powerCut";

export class LogSimulation {
  readonly model = new LogModel();
  /** The last steps, for the report. */
  readonly trail: string[] = [];
  readonly logger = new RecordingLogger(20);
  private readonly random: SeededRandom;
  private readonly clock = new ManualClock();
  private readonly turn = new ManualTurn();
  private system: FaultyFileSystem;
  private directory!: LogDirectory;
  private log!: PartitionLog;
  private counter = 0;
  private producer = { id: 1000, sequence: 0, last: null as { records: Buffer; baseOffset: number } | null };

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.system = new FaultyFileSystem({
      clock: this.clock,
      random: this.random,
      slowAppends: this.random.chance(0.5),
    });
  }

  async start(): Promise<void> {
    this.directory = await LogDirectory.open({
      folder: DataFolder.claim(this.system, PATH),
      clock: this.clock,
      scheduler: this.turn,
      logger: this.logger,
      random: this.random,
      configFor: () =>
        logConfig({
          segmentBytes: 4096,
          indexIntervalBytes: 200,
          segmentIndexBytes: 600,
          segmentMs: 3_600_000,
          fileDeleteDelayMs: 1000,
        }),
    });
    this.log = await this.directory.create("sim", 0, TOPIC_ID);
  }

  async step(): Promise<void> {
    await settle();
    if (this.system.crashed) await this.restart(this.random.chance(0.5) ? "kill" : "powerCut");
    else if (this.log.offline) await this.restart("kill");
    const roll = this.random.below(1000);
    if (roll < 450) this.append();
    else if (roll < 600) await this.endTurn("turn");
    else if (roll < 640) this.repeatLast();
    else if (roll < 720) await this.flush();
    else if (roll < 800) this.look();
    else if (roll < 840) this.lookUpTime();
    else if (roll < 860) this.deleteRecords();
    else if (roll < 880) this.retention();
    else if (roll < 900) await this.advance();
    else if (roll < 915) await this.roll();
    else if (roll < 930) await this.restart("clean");
    else if (roll < 945) await this.damageAndRestart();
    else if (roll < 960) await this.restart("kill");
    else if (roll < 975) await this.restart("powerCut");
    else if (roll < 990) this.crashSoon();
    else this.failSoon();
  }

  /** Ends this process as asked, starts the next one and compares. */
  async restart(end: End): Promise<void> {
    this.note(end);
    if (end === "clean") {
      await this.endTurn("turn");
      await this.close();
      if (this.system.crashed) return this.restart("kill");
    }
    this.system = this.system.survivor(end === "powerCut" ? "powerCut" : "kill");
    await this.startAgain();
    const mustReach = end === "powerCut" ? this.model.durableEnd : this.model.end;
    const before = this.model.end;
    const unanswered = this.model.sent.filter((batch) => batch.repeat !== null);
    this.model.afterRestart(this.log, mustReach);
    // The log remembers five batches; a producer with more in flight, or whose acknowledged records are lost, begins anew.
    if (this.log.logEndOffset < before || unanswered.length > 5) this.newProducer();
    else for (const batch of unanswered) this.sendAgain(batch);
  }

  /** After a restart, an idempotent producer repeats what had no answer: it must end up in the log exactly once. */
  private sendAgain(batch: SentBatch): void {
    const { model, log } = this;
    const first = batch.records[0]!.value;
    const there = model.history.findIndex(({ value }) => value === first);
    if (there === -1) model.sent.push(batch);
    this.note("again");
    this.send(Buffer.from(batch.repeat!), (result) => {
      if (result.errorCode !== 0) {
        if (!log.offline) model.blame(`a repeated append got error ${result.errorCode}: ${result.errorMessage}`);
      } else if (there === -1) {
        model.acknowledged(batch, result.baseOffset);
      } else if (!result.duplicate || result.baseOffset !== there) {
        model.blame(`${first} is at ${there}; sent again it got ${result.baseOffset}, duplicate ${result.duplicate}`);
      }
    });
  }

  private append(): void {
    this.note("append");
    const idempotent = this.random.chance(0.5);
    const records = Array.from({ length: 1 + this.random.below(3) }, () => ({
      value: `v${this.counter++}-${"x".repeat(this.random.below(300))}`,
      timestamp: this.clock.nowMs() + this.random.below(20_000) - 10_000,
    }));
    const { id, sequence } = this.producer;
    const options = idempotent ? { producerId: id, producerEpoch: 0, baseSequence: sequence } : {};
    const bytes = batchOfRecords(
      records.map(({ value, timestamp }) => ({ timestamp, value: Buffer.from(value) })),
      options,
    );
    const copy = Buffer.from(bytes);
    const batch: SentBatch = { records, repeat: idempotent ? copy : null };
    this.model.sent.push(batch);
    if (idempotent) this.producer.sequence += records.length;
    const { model, log } = this;
    this.send(bytes, (result) => {
      if (result.errorCode !== 0) {
        // KAFKA_STORAGE_ERROR leaves open whether the records are there; anything else would be wrong.
        if (!log.offline) model.blame(`an append got error ${result.errorCode}: ${result.errorMessage}`);
        return;
      }
      model.acknowledged(batch, result.baseOffset);
      if (result.lastOffset !== result.baseOffset + records.length - 1)
        model.blame(`an append ends at ${result.lastOffset}`);
      if (idempotent) this.producer.last = { records: copy, baseOffset: result.baseOffset };
    });
  }

  private send(bytes: Buffer, done: (result: AppendResult) => void): void {
    const { log } = this;
    log.append(bytes, { leaderEpoch: Math.floor(this.counter / 500), origin: "client" }, (result) => {
      // Answers that come after the crash reach nobody.
      if (log === this.log) done(result);
      if (result.errorCode === 0) log.updateHighWatermark(log.logEndOffset);
    });
  }

  private repeatLast(): void {
    const { last } = this.producer;
    if (last === null || this.model.sent.length > 0) return;
    this.note("repeat");
    this.send(Buffer.from(last.records), (result) => {
      if (result.errorCode !== 0) return;
      const held = result.duplicate && result.baseOffset === last.baseOffset;
      if (!held)
        this.model.blame(
          `a repeated batch of offset ${last.baseOffset} got ${result.baseOffset}, duplicate ${result.duplicate}`,
        );
    });
  }

  private async endTurn(name: string): Promise<void> {
    this.note(name);
    this.turn.end();
    await settle();
  }

  private async flush(): Promise<void> {
    this.note("flush");
    const { log } = this;
    const end = this.model.end;
    try {
      await log.flush();
      if (log === this.log) this.model.durableEnd = Math.max(this.model.durableEnd, end);
    } catch {
      if (!log.offline) this.model.blame("a flush failed and the log is not offline");
    }
  }

  private look(): void {
    this.note("look");
    this.unlessCrashed(() => this.model.compareAll(this.log, 1 + this.random.below(3000)));
  }

  /** A process that ends while it reads has not read wrong. */
  private unlessCrashed(look: () => void): void {
    const before = this.model.violations.length;
    try {
      look();
    } catch (error) {
      if (!this.system.crashed) throw error;
    }
    if (this.system.crashed) this.model.violations.length = before;
  }

  private lookUpTime(): void {
    this.note("time");
    if (this.model.sent.length > 0 || this.model.end === 0) return;
    const timestamp = this.clock.nowMs() + this.random.below(40_000) - 30_000;
    this.unlessCrashed(() => {
      const found = this.log.fetchOffsetByTimestamp(timestamp)?.offset ?? null;
      const expected = this.model.firstAt(timestamp);
      if (found !== expected)
        this.model.blame(`at time ${timestamp} the log has offset ${found}, the list ${expected}`);
    });
  }

  private deleteRecords(): void {
    this.note("delete");
    const offset = this.log.logStartOffset + this.random.below(this.log.highWatermark - this.log.logStartOffset + 1);
    if (this.log.deleteRecordsBefore(offset) === 0) this.model.logStart = Math.max(this.model.logStart, offset);
  }

  private retention(): void {
    this.note("retention");
    const bytes = this.random.below(30_000);
    try {
      this.log.updateConfig({ ...this.log.config, retentionBytes: bytes });
      this.log.deleteOldSegments();
    } catch {
      if (!this.log.offline) this.model.blame("retention failed and the log is not offline");
    }
    this.model.logStart = Math.max(this.model.logStart, this.log.logStartOffset);
  }

  private async advance(): Promise<void> {
    this.note("advance");
    this.clock.advance(this.random.pick([10, 1000, 61_000, 2_000_000]));
    await settle();
    this.model.logStart = Math.max(this.model.logStart, this.log.logStartOffset);
  }

  private async roll(): Promise<void> {
    this.note("roll");
    await this.endTurn("turn");
    await this.log.roll().catch(() => {});
  }

  /** A bit of an index or a snapshot turns while the broker is down. */
  private async damageAndRestart(): Promise<void> {
    this.note("damage");
    await this.endTurn("turn");
    await this.close();
    if (this.system.crashed) return;
    const names = this.system.list(`${PATH}/sim-0`).filter(({ name }) => /\.(?:index|timeindex|snapshot)$/.test(name));
    if (names.length > 0) this.system.flipBit(`${PATH}/sim-0/${this.random.pick(names).name}`);
    await this.restart("kill");
    this.newProducer();
  }

  private crashSoon(): void {
    this.note("crashSoon");
    this.system.crashAt = this.system.operations + 1 + this.random.below(30);
  }

  private failSoon(): void {
    const operation = this.random.pick(["append", "sync", "append", "rename", "write", "truncate"] as const);
    this.note(`fail:${operation}`);
    this.system.failNext({
      operation,
      code: this.random.pick(["ENOSPC", "EIO"]),
      shortBytes: this.random.below(200),
      path: PATH,
    });
  }

  private async close(): Promise<void> {
    this.system.clearFaults();
    const { log } = this;
    await this.directory.close();
    if (!this.system.crashed && !log.offline) this.model.blame("a closed log is not offline");
    if (!this.system.crashed && !this.directory.offline)
      this.model.durableEnd = Math.max(this.model.durableEnd, this.model.end);
  }

  private async startAgain(): Promise<void> {
    for (let attempt = 0; attempt < 3; attempt++) {
      // A start can crash too; the next one must still get through.
      if (attempt < 2 && this.random.chance(0.1)) this.system.crashAt = 1 + this.random.below(20);
      try {
        await this.start();
        if (this.system.crashed) throw new Error("the start crashed");
        this.system.crashAt = 0;
        return;
      } catch (error) {
        if (!this.system.crashed) throw error;
        this.note("crashedStart");
        this.system = this.system.survivor("kill");
      }
    }
    throw new Error("a start without faults failed");
  }

  private newProducer(): void {
    this.producer = { id: this.producer.id + 1, sequence: 0, last: null };
  }

  private note(step: string): void {
    this.trail.push(step);
    if (this.trail.length > 40) this.trail.shift();
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
