// Commits of offsets: one request at a time, so that an older offset never overwrites a newer one, however often it is tried again. What is
// asked for meanwhile goes together into the next request, the last offset of each partition.
//
// A member commits only what it owns, in the possession in which the commit was asked for: who lost a partition and got it back does not
// write the offset of before. That is looked at before each attempt, so no rebalance can slip a stale commit in.

import type { Timer } from "@ottla/base";
import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { offsetCommitApi } from "@ottla/protocol/messages/08-offset-commit.ts";
import type { OffsetCommitRequestInput, OffsetCommitResponse } from "@ottla/protocol/messages/08-offset-commit.ts";
import { AbortedError, brokerError, CommitFailedError, ConfigError, KafkaError, TimeoutError } from "../../errors.ts";
import type { Cluster } from "../../network/cluster.ts";
import type { OffsetToCommit, TopicPartition } from "../../records.ts";
import type { CommitOptions } from "../membership.ts";
import { commitReaction, isUnknownTopic } from "./commit-answers.ts";
import type { CommitAccess, MemberIdentity } from "./member.ts";
import { keyOf } from "./partition-set.ts";

/** Topic ids instead of names (KIP-848's second half). */
const FIRST_VERSION_WITH_IDS = 10;

export interface OffsetCommitsParts {
  readonly cluster: Cluster;
  readonly groupId: string;
  readonly groupInstanceId: string | null;
  readonly lane: string;
  /** Null outside a group: anybody may commit then (`assign` with a group id), with generation -1. */
  membership(): { readonly identity: MemberIdentity; readonly access: CommitAccess } | null;
  /** The number of the assignment that brought the partition, or null when it is not owned. */
  ownedSince(partition: TopicPartition): number | null;
  /** The broker told something about the membership. */
  refused(errorCode: number, identity: MemberIdentity): void;
  committed(latencyMs: number): void;
}

interface Commit {
  readonly offsets: readonly OffsetToCommit[];
  /** Of which assignment each partition is; null outside a group. */
  readonly since: readonly number[] | null;
  /** The topic's id as it was known then, ZERO_UUID when it was not. Of each partition. */
  readonly topicIds: readonly string[];
  readonly needsTopics: boolean;
  readonly timeoutMs: number;
  settle(error: KafkaError | null): void;
  isSettled: boolean;
  cause: KafkaError | null;
}

const OUTSIDE: MemberIdentity = { memberId: "", generationId: -1 };

export class OffsetCommits {
  private readonly parts: OffsetCommitsParts;
  private pending: Commit[] = [];
  private isRunning = false;
  private attempt = 0;
  private readonly ended = new AbortController();
  private woken = Promise.withResolvers<void>();

  constructor(parts: OffsetCommitsParts) {
    this.parts = parts;
  }

  /** @throws ConfigError, CommitFailedError, TimeoutError, AbortedError, BrokerError */
  commit(offsets: readonly OffsetToCommit[], options: CommitOptions = {}): Promise<void> {
    if (offsets.length === 0) return Promise.resolve();
    const wrong = offsets.find(({ offset }) => !Number.isSafeInteger(offset) || offset < 0);
    if (wrong !== undefined) return Promise.reject(new ConfigError(`${wrong.offset} is no offset to commit`));
    if (options.signal?.aborted === true) return Promise.reject(new AbortedError(options.signal));
    const since = this.parts.membership() === null ? null : offsets.map((each) => this.parts.ownedSince(each));
    const lost = offsets.find((_, at) => since !== null && since[at] === null);
    if (lost !== undefined) return Promise.reject(this.notOwned(lost));
    return new Promise((resolve, reject) => {
      this.enlist(offsets, { since: since as readonly number[] | null, options, resolve, reject });
    });
  }

  /** Something about the membership changed: what waits may go on, or is refused. */
  wake(): void {
    if (this.pending.length === 0) return;
    this.admit();
    this.woken.resolve();
    this.woken = Promise.withResolvers<void>();
  }

  close(error: KafkaError): void {
    this.ended.abort(error);
    for (const commit of this.pending) commit.settle(error);
    this.wake();
    this.woken.resolve();
  }

  private enlist(
    offsets: readonly OffsetToCommit[],
    call: {
      since: readonly number[] | null;
      options: CommitOptions;
      resolve: () => void;
      reject: (error: KafkaError) => void;
    },
  ): void {
    const { clock, options: client } = this.parts.cluster;
    const { signal, timeoutMs = client.defaultApiTimeoutMs, needsTopics = false } = call.options;
    let timer: Timer | null = null;
    const onAbort = (): void => commit.settle(new AbortedError(signal!));
    const commit: Commit = {
      offsets,
      since: call.since,
      topicIds: offsets.map(({ topic }) => this.idOf(topic)),
      needsTopics,
      timeoutMs,
      isSettled: false,
      cause: null,
      settle: (error) => {
        if (commit.isSettled) return;
        commit.isSettled = true;
        timer?.cancel();
        signal?.removeEventListener("abort", onAbort);
        if (error === null) call.resolve();
        else call.reject(error);
      },
    };
    timer = clock.schedule(timeoutMs, () => {
      const sentence = `offsets could not be committed within ${timeoutMs} ms`;
      commit.settle(new TimeoutError(sentence, { context: { groupId: this.parts.groupId }, cause: commit.cause }));
      this.woken.resolve();
      this.woken = Promise.withResolvers<void>();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
    this.pending.push(commit);
    if (!this.isRunning) void this.run();
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    // Commits of one turn share a request.
    await Promise.resolve();
    while (this.admit()) {
      const membership = this.parts.membership();
      if (membership?.access === "later") await this.woken.promise;
      else if (!(await this.sendAll(membership?.identity ?? OUTSIDE))) await this.pause();
    }
    this.isRunning = false;
  }

  private async pause(): Promise<void> {
    const backoffMs = this.parts.cluster.backoffMs(this.attempt++);
    await this.parts.cluster.delay(backoffMs, this.ended.signal).catch(() => {});
  }

  /** Refuses what may not be committed any more. Whether anything is left. */
  private admit(): boolean {
    const membership = this.parts.membership();
    for (const commit of this.pending) {
      if (commit.isSettled) continue;
      const replaced = commit.offsets.find((each, at) => this.isAnother(each.topic, commit.topicIds[at]!));
      if (replaced !== undefined) commit.settle(this.notTheSame(replaced, commit.cause));
      if (commit.since === null) continue;
      const lost = commit.offsets.find((each, at) => this.parts.ownedSince(each) !== commit.since![at]);
      if (lost !== undefined) commit.settle(this.notOwned(lost, commit.cause));
      else if (membership === null || membership.access === "closed")
        commit.settle(
          new CommitFailedError("the consumer is no longer a member of the group", this.reason(commit.cause)),
        );
    }
    this.pending = this.pending.filter(({ isSettled }) => !isSettled);
    return this.pending.length > 0;
  }

  private idOf(topic: string): string {
    return this.parts.cluster.metadata.topics.get(topic)?.topicId ?? ZERO_UUID;
  }

  private isAnother(topic: string, topicId: string): boolean {
    const now = this.idOf(topic);
    return now !== topicId && now !== ZERO_UUID && topicId !== ZERO_UUID;
  }

  // An offset of the old one would have the records of the new one below it passed over.
  private notTheSame({ topic, partition }: TopicPartition, cause: KafkaError | null): CommitFailedError {
    return new CommitFailedError(`topic ${topic} was deleted and made anew since the offset was read`, {
      ...this.reason(cause),
      context: { topic, partition, groupId: this.parts.groupId },
    });
  }

  private notOwned({ topic, partition }: TopicPartition, cause: KafkaError | null = null): CommitFailedError {
    return new CommitFailedError(`partition ${partition} of ${topic} is not this consumer's any more`, {
      ...this.reason(cause),
      context: { topic, partition, groupId: this.parts.groupId },
    });
  }

  private reason(cause: KafkaError | null): { context: { groupId: string }; cause?: KafkaError } {
    const context = { groupId: this.parts.groupId };
    return cause === null ? { context } : { context, cause };
  }

  /** Sends what is pending in one request. Whether all of it was settled. */
  private async sendAll(identity: MemberIdentity): Promise<boolean> {
    const { cluster, groupId, lane } = this.parts;
    // What comes while the request is under way is not in it.
    const batch = [...this.pending];
    const offsets = new Map<string, OffsetToCommit>();
    for (const commit of batch) for (const each of commit.offsets) offsets.set(keyOf(each), each);
    const options = { lane, signal: this.ended.signal, timeoutMs: cluster.options.requestTimeoutMs };
    try {
      const nodeId = await cluster.coordinator("group", groupId, options);
      const startMs = cluster.clock.monotonicMs();
      const { body, maxVersion } = this.request([...offsets.values()], identity);
      const response = await cluster.send(nodeId, offsetCommitApi, body, { ...options, maxVersion });
      this.parts.committed(cluster.clock.monotonicMs() - startMs);
      return this.answered(batch, this.errorsOf(response), identity);
    } catch (error) {
      const reason = toKafkaError(error);
      cluster.forgetCoordinator("group", groupId);
      for (const commit of batch) {
        commit.cause = reason;
        if (!reason.retriable) commit.settle(reason);
      }
      return !reason.retriable;
    }
  }

  private request(offsets: readonly OffsetToCommit[], { memberId, generationId }: MemberIdentity) {
    const { groupId, groupInstanceId } = this.parts;
    const topics = new Map<string, OffsetToCommit[]>();
    for (const each of offsets) {
      const list = topics.get(each.topic);
      if (list === undefined) topics.set(each.topic, [each]);
      else list.push(each);
    }
    const haveIds = [...topics.keys()].every((topic) => this.idOf(topic) !== ZERO_UUID);
    const body = (version: number): OffsetCommitRequestInput => ({
      groupId,
      generationIdOrMemberEpoch: generationId,
      memberId,
      groupInstanceId: version >= 7 && generationId >= 0 ? groupInstanceId : null,
      topics: [...topics].map(([name, list]) => ({
        ...(version >= FIRST_VERSION_WITH_IDS ? { name: "", topicId: this.idOf(name) } : { name, topicId: ZERO_UUID }),
        partitions: list.map(({ partition, offset, leaderEpoch = -1, metadata = "" }) => ({
          partitionIndex: partition,
          committedOffset: offset,
          committedLeaderEpoch: leaderEpoch,
          committedMetadata: metadata,
        })),
      })),
    });
    return { body, maxVersion: haveIds ? offsetCommitApi.versions.to : FIRST_VERSION_WITH_IDS - 1 };
  }

  private errorsOf({ topics }: OffsetCommitResponse): Map<string, number> {
    const { topicNames } = this.parts.cluster.metadata;
    const errors = new Map<string, number>();
    for (const { name, topicId, partitions } of topics) {
      const topic = name === "" ? (topicNames.get(topicId) ?? "") : name;
      for (const { partitionIndex, errorCode } of partitions)
        errors.set(keyOf({ topic, partition: partitionIndex }), errorCode);
    }
    return errors;
  }

  private answered(batch: readonly Commit[], errors: ReadonlyMap<string, number>, identity: MemberIdentity): boolean {
    const { cluster, groupId } = this.parts;
    const codes = new Set(errors.values());
    for (const commit of batch) this.settle(commit, errors);
    for (const code of codes) {
      if (code === errorCodes.NONE) continue;
      const reaction = commitReaction(code);
      if (reaction === "moved") cluster.forgetCoordinator("group", groupId);
      if (reaction === "unknownTopic") cluster.refreshMetadata({ signal: this.ended.signal }).catch(() => {});
      if (reaction === "membership") this.parts.refused(code, identity);
    }
    const isDone = batch.every(({ isSettled }) => isSettled);
    if (isDone) this.attempt = 0;
    return isDone;
  }

  private settle(commit: Commit, errors: ReadonlyMap<string, number>): void {
    let cause: KafkaError | null = null;
    for (const each of commit.offsets) {
      // A partition that the answer leaves out was not committed.
      const code = errors.get(keyOf(each)) ?? errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
      if (code === errorCodes.NONE) continue;
      const { topic, partition } = each;
      cause = brokerError(code, null, { topic, partition, groupId: this.parts.groupId, api: offsetCommitApi.name });
      const reaction = commitReaction(code);
      if (reaction === "failed" || (commit.needsTopics && isUnknownTopic(code))) commit.settle(cause);
      else if (reaction === "membership" && commit.since === null)
        commit.settle(
          new CommitFailedError("the group has members, so that nobody else may commit", this.reason(cause)),
        );
    }
    if (cause === null) commit.settle(null);
    commit.cause = cause;
  }
}

/** What cannot be anything else is a bug, told as an error that is not retriable. */
export function toKafkaError(error: unknown): KafkaError {
  if (error instanceof KafkaError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new KafkaError(message, { code: "UNEXPECTED", fatal: true, cause: error });
}
