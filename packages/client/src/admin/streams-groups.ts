// Descriptions of streams groups (KIP-1071): the topology, and which member has which tasks. Java: Admin.describeStreamsGroups.
// Their offsets are those of consumer groups (group-offsets.ts).

import { streamsGroupDescribeApi } from "@ottla/protocol/messages/89-streams-group-describe.ts";
import type { StreamsGroupDescribeResponse } from "@ottla/protocol/messages/89-streams-group-describe.ts";
import type { BrokerNode } from "../network/cluster.ts";
import { authorizedOperations } from "./acl-names.ts";
import type { AclOperation } from "./acl-names.ts";
import { incompleteAnswer } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";
import type { DescribeGroupsOptions } from "./describe-groups.ts";
import type { GroupState } from "./groups.ts";
import { performKeyed } from "./keyed.ts";
import type { Outcome } from "./keyed.ts";
import { coordinatorOutcome, coordinators } from "./lookups.ts";

export interface StreamsTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

export interface StreamsSubtopology {
  readonly subtopologyId: string;
  readonly sourceTopics: readonly string[];
  readonly repartitionSinkTopics: readonly string[];
  readonly stateChangelogTopics: readonly StreamsTopic[];
  readonly repartitionSourceTopics: readonly StreamsTopic[];
}

/** The partitions of one subtopology that a member works on. */
export interface StreamsTasks {
  readonly subtopologyId: string;
  readonly partitions: readonly number[];
}

export interface StreamsAssignment {
  readonly activeTasks: readonly StreamsTasks[];
  readonly standbyTasks: readonly StreamsTasks[];
  readonly warmupTasks: readonly StreamsTasks[];
}

export interface StreamsTaskOffset {
  readonly subtopologyId: string;
  readonly partition: number;
  readonly offset: number;
}

export interface StreamsGroupMember {
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly groupInstanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly host: string;
  readonly topologyEpoch: number;
  /** Members of one process share it. */
  readonly processId: string;
  /** For interactive queries, or null. */
  readonly userEndpoint: { readonly host: string; readonly port: number } | null;
  readonly clientTags: Readonly<Record<string, string>>;
  readonly taskOffsets: readonly StreamsTaskOffset[];
  readonly taskEndOffsets: readonly StreamsTaskOffset[];
  readonly assignment: StreamsAssignment;
  readonly targetAssignment: StreamsAssignment;
  readonly isClassic: boolean;
}

export interface StreamsGroupDescription {
  readonly groupId: string;
  readonly state: GroupState;
  readonly groupEpoch: number;
  readonly targetAssignmentEpoch: number;
  readonly topologyEpoch: number;
  readonly subtopologies: readonly StreamsSubtopology[];
  readonly members: readonly StreamsGroupMember[];
  readonly coordinator: BrokerNode;
  /** null unless asked for. */
  readonly authorizedOperations: readonly AclOperation[] | null;
}

/** Java: Admin.describeStreamsGroups. */
export async function describeStreamsGroups(
  call: AdminCall,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): Promise<Map<string, StreamsGroupDescription>> {
  return performKeyed<string, StreamsGroupDescription>(call, {
    keys: groupIds,
    locate: coordinators("group"),
    perform: async (nodeId, keys) => {
      const response = await call.send(nodeId, streamsGroupDescribeApi, {
        groupIds: [...keys],
        includeAuthorizedOperations: options.includeAuthorizedOperations ?? false,
      });
      const coordinator = await call.node(nodeId!);
      return new Map(response.groups.map((group) => [group.groupId, outcomeOf(group, coordinator)]));
    },
  });
}

type Group = StreamsGroupDescribeResponse["groups"][number];
type Topology = NonNullable<Group["topology"]>;
type Subtopology = NonNullable<Topology["subtopologies"]>[number];

function outcomeOf(group: Group, coordinator: BrokerNode): Outcome<StreamsGroupDescription> {
  const { groupId, errorCode, errorMessage, topology } = group;
  const failed = coordinatorOutcome(errorCode, errorMessage, { groupId });
  if (failed !== null) return failed;
  if (topology === null) return { error: incompleteAnswer("StreamsGroupDescribe", `the topology of ${groupId}`) };
  const value = {
    groupId,
    state: group.groupState as GroupState,
    groupEpoch: group.groupEpoch,
    targetAssignmentEpoch: group.assignmentEpoch,
    topologyEpoch: topology.epoch,
    subtopologies: (topology.subtopologies ?? []).map(subtopologyOf),
    members: group.members.map(memberOf),
    coordinator,
    authorizedOperations: authorizedOperations(group.authorizedOperations),
  };
  return { value };
}

function subtopologyOf(subtopology: Subtopology): StreamsSubtopology {
  const { stateChangelogTopics, repartitionSourceTopics, ...rest } = subtopology;
  return {
    ...rest,
    stateChangelogTopics: stateChangelogTopics.map(topicOf),
    repartitionSourceTopics: repartitionSourceTopics.map(topicOf),
  };
}

function topicOf({ topicConfigs, ...topic }: Subtopology["stateChangelogTopics"][number]): StreamsTopic {
  return { ...topic, configs: recordOf(topicConfigs) };
}

function memberOf(member: Group["members"][number]): StreamsGroupMember {
  const { instanceId, clientHost, clientTags, ...rest } = member;
  return { ...rest, groupInstanceId: instanceId, host: clientHost, clientTags: recordOf(clientTags) };
}

function recordOf(pairs: readonly { key: string; value: string }[]): Record<string, string> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
}
