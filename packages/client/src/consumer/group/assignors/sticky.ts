// The assignors sticky (eager) and cooperative-sticky: balanced, and as much as possible where it was. They differ in how a member tells
// what it had, and in that the cooperative one leaves out what another member has to give back first (KIP-429).
// Their user data are those of Java's StickyAssignor and CooperativeStickyAssignor.

import { ByteReader, ByteWriter, DecodeError } from "@ottla/base";
import type { TopicPartition } from "../../../records.ts";
import { byTopic, keyOf } from "../partition-set.ts";
import type { Assignor, GroupAssignment, AssignorMember, GroupToAssign } from "./assignor.ts";
import { assignConstrained } from "./sticky-constrained.ts";
import { assignGeneral } from "./sticky-general.ts";
import { stickyInput } from "./sticky-input.ts";
import type { Possession } from "./sticky-input.ts";

export const stickyAssignor: Assignor = {
  name: "sticky",
  protocols: ["eager"],
  assign: (group) => assignSticky(group, stickyPossession).assignment,
  subscriptionUserData: ({ lastAssignment, lastGenerationId }) =>
    lastAssignment === null ? null : encodeStickyUserData(lastAssignment, lastGenerationId),
};

export const cooperativeStickyAssignor: Assignor = {
  name: "cooperative-sticky",
  protocols: ["cooperative", "eager"],
  assign: assignCooperatively,
  subscriptionUserData: ({ lastGenerationId }) => {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeInt32BE(lastGenerationId);
    return bytes;
  },
};

function assignSticky(group: GroupToAssign, possessionOf: (member: AssignorMember) => Possession) {
  const input = stickyInput(group, possessionOf);
  if (input.members.length === 0) return { assignment: new Map<string, TopicPartition[]>(), transferring: null };
  return input.sameTopics ? assignConstrained(input) : assignGeneral(input);
}

function assignCooperatively(group: GroupToAssign): GroupAssignment {
  const { assignment, transferring } = assignSticky(group, cooperativePossession);
  const waiting = transferring ?? transfers(group, assignment);
  for (const [memberId, partitions] of assignment) {
    const given = partitions.filter((partition) => waiting.get(keyOf(partition)) !== memberId);
    assignment.set(memberId, given);
  }
  return assignment;
}

// What one member gets and another one has.
function transfers(group: GroupToAssign, assignment: GroupAssignment): Map<string, string> {
  const revoked = new Set<string>();
  const added = new Map<string, string>();
  for (const { memberId, ownedPartitions } of group.members) {
    const owned = new Set(ownedPartitions.map(keyOf));
    const assigned = new Set((assignment.get(memberId) ?? []).map(keyOf));
    for (const key of owned) if (!assigned.has(key)) revoked.add(key);
    for (const key of assigned) if (!owned.has(key)) added.set(key, memberId);
  }
  return new Map([...added].filter(([key]) => revoked.has(key)));
}

function cooperativePossession({ ownedPartitions, generationId, userData }: AssignorMember): Possession {
  if (generationId >= 0) return { partitions: ownedPartitions, generationId };
  if (userData === null) return { partitions: ownedPartitions, generationId: null };
  return { partitions: ownedPartitions, generationId: userData.length < 4 ? -1 : userData.readInt32BE(0) };
}

// An eager member has given everything back before it joined, so its bytes tell what it had.
function stickyPossession({ userData }: AssignorMember): Possession {
  if (userData === null || userData.length === 0) return { partitions: [], generationId: null };
  return decodeStickyUserData(userData);
}

/** Java's version 1: topics with their partitions, then the generation. */
export function encodeStickyUserData(partitions: readonly TopicPartition[], generationId: number): Buffer {
  const topics = byTopic(partitions);
  const writer = new ByteWriter();
  writer.int32(topics.size);
  for (const [topic, numbers] of topics) {
    const length = Buffer.byteLength(topic);
    writer.int16(length);
    writer.utf8(topic, length);
    writer.int32(numbers.length);
    for (const number of numbers) writer.int32(number);
  }
  writer.int32(generationId);
  return writer.toBuffer();
}

/** What cannot be read counts as nothing, as in Java. Version 0 has no generation. */
export function decodeStickyUserData(bytes: Buffer): Possession {
  try {
    const reader = new ByteReader(bytes);
    const partitions: TopicPartition[] = [];
    for (let topics = reader.int32(); topics > 0; topics--) {
      const topic = reader.utf8(reader.int16());
      for (let count = reader.int32(); count > 0; count--) partitions.push({ topic, partition: reader.int32() });
    }
    return { partitions, generationId: reader.remaining() >= 4 ? reader.int32() : null };
  } catch (error) {
    if (error instanceof DecodeError) return { partitions: [], generationId: -1 };
    throw error;
  }
}
