// Committed offsets of one shard: who may commit, fetch and delete them, when they expire, and what a transaction does to them
// (Kafka's OffsetMetadataManager). Commands decide records; only `replayCommit` and `endTransaction` change what is committed.
// Invariants: an offset of an open transaction is never answered; of two commits to one partition the later record in the log counts.

import { LONG_MAX, ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { OffsetCommitRequest, OffsetCommitResponse } from "@ottla/protocol/messages/08-offset-commit.ts";
import type { OffsetDeleteRequest, OffsetDeleteResponse } from "@ottla/protocol/messages/47-offset-delete.ts";
import type { TxnOffsetCommitRequest, TxnOffsetCommitResponse } from "@ottla/protocol/messages/28-txn-offset-commit.ts";
import { answered, replyTo } from "../../runtime/outcome.ts";
import type { Now, Outcome, Pending, RequestClient, TransactionalProducer } from "../../runtime/outcome.ts";
import type { GroupContext } from "../group-context.ts";
import type { GroupRecord } from "../group-records.ts";
import type { CommitClaim, Group } from "../group.ts";
import { decideCommits, refusedCommits } from "./commit-answers.ts";
import type { CommitTerms } from "./commit-answers.ts";
import { fetchAll, fetchNothing, fetchPartitions } from "./fetch-offsets.ts";
import type { OffsetFetchGroup, OffsetFetchGroupAnswer } from "./fetch-offsets.ts";
import { expireOffsets, offsetTombstone } from "./expire-offsets.ts";
import { OffsetTable } from "./offset-table.ts";
import type { CommittedOffset } from "./offset-table.ts";
import { PendingOffsets } from "./pending-offsets.ts";

type CommitKey = Extract<GroupRecord, { kind: "OffsetCommit" }>["key"];
type CommitRecordValue = Extract<GroupRecord, { kind: "OffsetCommit" }>["value"];

/** A topic that was deleted. */
export interface DeletedTopic {
  readonly id: string;
  readonly name: string;
}

/** From this version of OffsetCommit on, clients know GROUP_ID_NOT_FOUND (KIP-848). */
const GROUP_ID_NOT_FOUND_FROM_VERSION = 9;
/** OffsetCommit's retention time when the client leaves it to the broker; also what "no expiry of its own" is in records. */
const NOT_SET = -1;

const EXPIRATION = "offset-expiration";

export class Offsets {
  private readonly context: GroupContext;
  private readonly table = new OffsetTable();
  private readonly pending = new PendingOffsets();

  constructor(context: GroupContext) {
    this.context = context;
  }

  /** Committed offsets in all groups. */
  get size(): number {
    return this.table.size;
  }

  /** The log was replayed: from now on expired offsets are looked for. */
  loaded(now: Now): void {
    this.expireLater(now);
  }

  commit(
    request: OffsetCommitRequest,
    client: RequestClient,
    pending: Pending<OffsetCommitResponse>,
    now: Now,
  ): Outcome<GroupRecord> {
    const claim = claimOf(request, client, false);
    const group = this.context.groups.get(request.groupId);
    const errorCode = group?.refuseCommit(claim) ?? refuseWithoutGroup(claim);
    if (errorCode !== errorCodes.NONE) return answered(pending, refusedCommits(request, errorCode));
    group?.commitAccepted?.(request.memberId, now);
    const decision = decideCommits(request, {
      ...this.termsOf(now),
      expireTimestamp: expireTimestampOf(request.retentionTimeMs, now),
      keptTopicId: ({ topicId }) => topicId,
      refuse: refusePartition(group, claim, ({ topicId }) => topicId),
    });
    if (decision.records === null) return answered(pending, refusedCommits(request, decision.errorCode));
    this.context.counters.committedOffsets += decision.records.length;
    return { records: decision.records, replies: [replyTo(pending, decision.answer)] };
  }

  /** The offsets count when the transaction's marker comes. That the producer's transaction is open was verified before (KIP-890). */
  commitTransactional(
    request: TxnOffsetCommitRequest,
    client: RequestClient,
    pending: Pending<TxnOffsetCommitResponse>,
    now: Now,
    verificationGuard?: number,
  ): Outcome<GroupRecord> {
    const claim = claimOf(request, client, true);
    const group = this.context.groups.get(request.groupId);
    const errorCode = group?.refuseCommit(claim) ?? refuseWithoutGroup(claim);
    if (errorCode !== errorCodes.NONE) return answered(pending, refusedCommits(request, asTransactional(errorCode)));
    const decision = decideCommits(request, {
      ...this.termsOf(now),
      expireTimestamp: NOT_SET,
      keptTopicId: () => ZERO_UUID,
      refuse: refusePartition(group, claim, ({ name }) => this.context.topics().topic(name)?.id ?? ZERO_UUID),
    });
    if (decision.records === null) {
      return answered(pending, refusedCommits(request, asTransactional(decision.errorCode)));
    }
    const { producerId, producerEpoch } = request;
    const replies = [replyTo(pending, decision.answer)];
    if (decision.records.length === 0) return { records: [], replies };
    this.context.counters.committedOffsets += decision.records.length;
    const guard = verificationGuard === undefined ? {} : { verificationGuard };
    return { records: decision.records, replies, producer: { producerId, producerEpoch, ...guard } };
  }

  /** Reads the offsets of one group; `topics` null asks for all. With an error there are no topics. */
  fetch(request: OffsetFetchGroup, { requireStable }: { requireStable: boolean }): OffsetFetchGroupAnswer {
    const { groupId, topics } = request;
    const group = this.context.groups.get(groupId);
    const refusal = group?.refuseFetch(request.memberId, request.memberEpoch) ?? errorCodes.GROUP_ID_NOT_FOUND;
    // Who asks for a group that does not exist learns that nothing is committed.
    if (refusal === errorCodes.GROUP_ID_NOT_FOUND) {
      return { groupId, topics: topics === null ? [] : fetchNothing(topics), errorCode: errorCodes.NONE };
    }
    if (refusal !== errorCodes.NONE) return { groupId, topics: [], errorCode: refusal };
    const from = { table: this.table, pending: requireStable ? this.pending : null };
    const answers = topics === null ? fetchAll(groupId, from) : fetchPartitions(groupId, topics, from);
    return { groupId, topics: answers, errorCode: errorCodes.NONE };
  }

  deleteOffsets(request: OffsetDeleteRequest, pending: Pending<OffsetDeleteResponse>): Outcome<GroupRecord> {
    const { groupId } = request;
    const group = this.context.groups.get(groupId);
    const errorCode = group?.refuseOffsetDelete() ?? errorCodes.GROUP_ID_NOT_FOUND;
    if (group === undefined || errorCode !== errorCodes.NONE) {
      return answered(pending, { errorCode, throttleTimeMs: 0, topics: [] });
    }
    const records: GroupRecord[] = [];
    const topics = request.topics.map(({ name, partitions }) => {
      const isSubscribed = group.isSubscribedTo(name);
      return {
        name,
        partitions: partitions.map(({ partitionIndex }) => {
          if (isSubscribed) return { partitionIndex, errorCode: errorCodes.GROUP_SUBSCRIBED_TO_TOPIC };
          if (this.has(groupId, name, partitionIndex)) records.push(offsetTombstone(groupId, name, partitionIndex));
          return { partitionIndex, errorCode: errorCodes.NONE };
        }),
      };
    });
    this.context.counters.deletedOffsets += records.length;
    return { records, replies: [replyTo(pending, { errorCode: errorCodes.NONE, throttleTimeMs: 0, topics })] };
  }

  /** The records that make every offset of a group be forgotten, those of open transactions too (for DeleteGroups). */
  deleteAll(groupId: string): GroupRecord[] {
    const records: GroupRecord[] = [];
    for (const { topic, partition } of this.table.ofGroup(groupId)) {
      records.push(offsetTombstone(groupId, topic, partition));
    }
    for (const { topic, partition } of this.pending.ofGroup(groupId)) {
      if (this.table.find(groupId, topic, partition) < 0) records.push(offsetTombstone(groupId, topic, partition));
    }
    return records;
  }

  /** Topics were deleted: their offsets go too, but not those of a younger topic with the same name. */
  partitionsDeleted(topics: readonly DeletedTopic[]): GroupRecord[] {
    const records: GroupRecord[] = [];
    const isOf = (keptTopicId: string, topic: DeletedTopic) => keptTopicId === ZERO_UUID || keptTopicId === topic.id;
    for (const topic of topics) {
      for (const { group, committed } of this.table.ofTopic(topic.name)) {
        if (isOf(committed.topicId, topic)) records.push(offsetTombstone(group, topic.name, committed.partition));
      }
      for (const { group, partition, value } of this.pending.ofTopic(topic.name)) {
        if (isOf(value.topicId, topic)) records.push(offsetTombstone(group, topic.name, partition));
      }
    }
    return records;
  }

  /** Tombstones of offsets that expired by now, and of groups that have nothing left (KIP-211). */
  expire(now: Now): GroupRecord[] {
    return expireOffsets(this.context, { table: this.table, pending: this.pending }, now);
  }

  /** What a group has committed, in the order of the first commits; not to be kept across a command. */
  committed(groupId: string): Iterable<CommittedOffset> {
    return this.table.ofGroup(groupId);
  }

  committedCount(groupId: string): number {
    return this.table.countOf(groupId);
  }

  replayCommit(key: CommitKey, value: CommitRecordValue, order: number, producer: TransactionalProducer | null): void {
    const { group, topic, partition } = key;
    if (value === null) {
      this.table.remove(group, topic, partition);
      this.pending.drop(group, topic, partition);
      return;
    }
    if (!this.context.groups.has(group)) this.context.createSimpleGroup(group);
    if (producer === null) this.table.put(group, topic, partition, value, order);
    else this.pending.put({ group, topic, partition, producerId: producer.producerId, value, order });
  }

  /** The log refused a commit that was replayed as part of a transaction. */
  takeBack({ group, topic, partition }: CommitKey, order: number, producerId: number): void {
    this.pending.takeBack({ group, topic, partition, producerId, order });
  }

  /** The marker at `markerOrder` ended the producer's transaction: what it committed counts now, unless a later commit stands there. */
  endTransaction(producerId: number, committed: boolean, markerOrder: number): void {
    for (const { group, topic, partition, value, order } of this.pending.take(producerId, markerOrder)) {
      if (!committed) continue;
      const row = this.table.find(group, topic, partition);
      if (row < 0 || order > this.table.orderAt(row)) this.table.put(group, topic, partition, value, order);
    }
  }

  private has(group: string, topic: string, partition: number): boolean {
    return this.table.find(group, topic, partition) >= 0 || this.pending.has(group, topic, partition);
  }

  private termsOf(now: Now): { metadataMaxBytes: number; commitTimestamp: number } {
    return { metadataMaxBytes: this.context.config().offsetMetadataMaxBytes, commitTimestamp: now.wallMs };
  }

  private expireLater(now: Now): void {
    const dueMs = now.monotonicMs + this.context.config().offsetsRetentionCheckIntervalMs;
    this.context.deadlines.set(EXPIRATION, dueMs, (then) => {
      this.expireLater(then);
      return { records: this.expire(then), replies: [], splittable: true };
    });
  }
}

function claimOf(
  request: OffsetCommitRequest | TxnOffsetCommitRequest,
  { apiVersion }: RequestClient,
  isTransactional: boolean,
): CommitClaim {
  const { memberId, groupInstanceId, generationIdOrMemberEpoch } = request;
  return { memberId, groupInstanceId, generationIdOrMemberEpoch, isTransactional, apiVersion };
}

// Who names no generation needs no group: one without members is made by the replay of its first commit.
function refuseWithoutGroup(claim: CommitClaim): number {
  if (claim.generationIdOrMemberEpoch < 0) return errorCodes.NONE;
  if (claim.isTransactional || claim.apiVersion < GROUP_ID_NOT_FOUND_FROM_VERSION) return errorCodes.ILLEGAL_GENERATION;
  return errorCodes.GROUP_ID_NOT_FOUND;
}

function refusePartition(
  group: Group | undefined,
  claim: CommitClaim,
  topicIdOf: CommitTerms["keptTopicId"],
): CommitTerms["refuse"] {
  if (group?.type !== "consumer") return null;
  return (topic, partition) => group.refuseCommit(claim, { topicId: topicIdOf(topic), partition });
}

// Producers know generations, not member epochs.
function asTransactional(errorCode: number): number {
  return errorCode === errorCodes.STALE_MEMBER_EPOCH ? errorCodes.ILLEGAL_GENERATION : errorCode;
}

function expireTimestampOf(retentionTimeMs: number, now: Now): number {
  if (retentionTimeMs === NOT_SET) return NOT_SET;
  const expireTimestamp = now.wallMs + retentionTimeMs;
  return Number.isSafeInteger(expireTimestamp) ? expireTimestamp : LONG_MAX;
}
