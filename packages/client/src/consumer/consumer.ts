// The consumer: a thin shell. Reading is the Reader's (fetch, positions, delivery), belonging to a group the Membership's, what is committed
// when the Committer's; here the application's calls are checked and led to them.

import { AbortedError, ClosedError, ConfigError, StateError, TimeoutError } from "../errors.ts";
import type { KafkaError } from "../errors.ts";
import type { Metric } from "../metrics.ts";
import { ClientInstanceId } from "../network/client-instance-id.ts";
import type { Cluster, PartitionMetadata } from "../network/cluster.ts";
import { wholeNumber } from "../options.ts";
import type {
  CallOptions,
  CommittedOffset,
  GroupMetadata,
  OffsetToCommit,
  TopicPartition,
  Topics,
} from "../records.ts";
import { within } from "./bounded.ts";
import { Committer } from "./commit/committer.ts";
import { offsetsToCommit } from "./commit/commit-tracker.ts";
import { checkPartition, checkTimestamp, seekTo, subscriptionOf } from "./consumer-arguments.ts";
import type { ConsumerOptions, ResolvedConsumerOptions } from "./consumer-options.ts";
import { resolveConsumerOptions } from "./consumer-options.ts";
import type {
  BatchOf,
  ConsumerCloseOptions,
  ConsumerParts,
  OffsetForTime,
  PartitionOffset,
  RecordOf,
  RunOptions,
  SeekTarget,
} from "./consumer-types.ts";
import { BatchIteration } from "./delivery/batch-iteration.ts";
import { collectRecords, FetchedBatch } from "./delivery/consumer-batch.ts";
import { lagOf } from "./delivery/delivery.ts";
import { Hands } from "./delivery/hands.ts";
import type { PollOptions } from "./delivery/polling.ts";
import { Polling } from "./delivery/polling.ts";
import { RecordIteration } from "./delivery/record-iteration.ts";
import { Run } from "./delivery/run.ts";
import { GroupListener } from "./group-listener.ts";
import { membershipOf } from "./join-group.ts";
import type { Membership, Subscription } from "./membership.ts";
import { EARLIEST_TIMESTAMP, LATEST_TIMESTAMP } from "./offset-reset.ts";
import type { PartitionState } from "./partition-state.ts";
import { lookUpOffsets } from "./positions/offset-lookup.ts";
import { Reader } from "./reader.ts";

const CLOSE_TIMEOUT_MS = 30_000;
/** Consumers of one process use connections of their own, told apart by this. */
let made = 0;

/**
 * Reads records: in a loop (`for await`), in batches, by `poll`, or by `run`, which calls handlers. All of them go on where the one before
 * stopped. Only what the application is done with is committed; a record that it left its loop at is redelivered to the next consumer
 * unless the application came back for another, or called `commit()`.
 *
 * Not Java's threads: one consumer may be used by several loops at a time, and each record goes to one of them.
 */
export class Consumer<T extends Topics = {}> implements AsyncIterable<RecordOf<T>>, AsyncDisposable {
  private readonly cluster: Cluster;
  private readonly options: ResolvedConsumerOptions;
  private readonly parts: ConsumerParts;
  private readonly membership: Membership | null;
  private readonly listener: GroupListener;
  private readonly reader: Reader;
  private readonly committer: Committer;
  private readonly hands = new Hands();
  private readonly polling: Polling;
  private readonly instanceId: ClientInstanceId;
  private mode: "none" | "subscribed" | "assigned" = "none";
  private subscribed: Subscription | null = null;
  private running: { readonly run: Run; readonly done: Promise<void> } | null = null;
  private closing: Promise<void> | null = null;
  /** Calls of `assign` are carried out one after another. Never rejects. */
  private assigning: Promise<void> = Promise.resolve();

  /** Checks the options; nothing is sent before something is subscribed, assigned or asked for. @throws ConfigError */
  constructor(cluster: Cluster, options: ConsumerOptions = {}, parts: ConsumerParts = {}) {
    this.cluster = cluster;
    this.parts = parts;
    this.options = resolveConsumerOptions(options, cluster.options);
    const lane = `consumer-${++made}`;
    const { logger } = cluster;
    const reader = (): Reader => this.reader;
    const listener = new GroupListener(this.options, { logger, reader, committer: () => this.committer });
    this.listener = listener;
    const membership = membershipOf(cluster, this.options, listener, `group-${lane}`);
    this.membership = membership;
    this.reader = new Reader(cluster, {
      consumer: this.options,
      lane,
      clientId: cluster.options.clientId,
      committed: membership === null ? null : (partitions, call) => membership.committed(partitions, call),
      liveness: membership,
    });
    this.committer = new Committer(cluster, this.options, this.reader.partitions, membership);
    this.polling = new Polling(this.reader, this.hands);
    this.instanceId = new ClientInstanceId(cluster, lane);
  }

  /**
   * Reads these topics as a member of the group, or those whose names match: a RegExp is matched here, and new topics join in when the
   * metadata tell of them; `{ pattern }` is RE2 text that the broker matches (KIP-848). A later call replaces the subscription.
   * @throws StateError without a groupId, or after `assign`; ConfigError
   */
  async subscribe(topics: string | readonly string[] | RegExp | { readonly pattern: string }): Promise<void> {
    this.assertOpen();
    const { membership } = this;
    if (membership === null)
      throw new StateError("a consumer without a groupId cannot subscribe; assign partitions to it");
    if (this.mode === "assigned") throw new StateError("partitions are assigned by hand; unsubscribe first");
    const subscription = subscriptionOf(topics, this.options.excludeInternalTopics);
    this.reader.forgetMetadataError();
    membership.subscribe(subscription);
    this.mode = "subscribed";
    this.subscribed = subscription;
  }

  /**
   * Reads exactly these partitions, without a rebalance. Those that were assigned before keep their position.
   * @throws StateError while it is subscribed
   */
  async assign(partitions: readonly TopicPartition[]): Promise<void> {
    this.assertOpen();
    if (this.mode === "subscribed") throw new StateError("it is subscribed to topics; unsubscribe first");
    for (const each of partitions) checkPartition(each);
    this.mode = partitions.length === 0 ? "none" : "assigned";
    const assigned = this.assigning.then(() => this.replaceAssignment(partitions));
    this.assigning = assigned.catch(() => {});
    await assigned;
  }

  private async replaceAssignment(partitions: readonly TopicPartition[]): Promise<void> {
    const wanted = new Set(partitions.map(nameOf));
    const gone = [...this.reader.partitions].filter((state) => !wanted.has(state.name));
    for (const state of gone) state.revoked = true;
    await this.committer.flush(gone);
    this.reader.remove(gone);
    if (this.closing !== null) return;
    this.reader.add(partitions, { held: false });
    this.committer.begin();
    this.reader.changed();
  }

  /**
   * Gives everything back; processed offsets are committed, the group is left. Handlers of `run` are waited for, so do not await it in one;
   * a loop that is in the middle of a record is not, and that record is not committed.
   */
  async unsubscribe(options: CallOptions = {}): Promise<void> {
    this.assertOpen();
    this.hands.letGo();
    if (this.mode === "assigned") await this.assign([]);
    else if (this.mode === "subscribed") await this.membership!.unsubscribe(this.limits(options));
    this.mode = "none";
    this.subscribed = null;
  }

  /** The names, or the pattern, that it is subscribed to; empty when it is not. */
  subscription(): readonly string[] {
    const { subscribed } = this;
    if (subscribed === null) return [];
    return subscribed.kind === "topics" ? subscribed.topics : [String(subscribed.pattern)];
  }

  /** The partitions that it reads now. */
  assignment(): TopicPartition[] {
    return [...this.reader.partitions].filter(({ revoked }) => !revoked).map(plain);
  }

  /** The records, one by one. @throws in the loop: SerializationError, CorruptRecordError, NoOffsetError, AbortedError and others */
  records(options: Pick<CallOptions, "signal"> = {}): AsyncIterableIterator<RecordOf<T>, undefined> {
    this.assertOpen();
    return new RecordIteration(this.reader, this.hands, options) as unknown as AsyncIterableIterator<
      RecordOf<T>,
      undefined
    >;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<RecordOf<T>, undefined> {
    return this.records();
  }

  /** The records in batches: those of one partition that are there, at most `maxRecords` (default `maxPollRecords`). */
  batches(options: Pick<PollOptions, "signal" | "maxRecords"> = {}): AsyncIterableIterator<BatchOf<T>, undefined> {
    this.assertOpen();
    const most = wholeNumber("maxRecords", options.maxRecords, 1, this.options.maxPollRecords);
    const nextBatch = async (): Promise<FetchedBatch | null> => {
      const state = this.reader.findState();
      return state === null ? null : this.batchOf(state, most);
    };
    const iteration = new BatchIteration(this.reader, this.hands, { nextBatch, signal: options.signal });
    return iteration as unknown as AsyncIterableIterator<BatchOf<T>, undefined>;
  }

  /**
   * Records that are there, at most `maxRecords`; waits for the first at most `timeoutMs`, by default `defaultApiTimeoutMs`, 0 for not at all.
   * Polling again says that those of before are done. @throws StateError while another call has not ended
   */
  async poll(options: PollOptions = {}): Promise<RecordOf<T>[]> {
    this.assertOpen();
    const timeoutMs = wholeNumber("timeoutMs", options.timeoutMs, 0, this.options.defaultApiTimeoutMs);
    const maxRecords = wholeNumber("maxRecords", options.maxRecords, 1, this.options.maxPollRecords);
    const nowMs = (): number => this.cluster.clock.monotonicMs();
    const limits = { maxRecords, deadlineMs: nowMs() + timeoutMs, signal: options.signal };
    return (await this.polling.poll(limits, nowMs)) as unknown as RecordOf<T>[];
  }

  /**
   * Calls a handler for each record or batch until the signal is aborted or the consumer is closed. When a handler throws, no other starts,
   * those that run are waited for, and `run` rejects with what was thrown; the position goes back to what was not finished.
   * Do not await `close` in a handler: it waits for the handler.
   */
  async run(options: RunOptions<T>): Promise<void> {
    this.assertOpen();
    if (this.running !== null) throw new StateError("run was called and has not ended");
    const run = new Run(this.reader, this.planOf(options));
    const done = run.perform();
    this.running = { run, done: done.catch(() => {}) };
    try {
      await done;
    } finally {
      this.running = null;
    }
  }

  /**
   * Commits these offsets, or what the application has got so far: all records of its loops and of the last `poll`, of handlers those that
   * ended. Retries what passes. Without an await it goes on by itself (Java's commitAsync): a rejection that nobody looks at is no crash.
   * @throws CommitFailedError when the partitions belong to another member by now; StateError without a groupId; TimeoutError
   */
  commit(offsets?: readonly OffsetToCommit[] | CallOptions, options: CallOptions = {}): Promise<void> {
    const isListed = Array.isArray(offsets);
    const call = isListed ? options : ((offsets as CallOptions | undefined) ?? options);
    const committing = this.commitNow(isListed ? (offsets as readonly OffsetToCommit[]) : null, this.limits(call));
    committing.catch(() => {});
    return committing;
  }

  /** What the group has committed, of each partition asked for. */
  async committed(
    partitions: readonly TopicPartition[],
    options: CallOptions = {},
  ): Promise<readonly CommittedOffset[]> {
    this.assertOpen();
    if (this.membership === null) throw new StateError("a consumer without a groupId has no committed offsets");
    return this.membership.committed(partitions, this.limits(options));
  }

  /**
   * The next record of these partitions will be that; nothing is asked of a broker now. What was fetched is dropped.
   * @throws StateError for a partition that is not assigned
   */
  seek(partitions: TopicPartition | readonly TopicPartition[], to: SeekTarget): void {
    this.assertOpen();
    const states = this.statesOf(partitions);
    for (const state of states) seekTo(state, to);
    this.reader.changed();
  }

  /** Offset of the next record that the application gets. Finds it out when it is not known yet. @throws NoOffsetError, TimeoutError */
  async position(partition: TopicPartition, options: CallOptions = {}): Promise<number> {
    const { signal, timeoutMs } = this.limits(options);
    const { clock } = this.cluster;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    for (;;) {
      this.assertOpen();
      if (signal?.aborted === true) throw new AbortedError(signal);
      const state = this.reader.stateOf(partition);
      if (state.hasPosition) return state.position;
      if (state.error !== null) throw this.takeError(state);
      const leftMs = deadlineMs - clock.monotonicMs();
      const { topic } = partition;
      if (leftMs <= 0)
        throw new TimeoutError(`the position of ${state.name} was not found in time`, { context: { topic } });
      this.reader.findPosition(state);
      await this.reader.waitQuietly(leftMs, signal);
    }
  }

  /** Offset of the first record of each partition. */
  async beginningOffsets(partitions: readonly TopicPartition[], options: CallOptions = {}): Promise<PartitionOffset[]> {
    return this.offsetsAt(partitions, EARLIEST_TIMESTAMP, options);
  }

  /** Offset behind the last record that this isolation level may read, of each partition. */
  async endOffsets(partitions: readonly TopicPartition[], options: CallOptions = {}): Promise<PartitionOffset[]> {
    return this.offsetsAt(partitions, LATEST_TIMESTAMP, options);
  }

  /** The first record of each partition that is at least as young as the timestamp. */
  async offsetsForTimes(
    times: readonly (TopicPartition & { readonly timestamp: number })[],
    options: CallOptions = {},
  ): Promise<OffsetForTime[]> {
    this.assertOpen();
    for (const { timestamp } of times) checkTimestamp(timestamp);
    const found = await lookUpOffsets(this.cluster, times, this.lookupOptions(options));
    return found.map(({ topic, partition, offset, timestamp, leaderEpoch }) =>
      offset < 0
        ? { topic, partition, offset: null, timestamp: null, leaderEpoch: null }
        : { topic, partition, offset, timestamp, leaderEpoch: leaderEpoch < 0 ? null : leaderEpoch },
    );
  }

  /** No record of these comes until `resume`; their position stays. */
  pause(partitions: TopicPartition | readonly TopicPartition[]): void {
    for (const state of this.statesOf(partitions)) state.paused = true;
    this.reader.changed();
  }

  resume(partitions: TopicPartition | readonly TopicPartition[]): void {
    for (const state of this.statesOf(partitions)) state.paused = false;
    this.reader.changed();
  }

  paused(): TopicPartition[] {
    return [...this.reader.partitions].filter(({ paused }) => paused).map(plain);
  }

  /** Offsets between the position and the end of what may be read, as of the last fetch; null before the first. */
  lag(partition: TopicPartition): number | null {
    return lagOf(this.reader.stateOf(partition), this.options.readCommitted);
  }

  /** A topic's partitions. @throws BrokerError */
  async partitionsFor(topic: string, options: CallOptions = {}): Promise<readonly PartitionMetadata[]> {
    this.assertOpen();
    return (await this.cluster.topicMetadata(topic, this.limits(options))).partitions;
  }

  /** All topics that we may see, with their partitions. */
  async listTopics(options: CallOptions = {}): Promise<Map<string, readonly PartitionMetadata[]>> {
    this.assertOpen();
    const release = this.cluster.interest("all");
    try {
      const { topics } = await this.cluster.refreshMetadata(this.limits(options));
      return new Map([...topics].map(([name, { partitions }]) => [name, partitions]));
    } finally {
      release();
    }
  }

  /** For a transaction that commits offsets of this consumer. @throws StateError without a groupId */
  groupMetadata(): GroupMetadata {
    if (this.membership === null) throw new StateError("a consumer without a groupId has no group");
    return this.membership.groupMetadata();
  }

  /** Asks for a rebalance, as when something that the assignor looks at has changed (KIP-568). */
  enforceRebalance(reason?: string): void {
    if (this.membership === null) throw new StateError("a consumer without a groupId has no group");
    this.membership.enforceRebalance(reason);
  }

  /** The id under which brokers know this consumer in its metrics (KIP-714). @throws BrokerError UNSUPPORTED_VERSION where they take none */
  async clientInstanceId(options: CallOptions = {}): Promise<string> {
    this.assertOpen();
    return this.instanceId.get(this.limits(options));
  }

  /** What this client counts. */
  metrics(): Metric[] {
    return this.cluster.metrics.snapshot();
  }

  /**
   * Ends loops and runs, commits what is done, gives the partitions back, leaves the group. Handlers of `run` are waited for; a loop that is
   * in the middle of a record is not, and that record is not committed. Never rejects; a second call waits for the first.
   */
  close(options: ConsumerCloseOptions = {}): Promise<void> {
    this.closing ??= this.shutDown(options).finally(() => this.parts.onClosed?.());
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async commitNow(offsets: readonly OffsetToCommit[] | null, options: CallOptions): Promise<void> {
    this.assertOpen();
    if (offsets !== null) return this.committer.commit(offsets, options);
    this.hands.finishAll();
    await this.committer.commit(offsetsToCommit(this.reader.partitions), options);
  }

  private planOf(options: RunOptions<T>): ConstructorParameters<typeof Run>[1] {
    const eachRecord = "eachRecord" in options ? options.eachRecord : null;
    const eachBatch = "eachBatch" in options ? options.eachBatch : null;
    const order = options.order ?? "partition";
    if ((eachRecord === null) === (eachBatch === null)) throw new ConfigError("run takes eachRecord or eachBatch");
    if (order !== "partition" && order !== "key") throw new ConfigError(`order is ${JSON.stringify(order)}`);
    if (eachBatch !== null && order === "key") throw new ConfigError('order "key" needs eachRecord');
    return {
      eachRecord: eachRecord as never,
      eachBatch: eachBatch as never,
      concurrency: wholeNumber("concurrency", options.concurrency, 1, 1),
      order,
      maxParked: this.options.maxPollRecords,
      signal: options.signal,
      batchOf: (state) => this.batchOf(state, this.options.maxPollRecords),
    };
  }

  private async batchOf(state: PartitionState, most: number): Promise<FetchedBatch | null> {
    const records = await collectRecords(this.reader, state, most);
    if (records === null) return null;
    return new FetchedBatch(records, {
      highWatermark: state.highWatermark,
      lag: lagOf(state, this.options.readCommitted) ?? 0,
      commitOffsets: (offsets, options) => this.commit(offsets, options),
    });
  }

  private async offsetsAt(
    partitions: readonly TopicPartition[],
    timestamp: number,
    options: CallOptions,
  ): Promise<PartitionOffset[]> {
    this.assertOpen();
    const asked = partitions.map(({ topic, partition }) => ({ topic, partition, timestamp }));
    const found = await lookUpOffsets(this.cluster, asked, this.lookupOptions(options));
    return found.map(({ topic, partition, offset, leaderEpoch }) => ({ topic, partition, offset, leaderEpoch }));
  }

  private lookupOptions(
    options: CallOptions,
  ): CallOptions & { timeoutMs: number; readCommitted: boolean; lane: string } {
    return { ...this.limits(options), readCommitted: this.options.readCommitted, lane: this.reader.context.lane };
  }

  private limits(options: CallOptions): CallOptions & { timeoutMs: number } {
    const timeoutMs = wholeNumber("timeoutMs", options.timeoutMs, 0, this.options.defaultApiTimeoutMs);
    return options.signal === undefined ? { timeoutMs } : { timeoutMs, signal: options.signal };
  }

  private statesOf(partitions: TopicPartition | readonly TopicPartition[]): PartitionState[] {
    const list = "topic" in partitions ? [partitions] : partitions;
    return list.map((each) => this.reader.stateOf(each));
  }

  /** Told once; whoever waits for the partition tries it again. */
  private takeError(state: PartitionState): KafkaError {
    const error = state.error!;
    state.error = null;
    this.reader.changed();
    return error;
  }

  private assertOpen(): void {
    if (this.closing !== null) throw new ClosedError("consumer");
  }

  private async shutDown({ timeoutMs = CLOSE_TIMEOUT_MS, leaveGroup }: ConsumerCloseOptions): Promise<void> {
    const { clock } = this.cluster;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const left = (): number => Math.max(0, deadlineMs - clock.monotonicMs());
    const bounded = (work: Promise<unknown>): Promise<void> => within(clock, work, left());
    this.reader.stop();
    this.running?.run.stop();
    if (this.running !== null) await bounded(this.running.done);
    const states = [...this.reader.partitions];
    for (const state of states) state.revoked = true;
    await bounded(this.committer.flush(states, { timeoutMs: left() }));
    if (this.mode === "subscribed") await bounded(this.listener.closed(states));
    this.committer.close();
    const leaving = leaveGroup === undefined ? {} : { leaveGroup };
    await bounded(Promise.all([this.membership?.close({ timeoutMs: left(), ...leaving }), this.reader.close()]));
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

function plain({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition };
}
