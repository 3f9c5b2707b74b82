// The group coordinator of one partition of __consumer_offsets: hands commands and records to the parts that know them.
// What belongs to one kind of group stands in classic/ and consumer/, committed offsets in offsets/; here is only who gets what.

import type { Logger, Random } from "@ottla/base";
import type { JoinGroupRequest, JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import type { HeartbeatRequest, HeartbeatResponse } from "@ottla/protocol/messages/12-heartbeat.ts";
import type { LeaveGroupRequest, LeaveGroupResponse } from "@ottla/protocol/messages/13-leave-group.ts";
import type { SyncGroupRequest, SyncGroupResponse } from "@ottla/protocol/messages/14-sync-group.ts";
import { Deadlines } from "../runtime/deadlines.ts";
import type { Now, Outcome, Pending, RequestClient, TransactionalProducer } from "../runtime/outcome.ts";
import type { CoordinatorShard } from "../runtime/shard.ts";
import { GroupAdmin } from "./admin.ts";
import { ClassicGroups } from "./classic/classic-groups.ts";
import { ConsumerGroup } from "./consumer/consumer-group.ts";
import { ConsumerGroups } from "./consumer/consumer-groups.ts";
import type { TopicsChange } from "./consumer/consumer-groups.ts";
import type { GroupCoordinatorConfig } from "./group-config.ts";
import type { GroupContext } from "./group-context.ts";
import { GroupCounters } from "./group-counters.ts";
import type { GroupRecord } from "./group-records.ts";
import { Offsets } from "./offsets/offsets.ts";
import type { DeletedTopic } from "./offsets/offsets.ts";
import type { TopicsView } from "./topics-view.ts";

export interface GroupShardOptions {
  /** The configs in force now. */
  config(): GroupCoordinatorConfig;
  /** The topics as the newest metadata image has them. */
  topics(): TopicsView;
  /** Counted into, by all shards of a node alike; its own when not given. */
  readonly counters?: GroupCounters;
  readonly random: Random;
  readonly logger: Logger;
}

export class GroupShard implements CoordinatorShard<GroupRecord> {
  readonly context: GroupContext;
  readonly classic: ClassicGroups;
  readonly consumer: ConsumerGroups;
  readonly offsets: Offsets;
  readonly admin: GroupAdmin;

  constructor(options: GroupShardOptions) {
    this.context = {
      groups: new Map(),
      createSimpleGroup: (groupId) => this.classic.createSimpleGroup(groupId),
      deadlines: new Deadlines(),
      config: () => options.config(),
      topics: () => options.topics(),
      counters: options.counters ?? new GroupCounters(),
      random: options.random,
      logger: options.logger,
    };
    this.classic = new ClassicGroups(this.context);
    this.consumer = new ConsumerGroups(this.context, this.classic);
    this.offsets = new Offsets(this.context);
    this.admin = new GroupAdmin({ context: this.context, classic: this.classic, offsets: this.offsets });
  }

  join(
    request: JoinGroupRequest,
    client: RequestClient,
    pending: Pending<JoinGroupResponse>,
    now: Now,
  ): Outcome<GroupRecord> {
    const group = this.liveConsumerGroup(request.groupId);
    return group === null
      ? this.classic.join(request, client, pending, now)
      : this.consumer.classicMembers.join(group, request, client, pending, now);
  }

  sync(
    request: SyncGroupRequest,
    _client: RequestClient,
    pending: Pending<SyncGroupResponse>,
    now: Now,
  ): Outcome<GroupRecord> {
    const group = this.liveConsumerGroup(request.groupId);
    return group === null
      ? this.classic.sync(request, pending, now)
      : this.consumer.classicMembers.sync(group, request, pending, now);
  }

  heartbeat(
    request: HeartbeatRequest,
    _client: RequestClient,
    pending: Pending<HeartbeatResponse>,
    now: Now,
  ): Outcome<GroupRecord> {
    const group = this.liveConsumerGroup(request.groupId);
    return group === null
      ? this.classic.heartbeat(request, pending, now)
      : this.consumer.classicMembers.heartbeat(group, request, pending, now);
  }

  leave(
    request: LeaveGroupRequest,
    _client: RequestClient,
    pending: Pending<LeaveGroupResponse>,
    now: Now,
  ): Outcome<GroupRecord> {
    const group = this.liveConsumerGroup(request.groupId);
    return group === null
      ? this.classic.leave(request, pending, now)
      : this.consumer.classicMembers.leave(group, request, pending, now);
  }

  consumerHeartbeat(
    request: ConsumerGroupHeartbeatRequest,
    client: RequestClient,
    pending: Pending<ConsumerGroupHeartbeatResponse>,
    now: Now,
  ): Outcome<GroupRecord> {
    return this.consumer.heartbeat(request, client, pending, now);
  }

  // Classic requests to a consumer group that has members are those of members that have not changed their protocol yet (KIP-848).
  private liveConsumerGroup(groupId: string): ConsumerGroup | null {
    const group = this.context.groups.get(groupId);
    return group instanceof ConsumerGroup && !group.isEmpty() ? group : null;
  }

  /** Topics were created, changed or deleted: consumer groups look at them with their next heartbeats. */
  topicsChanged(change: TopicsChange): void {
    this.consumer.topicsChanged(change);
  }

  /** Topics were deleted: nobody can commit to them any more. */
  topicsDeleted(topics: readonly DeletedTopic[]): Outcome<GroupRecord> {
    return { records: this.offsets.partitionsDeleted(topics), replies: [], splittable: true };
  }

  replay(record: GroupRecord, order: number, producer: TransactionalProducer | null): void {
    switch (record.kind) {
      case "OffsetCommit":
        this.offsets.replayCommit(record.key, record.value, order, producer);
        break;
      case "GroupMetadata":
        this.classic.replayGroupMetadata(record.key, record.value);
        break;
      default:
        this.consumer.replay(record);
    }
  }

  takeBack(record: GroupRecord, order: number, { producerId }: TransactionalProducer): void {
    if (record.kind === "OffsetCommit") this.offsets.takeBack(record.key, order, producerId);
  }

  replayEndTransaction(producerId: number, _producerEpoch: number, committed: boolean, order: number): void {
    this.offsets.endTransaction(producerId, committed, order);
  }

  loaded(now: Now): Outcome<GroupRecord> {
    this.offsets.loaded(now);
    this.consumer.loaded(now);
    return this.classic.loaded(now);
  }

  nextDeadlineMs(): number | null {
    return this.context.deadlines.nextMs();
  }

  expire(now: Now): Outcome<GroupRecord> | null {
    return this.context.deadlines.takeDue(now.monotonicMs)?.(now) ?? null;
  }
}
