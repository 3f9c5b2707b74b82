// Transactions of several producers in one log that rolls, is cut at its beginning, stops and loses power, against a plain list of batches:
// a consumer that reads committed records must see those of ended transactions that were not aborted, and all of them, wherever it begins
// and however little it fetches at a time. `simulateTransactions(seed, steps)` returns what did not hold.

import { ManualClock, SeededRandom, silentLogger } from "@ottla/base";
import { batchFormat, endTransactionBatch, errorName, readRecords } from "@ottla/protocol";
import { DataFolder, LogDirectory } from "@ottla/storage";
import type { ActiveProducer, AppendOptions, PartitionLog } from "@ottla/storage";
import { FaultyFileSystem } from "@ottla/storage/faulty";
import { append, atOnce, batchOf, bytesOf, logConfig } from "./logs.ts";

const PATH = "/data";
const PRODUCERS = 5;
const ENDS = ["clean", "kill", "powerCut", "cleanAndPowerCut"] as const;

interface Written {
  readonly offset: number;
  readonly producerId: number;
  readonly epoch: number;
  readonly kind: "data" | "plain" | "commit" | "abort";
  /** -1 of a marker. */
  readonly sequence: number;
  readonly value: string;
}

/** What the list says of a producer. */
interface Producer {
  epoch: number;
  nextSequence: number;
  firstOffset: number | null;
}

export async function simulateTransactions(seed: number, steps: number): Promise<string[]> {
  const simulation = new TransactionSimulation(seed);
  await simulation.open();
  for (let step = 0; step < steps && simulation.violations.length === 0; step++) await simulation.step();
  return simulation.violations.map((violation) => `${violation} (seed ${seed}, after ${simulation.trail.join(" ")})`);
}

class TransactionSimulation {
  readonly violations: string[] = [];
  readonly trail: string[] = [];
  private readonly random: SeededRandom;
  private readonly clock = new ManualClock(1_700_000_000_000);
  private system: FaultyFileSystem;
  private directory!: LogDirectory;
  private log!: PartitionLog;
  private written: Written[] = [];
  private counter = 0;
  private lostPower = false;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.system = new FaultyFileSystem({ clock: this.clock, random: this.random });
  }

  async open(): Promise<void> {
    this.directory = await LogDirectory.open({
      folder: DataFolder.claim(this.system, PATH),
      clock: this.clock,
      scheduler: atOnce,
      logger: silentLogger,
      random: this.random,
      configFor: () => logConfig({ segmentBytes: 2048, indexIntervalBytes: 200, fileDeleteDelayMs: 1000 }),
    });
    this.log = this.directory.get("sim", 0) ?? (await this.directory.create("sim", 0, "AAAAAAAAAAAAAAAAAAAAAQ"));
    this.log.updateHighWatermark(this.log.logEndOffset);
  }

  async step(): Promise<void> {
    const roll = this.random.below(100);
    if (roll < 45) await this.produce();
    else if (roll < 65) await this.end();
    else if (roll < 85) await this.read();
    else if (roll < 88) await this.deleteRecords();
    else if (roll < 90) this.retention();
    else if (roll < 92) await this.log.flush();
    else if (roll < 94) await this.log.roll();
    else await this.restart(this.random.pick(ENDS));
    this.compareStable();
  }

  private async produce(): Promise<void> {
    const producerId = this.random.below(PRODUCERS);
    const { epoch, nextSequence, firstOffset } = this.producer(producerId);
    const isTransactional = firstOffset !== null || this.random.chance(0.8);
    const value = `${this.counter++}-${"x".repeat(this.random.below(200))}`;
    const options = { producerId, producerEpoch: epoch, baseSequence: nextSequence, isTransactional };
    const kind = isTransactional ? "data" : "plain";
    await this.append(batchOf([value], { ...options, timestamp: this.clock.nowMs() }), { origin: "client" }, [
      { producerId, epoch, kind, sequence: nextSequence, value },
    ]);
  }

  private async end(): Promise<void> {
    const producerId = this.random.below(PRODUCERS);
    const { epoch, firstOffset } = this.producer(producerId);
    // A marker may come where there is no transaction.
    if (firstOffset === null && this.random.chance(0.8)) return;
    const type = this.random.pick(["commit", "abort"] as const);
    const transactionVersion = this.random.pick([0, 2]);
    const producerEpoch = epoch + (transactionVersion === 2 ? 1 : 0);
    const batch = endTransactionBatch(
      { type, coordinatorEpoch: 0 },
      { producerId, producerEpoch, timestamp: this.clock.nowMs() },
    );
    const written = { producerId, epoch: producerEpoch, kind: type, sequence: -1, value: "" };
    await this.append(batch, { origin: "coordinator", transactionVersion }, [written]);
  }

  private async append(
    records: Buffer,
    options: Omit<AppendOptions, "leaderEpoch">,
    batches: Omit<Written, "offset">[],
  ): Promise<void> {
    this.trail.push(`${batches[0]!.kind}${batches[0]!.producerId}`);
    if (this.trail.length > 30) this.trail.shift();
    const { errorCode, baseOffset, duplicate } = await append(this.log, records, options);
    if (errorCode !== 0 || duplicate) this.violations.push(`an append got ${errorName(errorCode)}`);
    for (const batch of batches) this.written.push({ ...batch, offset: baseOffset });
    this.log.updateHighWatermark(this.log.logEndOffset);
  }

  private async deleteRecords(): Promise<void> {
    const { logStartOffset, highWatermark } = this.log;
    const offset = logStartOffset + this.random.below(highWatermark - logStartOffset + 1);
    this.trail.push(`delete${offset}`);
    await this.directory.deleteRecordsBefore(this.log, offset);
  }

  private retention(): void {
    this.trail.push("retention");
    this.log.updateConfig({ ...this.log.config, retentionBytes: this.random.below(20_000) });
    this.log.deleteOldSegments();
    this.log.updateConfig({ ...this.log.config, retentionBytes: -1 });
  }

  private async restart(how: (typeof ENDS)[number]): Promise<void> {
    this.trail.push(how);
    if (how.startsWith("clean")) await this.directory.close();
    this.system = this.system.survivor(how === "kill" || how === "clean" ? "kill" : "powerCut");
    await this.open();
    const lost = this.written.filter(({ offset }) => offset >= this.log.logEndOffset).length;
    if (how !== "powerCut" && lost > 0) this.violations.push(`${lost} batches are lost after ${how}`);
    this.written = this.written.filter(({ offset }) => offset < this.log.logEndOffset);
    this.lostPower ||= how === "powerCut";
    if (this.lostPower) for (let id = 0; id < PRODUCERS; id++) this.forgetDeleted(id);
  }

  // A power cut may take producer snapshots, also one that is missed only later: then the log knows what the segments that are left say, or nothing when it begins anew.
  private forgetDeleted(id: number): void {
    const known = this.log.activeProducers().find(({ producerId }) => producerId === id);
    if (this.isAsKnown(id, known)) return;
    const { firstSegmentOffset, logStartOffset, logEndOffset } = this.log;
    const isAnew = known === undefined && logStartOffset === logEndOffset;
    const leftFrom = isAnew ? logEndOffset : firstSegmentOffset;
    this.written = this.written.filter(({ producerId, offset }) => producerId !== id || offset >= leftFrom);
    if (known !== undefined && !this.isAsKnown(id, known))
      this.violations.push(
        `producer ${id} is ${JSON.stringify(known)}, of the list ${JSON.stringify(this.producer(id))}`,
      );
  }

  private isAsKnown(id: number, known: ActiveProducer | undefined): boolean {
    const { epoch, nextSequence, firstOffset } = this.producer(id);
    return (
      known?.producerEpoch === epoch &&
      known.lastSequence === nextSequence - 1 &&
      known.currentTxnStartOffset === (firstOffset ?? -1)
    );
  }

  /** What the batches that are there make of a producer. */
  private producer(producerId: number): Producer {
    const producer: Producer = { epoch: 0, nextSequence: 0, firstOffset: null };
    for (const batch of this.written) {
      if (batch.producerId !== producerId) continue;
      if (batch.epoch !== producer.epoch) producer.nextSequence = 0;
      producer.epoch = batch.epoch;
      if (batch.kind === "data") producer.firstOffset ??= batch.offset;
      if (batch.kind === "data" || batch.kind === "plain") producer.nextSequence = batch.sequence + 1;
      else producer.firstOffset = null;
    }
    return producer;
  }

  private stableEnd(): number {
    let end = this.log.logEndOffset;
    for (let id = 0; id < PRODUCERS; id++) end = Math.min(end, this.producer(id).firstOffset ?? end);
    return Math.max(end, this.log.logStartOffset);
  }

  private compareStable(): void {
    const { lastStableOffset } = this.log;
    const expected = this.stableEnd();
    if (lastStableOffset !== expected)
      this.violations.push(`the last stable offset is ${lastStableOffset}, of the list ${expected}`);
  }

  private async read(): Promise<void> {
    const { logStartOffset, lastStableOffset } = this.log;
    const from = logStartOffset + this.random.below(Math.max(1, lastStableOffset - logStartOffset));
    const maxBytes = this.random.pick([1, 300, 1000, 100_000]);
    this.trail.push(`read${from}/${maxBytes}`);
    const values = await this.consume(from, maxBytes);
    const expected = this.committed(from, lastStableOffset);
    if (values.join() !== expected.join())
      this.violations.push(
        `from ${from} a consumer sees ${numbersOf(values)} in steps of ${maxBytes}, not ${numbersOf(expected)}`,
      );
  }

  private committed(from: number, to: number): string[] {
    return this.written
      .filter(({ offset, kind }) => offset >= from && offset < to && (kind === "data" || kind === "plain"))
      .filter((batch) => batch.kind === "plain" || this.endOf(batch) === "commit")
      .map(({ value }) => value);
  }

  private endOf({ offset, producerId }: Written): string | undefined {
    const isEnd = ({ kind }: Written): boolean => kind === "commit" || kind === "abort";
    return this.written.find((each) => each.offset > offset && each.producerId === producerId && isEnd(each))?.kind;
  }

  // As Java's consumer: within one fetch, an aborted transaction lasts from its first offset to its producer's marker.
  private async consume(from: number, maxBytes: number): Promise<string[]> {
    const values: string[] = [];
    for (let offset = from; ;) {
      const read = this.log.read({ offset, maxBytes, minOneBatch: true, upTo: "lastStableOffset" });
      if (!read.ok) return [errorName(read.errorCode)];
      const bytes = read.part === null ? Buffer.alloc(0) : await bytesOf(read.part);
      if (bytes.length === 0) return values;
      const toCome = read.abortedTransactions!.toSorted((left, right) => left.firstOffset - right.firstOffset);
      const leftOut = new Set<number>();
      batchFormat.forEachBatch(bytes, (at) => {
        const [producerId, last] = [batchFormat.producerId(bytes, at), batchFormat.lastOffset(bytes, at)];
        while (toCome.length > 0 && toCome[0]!.firstOffset <= last) leftOut.add(toCome.shift()!.producerId);
        const isSeen = last >= offset;
        offset = Math.max(offset, last + 1);
        if (batchFormat.isControl(bytes, at)) leftOut.delete(producerId);
        else if (isSeen && !(batchFormat.isTransactional(bytes, at) && leftOut.has(producerId)))
          for (const { value } of readRecords(bytes, at)) values.push(String(value));
      });
    }
  }
}

function numbersOf(values: readonly string[]): string {
  return `[${values.map((value) => value.split("-")[0]).join(" ")}]`;
}
