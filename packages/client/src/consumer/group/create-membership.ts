// Makes the membership of a consumer: the shell around the pure member (classic-member.ts or consumer-member.ts). It performs the member's
// effects and reports what came of them, keeps the one timer that the member is due by, and lets nothing reject unseen.

import type { Timer } from "@ottla/base";
import { randomUuid } from "@ottla/base";
import { BrokerError, ClosedError, ConfigError, KafkaError, TimeoutError } from "../../errors.ts";
import type { Cluster } from "../../network/cluster.ts";
import type { CallOptions, CommittedOffset, GroupMetadata, OffsetToCommit, TopicPartition } from "../../records.ts";
import type { AssignmentListener, CommitOptions, Membership, Subscription } from "../membership.ts";
import type { Assignor } from "./assignors/assignor.ts";
import { resolveAssignors } from "./assignors/resolve-assignors.ts";
import type { AssignorName } from "./assignors/resolve-assignors.ts";
import { ClassicMember } from "./classic-member.ts";
import { ConsumerMember } from "./consumer-member.ts";
import { groupEvents, groupFailed, groupPartitions } from "./group-channels.ts";
import type { GroupMessage } from "./group-channels.ts";
import { GroupMetrics } from "./group-metrics.ts";
import { MemberRequests } from "./member-requests.ts";
import type { ListenerCall, Member, MemberCommand, MemberEffect, MemberEvent } from "./member.ts";
import { OffsetCommits, toKafkaError } from "./offset-commits.ts";
import { fetchCommitted } from "./offset-fetches.ts";
import { TopicWatch } from "./topic-watch.ts";

export interface MembershipOptions {
  readonly groupId: string;
  readonly groupProtocol: "classic" | "consumer";
  /** Static membership (KIP-345); null: dynamic. */
  readonly groupInstanceId: string | null;
  readonly sessionTimeoutMs: number;
  /** With the consumer protocol only until the broker has told its own. */
  readonly heartbeatIntervalMs: number;
  /** Also the rebalance timeout. */
  readonly maxPollIntervalMs: number;
  /** Of the classic protocol, the preferred one first. */
  readonly assignors: readonly (AssignorName | Assignor)[];
  /** Of the consumer protocol, such as "uniform"; null: the broker's choice. */
  readonly groupRemoteAssignor: string | null;
  readonly rack: string | null;
  /** Name of its connections; a second one is made of it for offsets. Closed with the membership. */
  readonly lane: string;
}

/** Default bound of closing, as Java's. */
const CLOSE_TIMEOUT_MS = 30_000;

/** Nothing is sent before the first `subscribe`, `commit` or `committed`. @throws ConfigError */
export function createMembership(
  cluster: Cluster,
  options: MembershipOptions,
  listener: AssignmentListener,
): Membership {
  return new GroupMembership(cluster, options, listener);
}

class GroupMembership implements Membership {
  readonly groupId: string;
  private readonly cluster: Cluster;
  private readonly options: MembershipOptions;
  private readonly listener: AssignmentListener;
  private readonly member: Member;
  private readonly topics: TopicWatch;
  private readonly requests: MemberRequests;
  private readonly commits: OffsetCommits;
  private readonly metrics: GroupMetrics;
  private readonly sideLane: string;
  private readonly forgetMetadata: () => void;
  private isSubscribed = false;
  private isClosed = false;
  private closing: Promise<void> | null = null;
  private timer: Timer | null = null;
  private timerDueMs = Infinity;
  /** Commands that came while one was carried out. */
  private readonly backlog: MemberCommand[] = [];
  private isDispatching = false;
  private readonly idleWaiters = new Set<() => void>();
  private lastResolved = "";
  /** The member failed, and was not told to try again since. */
  private failure: KafkaError | null = null;
  /** How often in a row. */
  private failures = 0;
  private retry: Timer | null = null;

  constructor(cluster: Cluster, options: MembershipOptions, listener: AssignmentListener) {
    const { groupId, lane } = options;
    if (groupId === "") throw new ConfigError("groupId is empty");
    this.groupId = groupId;
    this.cluster = cluster;
    this.options = options;
    this.listener = listener;
    this.sideLane = `${lane}-offsets`;
    this.member = makeMember(cluster, options);
    this.topics = new TopicWatch(cluster, cluster.options.requestTimeoutMs);
    this.metrics = new GroupMetrics(cluster.clock);
    this.metrics.register(cluster.metrics, cluster.options.clientId, () => this.member.owned.size);
    this.requests = new MemberRequests({
      cluster,
      groupId,
      lanes: { main: lane, side: this.sideLane },
      metrics: this.metrics,
      report: (command) => this.dispatch(command),
    });
    this.commits = this.makeCommits();
    this.forgetMetadata = cluster.onMetadata((view) => {
      this.dispatch({ kind: "metadata", view });
      this.resolveTopics();
      this.topics.look();
      const refusal = this.topics.refusal();
      if (refusal !== null) this.listener.failed(refusal);
    });
  }

  subscribe(subscription: Subscription): void {
    this.assertOpen();
    if (this.failure?.fatal === true) throw this.failure;
    if (subscription.kind === "serverPattern" && this.options.groupProtocol === "classic")
      throw new ConfigError('a pattern of the broker needs groupProtocol "consumer"');
    for (const done of this.idleWaiters) done();
    this.isSubscribed = true;
    this.failure = null;
    this.topics.subscribe(subscription);
    this.resolveTopics();
  }

  async unsubscribe({ timeoutMs = this.cluster.options.defaultApiTimeoutMs, signal }: CallOptions = {}): Promise<void> {
    if (this.isClosed) return;
    this.topics.subscribe(null);
    this.lastResolved = "";
    this.dispatch({ kind: "subscribe", subscription: null });
    this.isSubscribed = !this.member.isIdle;
    const idle = this.untilIdle().then(() => this.requests.left);
    await this.within(idle, { timeoutMs, signal, sentence: `the group was not left within ${timeoutMs} ms` });
  }

  owned(): readonly TopicPartition[] {
    return this.member.owned.list();
  }

  groupMetadata(): GroupMetadata {
    return { groupId: this.groupId, ...this.member.identity, groupInstanceId: this.options.groupInstanceId };
  }

  progressed(): void {
    this.dispatch({ kind: "progressed" });
  }

  waiting(isWaiting: boolean): void {
    this.dispatch({ kind: "waiting", isWaiting });
    if (isWaiting) this.comeBack();
  }

  enforceRebalance(reason = "rebalance enforced by user"): void {
    this.dispatch({ kind: "rejoin", reason });
  }

  commit(offsets: readonly OffsetToCommit[], options: CommitOptions = {}): Promise<void> {
    return this.isClosed ? Promise.reject(new ClosedError("consumer")) : this.commits.commit(offsets, options);
  }

  async committed(
    partitions: readonly TopicPartition[],
    options: CallOptions = {},
  ): Promise<readonly CommittedOffset[]> {
    this.assertOpen();
    return fetchCommitted({ cluster: this.cluster, groupId: this.groupId, lane: this.sideLane }, partitions, options);
  }

  close(options: { timeoutMs?: number; leaveGroup?: boolean } = {}): Promise<void> {
    this.closing ??= this.shutDown(options);
    return this.closing;
  }

  private async shutDown({ timeoutMs = CLOSE_TIMEOUT_MS, leaveGroup }: { timeoutMs?: number; leaveGroup?: boolean }) {
    this.dispatch({ kind: "close", leaveGroup });
    this.isClosed = true;
    this.topics.stop();
    this.forgetMetadata();
    this.timer?.cancel();
    this.timer = null;
    this.retry?.cancel();
    this.metrics.unregister();
    for (const done of this.idleWaiters) done();
    this.commits.close(new ClosedError("consumer"));
    try {
      await this.within(this.requests.left, { timeoutMs, sentence: "the group was not told" });
    } catch (error) {
      this.cluster.logger.info({ groupId: this.groupId, error: String(error) }, "Closing did not wait longer.");
    }
    this.cluster.closeLane(this.options.lane);
    this.cluster.closeLane(this.sideLane);
  }

  private makeCommits(): OffsetCommits {
    return new OffsetCommits({
      cluster: this.cluster,
      groupId: this.groupId,
      groupInstanceId: this.options.groupInstanceId,
      lane: this.sideLane,
      membership: () =>
        this.isSubscribed ? { identity: this.member.identity, access: this.member.commitAccess } : null,
      ownedSince: (partition) => this.member.owned.since(partition),
      refused: (errorCode, identity) => {
        if (this.isSubscribed) this.dispatch({ kind: "commitRefused", errorCode, identity });
      },
      committed: (latencyMs) => this.metrics.commit.record(latencyMs),
    });
  }

  /** Tells the member what it subscribes to, if that changed with the metadata. */
  private resolveTopics(): void {
    const subscription = this.topics.resolve();
    if (subscription === null || this.failure !== null) return;
    const { topics, pattern, serverPattern } = subscription;
    const text = JSON.stringify([topics, pattern === null ? null : String(pattern), serverPattern]);
    // Before the first metadata a pattern matches nothing, and joining so would bring a rebalance too many.
    if (text === this.lastResolved || (pattern !== null && this.cluster.metadata.updates === 0)) return;
    this.lastResolved = text;
    this.dispatch({ kind: "subscribe", subscription });
  }

  private dispatch(command: MemberCommand): void {
    if (this.isClosed) return;
    this.backlog.push(command);
    if (this.isDispatching) return;
    this.isDispatching = true;
    try {
      for (let next = this.backlog.shift(); next !== undefined; next = this.backlog.shift()) {
        for (const effect of this.member.handle(next, this.cluster.clock.monotonicMs())) this.perform(effect);
      }
    } catch (error) {
      this.crashed(error);
    } finally {
      this.isDispatching = false;
    }
    this.commits.wake();
    if (this.member.isIdle) for (const done of this.idleWaiters) done();
    this.schedule();
  }

  // A broken invariant, here or in a metadata listener: nobody would see it if it were thrown to a timer or an answer.
  private crashed(error: unknown): void {
    this.backlog.length = 0;
    this.member.handle({ kind: "close", leaveGroup: false }, this.cluster.clock.monotonicMs());
    this.failed(toKafkaError(error));
  }

  private perform(effect: MemberEffect): void {
    switch (effect.kind) {
      case "join":
      case "sync":
      case "heartbeat":
      case "consumerHeartbeat":
        this.requests.send(effect);
        break;
      case "leave":
        this.requests.leave(effect.body);
        break;
      case "consumerLeave":
        this.requests.consumerLeave(effect.body);
        break;
      case "abandon":
        this.requests.abandon();
        break;
      case "forgetCoordinator":
        this.cluster.forgetCoordinator("group", this.groupId);
        break;
      case "refresh":
        void this.refresh(effect.id, effect.topics);
        break;
      case "call":
        void this.call(effect.call, effect.partitions);
        break;
      case "failed":
        this.failed(effect.error);
        break;
      case "tell":
        this.tell(effect.level, effect.event);
        break;
    }
  }

  private async refresh(id: number, topics: readonly string[] | null): Promise<void> {
    let command: MemberCommand = { kind: "refreshed", id };
    try {
      await this.topics.refresh(topics, this.requests.signal);
    } catch (error) {
      command = { kind: "requestFailed", id, error: toKafkaError(error) };
    }
    this.topics.look();
    this.dispatch(command);
  }

  private async call(call: ListenerCall, partitions: readonly TopicPartition[]): Promise<void> {
    if (groupPartitions[call].hasSubscribers) groupPartitions[call].publish({ ...this.message(), partitions });
    const startMs = this.cluster.clock.monotonicMs();
    let error: KafkaError | null = null;
    if (call === "assigned") this.failures = 0;
    try {
      await this.listener[call](partitions);
    } catch (cause) {
      const sentence = `what follows when partitions are ${call} has failed`;
      error = new KafkaError(sentence, { code: "REBALANCE_HOOK", context: { groupId: this.groupId }, cause });
    }
    this.metrics.calls[call].record(this.cluster.clock.monotonicMs() - startMs);
    this.dispatch({ kind: "called", error });
  }

  private failed(thrown: KafkaError): void {
    const error = withFate(thrown);
    this.failure = error;
    this.cluster.logger.error({ groupId: this.groupId, code: error.code, error: error.message }, "The member failed.");
    if (groupFailed.hasSubscribers) groupFailed.publish({ ...this.message(), error });
    this.lastResolved = "";
    this.listener.failed(error);
  }

  // The application was told of a failure and waits for records again: what was wrong may have passed, as when rights are given.
  private comeBack(): void {
    if (this.failure === null || this.failure.fatal || this.retry !== null || this.isClosed) return;
    this.retry = this.cluster.clock.schedule(this.cluster.backoffMs(this.failures++), () => {
      this.retry = null;
      if (this.failure?.fatal === true) return;
      this.failure = null;
      this.resolveTopics();
    });
  }

  private tell(level: "debug" | "info" | "warn" | "error", event: MemberEvent): void {
    const { name, sentence, latencyMs } = event;
    if (name === "rebalance:end") this.metrics.rebalanced(latencyMs ?? 0);
    if (name === "rebalance:failed") this.metrics.failedRebalances++;
    const channel = groupEvents[name];
    if (channel.hasSubscribers)
      channel.publish({ ...this.message(), sentence, ...(latencyMs === undefined ? {} : { latencyMs }) });
    const fields = { groupId: this.groupId, ...this.member.identity, event: name };
    this.cluster.logger[level](fields, `Group member: ${sentence}.`);
  }

  private message(): GroupMessage {
    return { clientId: this.cluster.options.clientId, groupId: this.groupId, ...this.member.identity };
  }

  private schedule(): void {
    const { dueMs } = this.member;
    if (this.isClosed || (this.timer !== null && dueMs === this.timerDueMs)) return;
    this.timer?.cancel();
    this.timer = null;
    if (dueMs === Infinity) return;
    this.timerDueMs = dueMs;
    this.timer = this.cluster.clock.schedule(Math.max(0, dueMs - this.cluster.clock.monotonicMs()), () => {
      this.timer = null;
      this.dispatch({ kind: "tick" });
    });
  }

  private untilIdle(): Promise<void> {
    if (this.member.isIdle) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.idleWaiters.delete(done);
        if (this.member.isIdle) this.isSubscribed = false;
        resolve();
      };
      this.idleWaiters.add(done);
    });
  }

  private async within(
    promise: Promise<void>,
    { timeoutMs, signal, sentence }: { timeoutMs: number; signal?: AbortSignal | undefined; sentence: string },
  ): Promise<void> {
    const ended = new AbortController();
    const signals = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
    const limit = this.cluster.delay(timeoutMs, signals).then(() => {
      throw new TimeoutError(sentence, { context: { groupId: this.groupId } });
    });
    // When the promise wins, the limit is aborted, and nobody looks at it any more.
    limit.catch(() => {});
    try {
      await Promise.race([promise, limit]);
    } finally {
      ended.abort();
    }
  }

  private assertOpen(): void {
    if (this.isClosed) throw new ClosedError("consumer");
  }
}

// Who was fenced and came back would fence the one that has its place now, which would do the same.
function withFate(error: KafkaError): KafkaError {
  if (!(error instanceof BrokerError) || error.code !== "FENCED_INSTANCE_ID") return error;
  const { errorCode, message, code, context } = error;
  return new BrokerError(errorCode, message, { code, fatal: true, context });
}

function makeMember(cluster: Cluster, options: MembershipOptions): Member {
  const common = {
    groupId: options.groupId,
    groupInstanceId: options.groupInstanceId,
    sessionTimeoutMs: options.sessionTimeoutMs,
    maxPollIntervalMs: options.maxPollIntervalMs,
    heartbeatIntervalMs: options.heartbeatIntervalMs,
    requestTimeoutMs: cluster.options.requestTimeoutMs,
    rack: options.rack,
    view: cluster.metadata,
    backoffMs: (attempt: number) => cluster.backoffMs(attempt),
  };
  if (options.groupProtocol === "classic")
    return new ClassicMember({ ...common, ...resolveAssignors(options.assignors) });
  return new ConsumerMember({
    ...common,
    memberId: randomUuid(cluster.random),
    serverAssignor: options.groupRemoteAssignor,
  });
}
