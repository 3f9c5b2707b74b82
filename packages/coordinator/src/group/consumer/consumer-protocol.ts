// What members of the classic protocol say in bytes: the subscription they join with and the assignment they are given, as consumers
// write them behind a version of two bytes (Kafka's ConsumerProtocol). Versions above 3 are read as 3, as Kafka does: newer ones only append.
// Anything that cannot be read is null: it is the client's business, and no reason to fail.

import { ByteReader, ByteWriter, DecodeError } from "@ottla/base";
import { consumerProtocolAssignment } from "@ottla/protocol/embedded-data/consumer-protocol-assignment.ts";
import { consumerProtocolSubscription } from "@ottla/protocol/embedded-data/consumer-protocol-subscription.ts";
import type { ConsumerProtocolSubscription } from "@ottla/protocol/embedded-data/consumer-protocol-subscription.ts";
import type { TopicsView } from "../topics-view.ts";
import type { Assignment } from "./assignment.ts";
import { ascending } from "./assignment.ts";
import type { ReportedPartitions } from "./current-assignment.ts";

const HIGHEST_VERSION = 3;

export function readSubscription(bytes: Buffer): ConsumerProtocolSubscription | null {
  return read(consumerProtocolSubscription, bytes);
}

/** The partitions of an assignment and whether its assignor added data of its own. An assignment of no bytes has neither. */
export function readAssignment(
  bytes: Buffer,
  topics: TopicsView,
): { partitions: Assignment; hasUserData: boolean } | null {
  if (bytes.length === 0) return { partitions: new Map(), hasUserData: false };
  const decoded = read(consumerProtocolAssignment, bytes);
  if (decoded === null) return null;
  const partitions = new Map<string, readonly number[]>();
  for (const { topicId, partitions: ofTopic } of byTopicId(decoded.assignedPartitions, topics)) {
    if (ofTopic.length > 0) partitions.set(topicId, ascending(ofTopic));
  }
  return { partitions, hasUserData: decoded.userData !== null && decoded.userData.length > 0 };
}

/** An assignment for a member who joined with this subscription, in the version of that one; null when that cannot be read. */
export function writeAssignment(partitions: Assignment, subscription: Buffer, topics: TopicsView): Buffer | null {
  const version = versionOf(subscription);
  if (version === null) return null;
  const assignedPartitions = [];
  for (const [topicId, ofTopic] of partitions) {
    const name = topics.topicById(topicId)?.name;
    if (name !== undefined) assignedPartitions.push({ topic: name, partitions: ofTopic });
  }
  const writer = new ByteWriter();
  writer.int16(version);
  consumerProtocolAssignment.encode(writer, version, { assignedPartitions, userData: null });
  return Buffer.concat(writer.finish() as Buffer[]);
}

/** The partitions that a subscription says its member has; those of topics that are gone are left out. */
export function reportedBy(subscription: ConsumerProtocolSubscription, topics: TopicsView): ReportedPartitions[] {
  return byTopicId(subscription.ownedPartitions, topics);
}

function byTopicId(
  list: readonly { topic: string; partitions: number[] }[],
  topics: TopicsView,
): { topicId: string; partitions: number[] }[] {
  const found = [];
  for (const { topic, partitions } of list) {
    const topicId = topics.topic(topic)?.id;
    if (topicId !== undefined) found.push({ topicId, partitions });
  }
  return found;
}

interface Decoder<Value> {
  decode(reader: ByteReader, version: number): Value;
}

function read<Value>(schema: Decoder<Value>, bytes: Buffer): Value | null {
  const version = versionOf(bytes);
  if (version === null) return null;
  try {
    return schema.decode(new ByteReader(bytes, 2), version);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

function versionOf(bytes: Buffer): number | null {
  if (bytes.length < 2) return null;
  const version = bytes.readInt16BE(0);
  return version < 0 ? null : Math.min(version, HIGHEST_VERSION);
}
