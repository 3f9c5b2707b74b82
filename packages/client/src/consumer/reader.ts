// The engine under all ways to consume: the assigned partitions, what finds their positions, what fetches, what delivers, put together.
// It knows nothing of groups and commits. Records leave by `take`; whoever finds none waits with `wait` and tries again.

import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { ClosedError, StateError } from "../errors.ts";
import type { KafkaError } from "../errors.ts";
import type { Cluster } from "../network/cluster.ts";
import { atEndOfTurn } from "../network/system-clock.ts";
import type { TopicPartition } from "../records.ts";
import type { ResolvedConsumerOptions } from "./consumer-options.ts";
import type { FetchedRecord } from "./decode/fetched-record.ts";
import { Delivery, lagOf } from "./delivery/delivery.ts";
import { Deserialization } from "./delivery/deserialization.ts";
import { FetchMetrics } from "./fetch/fetch-metrics.ts";
import { Fetcher } from "./fetch/fetcher.ts";
import { errorOf } from "./error-of.ts";
import { Notifier } from "./notifier.ts";
import type { PartitionState } from "./partition-state.ts";
import { PartitionTable } from "./partition-table.ts";
import { PositionFinder } from "./positions/position-finder.ts";
import type { CommittedSource } from "./positions/position-finder.ts";
import type { ReaderContext } from "./reader-context.ts";

/** After so many records in one turn of the event loop it is looked whether heartbeats and sockets need one. */
const RECORDS_PER_LOOK = 32;
const TURN_MS = 20;

/** How the application's liveness is told to the group. */
export interface Liveness {
  progressed(): void;
  waiting(isWaiting: boolean): void;
}

export interface ReaderOptions {
  readonly consumer: ResolvedConsumerOptions;
  readonly lane: string;
  readonly clientId: string;
  /** null without a group. */
  readonly committed: CommittedSource | null;
  readonly liveness: Liveness | null;
}

export class Reader {
  readonly partitions = new PartitionTable();
  readonly context: ReaderContext;
  private readonly cluster: Cluster;
  private readonly finder: PositionFinder;
  private readonly fetcher: Fetcher;
  private readonly delivery: Delivery;
  private readonly notifier: Notifier;
  private readonly liveness: Liveness | null;
  private readonly metrics: FetchMetrics;
  private readonly forgetMetadata: () => void;
  private readonly progressEveryMs: number;
  /** By partition, when the records in work of its lost possessions are done. */
  private readonly stillInWork = new Map<string, Promise<void>>();
  private releaseInterest = (): void => {};
  private isPumpDue = false;
  private waiters = 0;
  private error: KafkaError | null = null;
  private isClosed = false;
  private recordsInTurn = 0;
  private turnStartedMs = 0;
  private progressedMs = -Infinity;

  constructor(cluster: Cluster, options: ReaderOptions) {
    const { consumer, lane, clientId } = options;
    this.cluster = cluster;
    this.liveness = options.liveness;
    this.notifier = new Notifier(cluster.clock);
    this.metrics = new FetchMetrics({ registry: cluster.metrics, clock: cluster.clock, clientId });
    this.context = {
      cluster,
      options: consumer,
      partitions: this.partitions,
      metrics: this.metrics,
      lane,
      changed: () => this.changed(),
      failed: (error) => this.failed(error),
    };
    this.finder = new PositionFinder(this.context, options.committed);
    this.fetcher = new Fetcher(this.context);
    const deserialization = new Deserialization(cluster.options.topics, consumer.onDeserializationError);
    this.delivery = new Delivery(this.context, deserialization, { drained: () => this.pumpSoon() });
    this.forgetMetadata = cluster.onMetadata(() => this.learnLeaders());
    this.progressEveryMs = Math.min(250, consumer.maxPollIntervalMs / 10);
  }

  /** Partitions that are read from now on; held ones after `release`. */
  add(partitions: readonly TopicPartition[], options: { held: boolean }): PartitionState[] {
    const added = partitions
      .filter((each) => this.partitions.get(each) === undefined)
      .map((each) => this.partitions.add(each));
    for (const state of added) {
      state.held = options.held;
      this.awaitHandlers(state);
      this.metrics.addPartition(state, () => lagOf(state, this.context.options.readCommitted));
    }
    this.followTopics();
    this.learnLeaders();
    return added;
  }

  release(states: readonly PartitionState[]): void {
    for (const state of states) state.held = false;
    this.changed();
  }

  remove(states: readonly PartitionState[]): void {
    for (const state of states) {
      if (state.isInWork) this.followHandlers(state);
      state.abandon();
      this.partitions.remove(state);
      this.metrics.removePartition(state);
    }
    this.followTopics();
    this.changed();
  }

  private followHandlers(state: PartitionState): void {
    const done = Promise.all([this.stillInWork.get(state.name), state.quiet()]).then(() => {
      if (this.stillInWork.get(state.name) === done) this.stillInWork.delete(state.name);
    });
    this.stillInWork.set(state.name, done);
  }

  private awaitHandlers(state: PartitionState): void {
    const done = this.stillInWork.get(state.name);
    if (done === undefined) return;
    state.awaitsHandlers = true;
    void done.then(() => {
      state.awaitsHandlers = false;
      this.changed();
    });
  }

  /** @throws StateError when it is not assigned */
  stateOf(partition: TopicPartition): PartitionState {
    const state = this.partitions.get(partition);
    if (state !== undefined) return state;
    throw new StateError(`${partition.topic}-${partition.partition} is not assigned to this consumer`);
  }

  /** The next record, in work from now on, or null. As Delivery's; it also tells that the application is alive. */
  take(): FetchedRecord | Promise<FetchedRecord | null> | null {
    this.throwIfEnded();
    this.progressed();
    return this.delivery.take();
  }

  takeFrom(state: PartitionState): FetchedRecord | Promise<FetchedRecord | null> | null {
    this.throwIfEnded();
    return this.delivery.takeFrom(state);
  }

  findState(): PartitionState | null {
    this.throwIfEnded();
    this.progressed();
    return this.delivery.findState();
  }

  /** For `wait`: what was news before the attempt that found nothing. */
  get changes(): number {
    return this.notifier.changes;
  }

  /** Resolves when trying again may bring something new since `since`, or when the time is over. @throws AbortedError */
  async wait(timeoutMs: number, signal?: AbortSignal, since?: number): Promise<void> {
    if (this.waiters++ === 0) this.liveness?.waiting(true);
    try {
      await this.notifier.wait(timeoutMs, signal, since);
    } finally {
      if (--this.waiters === 0) this.liveness?.waiting(false);
    }
  }

  /** Waits on what is not for records: the application's liveness is not touched. */
  waitQuietly(timeoutMs: number, signal?: AbortSignal, since?: number): Promise<void> {
    return this.notifier.wait(timeoutMs, signal, since);
  }

  /** Looks for the position of this partition though it is held back. */
  findPosition(state: PartitionState): void {
    this.finder.pump(state);
  }

  /**
   * Whether the event loop should turn before the next record: promises that resolve at once keep it from timers and sockets, so that a
   * loop over records that are there already would silence heartbeats.
   */
  needsTurn(): boolean {
    if (++this.recordsInTurn < RECORDS_PER_LOOK) return false;
    this.recordsInTurn = 0;
    const nowMs = this.cluster.clock.monotonicMs();
    if (nowMs - this.turnStartedMs < TURN_MS) return false;
    this.turnStartedMs = Infinity;
    return true;
  }

  turn(): Promise<void> {
    return new Promise((resolve) => {
      atEndOfTurn(() => {
        this.turnStartedMs = this.cluster.clock.monotonicMs();
        resolve();
      });
    });
  }

  /** Something changed that could let work go on. */
  changed(): void {
    this.pumpSoon();
    this.notifier.notify();
  }

  /** The next call of the application throws this. */
  failed(error: KafkaError): void {
    // What ends the consumer is not hidden by what comes after it.
    if (this.error?.fatal !== true) this.error = error;
    this.notifier.notify();
  }

  /** What metadata said of the topics of an earlier subscription is of no interest any more. */
  forgetMetadataError(): void {
    if (this.error?.context.api === metadataApi.name) this.error = null;
  }

  /** The same for whatever was thrown after records had been taken, which come first. */
  failLater(thrown: unknown): void {
    if (!this.isClosed) this.failed(errorOf(thrown));
  }

  /** Waiting calls end with ClosedError from now on. */
  stop(): void {
    this.isClosed = true;
    this.notifier.notify();
  }

  async close(): Promise<void> {
    this.stop();
    this.forgetMetadata();
    this.releaseInterest();
    await Promise.all([this.fetcher.close(), this.finder.close()]);
    this.cluster.closeLane(this.context.lane);
    this.metrics.close();
  }

  throwIfEnded(): void {
    if (this.isClosed) throw new ClosedError("consumer");
    const { error } = this;
    if (error === null) return;
    if (!error.fatal) this.error = null;
    throw error;
  }

  /** The application is alive. */
  progressed(): void {
    if (this.liveness === null) return;
    const nowMs = this.cluster.clock.monotonicMs();
    if (nowMs - this.progressedMs < this.progressEveryMs) return;
    this.progressedMs = nowMs;
    this.liveness.progressed();
  }

  // Once for all that changes together.
  private pumpSoon(): void {
    if (this.isPumpDue || this.isClosed) return;
    this.isPumpDue = true;
    queueMicrotask(() => {
      this.isPumpDue = false;
      if (this.isClosed) return;
      this.finder.pump();
      this.fetcher.pump();
    });
  }

  private learnLeaders(): void {
    const { topics } = this.cluster.metadata;
    let isChanged = false;
    for (const state of this.partitions) {
      const topic = topics.get(state.topic);
      if (topic !== undefined && state.setTopicId(topic.topicId)) {
        isChanged = true;
        this.cluster.logger.info({ partition: state.name }, "The topic was deleted and made anew.");
      }
      const { leaderId = -1, leaderEpoch = -1 } = topic?.partitions[state.partition] ?? {};
      // A leader that is missing for a moment is no other leader.
      if (leaderId < 0 && state.leaderId >= 0) continue;
      if (state.setLeader(leaderId, leaderEpoch)) isChanged = true;
    }
    if (isChanged) this.changed();
  }

  private followTopics(): void {
    const release = this.releaseInterest;
    this.releaseInterest = this.cluster.interest(this.partitions.topics());
    release();
  }
}
