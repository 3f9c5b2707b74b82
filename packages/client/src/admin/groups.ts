// Groups of every type: which there are, deleting them, taking members out. Descriptions stand in describe-groups.ts, offsets in
// group-offsets.ts. Java: Admin.listGroups (KIP-1043), deleteConsumerGroups, removeMembersFromConsumerGroup (KIP-345).

import { errorCodes } from "@ottla/protocol";
import { deleteGroupsApi } from "@ottla/protocol/messages/42-delete-groups.ts";
import { leaveGroupApi } from "@ottla/protocol/messages/13-leave-group.ts";
import { listGroupsApi } from "@ottla/protocol/messages/16-list-groups.ts";
import { brokerError } from "../errors.ts";
import type { KafkaError } from "../errors.ts";
import type { CallOptions } from "../records.ts";
import { needsVersion } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";
import { settled, valuesOrError } from "./admin-error.ts";
import { describeConsumerGroups } from "./describe-groups.ts";
import { performKeyed } from "./keyed.ts";
import { allBrokers, brokerNamedBy, coordinatorOutcome, coordinators } from "./lookups.ts";

/** Java: org.apache.kafka.common.GroupType. */
export type GroupType = "Unknown" | "Consumer" | "Classic" | "Share" | "Streams";

/** Java: org.apache.kafka.common.GroupState. Not every type of group has every state. */
export type GroupState =
  | "Unknown"
  | "PreparingRebalance"
  | "CompletingRebalance"
  | "Stable"
  | "Dead"
  | "Empty"
  | "Assigning"
  | "Reconciling"
  | "NotReady";

export interface ListGroupsOptions extends CallOptions {
  /** Default: groups of every type. */
  readonly types?: readonly GroupType[];
  /** Default: in every state. */
  readonly states?: readonly GroupState[];
  /** Such as "consumer" or "connect"; "" for groups that only hold offsets. Default: all. */
  readonly protocolTypes?: readonly string[];
}

export interface GroupListing {
  readonly groupId: string;
  /** null when the broker does not tell (before 3.8). */
  readonly type: GroupType | null;
  readonly protocolType: string;
  /** null when the broker does not tell (before 2.6). */
  readonly state: GroupState | null;
}

/** A member to take out: a static one by its group.instance.id, any other by its member id. */
export type MemberToRemove = { readonly groupInstanceId: string } | { readonly memberId: string };

export interface RemoveMembersOptions extends CallOptions {
  /** For the coordinator's log (KIP-800), cut at 255 characters. */
  readonly reason?: string;
}

/** Java: Admin.listGroups. Asks every broker; those that fail are in the AdminError by their ids, and the others' groups are its values. */
export async function listGroups(call: AdminCall, options: ListGroupsOptions): Promise<Map<string, GroupListing>> {
  const brokers = await allBrokers(call);
  const listings = await settled(
    performKeyed<number, GroupListing[]>(call, {
      keys: brokers,
      locate: brokerNamedBy((nodeId) => nodeId),
      perform: async (nodeId, keys) => {
        const response = await call.send(nodeId, listGroupsApi, (version) => filtersOf(options, version));
        const outcome = coordinatorOutcome(response.errorCode, null, {});
        const listed = response.groups.map(listingOf).filter(({ protocolType }) => isWanted(protocolType, options));
        return new Map(keys.map((key) => [key, outcome ?? { value: listed }]));
      },
    }),
  );
  const groups = [...listings.values.values()].flat();
  return valuesOrError(new Map(groups.map((group) => [group.groupId, group])), listings.errors);
}

function filtersOf({ states = [], types = [] }: ListGroupsOptions, version: number) {
  if (states.length > 0) needsVersion(listGroupsApi, version, 4, "listing groups by state");
  if (types.length > 0 && version < 5) {
    // Brokers before 3.8 have classic groups only: a filter that lets those through filters nothing.
    const isOnlyClassic = types.includes("Classic") && types.every((type) => type === "Classic" || type === "Consumer");
    if (!isOnlyClassic) needsVersion(listGroupsApi, version, 5, "listing groups by type");
    return { statesFilter: [...states], typesFilter: [] };
  }
  return { statesFilter: [...states], typesFilter: [...types] };
}

function isWanted(protocolType: string, { protocolTypes = [] }: ListGroupsOptions): boolean {
  return protocolTypes.length === 0 || protocolTypes.includes(protocolType);
}

function listingOf(group: {
  groupId: string;
  protocolType: string;
  groupState: string;
  groupType: string;
}): GroupListing {
  return {
    groupId: group.groupId,
    type: group.groupType === "" ? null : groupTypeOf(group.groupType),
    protocolType: group.protocolType,
    state: group.groupState === "" ? null : (group.groupState as GroupState),
  };
}

const groupTypes: readonly GroupType[] = ["Consumer", "Classic", "Share", "Streams"];

/** Brokers have written the types in both cases. */
function groupTypeOf(text: string): GroupType {
  return groupTypes.find((type) => type.toLowerCase() === text.toLowerCase()) ?? "Unknown";
}

/** Java: Admin.deleteConsumerGroups, deleteShareGroups and deleteStreamsGroups, which are one request. */
export async function deleteGroups(call: AdminCall, groupIds: readonly string[]): Promise<void> {
  await performKeyed<string, null>(call, {
    keys: groupIds,
    locate: coordinators("group"),
    perform: async (nodeId, keys) => {
      const response = await call.send(nodeId, deleteGroupsApi, { groupsNames: [...keys] });
      return new Map(
        response.results.map(({ groupId, errorCode, errorMessage }) => [
          groupId,
          coordinatorOutcome(errorCode, errorMessage, { groupId }) ?? { value: null },
        ]),
      );
    },
  });
}

/** Java: Admin.removeMembersFromConsumerGroup. Failures are told by group.instance.id or member id. */
export async function removeMembers(
  call: AdminCall,
  groupId: string,
  members: readonly MemberToRemove[] | "all",
  options: RemoveMembersOptions,
): Promise<void> {
  const toRemove = members === "all" ? await membersOf(call, groupId) : members;
  if (toRemove.length === 0) return;
  const reason = (options.reason ?? "member was removed by an admin").slice(0, 255);
  const removed = await performKeyed<string, Map<string, KafkaError>>(call, {
    keys: [groupId],
    locate: coordinators("group"),
    perform: async (nodeId) => {
      const response = await call.send(nodeId, leaveGroupApi, (version) => {
        needsVersion(leaveGroupApi, version, 3, "removing members");
        return { groupId, memberId: "", members: toRemove.map((member) => ({ ...identityOf(member), reason })) };
      });
      const failed = coordinatorOutcome(response.errorCode, null, { groupId });
      return new Map([[groupId, failed ?? { value: memberErrors(groupId, response.members) }]]);
    },
  });
  valuesOrError(new Map(), removed.get(groupId)!);
}

function memberErrors(
  groupId: string,
  members: readonly { memberId: string; groupInstanceId: string | null; errorCode: number }[],
): Map<string, KafkaError> {
  return new Map(
    members
      .filter(({ errorCode }) => errorCode !== errorCodes.NONE)
      .map((each) => [each.groupInstanceId ?? each.memberId, brokerError(each.errorCode, null, { groupId })]),
  );
}

function identityOf(member: MemberToRemove): { memberId: string; groupInstanceId: string | null } {
  return "groupInstanceId" in member
    ? { memberId: "", groupInstanceId: member.groupInstanceId }
    : { memberId: member.memberId, groupInstanceId: null };
}

async function membersOf(call: AdminCall, groupId: string): Promise<MemberToRemove[]> {
  const described = await describeConsumerGroups(call, [groupId], {});
  return described
    .get(groupId)!
    .members.map(({ memberId, groupInstanceId }) => (groupInstanceId === null ? { memberId } : { groupInstanceId }));
}
