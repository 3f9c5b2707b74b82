// A classic group as its record in __consumer_offsets (GroupMetadata), and back.

import { assert } from "@ottla/base";
import type { GroupMetadataValue } from "@ottla/protocol/coordinator-records/group-metadata.ts";
import type { GroupRecord } from "../group-records.ts";
import { ClassicGroup } from "./classic-group.ts";
import { ClassicMember } from "./member.ts";
import type { MemberSessions } from "./member-sessions.ts";

type GroupMetadataRecord = Extract<GroupRecord, { kind: "GroupMetadata" }>;

/** What fixed fields and lengths of strings take of a member's and of a group's record, rounded up. */
const MEMBER_OVERHEAD_BYTES = 32;
const GROUP_OVERHEAD_BYTES = 64;

/** The group as it is now: each member with what it said for the protocol of this generation, and with its assignment. */
export function groupMetadataRecord(group: ClassicGroup): GroupMetadataRecord {
  const members: GroupMetadataValue["members"] = [];
  for (const member of group.members.values()) {
    const subscription = member.metadataFor(group.protocolName);
    assert(subscription !== null, `${member.memberId} knows the protocol of its generation`);
    members.push({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription,
      assignment: member.assignment,
    });
  }
  const value: GroupMetadataValue = {
    protocolType: group.memberProtocolType ?? "",
    generation: group.generationId,
    protocol: group.protocolName,
    leader: group.leaderId,
    currentStateTimestamp: group.stateSinceMs,
    members,
  };
  return { kind: "GroupMetadata", key: { group: group.groupId }, value };
}

/** A group that was just created, before anyone is a member: that it exists is kept at once. */
export function newGroupRecord(group: ClassicGroup): GroupMetadataRecord {
  const value: GroupMetadataValue = {
    protocolType: "",
    generation: 0,
    protocol: null,
    leader: null,
    currentStateTimestamp: group.stateSinceMs,
    members: [],
  };
  return { kind: "GroupMetadata", key: { group: group.groupId }, value };
}

/** Never less than the record's bytes. */
export function sizeOfRecord({ key, value }: GroupMetadataRecord): number {
  assert(value !== null, "a tombstone has no size to speak of");
  let bytes = GROUP_OVERHEAD_BYTES + Buffer.byteLength(key.group) + Buffer.byteLength(value.protocolType);
  bytes += Buffer.byteLength(value.protocol ?? "") + Buffer.byteLength(value.leader ?? "");
  for (const member of value.members) {
    bytes +=
      MEMBER_OVERHEAD_BYTES + Buffer.byteLength(member.memberId) + Buffer.byteLength(member.groupInstanceId ?? "");
    bytes += Buffer.byteLength(member.clientId) + Buffer.byteLength(member.clientHost);
    bytes += member.subscription.length + member.assignment.length;
  }
  return bytes;
}

/** The group of a record: Stable with members, else Empty. Copies what it keeps of `value`. */
export function groupOfRecord(groupId: string, value: GroupMetadataValue, sessions: MemberSessions): ClassicGroup {
  const group = new ClassicGroup({
    groupId,
    sessions,
    state: value.members.length === 0 ? "Empty" : "Stable",
    generationId: value.generation,
    protocolType: value.protocolType === "" ? null : value.protocolType,
    protocolName: value.protocol,
    leaderId: value.leader,
    stateSinceMs: value.currentStateTimestamp,
  });
  for (const member of value.members) {
    group.add(
      new ClassicMember({
        ...member,
        // Version 0 of the record has none.
        rebalanceTimeoutMs: member.rebalanceTimeout === -1 ? member.sessionTimeout : member.rebalanceTimeout,
        sessionTimeoutMs: member.sessionTimeout,
        protocolType: value.protocolType,
        protocols: [{ name: value.protocol ?? "", metadata: Buffer.from(member.subscription) }],
        assignment: Buffer.from(member.assignment),
      }),
      null,
    );
  }
  group.findSubscribedTopics();
  return group;
}
