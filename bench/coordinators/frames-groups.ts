// Requests of group members, by hand as in ../wire.ts: JoinGroup 9, SyncGroup 5, Heartbeat 4, ConsumerGroupHeartbeat 1.

import { ByteWriter } from "@ottla/base";
import { closeFrame, compactString, NO_TAGS, openFrame } from "../wire.ts";
import { answerOf, readString, skipString } from "./frames-offsets.ts";

const JOIN_GROUP_KEY = 11;
const HEARTBEAT_KEY = 12;
const SYNC_GROUP_KEY = 14;
const CONSUMER_GROUP_HEARTBEAT_KEY = 68;

/** Nobody misses a heartbeat in a benchmark. */
const SESSION_TIMEOUT_MS = 300_000;
const REBALANCE_TIMEOUT_MS = 120_000;
const PROTOCOL_TYPE = "consumer";
const PROTOCOL = "range";
const NULL = 0;

/** A consumer of one topic that asks to be let into a group. */
export function joinGroupFrame(group: string, memberId: string, topic: string): Buffer {
  const writer = openFrame(JOIN_GROUP_KEY, 9, 1, 256);
  compactString(writer, group);
  writer.int32(SESSION_TIMEOUT_MS);
  writer.int32(REBALANCE_TIMEOUT_MS);
  compactString(writer, memberId);
  writer.unsignedVarint(NULL); // no instance id
  compactString(writer, PROTOCOL_TYPE);
  writer.unsignedVarint(2);
  compactString(writer, PROTOCOL);
  const metadata = subscription(topic);
  writer.unsignedVarint(metadata.length + 1);
  writer.bytes(metadata);
  writer.int8(NO_TAGS);
  writer.unsignedVarint(NULL); // no reason
  writer.int8(NO_TAGS);
  return closeFrame(writer);
}

export interface Joined {
  errorCode: number;
  generation: number;
  leader: string;
  memberId: string;
  /** Of the whole group, for the leader alone. */
  members: string[];
}

export function readJoinGroup(frame: Buffer): Joined {
  const reader = answerOf(frame);
  reader.skip(4);
  const errorCode = reader.int16();
  const generation = reader.int32();
  skipString(reader);
  skipString(reader);
  const leader = readString(reader);
  reader.skip(1);
  const memberId = readString(reader);
  const members: string[] = [];
  for (let left = reader.unsignedVarint() - 1; left > 0; left--) {
    members.push(readString(reader));
    skipString(reader);
    skipString(reader);
    reader.skip(1);
  }
  return { errorCode, generation, leader, memberId, members };
}

export interface Membership {
  group: string;
  memberId: string;
  generation: number;
}

/** `assigned`: from the leader, the members in the order of the partitions that each one gets; none from the others. */
export function syncGroupFrame(membership: Membership, topic: string, assigned: readonly string[]): Buffer {
  const writer = openFrame(SYNC_GROUP_KEY, 5, 1, 256 + 128 * assigned.length);
  compactString(writer, membership.group);
  writer.int32(membership.generation);
  compactString(writer, membership.memberId);
  writer.unsignedVarint(NULL);
  compactString(writer, PROTOCOL_TYPE);
  compactString(writer, PROTOCOL);
  writer.unsignedVarint(assigned.length + 1);
  for (const [partition, memberId] of assigned.entries()) {
    compactString(writer, memberId);
    const assignment = assignmentOf(topic, partition);
    writer.unsignedVarint(assignment.length + 1);
    writer.bytes(assignment);
    writer.int8(NO_TAGS);
  }
  writer.int8(NO_TAGS);
  return closeFrame(writer);
}

export function readSyncGroup(frame: Buffer): { errorCode: number; assignmentBytes: number } {
  const reader = answerOf(frame);
  reader.skip(4);
  const errorCode = reader.int16();
  skipString(reader);
  skipString(reader);
  return { errorCode, assignmentBytes: reader.unsignedVarint() - 1 };
}

export function heartbeatFrame(membership: Membership): Buffer {
  const writer = openFrame(HEARTBEAT_KEY, 4, 1, 128);
  compactString(writer, membership.group);
  writer.int32(membership.generation);
  compactString(writer, membership.memberId);
  writer.unsignedVarint(NULL);
  writer.int8(NO_TAGS);
  return closeFrame(writer);
}

export function heartbeatErrorCode(frame: Buffer): number {
  return frame.readInt16BE(4 + 4 + 1 + 4);
}

/** What a member of a KIP-848 group says: all of it when it joins, later only what changed. */
export function consumerHeartbeatFrame(options: {
  group: string;
  memberId: string;
  epoch: number;
  /** Given when joining. */
  topic?: string;
  /** Given when they changed; `topicId` as on the wire. */
  owned?: { topicId: Buffer; partitions: readonly number[] };
}): Buffer {
  const { group, memberId, epoch, topic, owned } = options;
  const writer = openFrame(CONSUMER_GROUP_HEARTBEAT_KEY, 1, 1, 256 + 4 * (owned?.partitions.length ?? 0));
  compactString(writer, group);
  compactString(writer, memberId);
  writer.int32(epoch);
  writer.unsignedVarint(NULL); // no instance id
  writer.unsignedVarint(NULL); // no rack
  writer.int32(topic === undefined ? -1 : REBALANCE_TIMEOUT_MS);
  if (topic === undefined) {
    writer.unsignedVarint(NULL);
  } else {
    writer.unsignedVarint(2);
    compactString(writer, topic);
  }
  writer.unsignedVarint(NULL); // no pattern
  writer.unsignedVarint(NULL); // the group's assignor
  writeOwned(writer, owned ?? (topic === undefined ? undefined : { topicId: Buffer.alloc(16), partitions: [] }));
  writer.int8(NO_TAGS);
  return closeFrame(writer);
}

function writeOwned(writer: ByteWriter, owned: { topicId: Buffer; partitions: readonly number[] } | undefined): void {
  if (owned === undefined) return writer.unsignedVarint(NULL);
  if (owned.partitions.length === 0) return writer.unsignedVarint(1);
  writer.unsignedVarint(2);
  writer.bytes(owned.topicId);
  writer.unsignedVarint(owned.partitions.length + 1);
  for (const partition of owned.partitions) writer.int32(partition);
  writer.int8(NO_TAGS);
}

export interface ConsumerHeartbeatAnswer {
  errorCode: number;
  errorMessage: string;
  epoch: number;
  /** Null when nothing changed for the member. */
  assignment: { topicId: Buffer; partitions: number[] } | null;
}

export function readConsumerHeartbeat(frame: Buffer): ConsumerHeartbeatAnswer {
  const reader = answerOf(frame);
  reader.skip(4);
  const errorCode = reader.int16();
  const errorMessage = readString(reader);
  skipString(reader);
  const epoch = reader.int32();
  reader.skip(4);
  if (reader.int8() < 0) return { errorCode, errorMessage, epoch, assignment: null };
  const assignment = { topicId: Buffer.alloc(16), partitions: [] as number[] };
  for (let topics = reader.unsignedVarint() - 1; topics > 0; topics--) {
    assignment.topicId = Buffer.from(reader.bytes(16));
    for (let left = reader.unsignedVarint() - 1; left > 0; left--) assignment.partitions.push(reader.int32());
    reader.skip(1);
  }
  return { errorCode, errorMessage, epoch, assignment };
}

// ConsumerProtocolSubscription and ConsumerProtocolAssignment of version 0, behind their version.
function subscription(topic: string): Buffer {
  const writer = new ByteWriter(64);
  writer.int16(0);
  writer.int32(1);
  writer.int16(topic.length);
  writer.utf8(topic, topic.length);
  writer.int32(-1);
  return writer.toBuffer();
}

function assignmentOf(topic: string, partition: number): Buffer {
  const writer = new ByteWriter(64);
  writer.int16(0);
  writer.int32(1);
  writer.int16(topic.length);
  writer.utf8(topic, topic.length);
  writer.int32(1);
  writer.int32(partition);
  writer.int32(-1);
  return writer.toBuffer();
}
