// A shard that has committed offsets and nothing else: its groups say what the test tells them to say.
// What real groups say in each of their states is tested with them; here it is what offsets make of it.

import { errorCodes } from "@ottla/protocol";
import type { OffsetCommitRequest, OffsetCommitResponse } from "@ottla/protocol/messages/08-offset-commit.ts";
import type { TxnOffsetCommitRequest, TxnOffsetCommitResponse } from "@ottla/protocol/messages/28-txn-offset-commit.ts";
import { NOTHING } from "../../src/runtime/outcome.ts";
import type { Now, Outcome, RequestClient, TransactionalProducer } from "../../src/runtime/outcome.ts";
import type { CoordinatorShard } from "../../src/runtime/shard.ts";
import { Offsets } from "../../src/group/offsets/offsets.ts";
import type { OffsetFetchGroup, OffsetFetchGroupAnswer } from "../../src/group/offsets/fetch-offsets.ts";
import { groupRecordCodec } from "../../src/group/group-records.ts";
import type { GroupRecord } from "../../src/group/group-records.ts";
import type { GroupContext } from "../../src/group/group-context.ts";
import type { CommitClaim, Group, GroupType, OffsetExpiration } from "../../src/group/group.ts";
import { TestWorld, topicsView } from "./group-context.ts";
import { ShardHarness } from "./shard-harness.ts";

export const ORDERS_ID = "AAAAAAAAAAAAAAAAAAAAAQ";
export const OLD_ORDERS_ID = "AAAAAAAAAAAAAAAAAAAAAg";
export const PRODUCER: TransactionalProducer = { producerId: 77, producerEpoch: 1 };

const FROM_COMMIT: OffsetExpiration = { baseTimestampMs: (commitTimestampMs) => commitTimestampMs };

/** What a group says; each field may be left out. */
export interface Sayings {
  readonly type?: GroupType;
  readonly commit?: number;
  /** The error of a commit to this partition; only asked of consumer groups. */
  readonly commitOf?: (topicId: string, partition: number) => number;
  readonly fetch?: number;
  readonly offsetDelete?: number;
  readonly subscribedTo?: readonly string[];
  readonly members?: number;
  readonly expiration?: OffsetExpiration | null;
}

export class SayingGroup implements Group {
  readonly type: GroupType;
  readonly groupId: string;
  readonly claims: CommitClaim[] = [];
  readonly heartbeats: string[] = [];
  private readonly sayings: Sayings;

  constructor(groupId: string, sayings: Sayings = {}) {
    this.groupId = groupId;
    this.sayings = sayings;
    this.type = sayings.type ?? "classic";
  }

  stateName(): string {
    return this.isEmpty() ? "Empty" : "Stable";
  }

  protocolType(): string {
    return "";
  }

  isEmpty(): boolean {
    return this.memberCount() === 0;
  }

  memberCount(): number {
    return this.sayings.members ?? 0;
  }

  refuseCommit(claim: CommitClaim, commitOf?: { topicId: string; partition: number }): number {
    if (commitOf !== undefined) return this.sayings.commitOf?.(commitOf.topicId, commitOf.partition) ?? errorCodes.NONE;
    this.claims.push(claim);
    return this.sayings.commit ?? errorCodes.NONE;
  }

  commitAccepted(memberId: string): void {
    this.heartbeats.push(memberId);
  }

  refuseFetch(): number {
    return this.sayings.fetch ?? errorCodes.NONE;
  }

  refuseOffsetDelete(): number {
    return this.sayings.offsetDelete ?? errorCodes.NONE;
  }

  refuseDelete(): number {
    return errorCodes.NONE;
  }

  isSubscribedTo(topic: string): boolean {
    return this.sayings.subscribedTo?.includes(topic) ?? false;
  }

  offsetExpiration(): OffsetExpiration | null {
    return this.sayings.expiration === undefined ? FROM_COMMIT : this.sayings.expiration;
  }

  tombstones(): GroupRecord[] {
    return [{ kind: "GroupMetadata", key: { group: this.groupId }, value: null }];
  }
}

export class OffsetsShard implements CoordinatorShard<GroupRecord> {
  readonly context: GroupContext;
  readonly offsets: Offsets;

  constructor(world: TestWorld, groups: readonly SayingGroup[]) {
    const table = new Map<string, Group>(groups.map((group) => [group.groupId, group]));
    this.context = {
      ...world.context(),
      groups: table,
      createSimpleGroup: (groupId) => {
        const group = new SayingGroup(groupId);
        table.set(groupId, group);
        return group;
      },
    };
    this.offsets = new Offsets(this.context);
  }

  replay(record: GroupRecord, order: number, producer: TransactionalProducer | null): void {
    if (record.kind === "OffsetCommit") this.offsets.replayCommit(record.key, record.value, order, producer);
    else if (record.kind === "GroupMetadata" && record.value === null) this.context.groups.delete(record.key.group);
  }

  replayEndTransaction(producerId: number, _producerEpoch: number, committed: boolean, order: number): void {
    this.offsets.endTransaction(producerId, committed, order);
  }

  loaded(now: Now): Outcome<GroupRecord> {
    this.offsets.loaded(now);
    return NOTHING;
  }

  nextDeadlineMs(): number | null {
    return this.context.deadlines.nextMs();
  }

  expire(now: Now): Outcome<GroupRecord> | null {
    return this.context.deadlines.takeDue(now.monotonicMs)?.(now) ?? null;
  }
}

/** A harness around such a shard, with the shortest forms of its commands. Topic "orders" exists with three partitions. */
export class OffsetsHarness extends ShardHarness<GroupRecord, OffsetsShard> {
  readonly world: TestWorld;

  constructor(groups: readonly SayingGroup[] = []) {
    const world = new TestWorld();
    world.topics = topicsView([{ id: ORDERS_ID, name: "orders", partitions: 3 }]);
    super({ codec: groupRecordCodec, makeShard: () => new OffsetsShard(world, groups) });
    this.world = world;
  }

  commit(request: Partial<OffsetCommitRequest>, apiVersion = 9): OffsetCommitResponse {
    return this.ask<OffsetCommitResponse>((shard, pending, now) =>
      shard.offsets.commit({ ...COMMIT, ...request }, clientOf(apiVersion), pending, now),
    );
  }

  /** Commits one partition of "orders" for the group "readers", outside of any generation. */
  commitOffset(partition: number, offset: number, metadata = ""): void {
    this.commit({ topics: [ordersWith([{ partition, offset, metadata }])] });
  }

  commitTransactional(request: Partial<TxnOffsetCommitRequest>): TxnOffsetCommitResponse {
    return this.ask<TxnOffsetCommitResponse>((shard, pending, now) =>
      shard.offsets.commitTransactional({ ...TXN_COMMIT, ...request }, clientOf(5), pending, now),
    );
  }

  fetch(request: Partial<OffsetFetchGroup>, requireStable = false): OffsetFetchGroupAnswer {
    return this.shard.offsets.fetch({ ...FETCH, ...request }, { requireStable });
  }

  /** What "readers" committed, as partition → offset; UNSTABLE is -2. */
  offsetsOf(groupId = "readers", requireStable = false): Record<string, number> {
    const answer = this.fetch({ groupId, topics: null }, requireStable);
    return Object.fromEntries(
      answer.topics.flatMap(({ name, partitions }) =>
        partitions.map((each) => [
          `${name}-${each.partitionIndex}`,
          each.errorCode === errorCodes.UNSTABLE_OFFSET_COMMIT ? -2 : each.committedOffset,
        ]),
      ),
    );
  }
}

export interface Committed {
  readonly partition: number;
  readonly offset: number;
  readonly metadata?: string | null;
  readonly leaderEpoch?: number;
}

/** A topic of a commit request. */
export function ordersWith(
  committed: readonly Committed[],
  topicId = ORDERS_ID,
): OffsetCommitRequest["topics"][number] {
  return {
    name: "orders",
    topicId,
    partitions: committed.map(({ partition, offset, metadata = "", leaderEpoch = -1 }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: leaderEpoch,
      committedMetadata: metadata,
    })),
  };
}

function clientOf(apiVersion: number): RequestClient {
  return { clientId: "test", clientHost: "/127.0.0.1", apiVersion };
}

const COMMIT: OffsetCommitRequest = {
  groupId: "readers",
  generationIdOrMemberEpoch: -1,
  memberId: "",
  groupInstanceId: null,
  retentionTimeMs: -1,
  topics: [],
};

const TXN_COMMIT: TxnOffsetCommitRequest = {
  transactionalId: "payments",
  groupId: "readers",
  ...PRODUCER,
  generationIdOrMemberEpoch: -1,
  memberId: "",
  groupInstanceId: null,
  topics: [],
};

const FETCH: OffsetFetchGroup = { groupId: "readers", memberId: null, memberEpoch: -1, topics: null };
