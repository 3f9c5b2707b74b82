// The bytes that members of a classic group send through the coordinator: what they subscribe to, and what the leader assigns to them.
// As Java's ConsumerProtocol writes them, in version 3, behind an int16 with the version. Newer versions are read as 3: they only append.

import { ByteReader, ByteWriter, DecodeError } from "@ottla/base";
import { consumerProtocolAssignment } from "@ottla/protocol/embedded-data/consumer-protocol-assignment.ts";
import { consumerProtocolSubscription } from "@ottla/protocol/embedded-data/consumer-protocol-subscription.ts";
import type { TopicPartition } from "../../records.ts";
import type { AssignorMember } from "./assignors/assignor.ts";
import { byTopic, comparePartitions, compareText } from "./partition-set.ts";

const VERSION = 3;

/** Kafka's name of what consumers do in classic groups. */
export const PROTOCOL_TYPE = "consumer";

export interface SubscriptionToSend {
  readonly topics: readonly string[];
  readonly userData: Buffer | null;
  readonly ownedPartitions: readonly TopicPartition[];
  readonly generationId: number;
  readonly rack: string | null;
}

export function encodeSubscription({
  topics,
  userData,
  ownedPartitions,
  generationId,
  rack,
}: SubscriptionToSend): Buffer {
  const owned = byTopic(ownedPartitions.toSorted(comparePartitions));
  return encode(consumerProtocolSubscription, {
    topics: topics.toSorted(compareText),
    userData,
    ownedPartitions: [...owned].map(([topic, partitions]) => ({ topic, partitions })),
    generationId,
    rackId: rack,
  });
}

/** A member as its JoinGroup told of it; null when its bytes are none of this protocol. */
export function decodeMember(member: {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly metadata: Buffer;
}): AssignorMember | null {
  const decoded = decode(consumerProtocolSubscription, member.metadata);
  if (decoded === null) return null;
  return {
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    topics: decoded.topics,
    ownedPartitions: flat(decoded.ownedPartitions),
    generationId: decoded.generationId,
    rack: decoded.rackId === "" ? null : decoded.rackId,
    userData: decoded.userData,
  };
}

export function encodeAssignment(partitions: readonly TopicPartition[]): Buffer {
  const assignedPartitions = [...byTopic(partitions)].map(([topic, numbers]) => ({ topic, partitions: numbers }));
  return encode(consumerProtocolAssignment, { assignedPartitions, userData: null });
}

/** In Kafka's order; null when the bytes are none of this protocol. */
export function decodeAssignment(bytes: Buffer): TopicPartition[] | null {
  const decoded = decode(consumerProtocolAssignment, bytes);
  return decoded === null ? null : flat(decoded.assignedPartitions).toSorted(comparePartitions);
}

function flat(topics: readonly { topic: string; partitions: readonly number[] }[]): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}

interface Schema<Decoded, Input> {
  decode(reader: ByteReader, version: number): Decoded;
  encode(writer: ByteWriter, version: number, value: Input): void;
}

function encode<Decoded, Input>(schema: Schema<Decoded, Input>, value: Input): Buffer {
  const writer = new ByteWriter();
  writer.int16(VERSION);
  schema.encode(writer, VERSION, value);
  return writer.toBuffer();
}

function decode<Decoded, Input>(schema: Schema<Decoded, Input>, bytes: Buffer): Decoded | null {
  try {
    const reader = new ByteReader(bytes);
    const version = reader.int16();
    return version < 0 ? null : schema.decode(reader, Math.min(version, VERSION));
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
