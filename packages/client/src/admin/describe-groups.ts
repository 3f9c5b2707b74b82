// Descriptions of consumer groups and classic groups: ConsumerGroupDescribe for those of the new protocol (KIP-848), DescribeGroups for
// all others. Java: Admin.describeConsumerGroups, describeClassicGroups. Share and streams groups have files of their own.

import { ByteReader } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { consumerProtocolAssignment } from "@ottla/protocol/embedded-data/consumer-protocol-assignment.ts";
import { consumerGroupDescribeApi } from "@ottla/protocol/messages/69-consumer-group-describe.ts";
import type { ConsumerGroupDescribeResponse } from "@ottla/protocol/messages/69-consumer-group-describe.ts";
import { describeGroupsApi } from "@ottla/protocol/messages/15-describe-groups.ts";
import type { DescribeGroupsResponse } from "@ottla/protocol/messages/15-describe-groups.ts";
import { KafkaError, brokerError } from "../errors.ts";
import type { BrokerNode } from "../network/cluster.ts";
import type { CallOptions, TopicPartition } from "../records.ts";
import { authorizedOperations } from "./acl-names.ts";
import type { AclOperation } from "./acl-names.ts";
import type { AdminCall } from "./admin-call.ts";
import type { GroupState } from "./groups.ts";
import { performKeyed } from "./keyed.ts";
import type { Outcome } from "./keyed.ts";
import { coordinatorOutcome, coordinators, isBrokerError } from "./lookups.ts";

export interface DescribeGroupsOptions extends CallOptions {
  /** Also tell what the caller may do with the groups (KIP-430). Default false. */
  readonly includeAuthorizedOperations?: boolean;
}

export interface GroupMember {
  readonly memberId: string;
  /** Of static members (KIP-345), otherwise null. */
  readonly groupInstanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  /** The address as the broker sees it. */
  readonly host: string;
  readonly assignment: readonly TopicPartition[];
  /** What the member is to have (KIP-848); null in classic groups. */
  readonly targetAssignment: readonly TopicPartition[] | null;
  /** null in classic groups. */
  readonly memberEpoch: number | null;
  /** Whether the member speaks the new protocol, in a group on its way to it (KIP-1099); null when not told. */
  readonly isUpgraded: boolean | null;
}

export interface ConsumerGroupDescription {
  readonly groupId: string;
  readonly type: "Consumer" | "Classic";
  /** Only offsets, no members and no protocol: what `assign` with commits leaves. */
  readonly isSimple: boolean;
  readonly state: GroupState;
  readonly members: readonly GroupMember[];
  /** The assignor in use; "" when there is none. */
  readonly assignor: string;
  readonly coordinator: BrokerNode;
  /** null unless asked for. */
  readonly authorizedOperations: readonly AclOperation[] | null;
  /** null in classic groups. */
  readonly groupEpoch: number | null;
  readonly targetAssignmentEpoch: number | null;
}

export interface ClassicGroupMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly host: string;
  /** Decoded for consumers; empty for groups of another protocol. */
  readonly assignment: readonly TopicPartition[];
  /** As the leader of the group wrote it. */
  readonly assignmentBytes: Buffer;
  /** What the member joined with. */
  readonly metadataBytes: Buffer;
}

export interface ClassicGroupDescription {
  readonly groupId: string;
  /** "consumer", "connect" and so on. */
  readonly protocolType: string;
  /** The chosen protocol, such as an assignor's name. */
  readonly protocolData: string;
  readonly state: GroupState;
  readonly members: readonly ClassicGroupMember[];
  readonly coordinator: BrokerNode;
  readonly authorizedOperations: readonly AclOperation[] | null;
}

/** Java: Admin.describeConsumerGroups. */
export async function describeConsumerGroups(
  call: AdminCall,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): Promise<Map<string, ConsumerGroupDescription>> {
  return performKeyed<string, ConsumerGroupDescription>(call, {
    keys: groupIds,
    locate: coordinators("group"),
    perform: async (nodeId, keys) => {
      const coordinator = await call.node(nodeId!);
      const outcomes = await describeNew(call, coordinator, keys, options);
      const rest = keys.filter((key) => !outcomes.has(key) || isNotOfNewProtocol(outcomes.get(key)!));
      if (rest.length === 0) return outcomes;
      for (const [key, outcome] of await describeOld(call, coordinator, rest, options)) {
        // "Group x is not a consumer group" of the first answer says more than the second's.
        const isKnownBetter = "error" in outcome && isBrokerError(outcome.error, errorCodes.GROUP_ID_NOT_FOUND);
        if (!isKnownBetter || !outcomes.has(key) || !isMissing(outcomes.get(key)!)) outcomes.set(key, outcome);
      }
      return outcomes;
    },
  });
}

type Described = Map<string, Outcome<ConsumerGroupDescription>>;

/** Empty when the broker does not know the API. */
async function describeNew(
  call: AdminCall,
  coordinator: BrokerNode,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): Promise<Described> {
  let response: ConsumerGroupDescribeResponse;
  try {
    response = await call.send(coordinator.nodeId, consumerGroupDescribeApi, {
      groupIds: [...groupIds],
      includeAuthorizedOperations: options.includeAuthorizedOperations ?? false,
    });
  } catch (error) {
    if (isBrokerError(error, errorCodes.UNSUPPORTED_VERSION)) return new Map();
    throw error;
  }
  return new Map(
    response.groups.map((group) => {
      const { groupId, errorCode, errorMessage } = group;
      const failed = coordinatorOutcome(errorCode, errorMessage, { groupId });
      return [groupId, failed ?? { value: newDescription(group, coordinator) }];
    }),
  );
}

function newDescription(
  group: ConsumerGroupDescribeResponse["groups"][number],
  coordinator: BrokerNode,
): ConsumerGroupDescription {
  return {
    groupId: group.groupId,
    type: "Consumer",
    isSimple: false,
    state: group.groupState as GroupState,
    members: group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      rackId: member.rackId,
      clientId: member.clientId,
      host: member.clientHost,
      assignment: assignedPartitions(member.assignment),
      targetAssignment: assignedPartitions(member.targetAssignment),
      memberEpoch: member.memberEpoch,
      isUpgraded: member.memberType === -1 ? null : member.memberType === 1,
    })),
    assignor: group.assignorName,
    coordinator,
    authorizedOperations: authorizedOperations(group.authorizedOperations),
    groupEpoch: group.groupEpoch,
    targetAssignmentEpoch: group.assignmentEpoch,
  };
}

/** Partitions of a description of a consumer or share group. */
export function assignedPartitions(assignment: {
  topicPartitions: readonly { topicName: string; partitions: readonly number[] }[];
}): TopicPartition[] {
  return assignment.topicPartitions.flatMap(({ topicName: topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition })),
  );
}

function isNotOfNewProtocol(outcome: Outcome<unknown>): boolean {
  return "error" in outcome && (isMissing(outcome) || isBrokerError(outcome.error, errorCodes.UNSUPPORTED_VERSION));
}

function isMissing(outcome: Outcome<unknown>): boolean {
  return "error" in outcome && isBrokerError(outcome.error, errorCodes.GROUP_ID_NOT_FOUND);
}

async function describeOld(
  call: AdminCall,
  coordinator: BrokerNode,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): Promise<Described> {
  const groups = await describeGroupsRequest(call, coordinator, groupIds, options);
  return new Map(groups.map((group) => [group.groupId, oldOutcome(group, coordinator)]));
}

function oldOutcome(group: OldGroup, coordinator: BrokerNode): Outcome<ConsumerGroupDescription> {
  const { groupId, errorCode, errorMessage, protocolType } = group;
  const failed = coordinatorOutcome(errorCode, errorMessage, { groupId });
  if (failed !== null) return failed;
  if (protocolType !== "consumer" && protocolType !== "") return { error: notAConsumerGroup(groupId, protocolType) };
  return { value: oldDescription(classicDescription(group, coordinator)) };
}

function notAConsumerGroup(groupId: string, protocolType: string): KafkaError {
  return new KafkaError(`group ${groupId} is not a consumer group but one of ${protocolType}`, {
    code: "INCONSISTENT_GROUP_PROTOCOL",
    context: { groupId },
  });
}

function oldDescription(group: ClassicGroupDescription): ConsumerGroupDescription {
  return {
    groupId: group.groupId,
    type: "Classic",
    isSimple: group.protocolType === "",
    state: group.state,
    members: group.members.map(({ memberId, groupInstanceId, clientId, host, assignment }) => ({
      memberId,
      groupInstanceId,
      rackId: null,
      clientId,
      host,
      assignment,
      targetAssignment: null,
      memberEpoch: null,
      isUpgraded: null,
    })),
    assignor: group.protocolData,
    coordinator: group.coordinator,
    authorizedOperations: group.authorizedOperations,
    groupEpoch: null,
    targetAssignmentEpoch: null,
  };
}

/** Java: Admin.describeClassicGroups (KIP-1043): groups of any protocol type. */
export async function describeClassicGroups(
  call: AdminCall,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): Promise<Map<string, ClassicGroupDescription>> {
  return performKeyed<string, ClassicGroupDescription>(call, {
    keys: groupIds,
    locate: coordinators("group"),
    perform: async (nodeId, keys) => {
      const coordinator = await call.node(nodeId!);
      const groups = await describeGroupsRequest(call, coordinator, keys, options);
      return new Map(
        groups.map((group) => {
          const { groupId, errorCode, errorMessage } = group;
          const failed = coordinatorOutcome(errorCode, errorMessage, { groupId });
          return [groupId, failed ?? { value: classicDescription(group, coordinator) }];
        }),
      );
    },
  });
}

type OldGroup = DescribeGroupsResponse["groups"][number];

async function describeGroupsRequest(
  call: AdminCall,
  coordinator: BrokerNode,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): Promise<OldGroup[]> {
  const response = await call.send(coordinator.nodeId, describeGroupsApi, {
    groups: [...groupIds],
    includeAuthorizedOperations: options.includeAuthorizedOperations ?? false,
  });
  return response.groups.map(deadIsMissing);
}

/** Before version 6 (KIP-1043) a group that does not exist is described as dead; either way it is not there. */
function deadIsMissing(group: OldGroup): OldGroup {
  const isGone = group.errorCode === errorCodes.NONE && group.groupState === "Dead" && group.protocolType === "";
  if (!isGone) return group;
  const { errorCode, message } = brokerError(errorCodes.GROUP_ID_NOT_FOUND, `Group ${group.groupId} not found.`);
  return { ...group, errorCode, errorMessage: message };
}

function classicDescription(group: OldGroup, coordinator: BrokerNode): ClassicGroupDescription {
  const { groupId, protocolType, protocolData, groupState } = group;
  const isConsumer = protocolType === "consumer" || protocolType === "";
  return {
    groupId,
    protocolType,
    protocolData,
    state: groupState as GroupState,
    members: group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      host: member.clientHost,
      assignment: isConsumer ? decodeAssignment(member.memberAssignment) : [],
      assignmentBytes: member.memberAssignment,
      metadataBytes: member.memberMetadata,
    })),
    coordinator,
    authorizedOperations: authorizedOperations(group.authorizedOperations),
  };
}

/** Java: ConsumerProtocol.deserializeAssignment. A version above the last known is read as the last known one. */
function decodeAssignment(bytes: Buffer): TopicPartition[] {
  if (bytes.length === 0) return [];
  const reader = new ByteReader(bytes);
  const version = Math.min(reader.int16(), consumerProtocolAssignment.versions.to);
  const { assignedPartitions: topics } = consumerProtocolAssignment.decode(reader, version);
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}
