// The client's metadata: one view, replaced as a whole, and when to ask for a newer one. Requests are never in flight at the same time;
// whoever needs metadata meanwhile shares the next one. Besides calls, age makes it ask (metadataMaxAgeMs).
// What an answer means for the view is metadata-view.ts.

import { ZERO_UUID } from "@ottla/base";
import type { Clock, Timer } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import type { MetadataRequestInput, MetadataResponse } from "@ottla/protocol/messages/03-metadata.ts";
import { metadataUpdated } from "../diagnostics.ts";
import { brokerError, ClosedError, KafkaError } from "../errors.ts";
import type { ResolvedClientOptions } from "../options.ts";
import type { BrokerNode, MetadataView, MetadataWaitOptions, TopicMetadata } from "./cluster.ts";
import { emptyView, withLeaders, withResponse } from "./metadata-view.ts";
import type { Waits } from "./waits.ts";

export interface MetadataCacheParts {
  readonly options: ResolvedClientOptions;
  readonly clock: Clock;
  readonly waits: Waits;
  readonly backoffMs: (attempt: number) => number;
  /** One Metadata request to any broker. */
  request(body: (version: number) => MetadataRequestInput): Promise<MetadataResponse>;
  /** No metadata came for metadataRecoveryRebootstrapTriggerMs, or the broker said so. */
  rebootstrap(): void;
  /** Before the listeners. */
  onBrokers(brokers: ReadonlyMap<number, BrokerNode>): void;
}

/** A request to come, and those that wait for it. */
interface Round {
  readonly topics: Set<string>;
  /** Topics of interest too. */
  isFull: boolean;
  /** Somebody asks for a topic for the first time. */
  isUrgent: boolean;
  readonly allowAutoTopicCreation: boolean;
  readonly promise: Promise<MetadataView>;
  resolve(view: MetadataView): void;
  reject(error: unknown): void;
}

/** What one call wants of a round. */
interface Wanted {
  readonly topic?: string;
  readonly isFull?: boolean;
  readonly isUrgent?: boolean;
}

export class MetadataCache {
  view: MetadataView = emptyView;
  private readonly parts: MetadataCacheParts;
  private readonly listeners = new Set<(view: MetadataView) => void>();
  private readonly interests = new Map<string, number>();
  private interestsInAll = 0;
  private readonly askedAtMs = new Map<string, number>();
  private readonly rounds: Round[] = [];
  private isAsking = false;
  private start: Timer | null = null;
  private age: Timer | null = null;
  private askedLastMs = -Infinity;
  private failingSinceMs: number | null = null;
  private isRefreshing = false;
  private isClosed = false;

  constructor(parts: MetadataCacheParts) {
    this.parts = parts;
  }

  listen(listener: (view: MetadataView) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  interest(topics: readonly string[] | "all"): () => void {
    const names = topics === "all" ? null : [...topics];
    const add = (by: number): void => {
      if (names === null) this.interestsInAll += by;
      for (const name of names ?? []) {
        const count = (this.interests.get(name) ?? 0) + by;
        if (count === 0) this.interests.delete(name);
        else this.interests.set(name, count);
      }
    };
    add(1);
    let isTaken = true;
    return () => {
      if (isTaken) add(-1);
      isTaken = false;
    };
  }

  /** Resolves with the next update; tries again on errors that pass. Creates no topic unless it is told to: one that was deleted stays so. */
  refresh(options: MetadataWaitOptions): Promise<MetadataView> {
    const mayCreate = options.allowAutoTopicCreation === true && this.parts.options.allowAutoTopicCreation;
    return this.retry(options, "no metadata came", () => this.ask({ isFull: true }, mayCreate));
  }

  topic(name: string, options: MetadataWaitOptions): Promise<TopicMetadata> {
    this.askedAtMs.set(name, this.parts.clock.monotonicMs());
    const known = this.view.topics.get(name);
    if (known !== undefined && known.partitions.length > 0) return Promise.resolve(known);
    let isUrgent = true;
    return this.retry(options, `topic ${name} is not in the metadata`, async () => {
      const asked = this.ask({ topic: name, isUrgent }, this.mayCreate(options));
      isUrgent = false;
      const view = await asked;
      const topic = view.topics.get(name);
      if (topic !== undefined && topic.partitions.length > 0) return topic;
      const code = view.topicErrors.get(name) ?? errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
      throw brokerError(code, null, { topic: name, api: metadataApi.name });
    });
  }

  noteLeaderEpoch(topic: string, partition: number, leaderEpoch: number): void {
    const known = this.view.topics.get(topic)?.partitions[partition];
    if (known !== undefined && known.leaderEpoch < leaderEpoch) this.refreshUnasked();
  }

  applyLeaders(
    leaders: readonly { topic: string; partition: number; leaderId: number; leaderEpoch: number }[],
    nodes: readonly BrokerNode[],
  ): void {
    const view = withLeaders(this.view, leaders, nodes);
    if (view !== null) this.replace(view);
  }

  /** Asks until an answer comes, for nobody in particular. */
  refreshUnasked(): void {
    if (this.isRefreshing || this.isClosed) return;
    this.isRefreshing = true;
    void this.untilRefreshed().finally(() => (this.isRefreshing = false));
  }

  close(): void {
    this.isClosed = true;
    this.start?.cancel();
    this.age?.cancel();
    this.listeners.clear();
    for (const round of this.rounds.splice(0)) round.reject(new ClosedError("client"));
  }

  private async untilRefreshed(): Promise<void> {
    for (let attempt = 0; !this.isClosed; attempt++) {
      try {
        await this.ask({ isFull: true }, false);
        return;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (!this.isClosed) this.parts.options.logger.debug({ error: message }, "Metadata could not be refreshed.");
      }
      await this.parts.waits.delay(this.parts.backoffMs(attempt)).catch(() => {});
    }
  }

  private retry<T>(options: MetadataWaitOptions, sentence: string, attempt: () => Promise<T>): Promise<T> {
    const { clock, waits, backoffMs } = this.parts;
    const { signal, onFailure, timeoutMs = this.parts.options.defaultApiTimeoutMs } = options;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    return waits.retry({ signal, deadlineMs, sentence, onFailure }, backoffMs, attempt);
  }

  private mayCreate(options: MetadataWaitOptions): boolean {
    return options.allowAutoTopicCreation ?? this.parts.options.allowAutoTopicCreation;
  }

  /** One attempt, shared with all who ask the same way before it begins. */
  private ask(wanted: Wanted, allowAutoTopicCreation: boolean): Promise<MetadataView> {
    if (this.isClosed) return Promise.reject(new ClosedError("client"));
    let round = this.rounds.find((each) => each.allowAutoTopicCreation === allowAutoTopicCreation);
    if (round === undefined) {
      const promise = Promise.withResolvers<MetadataView>();
      round = { topics: new Set(), isFull: false, isUrgent: false, allowAutoTopicCreation, ...promise };
      round.promise.catch(() => {});
      this.rounds.push(round);
    }
    if (wanted.topic !== undefined) round.topics.add(wanted.topic);
    if (wanted.isFull === true) round.isFull = true;
    if (wanted.isUrgent === true) round.isUrgent = true;
    this.startNext();
    return round.promise;
  }

  // New topics are asked for at once, everything else not before the backoff after the last answer: topics that are not there as well, or many
  // of them, each with its own retries, would be asked for all the time.
  private startNext(): void {
    if (this.isAsking || this.isClosed || this.rounds.length === 0) return;
    this.start?.cancel();
    const urgent = this.rounds.find((round) => round.isUrgent || (round.isFull && this.hasNewInterest()));
    const round = urgent ?? this.rounds[0]!;
    const waitMs = this.askedLastMs + this.parts.options.retryBackoffMs - this.parts.clock.monotonicMs();
    if (urgent !== undefined || waitMs <= 0) {
      this.start = null;
      void this.run(round);
    } else {
      this.start = this.parts.clock.schedule(waitMs, () => this.startNext());
    }
  }

  /** Whether a topic is of interest of which nothing is known, not even an error. */
  private hasNewInterest(): boolean {
    const { topics, topicErrors } = this.view;
    for (const name of this.interests.keys()) if (!topics.has(name) && !topicErrors.has(name)) return true;
    return false;
  }

  private async run(round: Round): Promise<void> {
    this.isAsking = true;
    // Whoever asks in the same turn is still let in.
    await Promise.resolve();
    this.rounds.splice(this.rounds.indexOf(round), 1);
    try {
      const wanted = round.isFull ? this.wanted(round.topics) : round.topics;
      const response = await this.parts.request((version) =>
        requestBody(wanted, round.allowAutoTopicCreation, version),
      );
      if (response.errorCode !== errorCodes.NONE) throw brokerError(response.errorCode, null, { api: "Metadata" });
      this.failingSinceMs = null;
      this.replace(withResponse(this.view, response, round.isFull && wanted !== "all" ? this.all(wanted) : wanted));
      if (round.isFull || this.age === null) this.scheduleNext();
      round.resolve(this.view);
    } catch (error) {
      this.noteFailure(error);
      round.reject(error);
    } finally {
      this.askedLastMs = this.parts.clock.monotonicMs();
      this.isAsking = false;
      this.startNext();
    }
  }

  private wanted(topics: ReadonlySet<string>): ReadonlySet<string> | "all" {
    if (this.interestsInAll > 0) return "all";
    const forgottenMs = this.parts.clock.monotonicMs() - this.parts.options.metadataMaxIdleMs;
    for (const [name, askedMs] of this.askedAtMs) if (askedMs < forgottenMs) this.askedAtMs.delete(name);
    return new Set([...topics, ...this.interests.keys(), ...this.askedAtMs.keys()]);
  }

  /** After a full refresh nothing is kept that was not asked for. */
  private all(wanted: ReadonlySet<string>): ReadonlySet<string> {
    return new Set([...wanted, ...this.view.topics.keys(), ...this.view.topicErrors.keys()]);
  }

  private noteFailure(error: unknown): void {
    if (this.parts.options.metadataRecoveryStrategy === "none") return;
    const nowMs = this.parts.clock.monotonicMs();
    this.failingSinceMs ??= nowMs;
    const isTold = error instanceof KafkaError && error.code === "REBOOTSTRAP_REQUIRED";
    const isLate = nowMs - this.failingSinceMs >= this.parts.options.metadataRecoveryRebootstrapTriggerMs;
    if (this.isClosed || (!isTold && !isLate)) return;
    this.failingSinceMs = nowMs;
    this.parts.rebootstrap();
  }

  private scheduleNext(): void {
    this.age?.cancel();
    this.age = this.isClosed
      ? null
      : this.parts.clock.schedule(this.parts.options.metadataMaxAgeMs, () => this.refreshUnasked());
  }

  private replace(view: MetadataView): void {
    if (this.isClosed) return;
    this.view = view;
    this.parts.onBrokers(view.brokers);
    const { clientId, logger } = this.parts.options;
    if (metadataUpdated.hasSubscribers) {
      const { clusterId, brokers, topics, updates } = view;
      metadataUpdated.publish({ clientId, clusterId, brokers: brokers.size, topics: topics.size, updates });
    }
    for (const listener of this.listeners) {
      try {
        listener(view);
      } catch (error) {
        logger.error({ error: String(error) }, "A listener of metadata failed.");
      }
    }
  }
}

function requestBody(
  topics: ReadonlySet<string> | "all",
  allowAutoTopicCreation: boolean,
  version: number,
): MetadataRequestInput {
  // Version 0 says "all topics" with an empty list, later ones with null.
  const listed =
    topics === "all" ? (version === 0 ? [] : null) : [...topics].map((name) => ({ topicId: ZERO_UUID, name }));
  const common = {
    topics: listed,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  };
  return version >= 4 ? { ...common, allowAutoTopicCreation } : common;
}
