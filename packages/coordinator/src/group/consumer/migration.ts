// A live group changes its protocol (KIP-848): a classic group becomes a consumer group with the first member that speaks the consumer
// protocol, and a classic one again when the last such member has gone; if group.consumer.migration.policy lets it.
// Members notice a rebalance and nothing else: ids, epochs, assignments and committed offsets stay.
// The way up is records alone, like all that consumer groups do. On the way down the classic group is put in place at once, as classic groups
// change, and the records are marked as applied.

import { assert } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { Now, Outcome, Reply } from "../../runtime/outcome.ts";
import { ClassicGroup } from "../classic/classic-group.ts";
import type { ClassicGroups } from "../classic/classic-groups.ts";
import { Effects } from "../classic/effects.ts";
import { groupMetadataRecord } from "../classic/group-metadata-record.ts";
import { ClassicMember } from "../classic/member.ts";
import type { GroupContext } from "../group-context.ts";
import { recordsFit } from "../group-records.ts";
import type { GroupRecord } from "../group-records.ts";
import type { Assignment } from "./assignment.ts";
import { NO_PARTITIONS, ownedSince } from "./assignment.ts";
import { CONSUMER_PROTOCOL_TYPE, ConsumerGroup } from "./consumer-group.ts";
import type { ConsumerMember } from "./consumer-member.ts";
import { newMember } from "./consumer-member.ts";
import { readAssignment, readSubscription, writeAssignment } from "./consumer-protocol.ts";
import {
  currentAssignmentRecord,
  groupEpochRecord,
  groupTombstones,
  memberMetadataRecord,
  targetAssignmentMetadataRecord,
  targetAssignmentRecord,
} from "./consumer-records.ts";
import type { MemberTimers } from "./member-timers.ts";
import type { MetadataHashes } from "./metadata-hash.ts";
import { Refusal } from "./refusal.ts";

export interface MigrationParts {
  readonly context: GroupContext;
  readonly hashes: MetadataHashes;
  readonly classic: ClassicGroups;
  readonly timers: MemberTimers;
}

export class Migration {
  private readonly context: GroupContext;
  private readonly hashes: MetadataHashes;
  private readonly classic: ClassicGroups;
  private readonly timers: MemberTimers;

  constructor({ context, hashes, classic, timers }: MigrationParts) {
    this.context = context;
    this.hashes = hashes;
    this.classic = classic;
    this.timers = timers;
  }

  /** The consumer group that a classic group with members turns into. Nothing changes before the records are replayed. */
  upgraded(classic: ClassicGroup, records: GroupRecord[]): ConsumerGroup | Refusal {
    const refusal = this.refuseUpgrade(classic);
    if (refusal !== null) return refusal;
    const group = this.consumerGroupOf(classic);
    if (group instanceof Refusal) return group;
    const { groupId, groupEpoch } = group;
    records.push(...classic.tombstones());
    for (const member of group.members.values()) records.push(memberMetadataRecord(groupId, member));
    records.push(groupEpochRecord(groupId, groupEpoch, group.metadataHash));
    for (const [memberId, target] of group.targets) records.push(targetAssignmentRecord(groupId, memberId, target));
    const targets = { assignmentEpoch: groupEpoch, assignmentTimestamp: 0 };
    records.push(targetAssignmentMetadataRecord(groupId, targets));
    for (const member of group.members.values()) records.push(currentAssignmentRecord(groupId, member));
    return group;
  }

  /** The upgrade goes through: whoever waits for a generation of the classic group is sent to join again, and sessions go on as the consumer group's. */
  upgradedFrom(classic: ClassicGroup, group: ConsumerGroup, now: Now): readonly Reply[] {
    const effects = new Effects();
    for (const member of classic.members.values()) {
      classic.refuseWaiting(member, errorCodes.REBALANCE_IN_PROGRESS, effects);
      this.classic.sessions.cancel(classic.groupId, member.memberId);
      this.timers.session(group, member.memberId, member.sessionTimeoutMs, now);
    }
    this.context.logger.info({ groupId: group.groupId }, "a classic group becomes a consumer group");
    return effects.replies;
  }

  /** Whether the group may be classic once these members, the last of the consumer protocol, are gone. */
  mayDowngradeWithout(group: ConsumerGroup, leaving: readonly ConsumerMember[]): boolean {
    const classicLeaving = leaving.filter(({ classic }) => classic !== null).length;
    const left = group.members.size - leaving.length;
    return left > 0 && group.classicProtocols.memberCount - classicLeaving === left && this.isDowngradeAllowed(left);
  }

  /** Whether the group may be classic once this static member, the last of the consumer protocol, is replaced by a classic one. */
  mayDowngradeReplacing(group: ConsumerGroup, replaced: ConsumerMember): boolean {
    const others = group.members.size - 1;
    const isLast = replaced.classic === null && group.classicProtocols.memberCount === others;
    return isLast && this.isDowngradeAllowed(group.members.size);
  }

  /**
   * The group as a classic one, in place of the consumer group: without `leaving`, and with `joining` where it replaces a static member.
   * `written` are records that go before. Null, and nothing is changed, when all of them together would not fit one batch.
   */
  downgrade(
    group: ConsumerGroup,
    change: {
      leaving: readonly ConsumerMember[];
      joining: ConsumerMember | null;
      written: readonly GroupRecord[];
      rebalanceBecause: string | null;
    },
    now: Now,
  ): Outcome<GroupRecord> | null {
    const { groupId } = group;
    const replaced = change.joining === null ? undefined : group.staticMember(change.joining.instanceId!);
    const memberIds = [...group.members.keys()].map((id) =>
      id === replaced?.memberId ? change.joining!.memberId : id,
    );
    const classic = this.classicGroupOf(group, change, now);
    const effects = new Effects();
    effects.records.push(
      ...change.written,
      ...groupTombstones(groupId, memberIds, group.resolvedPatterns.keys()),
      groupMetadataRecord(classic),
    );
    if (!recordsFit(effects.records, this.context.config().groupMaxRecordBytes)) return null;
    for (const memberId of group.members.keys()) this.timers.cancelAll(groupId, memberId);
    this.context.groups.set(groupId, classic);
    for (const member of classic.members.values()) this.classic.sessions.extend(groupId, member, now);
    const { rebalanceBecause } = change;
    if (rebalanceBecause !== null) this.classic.rebalances.prepare(classic, effects, now, rebalanceBecause);
    this.context.logger.info({ groupId }, "a consumer group becomes a classic group");
    return effects;
  }

  private isDowngradeAllowed(memberCount: number): boolean {
    const { consumerGroupMigrationPolicy: policy, groupMaxSize } = this.context.config();
    return (policy === "downgrade" || policy === "bidirectional") && memberCount <= groupMaxSize;
  }

  private refuseUpgrade(classic: ClassicGroup): Refusal | null {
    const { consumerGroupMigrationPolicy: policy, consumerGroupMaxSize } = this.context.config();
    if (policy !== "upgrade" && policy !== "bidirectional") return notUpgraded(classic, "online upgrade is disabled");
    if (!classic.usesConsumerProtocol()) {
      return notUpgraded(classic, "the group does not use the consumer embedded protocol");
    }
    if (classic.members.size > consumerGroupMaxSize) {
      return notUpgraded(classic, "the group size exceeds the consumer group maximum size");
    }
    return null;
  }

  private consumerGroupOf(classic: ClassicGroup): ConsumerGroup | Refusal {
    const topics = this.context.topics();
    const group = new ConsumerGroup(classic.groupId);
    group.groupEpoch = classic.generationId;
    group.assignmentEpoch = classic.generationId;
    // A group that forms for the first time has chosen none yet.
    const protocol = classic.protocolName ?? (classic.members.size > 0 ? classic.selectProtocol() : null);
    for (const member of classic.members.values()) {
      const metadata = member.metadataFor(protocol);
      const subscription = metadata === null ? null : readSubscription(metadata);
      const assigned = readAssignment(member.assignment, topics);
      if (subscription === null || assigned === null) {
        return notUpgraded(classic, "the embedded consumer protocol is malformed");
      }
      if (assigned.hasUserData) return notUpgraded(classic, CUSTOM_ASSIGNOR);
      // The leader may have given a partition to two, or one that is not there.
      const target = this.onlyFree(group, assigned.partitions);
      group.targets.set(member.memberId, target);
      group.updateMember({
        ...newMember(member.memberId),
        memberEpoch: classic.generationId,
        previousMemberEpoch: classic.generationId,
        instanceId: member.groupInstanceId,
        rackId: subscription.rackId === "" ? null : subscription.rackId,
        rebalanceTimeoutMs: member.rebalanceTimeoutMs,
        clientId: member.clientId,
        clientHost: member.clientHost,
        topicNames: [...new Set(subscription.topics)].sort(),
        assigned: ownedSince(target, classic.generationId),
        classic: { sessionTimeoutMs: member.sessionTimeoutMs, supportedProtocols: [...member.protocols] },
      });
    }
    group.metadataHash = this.hashes.ofGroup(group.subscriptions.topicNames(), topics);
    return group;
  }

  private onlyFree(group: ConsumerGroup, partitions: Assignment): Assignment {
    const free = new Map<string, readonly number[]>();
    for (const [topicId, ofTopic] of partitions) {
      const count = this.context.topics().topicById(topicId)?.partitionCount ?? 0;
      const kept = ofTopic.filter((each) => each >= 0 && each < count && group.partitionEpoch(topicId, each) === -1);
      if (kept.length > 0) free.set(topicId, kept);
    }
    return free;
  }

  private classicGroupOf(
    group: ConsumerGroup,
    { leaving, joining }: { leaving: readonly ConsumerMember[]; joining: ConsumerMember | null },
    now: Now,
  ): ClassicGroup {
    const classic = new ClassicGroup({
      groupId: group.groupId,
      sessions: this.classic.sessions,
      state: "Stable",
      generationId: group.groupEpoch,
      protocolType: CONSUMER_PROTOCOL_TYPE,
      stateSinceMs: now.wallMs,
    });
    const targets = new Map<string, Assignment>();
    const add = (member: ConsumerMember, target: Assignment | undefined): void => {
      classic.add(classicMemberOf(member), null);
      targets.set(member.memberId, target ?? NO_PARTITIONS);
    };
    for (const member of group.members.values()) {
      const isReplaced = joining !== null && joining.instanceId === member.instanceId;
      if (!isReplaced && !leaving.includes(member)) add(member, group.targets.get(member.memberId));
    }
    if (joining !== null) add(joining, group.targetOf(joining.memberId, joining.instanceId));
    classic.protocolName = classic.selectProtocol();
    classic.findSubscribedTopics();
    for (const member of classic.members.values()) {
      const metadata = member.metadataFor(classic.protocolName)!;
      const bytes = writeAssignment(targets.get(member.memberId)!, metadata, this.context.topics());
      assert(bytes !== null, "a classic member of a consumer group has a subscription that can be read");
      member.assignment = bytes;
    }
    return classic;
  }
}

function classicMemberOf(member: ConsumerMember): ClassicMember {
  const { classic, memberId, clientId, clientHost, rebalanceTimeoutMs } = member;
  assert(classic !== null, `${memberId} speaks the classic protocol`);
  return new ClassicMember({
    memberId,
    groupInstanceId: member.instanceId,
    clientId,
    clientHost,
    rebalanceTimeoutMs,
    sessionTimeoutMs: classic.sessionTimeoutMs,
    protocolType: CONSUMER_PROTOCOL_TYPE,
    protocols: classic.supportedProtocols,
  });
}

const CUSTOM_ASSIGNOR =
  "an unsupported custom assignor is in use. Please refer to the documentation or switch to a default assignor before " +
  "re-attempting the upgrade";

function notUpgraded({ groupId }: ClassicGroup, because: string): Refusal {
  const message = `Cannot upgrade classic group ${groupId} to consumer group because ${because}.`;
  return new Refusal(errorCodes.GROUP_ID_NOT_FOUND, message);
}
