// Share groups (KIP-932) and the offsets from which their partitions are shared: describe, list, change, delete.
// Java: Admin.describeShareGroups, listShareGroupOffsets, alterShareGroupOffsets, deleteShareGroupOffsets.

import { errorCodes } from "@ottla/protocol";
import { alterShareGroupOffsetsApi } from "@ottla/protocol/messages/91-alter-share-group-offsets.ts";
import { deleteShareGroupOffsetsApi } from "@ottla/protocol/messages/92-delete-share-group-offsets.ts";
import { describeShareGroupOffsetsApi } from "@ottla/protocol/messages/90-describe-share-group-offsets.ts";
import type { DescribeShareGroupOffsetsResponse } from "@ottla/protocol/messages/90-describe-share-group-offsets.ts";
import { shareGroupDescribeApi } from "@ottla/protocol/messages/77-share-group-describe.ts";
import { brokerError } from "../errors.ts";
import type { KafkaError } from "../errors.ts";
import type { BrokerNode } from "../network/cluster.ts";
import type { TopicPartition } from "../records.ts";
import { authorizedOperations } from "./acl-names.ts";
import type { AclOperation } from "./acl-names.ts";
import type { AdminCall } from "./admin-call.ts";
import { valuesOrError } from "./admin-error.ts";
import { assignedPartitions } from "./describe-groups.ts";
import type { DescribeGroupsOptions } from "./describe-groups.ts";
import type { GroupPartitions } from "./group-offsets.ts";
import type { GroupState } from "./groups.ts";
import { performKeyed } from "./keyed.ts";
import type { Outcome } from "./keyed.ts";
import { byTopic, coordinatorOutcome, coordinators, partitionKey } from "./lookups.ts";

export interface ShareGroupMember {
  readonly memberId: string;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly host: string;
  readonly memberEpoch: number;
  readonly assignment: readonly TopicPartition[];
}

export interface ShareGroupDescription {
  readonly groupId: string;
  readonly state: GroupState;
  readonly members: readonly ShareGroupMember[];
  readonly coordinator: BrokerNode;
  readonly groupEpoch: number;
  readonly targetAssignmentEpoch: number;
  /** null unless asked for. */
  readonly authorizedOperations: readonly AclOperation[] | null;
}

export interface ShareOffset extends TopicPartition {
  /** Records before it are done with; null when nothing was shared yet. */
  readonly startOffset: number | null;
  readonly leaderEpoch: number | null;
  /** Records still to be delivered (KIP-1226); null when the broker does not tell. */
  readonly lag: number | null;
}

export interface ShareOffsetToSet extends TopicPartition {
  readonly startOffset: number;
}

/** Java: Admin.describeShareGroups. */
export async function describeShareGroups(
  call: AdminCall,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): Promise<Map<string, ShareGroupDescription>> {
  return performKeyed<string, ShareGroupDescription>(call, {
    keys: groupIds,
    locate: coordinators("group"),
    perform: async (nodeId, keys) => {
      const response = await call.send(nodeId, shareGroupDescribeApi, {
        groupIds: [...keys],
        includeAuthorizedOperations: options.includeAuthorizedOperations ?? false,
      });
      const coordinator = await call.node(nodeId!);
      return new Map(
        response.groups.map((group): [string, Outcome<ShareGroupDescription>] => {
          const { groupId, errorCode, errorMessage } = group;
          const failed = coordinatorOutcome(errorCode, errorMessage, { groupId });
          const value = {
            groupId,
            state: group.groupState as GroupState,
            members: group.members.map(({ clientHost, assignment, memberId, rackId, clientId, memberEpoch }) => ({
              memberId,
              rackId,
              clientId,
              host: clientHost,
              memberEpoch,
              assignment: assignedPartitions(assignment),
            })),
            coordinator,
            groupEpoch: group.groupEpoch,
            targetAssignmentEpoch: group.assignmentEpoch,
            authorizedOperations: authorizedOperations(group.authorizedOperations),
          };
          return [groupId, failed ?? { value }];
        }),
      );
    },
  });
}

/** Java: Admin.listShareGroupOffsets. */
export async function listShareGroupOffsets(
  call: AdminCall,
  groups: readonly (string | GroupPartitions)[],
): Promise<Map<string, ShareOffset[]>> {
  const specs = groups.map((each): GroupPartitions => (typeof each === "string" ? { groupId: each } : each));
  const wanted = new Map(specs.map((spec) => [spec.groupId, spec]));
  return performKeyed<string, ShareOffset[]>(call, {
    keys: wanted.keys(),
    locate: coordinators("group"),
    perform: async (nodeId, keys) => {
      const response = await call.send(nodeId, describeShareGroupOffsetsApi, {
        groups: keys.map((groupId) => ({ groupId, topics: topicsOf(wanted.get(groupId)!) })),
      });
      return new Map(response.groups.map((group) => [group.groupId, offsetsOutcome(group)]));
    },
  });
}

function topicsOf({ partitions }: GroupPartitions): { topicName: string; partitions: number[] }[] | null {
  if (partitions === undefined) return null;
  return [...byTopic(partitions)].map(([topicName, those]) => ({
    topicName,
    partitions: those.map(({ partition }) => partition),
  }));
}

/** A partition's error is its group's; Java's client leaves such partitions out. */
function offsetsOutcome(group: DescribeShareGroupOffsetsResponse["groups"][number]): Outcome<ShareOffset[]> {
  const { groupId } = group;
  const failed = coordinatorOutcome(group.errorCode, group.errorMessage, { groupId });
  if (failed !== null) return failed;
  const offsets: ShareOffset[] = [];
  for (const { topicName: topic, partitions } of group.topics) {
    for (const { partitionIndex: partition, startOffset, leaderEpoch, lag, errorCode, errorMessage } of partitions) {
      if (errorCode !== errorCodes.NONE)
        return { error: brokerError(errorCode, errorMessage, { groupId, topic, partition }) };
      const isShared = startOffset >= 0;
      offsets.push({
        topic,
        partition,
        startOffset: isShared ? startOffset : null,
        leaderEpoch: isShared && leaderEpoch >= 0 ? leaderEpoch : null,
        lag: isShared && lag >= 0 ? lag : null,
      });
    }
  }
  return { value: offsets };
}

/** Java: Admin.alterShareGroupOffsets. The group must be empty. Failures are told by partition. */
export async function alterShareGroupOffsets(
  call: AdminCall,
  groupId: string,
  offsets: readonly ShareOffsetToSet[],
): Promise<void> {
  if (offsets.length === 0) return;
  const altered = await performKeyed<string, Map<string, KafkaError>>(call, {
    keys: [groupId],
    locate: coordinators("group"),
    perform: async (nodeId) => {
      const response = await call.send(nodeId, alterShareGroupOffsetsApi, {
        groupId,
        topics: [...byTopic(offsets)].map(([topicName, partitions]) => ({
          topicName,
          partitions: partitions.map(({ partition, startOffset }) => ({ partitionIndex: partition, startOffset })),
        })),
      });
      const failed = groupOutcome(groupId, response);
      if (failed !== null) return new Map([[groupId, failed]]);
      const errors = new Map<string, KafkaError>();
      for (const { topicName: topic, partitions } of response.responses) {
        for (const { partitionIndex: partition, errorCode, errorMessage } of partitions) {
          if (errorCode === errorCodes.NONE) continue;
          errors.set(
            partitionKey(topic, partition),
            brokerError(errorCode, errorMessage, { groupId, topic, partition }),
          );
        }
      }
      return new Map([[groupId, { value: errors }]]);
    },
  });
  valuesOrError(new Map(), altered.get(groupId)!);
}

/** Java: Admin.deleteShareGroupOffsets. The group must be empty. Failures are told by topic. */
export async function deleteShareGroupOffsets(
  call: AdminCall,
  groupId: string,
  topics: readonly string[],
): Promise<void> {
  if (topics.length === 0) return;
  const deleted = await performKeyed<string, Map<string, KafkaError>>(call, {
    keys: [groupId],
    locate: coordinators("group"),
    perform: async (nodeId) => {
      const response = await call.send(nodeId, deleteShareGroupOffsetsApi, {
        groupId,
        topics: [...new Set(topics)].map((topicName) => ({ topicName })),
      });
      const failed = groupOutcome(groupId, response);
      if (failed !== null) return new Map([[groupId, failed]]);
      const errors = response.responses
        .filter(({ errorCode }) => errorCode !== errorCodes.NONE)
        .map((each): [string, KafkaError] => [
          each.topicName,
          brokerError(each.errorCode, each.errorMessage, { groupId, topic: each.topicName }),
        ]);
      return new Map([[groupId, { value: new Map(errors) }]]);
    },
  });
  valuesOrError(new Map(), deleted.get(groupId)!);
}

function groupOutcome(
  groupId: string,
  { errorCode, errorMessage }: { errorCode: number; errorMessage: string | null },
): Outcome<never> | null {
  if (errorCode === errorCodes.REBALANCE_IN_PROGRESS)
    return { again: brokerError(errorCode, errorMessage, { groupId }) };
  return coordinatorOutcome(errorCode, errorMessage, { groupId });
}
