// The real group coordinator, pure as it is, behind a network that loses, delays and moves: requests and answers go through their bytes,
// those of one connection one after the other, as a broker does. For simulations of members; no socket, no file.

import { ByteReader, ByteWriter, silentLogger } from "@ottla/base";
import type { SeededRandom } from "@ottla/base";
import {
  groupRecordCodec,
  GroupShard,
  heartbeatAnswer,
  joinRefused,
  refusedCommits,
  syncRefused,
} from "@ottla/coordinator";
import type { GroupCoordinatorConfig, GroupRecord, Now, Outcome, Pending, TopicsView } from "@ottla/coordinator";
import { errorCodes } from "@ottla/protocol";
import type { Api } from "@ottla/protocol";
import type { OffsetCommitRequest } from "@ottla/protocol/messages/08-offset-commit.ts";
import type { OffsetFetchRequest } from "@ottla/protocol/messages/09-offset-fetch.ts";
import type { ConsumerGroupHeartbeatRequest } from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import type { HeartbeatRequest } from "@ottla/protocol/messages/12-heartbeat.ts";
import type { JoinGroupRequest } from "@ottla/protocol/messages/11-join-group.ts";
import type { LeaveGroupRequest } from "@ottla/protocol/messages/13-leave-group.ts";
import type { SyncGroupRequest } from "@ottla/protocol/messages/14-sync-group.ts";
import type { GroupClock } from "./group-clock.ts";

export interface SimulatedTopic {
  readonly name: string;
  readonly topicId: string;
  partitions: number;
}

const config: GroupCoordinatorConfig = {
  offsetMetadataMaxBytes: 4096,
  offsetsRetentionMs: 7 * 24 * 3_600_000,
  offsetsRetentionCheckIntervalMs: 600_000,
  groupMinSessionTimeoutMs: 6_000,
  groupMaxSessionTimeoutMs: 1_800_000,
  groupInitialRebalanceDelayMs: 0,
  groupMaxSize: 2_147_483_647,
  groupMaxRecordBytes: 1_048_588,
  consumerGroupMaxSize: 2_147_483_647,
  consumerGroupAssignors: ["uniform", "range"],
  consumerGroupMigrationPolicy: "bidirectional",
  consumerGroupRegexRefreshIntervalMs: 600_000,
  classicProtocolEnabled: true,
  consumerProtocolEnabled: true,
  consumerGroupSessionTimeoutMs: () => 10_000,
  consumerGroupHeartbeatIntervalMs: () => 1_000,
  consumerGroupAssignmentIntervalMs: () => 0,
};

/** The versions that the coordinator's handlers take without a broker around them. */
const newestVersions: Readonly<Record<number, number>> = { 8: 9, 9: 9, 11: 9, 12: 4, 13: 5, 14: 5, 68: 1 };

/** A commit as the coordinator took it. */
export type CommitWitness = (commit: { clientId: string; partition: string; offset: number }) => void;

export class GroupCoordinator {
  readonly clock: GroupClock;
  readonly random: SeededRandom;
  readonly topics: SimulatedTopic[];
  /** Rises with each change of the topics. */
  version = 1;
  onCommit: CommitWitness = () => {};
  /** While it moves, requests are answered with this. */
  trouble: number = errorCodes.NONE;
  private shard: GroupShard;
  private readonly log: { key: Buffer; value: Buffer | null }[] = [];
  private readonly waiting = new Map<number, (response: unknown) => void>();
  private nextId = 1;

  constructor(clock: GroupClock, random: SeededRandom, topics: SimulatedTopic[]) {
    this.clock = clock;
    this.random = random;
    this.topics = topics;
    this.shard = this.makeShard();
    this.apply(this.shard.loaded(this.now()));
    this.watchDeadlines();
  }

  /** Answers now, later, or never. Through bytes in both directions. */
  receive(
    api: Api<unknown, unknown, never, never>,
    requestBytes: Buffer,
    call: { readonly version: number; readonly clientId: string; answer(response: unknown): void },
  ): void {
    const { version, clientId } = call;
    const request = api.request.decode(new ByteReader(requestBytes), version);
    const reply = (response: unknown): void => {
      const writer = new ByteWriter();
      api.response.encode(writer, version, response as never);
      call.answer(api.response.decode(new ByteReader(writer.toBuffer()), version));
    };
    if (this.trouble !== errorCodes.NONE) reply(refusal(api.key, request, this.trouble));
    else this.run(api.key, request, { clientId, clientHost: "/127.0.0.1", apiVersion: version }, reply);
  }

  static versionOf(api: { key: number }): number {
    return newestVersions[api.key] ?? -1;
  }

  /** Everything in memory is gone; whoever waited hears nothing more. */
  restart(): void {
    this.waiting.clear();
    this.shard = this.makeShard();
    for (const [order, { key, value }] of this.log.entries()) {
      const record = groupRecordCodec.decode(key, value);
      if (record !== null) this.shard.replay(record, order, null);
    }
    this.apply(this.shard.loaded(this.now()));
  }

  addPartitions(topic: SimulatedTopic, count: number): void {
    topic.partitions += count;
    this.version++;
    this.shard.topicsChanged({ names: [topic.name], created: false });
  }

  hasMember(groupId: string, memberId: string): boolean {
    const group = this.shard.context.groups.get(groupId);
    return group !== undefined && "members" in group && (group.members as Map<string, unknown>).has(memberId);
  }

  private run(
    key: number,
    request: unknown,
    client: { clientId: string; clientHost: string; apiVersion: number },
    reply: (response: unknown) => void,
  ): void {
    const { shard } = this;
    if (key === 9) {
      const { groups, requireStable } = request as OffsetFetchRequest;
      const answers = groups.map((group) => shard.offsets.fetch(group, { requireStable }));
      reply({ throttleTimeMs: 0, topics: [], errorCode: errorCodes.NONE, groups: answers });
      return;
    }
    const now = this.now();
    const id = this.nextId++;
    this.waiting.set(id, reply);
    const pending: Pending<never> = { id, refused: () => undefined as never };
    if (key === 11) this.apply(shard.join(request as JoinGroupRequest, client, pending, now));
    else if (key === 14) this.apply(shard.sync(request as SyncGroupRequest, client, pending, now));
    else if (key === 12) this.apply(shard.heartbeat(request as HeartbeatRequest, client, pending, now));
    else if (key === 13) this.apply(shard.leave(request as LeaveGroupRequest, client, pending, now));
    else if (key === 68)
      this.apply(shard.consumerHeartbeat(request as ConsumerGroupHeartbeatRequest, client, pending, now));
    else if (key === 8) {
      this.waiting.set(id, (response) => {
        this.witness(request as OffsetCommitRequest, response as { topics: WitnessedTopic[] }, client.clientId);
        reply(response);
      });
      this.apply(shard.offsets.commit(request as OffsetCommitRequest, client, pending, now));
    } else throw new Error(`API ${key} is not simulated`);
    this.watchDeadlines();
  }

  private witness(request: OffsetCommitRequest, response: { topics: WitnessedTopic[] }, clientId: string): void {
    for (const [at, { name, partitions }] of request.topics.entries()) {
      for (const [index, { partitionIndex, committedOffset }] of partitions.entries()) {
        if (response.topics[at]!.partitions[index]!.errorCode === errorCodes.NONE)
          this.onCommit({ clientId, partition: `${name}-${partitionIndex}`, offset: committedOffset });
      }
    }
  }

  private apply(outcome: Outcome<GroupRecord>): void {
    for (const record of outcome.records) {
      const key = groupRecordCodec.encodeKey(record);
      const value = groupRecordCodec.encodeValue(record);
      const order = this.log.push({ key, value }) - 1;
      if (outcome.applied !== true) this.shard.replay(groupRecordCodec.decode(key, value)!, order, null);
    }
    for (const { to, response } of outcome.replies) {
      const reply = this.waiting.get(to.id);
      this.waiting.delete(to.id);
      reply?.(response);
    }
  }

  private watchDeadlines(): void {
    const dueMs = this.shard.nextDeadlineMs();
    if (dueMs === null) return;
    const { shard } = this;
    this.clock.schedule(dueMs - this.clock.monotonicMs(), () => {
      if (shard !== this.shard) return;
      for (let outcome = this.due(); outcome !== null; outcome = this.due()) this.apply(outcome);
      this.watchDeadlines();
    });
  }

  private due(): Outcome<GroupRecord> | null {
    const dueMs = this.shard.nextDeadlineMs();
    return dueMs === null || dueMs > this.clock.monotonicMs() ? null : this.shard.expire(this.now());
  }

  private now(): Now {
    return { wallMs: this.clock.nowMs(), monotonicMs: this.clock.monotonicMs() };
  }

  private makeShard(): GroupShard {
    return new GroupShard({
      config: () => config,
      topics: () => this.view(),
      random: this.random,
      logger: silentLogger,
    });
  }

  private view(): TopicsView {
    const views = this.topics.map(({ topicId, name, partitions }) => ({
      id: topicId,
      name,
      partitionCount: partitions,
      racksOf: () => [],
    }));
    return {
      version: this.version,
      topic: (name) => views.find((view) => view.name === name),
      topicById: (id) => views.find((view) => view.id === id),
      names: () => views.map(({ name }) => name),
    };
  }
}

interface WitnessedTopic {
  readonly partitions: readonly { readonly errorCode: number }[];
}

function refusal(key: number, request: unknown, errorCode: number): unknown {
  switch (key) {
    case 8:
      return refusedCommits(request as OffsetCommitRequest, errorCode);
    case 9: {
      const groups = (request as OffsetFetchRequest).groups.map(({ groupId }) => ({ groupId, topics: [], errorCode }));
      return { throttleTimeMs: 0, topics: [], errorCode: errorCodes.NONE, groups };
    }
    case 11:
      return joinRefused(errorCode, "");
    case 13:
      return { throttleTimeMs: 0, errorCode, members: [] };
    case 14:
      return syncRefused(errorCode);
    case 68:
      return {
        throttleTimeMs: 0,
        errorCode,
        errorMessage: null,
        memberId: null,
        memberEpoch: 0,
        heartbeatIntervalMs: 0,
        assignment: null,
      };
    default:
      return heartbeatAnswer(errorCode);
  }
}
