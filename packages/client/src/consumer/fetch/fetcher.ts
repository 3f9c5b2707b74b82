// The shell around fetching: sends what the plan says, keeps one session per broker, hands the answers to the partitions' states.
// `pump` may be called whenever something changed; it sends what can be sent and no more. Nothing here waits for the application.

import type { Timer } from "@ottla/base";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import type { FetchResponse } from "@ottla/protocol/messages/01-fetch.ts";
import { announcer } from "../../diagnostics.ts";
import { errorOf } from "../error-of.ts";
import type { PartitionState } from "../partition-state.ts";
import type { ReaderContext } from "../reader-context.ts";
import type { AnswerContext, PartitionAnswer } from "./fetch-answer.ts";
import { applyAnswer } from "./fetch-answer.ts";
import type { BrokerFacts, PlannedFetch } from "./fetch-plan.ts";
import { planFetches } from "./fetch-plan.ts";
import { fetchRequest, HIGHEST_VERSION_BY_NAME } from "./fetch-request.ts";
import type { FetchEntry, SessionRequest } from "./fetch-session.ts";
import { FetchSession } from "./fetch-session.ts";

/** While positions of other partitions are looked for, a fetch waits no longer than this, so that they can join it. */
const SHORT_WAIT_MS = 20;
/** Ending the sessions on close may take this long; brokers drop sessions by themselves as well. */
const SESSION_END_MS = 1_000;

export interface FetchMessage {
  readonly clientId: string;
  readonly nodeId: number;
  readonly partitions: number;
  readonly bytes: number;
  readonly latencyMs: number;
}

const fetched = announcer<FetchMessage>("consumer:fetch");

interface BrokerFetches {
  readonly nodeId: number;
  readonly session: FetchSession;
  /** Bytes that the request under way may bring; 0 when there is none. */
  bytesUnderWay: number;
  isUnderWay: boolean;
  readyAtMs: number;
  failures: number;
}

/** What was asked for, as it was when it was asked. */
interface Asked {
  readonly state: PartitionState;
  readonly version: number;
  readonly fetchOffset: number;
}

export class Fetcher implements BrokerFacts {
  private readonly context: ReaderContext;
  private readonly brokers = new Map<number, BrokerFetches>();
  private readonly aborting = new AbortController();
  private readonly work = new Set<Promise<void>>();
  private timer: Timer | null = null;
  private isRefreshing = false;
  private refreshAtMs = 0;
  /** Newer metadata are wanted, but it is too soon to ask again. */
  private wantsRefresh = false;
  private refreshes = 0;

  constructor(context: ReaderContext) {
    this.context = context;
  }

  /** Sends what can be sent now. */
  pump(): void {
    if (this.aborting.signal.aborted) return;
    const { partitions, options, cluster } = this.context;
    const ms = cluster.clock.monotonicMs();
    if (this.wantsRefresh) this.refreshMetadata();
    const now = { ms, bytesUnderWay: this.bytesUnderWay(), bytesBuffered: this.bytesBuffered() };
    const plan = planFetches(partitions, now, options, this);
    for (const fetch of plan.fetches) this.start(fetch);
    if (plan.needsMetadata) this.refreshMetadata();
    const refreshAtMs = this.wantsRefresh ? this.refreshAtMs : Infinity;
    this.wakeAt(Math.min(plan.wakeAtMs, refreshAtMs, ...this.waitingBrokers(ms)));
  }

  isReady(nodeId: number): boolean {
    const { cluster } = this.context;
    if (!cluster.metadata.brokers.has(nodeId)) {
      this.refreshMetadata();
      return false;
    }
    const broker = this.brokers.get(nodeId);
    return broker === undefined || (!broker.isUnderWay && broker.readyAtMs <= cluster.clock.monotonicMs());
  }

  isOnline(state: PartitionState, nodeId: number): boolean {
    const { metadata } = this.context.cluster;
    const partition = metadata.topics.get(state.topic)?.partitions[state.partition];
    return metadata.brokers.has(nodeId) && partition?.offlineReplicas.includes(nodeId) === false;
  }

  /** Ends requests and sessions; the lane's connections are closed. */
  async close(): Promise<void> {
    this.timer?.cancel();
    this.aborting.abort();
    this.context.cluster.closeLane(`${this.context.lane}-fetch`);
    await Promise.all([...this.work, ...[...this.brokers.values()].map((broker) => this.endSession(broker))]);
  }

  // What paused partitions hold is given up when the others would have to wait for it.
  private bytesBuffered(): number {
    const { partitions, options } = this.context;
    let deliverable = 0;
    let parked = 0;
    for (const state of partitions) {
      if (state.isDeliverable) deliverable += state.bufferedBytes;
      else parked += state.bufferedBytes;
    }
    const most = options.prefetchBytes - options.maxPartitionFetchBytes;
    if (parked === 0 || deliverable + parked + this.bytesUnderWay() <= most) return deliverable + parked;
    for (const state of partitions) if (state.paused && state.bufferedBytes > 0 && !state.busy) state.refetch();
    return deliverable;
  }

  private bytesUnderWay(): number {
    let bytes = 0;
    for (const broker of this.brokers.values()) bytes += broker.bytesUnderWay;
    return bytes;
  }

  private waitingBrokers(nowMs: number): number[] {
    return [...this.brokers.values()].map((broker) => broker.readyAtMs).filter((atMs) => atMs > nowMs);
  }

  private wakeAt(atMs: number): void {
    this.timer?.cancel();
    this.timer = null;
    if (atMs === Infinity) return;
    const { clock } = this.context.cluster;
    this.timer = clock.schedule(Math.max(1, atMs - clock.monotonicMs()), () => this.pump());
  }

  private start(fetch: PlannedFetch): void {
    let broker = this.brokers.get(fetch.nodeId);
    if (broker === undefined) {
      const { nodeId } = fetch;
      broker = { nodeId, session: new FetchSession(), bytesUnderWay: 0, isUnderWay: false, readyAtMs: 0, failures: 0 };
      this.brokers.set(nodeId, broker);
    }
    broker.isUnderWay = true;
    broker.bytesUnderWay = fetch.maxBytes;
    const work = this.fetch(broker, fetch);
    this.work.add(work);
    void work.finally(() => this.work.delete(work));
  }

  // Never rejects.
  private async fetch(broker: BrokerFetches, fetch: PlannedFetch): Promise<void> {
    const { clock } = this.context.cluster;
    const startedMs = clock.monotonicMs();
    const asked = new Map(fetch.states.map((state) => [state.name, this.ask(state)]));
    const request = broker.session.next(fetch.states.map((state) => this.entryOf(state)));
    try {
      const answer = await this.send(broker.nodeId, request, fetch.maxBytes);
      broker.failures = 0;
      this.take(broker, answer, asked, clock.monotonicMs() - startedMs);
    } catch (error) {
      this.lost(broker, error);
    } finally {
      broker.isUnderWay = false;
      broker.bytesUnderWay = 0;
      this.pump();
    }
  }

  private ask(state: PartitionState): Asked {
    return { state, version: state.version, fetchOffset: state.fetchOffset };
  }

  private entryOf(state: PartitionState): FetchEntry {
    // Though the metadata lack the topic: by name, one that was made anew would be read from a position in the old one.
    const { name, topic, topicId, partition, fetchOffset, leaderEpoch } = state;
    const maxBytes = this.context.options.maxPartitionFetchBytes;
    return { name, topic, topicId, partition, fetchOffset, leaderEpoch, maxBytes };
  }

  private send(nodeId: number, request: SessionRequest, maxBytes: number): Promise<FetchResponse> {
    const { cluster, options, lane, partitions } = this.context;
    const isSettled = ![...partitions].some((state) => !state.hasPosition && !state.revoked);
    const maxWaitMs = isSettled ? options.fetchMaxWaitMs : Math.min(options.fetchMaxWaitMs, SHORT_WAIT_MS);
    const { readCommitted, rack, fetchMinBytes: minBytes } = options;
    return cluster.send(
      nodeId,
      fetchApi,
      fetchRequest(request, { maxWaitMs, minBytes, maxBytes, readCommitted, rack }),
      {
        lane: `${lane}-fetch`,
        timeoutMs: cluster.options.requestTimeoutMs + maxWaitMs,
        signal: this.aborting.signal,
        ...(request.usesTopicIds ? {} : { maxVersion: HIGHEST_VERSION_BY_NAME }),
      },
    );
  }

  private take(
    broker: BrokerFetches,
    answer: FetchResponse,
    asked: ReadonlyMap<string, Asked>,
    latencyMs: number,
  ): void {
    const { session } = broker;
    const { clock } = this.context.cluster;
    if (answer.throttleTimeMs > 0) broker.readyAtMs = clock.monotonicMs() + answer.throttleTimeMs;
    const parts = answer.responses.flatMap(({ topic, topicId, partitions }) =>
      partitions.map((part) => ({ part, entry: session.entry(topic, topicId, part.partitionIndex) })),
    );
    const verdict = session.answered({ ...answer, partitions: parts.map(({ entry }) => entry) });
    if (!verdict.usable) {
      const { reason } = verdict;
      this.context.cluster.logger.info({ nodeId: broker.nodeId, reason }, "A fetch session begins anew.");
      if (verdict.refreshMetadata) this.refreshMetadata();
      return;
    }
    this.learnLeaders(answer, parts);
    let bytes = 0;
    for (const { part, entry } of parts) {
      bytes += part.records?.length ?? 0;
      const was = asked.get(entry!.name);
      if (was !== undefined) this.applyPart(was, part);
    }
    this.context.metrics.answered({ latencyMs, bytes, throttleTimeMs: answer.throttleTimeMs });
    if (fetched.hasSubscribers) {
      const { clientId } = this.context.cluster.options;
      fetched.publish({ clientId, nodeId: broker.nodeId, partitions: parts.length, bytes, latencyMs });
    }
    this.context.changed();
  }

  private applyPart({ state, version, fetchOffset }: Asked, part: PartitionAnswer): void {
    const { partitions, cluster } = this.context;
    // Assigned anew, sought elsewhere, or being given back since: the answer is of no use.
    if (!partitions.holds(state) || state.version !== version || state.fetchOffset !== fetchOffset) return;
    if (state.revoked) return;
    const effect = applyAnswer(state, part, this.answerContext(state));
    if (effect.kind === "refreshMetadata") this.refreshMetadata();
    if (effect.kind === "data" || part.errorCode !== 0) partitions.moveToEnd(state);
    if (part.errorCode !== 0)
      cluster.logger.debug({ partition: state.name, errorCode: part.errorCode }, "A fetch failed.");
  }

  private answerContext(state: PartitionState): AnswerContext {
    const { cluster, options } = this.context;
    const nowMs = cluster.clock.monotonicMs();
    const { checkCrcs, readCommitted, maxDecompressedBatchBytes, reset } = options;
    return {
      decode: { checkCrcs, readCommitted, maxDecompressedBatchBytes },
      nowMs,
      preferUntilMs: nowMs + cluster.options.metadataMaxAgeMs,
      retryAtMs: nowMs + cluster.backoffMs(state.attempts),
      reset,
    };
  }

  // KIP-951: the broker that is not the leader any more tells who is.
  private learnLeaders(
    answer: FetchResponse,
    parts: readonly { part: PartitionAnswer; entry: FetchEntry | undefined }[],
  ): void {
    const leaders = parts
      .filter(
        ({ part }) => part.errorCode !== 0 && part.currentLeader.leaderId >= 0 && part.currentLeader.leaderEpoch >= 0,
      )
      .map(({ part, entry }) => ({ topic: entry!.topic, partition: part.partitionIndex, ...part.currentLeader }));
    if (leaders.length > 0) this.context.cluster.applyLeaders(leaders, answer.nodeEndpoints);
  }

  private lost(broker: BrokerFetches, error: unknown): void {
    if (this.aborting.signal.aborted) return;
    const { cluster, partitions } = this.context;
    const known = errorOf(error);
    broker.session.failed();
    for (const { topic, partition } of broker.session.partitions()) {
      const state = partitions.get({ topic, partition });
      if (state !== undefined) state.preferredReplica = -1;
    }
    broker.readyAtMs = cluster.clock.monotonicMs() + cluster.backoffMs(broker.failures++);
    cluster.logger.debug({ nodeId: broker.nodeId, error: known.message }, "A fetch was lost.");
    if (known.retriable) this.refreshMetadata();
    else this.context.failed(known);
  }

  // One at a time, and not sooner than a backoff after the one before.
  private refreshMetadata(): void {
    const { cluster, partitions } = this.context;
    if (this.isRefreshing || this.aborting.signal.aborted) return;
    this.wantsRefresh = cluster.clock.monotonicMs() < this.refreshAtMs;
    if (this.wantsRefresh) return;
    this.isRefreshing = true;
    const ended = (failure: unknown): void => {
      this.isRefreshing = false;
      this.refreshes = failure === null ? 0 : this.refreshes + 1;
      this.refreshAtMs = cluster.clock.monotonicMs() + cluster.backoffMs(this.refreshes);
      if (this.aborting.signal.aborted) return;
      if (failure !== null && !errorOf(failure).retriable) this.context.failed(errorOf(failure));
      this.pump();
    };
    const options = { signal: this.aborting.signal, allowAutoTopicCreation: partitions.isAnyUnseen() };
    cluster.refreshMetadata(options).then(() => ended(null), ended);
  }

  private async endSession({ nodeId, session }: BrokerFetches): Promise<void> {
    const request = session.end();
    const { cluster, lane, options } = this.context;
    if (request === null || !cluster.metadata.brokers.has(nodeId)) return;
    const limits = { maxWaitMs: 0, minBytes: 0, maxBytes: 1, readCommitted: options.readCommitted, rack: null };
    try {
      await cluster.send(nodeId, fetchApi, fetchRequest(request, limits), {
        lane,
        timeoutMs: SESSION_END_MS,
        ...(request.usesTopicIds ? {} : { maxVersion: HIGHEST_VERSION_BY_NAME }),
      });
    } catch (error) {
      cluster.logger.debug(
        { nodeId, error: errorOf(error).message },
        "A fetch session was not ended; the broker drops it.",
      );
    }
  }
}
