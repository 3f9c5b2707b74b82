// The partitions of a coordinator's topic that this node leads, each with its shard: loads them, routes commands to them by key, unloads them.
// Kafka's GroupCoordinatorService and TransactionStateManager as far as both do the same. The state machines are in the coordinator package.
// Invariants: at most one shard is active for a partition, and only while this node leads it;
// none is loaded while something that an earlier one appended may still land in the log, or fail.

import { partitionFor, ShardRuntime } from "@ottla/coordinator";
import type { CoordinatorRecordCodec, CoordinatorShard, Now, Outcome, Pending, ShardLog } from "@ottla/coordinator";
import type { Clock, Logger, Timer } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { LogConfig } from "@ottla/storage";
import type { Partition } from "../partition.ts";
import { AppendsUnderWay } from "./appends-under-way.ts";
import { readLog } from "./read-log.ts";

export interface CoordinatorOptions<CoordinatorRecord, Shard> {
  readonly topic: string;
  readonly codec: CoordinatorRecordCodec<CoordinatorRecord>;
  newShard(partition: number, leaderEpoch: number): Shard;
  /** Partitions of the topic as the image has it; 0 when there is no topic. */
  partitionCount(): number;
  /** Creates the topic when it is missing; NONE or why it cannot be. */
  createTopic(): Promise<number>;
  hasEnoughInSync(partition: Partition): boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  endOfTurn(action: () => void): void;
}

/** How long loading the shards of partitions took since the start, failed attempts not counted. */
export interface LoadTimes {
  readonly count: number;
  readonly totalMs: number;
  readonly longestMs: number;
}

/** How long after a failure a shard is loaded again; twice as long after each time that it cannot be. */
const FIRST_RELOAD_DELAY_MS = 1000;
const LAST_RELOAD_DELAY_MS = 60_000;

interface Led<CoordinatorRecord, Shard extends CoordinatorShard<CoordinatorRecord>> {
  readonly partition: Partition;
  readonly leaderEpoch: number;
  runtime: ShardRuntime<CoordinatorRecord, Shard>;
  retry: Timer | null;
  /** How often in a row it could not be loaded. */
  failedLoads: number;
}

export class CoordinatorPartitions<CoordinatorRecord, Shard extends CoordinatorShard<CoordinatorRecord>> {
  private readonly options: CoordinatorOptions<CoordinatorRecord, Shard>;
  private readonly led = new Map<number, Led<CoordinatorRecord, Shard>>();
  private readonly underWay = new WeakMap<Partition, AppendsUnderWay>();
  private closed = false;
  private times: LoadTimes = { count: 0, totalMs: 0, longestMs: 0 };

  constructor(options: CoordinatorOptions<CoordinatorRecord, Shard>) {
    this.options = options;
  }

  get topic(): string {
    return this.options.topic;
  }

  /** Which partition keeps the state of `key`; null when there is no topic. */
  partitionFor(key: string): number | null {
    const count = this.options.partitionCount();
    return count === 0 ? null : partitionFor(key, count);
  }

  /** Creates the topic when it is missing. */
  async ensureTopic(): Promise<number> {
    return this.options.partitionCount() > 0 ? errorCodes.NONE : this.options.createTopic();
  }

  /** Follows the image: loads what this node leads now, drops what it no longer leads. */
  follow(partitions: Iterable<Partition>): void {
    if (this.closed) return;
    const here = new Set<number>();
    for (const partition of partitions) {
      if (partition.removed || !partition.isLeader) continue;
      here.add(partition.index);
      const known = this.led.get(partition.index);
      if (known !== undefined && known.partition === partition && known.leaderEpoch === partition.leaderEpoch) continue;
      if (known !== undefined) this.drop(known);
      this.lead(partition);
    }
    for (const led of this.led.values()) if (!here.has(led.partition.index)) this.drop(led);
  }

  /** Runs a command on the shard of `key`. */
  run<Response>(
    key: string,
    refused: (errorCode: number) => Response,
    command: (shard: Shard, pending: Pending<Response>, now: Now) => Outcome<CoordinatorRecord>,
  ): Promise<Response> {
    const partition = this.partitionFor(key);
    if (partition === null) return Promise.resolve(refused(errorCodes.NOT_COORDINATOR));
    return this.runOn(partition, refused, command);
  }

  /** Runs a command on the shard of one partition. */
  runOn<Response>(
    partition: number,
    refused: (errorCode: number) => Response,
    command: (shard: Shard, pending: Pending<Response>, now: Now) => Outcome<CoordinatorRecord>,
  ): Promise<Response> {
    const led = this.led.get(partition);
    if (led === undefined) return Promise.resolve(refused(errorCodes.NOT_COORDINATOR));
    return led.runtime.run(refused, command);
  }

  get loadTimes(): LoadTimes {
    return this.times;
  }

  /** The partitions whose shards this node runs or loads. */
  partitions(): number[] {
    return [...this.led.keys()];
  }

  /** The runtimes of all shards, in whatever state they are. */
  *runtimes(): Generator<ShardRuntime<CoordinatorRecord, Shard>, void, undefined> {
    for (const { runtime } of this.led.values()) yield runtime;
  }

  /** Gives a partition up and takes it again, as when its leadership moves there and back; who waits is told to look for another coordinator. */
  reload(partition: number): void {
    const led = this.led.get(partition);
    if (led === undefined || this.closed) return;
    this.drop(led);
    this.lead(led.partition);
  }

  /** The shard runtime of a partition; undefined when this node does not lead it. */
  runtime(partition: number): ShardRuntime<CoordinatorRecord, Shard> | undefined {
    return this.led.get(partition)?.runtime;
  }

  /** Does something on every active shard, such as following new topics. */
  performOnAll(action: (shard: Shard, now: Now) => Outcome<CoordinatorRecord>): void {
    const now = { wallMs: this.options.clock.nowMs(), monotonicMs: this.options.clock.monotonicMs() };
    for (const { runtime } of this.led.values()) {
      if (!runtime.isActive) continue;
      runtime.perform(action(runtime.shard, now));
      runtime.arm();
    }
  }

  /** Who waits is told to look for another coordinator. */
  close(): void {
    this.closed = true;
    for (const led of this.led.values()) this.drop(led);
  }

  private lead(partition: Partition): void {
    const led: Led<CoordinatorRecord, Shard> = {
      partition,
      leaderEpoch: partition.leaderEpoch,
      runtime: undefined!,
      retry: null,
      failedLoads: 0,
    };
    led.runtime = this.newRuntime(led);
    this.led.set(partition.index, led);
    void this.load(led);
  }

  private newRuntime(led: Led<CoordinatorRecord, Shard>): ShardRuntime<CoordinatorRecord, Shard> {
    const { options } = this;
    return new ShardRuntime<CoordinatorRecord, Shard>({
      shard: options.newShard(led.partition.index, led.leaderEpoch),
      codec: options.codec,
      log: this.logOf(led.partition),
      clock: options.clock,
      logger: options.logger,
      endOfTurn: (action) => options.endOfTurn(action),
      onFailed: (errorCode) => this.failed(led, errorCode),
    });
  }

  private logOf(partition: Partition): ShardLog {
    const underWay = this.underWayOn(partition);
    return {
      maxBatchBytes: () => largestBatchBytes(partition.log.config),
      append: (batch, terms, done) => {
        if (!this.options.hasEnoughInSync(partition)) done(errorCodes.NOT_ENOUGH_REPLICAS);
        else if (partition.checkLeader(-1) !== errorCodes.NONE) done(errorCodes.NOT_LEADER_OR_FOLLOWER);
        else partition.append(batch, "coordinator", underWay.begun(done), terms);
      },
    };
  }

  private underWayOn(partition: Partition): AppendsUnderWay {
    let underWay = this.underWay.get(partition);
    if (underWay === undefined) {
      underWay = new AppendsUnderWay();
      this.underWay.set(partition, underWay);
    }
    return underWay;
  }

  // A partition without records is active at once, so that the first client of a new node does not have to ask twice.
  private async load(led: Led<CoordinatorRecord, Shard>): Promise<void> {
    const { runtime, partition } = led;
    const underWay = this.underWayOn(partition);
    if (underWay.count > 0) await underWay.ended();
    if (!this.isCurrent(led, runtime)) return;
    const begunMs = this.options.clock.monotonicMs();
    try {
      // Also where there is nothing to read: it takes nothing any more either.
      if (partition.log.offline) throw new Error("the log is offline");
      if (partition.log.logEndOffset > partition.log.logStartOffset) {
        await readLog(
          partition.log,
          (batches) => runtime.load(batches),
          () => this.isCurrent(led, runtime),
        );
      }
      if (!this.isCurrent(led, runtime)) return;
      runtime.activate();
      led.failedLoads = 0;
      this.noteLoaded(this.options.clock.monotonicMs() - begunMs);
    } catch (error) {
      if (!this.isCurrent(led, runtime)) return;
      led.failedLoads++;
      this.options.logger.error(
        { topic: partition.topic, partition: partition.index, error },
        "a coordinator's partition could not be loaded; it is tried again",
      );
      runtime.close(errorCodes.NOT_COORDINATOR);
      this.retryLater(led);
    }
  }

  private noteLoaded(tookMs: number): void {
    const { count, totalMs, longestMs } = this.times;
    this.times = { count: count + 1, totalMs: totalMs + tookMs, longestMs: Math.max(longestMs, tookMs) };
  }

  private isCurrent(led: Led<CoordinatorRecord, Shard>, runtime: ShardRuntime<CoordinatorRecord, Shard>): boolean {
    return this.led.get(led.partition.index) === led && led.runtime === runtime;
  }

  private failed(led: Led<CoordinatorRecord, Shard>, errorCode: number): void {
    this.options.logger.error(
      { topic: led.partition.topic, partition: led.partition.index, errorCode },
      "a coordinator's partition is loaded again, because an append failed",
    );
    this.retryLater(led);
  }

  private retryLater(led: Led<CoordinatorRecord, Shard>): void {
    if (this.led.get(led.partition.index) !== led) return;
    const delayMs = Math.min(LAST_RELOAD_DELAY_MS, FIRST_RELOAD_DELAY_MS * 2 ** led.failedLoads);
    led.retry?.cancel();
    led.retry = this.options.clock.schedule(delayMs, () => {
      led.retry = null;
      led.runtime = this.newRuntime(led);
      void this.load(led);
    });
  }

  private drop(led: Led<CoordinatorRecord, Shard>): void {
    this.led.delete(led.partition.index);
    led.retry?.cancel();
    led.runtime.close(errorCodes.NOT_COORDINATOR);
  }
}

/** The most bytes that one batch of a coordinator may have: more is refused by the log, in a segment of its own too. */
export function largestBatchBytes({ maxMessageBytes, segmentBytes }: LogConfig): number {
  return Math.min(maxMessageBytes, segmentBytes);
}
