// What the admin client tells of partitions and their logs, as describe and reset need it (OffsetsUtils of Kafka's tools).

import type { Admin, OffsetSpec, TopicDescription, TopicPartition } from "@ottla/client";
import { CommandFailure } from "../../command-failure.ts";
import { partitionText } from "../../text/java-format.ts";

/** Java's exception for what shows the usage. */
export const WRONG_ARGUMENT = "java.lang.IllegalArgumentException";

export interface Lookup {
  readonly admin: Admin;
  readonly timeoutMs: number;
}

/** Offsets by "topic-partition". */
export async function offsetsAt(
  { admin, timeoutMs }: Lookup,
  partitions: readonly TopicPartition[],
  at: OffsetSpec,
): Promise<Map<string, number>> {
  if (partitions.length === 0) return new Map();
  const queries = partitions.map(({ topic, partition }) => ({ topic, partition, at }));
  const listed = await admin.listOffsets(queries, { timeoutMs });
  return new Map([...listed].map(([name, { offset }]) => [name, offset]));
}

/** Partitions without a leader have no end. */
export async function endOffsets(lookup: Lookup, partitions: readonly TopicPartition[]): Promise<Map<string, number>> {
  const described = await describe(lookup, partitions);
  const led = partitions.filter((each) => leaderOf(described, each) !== null);
  return await offsetsAt(lookup, led, "latest");
}

/** @throws CommandFailure when a partition does not exist or has no leader */
export async function checkPartitions(lookup: Lookup, partitions: readonly TopicPartition[]): Promise<void> {
  const described = await describe(lookup, partitions);
  const missing = partitions.filter((each) => leaderOf(described, each) === undefined);
  if (missing.length > 0) {
    throw new CommandFailure(`The partitions "${missing.map(partitionText).join(",")}" do not exist`, {
      javaClass: "org.apache.kafka.common.errors.UnknownTopicOrPartitionException",
    });
  }
  const headless = partitions.filter((each) => leaderOf(described, each) === null);
  if (headless.length > 0) {
    throw new CommandFailure(`The partitions "${headless.map(partitionText).join(",")}" have no leader`, {
      javaClass: "org.apache.kafka.common.errors.LeaderNotAvailableException",
    });
  }
}

async function describe(
  { admin, timeoutMs }: Lookup,
  partitions: readonly TopicPartition[],
): Promise<Map<string, TopicDescription>> {
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  return await admin.describeTopics(topics, { timeoutMs });
}

/** Undefined when there is no such partition. */
function leaderOf(
  described: ReadonlyMap<string, TopicDescription>,
  { topic, partition }: TopicPartition,
): number | null | undefined {
  return described.get(topic)?.partitions.find((each) => each.partition === partition)?.leaderId;
}

/** `topic:0,1` @throws CommandFailure */
export function parseTopicPartitions(text: string): TopicPartition[] {
  const [topic, partitions, ...more] = text.split(":");
  if (topic === undefined || partitions === undefined || partitions === "" || more.some((part) => part !== "")) {
    throw wrongArgument(`Invalid topic arg '${text}', expected topic name and partitions`);
  }
  return partitions.split(",").map((each) => {
    if (!/^[+-]?\d+$/.test(each)) {
      throw wrongArgument(`Invalid partition '${each}' specified in topic arg '${text}''`);
    }
    return { topic, partition: Number(each) };
  });
}

function wrongArgument(message: string): CommandFailure {
  return new CommandFailure(message, { javaClass: WRONG_ARGUMENT });
}

/** The partitions that --topic names: some of a topic, or all. */
export async function namedPartitions(
  { admin, timeoutMs }: Lookup,
  words: readonly string[],
): Promise<TopicPartition[]> {
  const named = words.filter((word) => word.includes(":")).flatMap(parseTopicPartitions);
  const topics = words.filter((word) => !word.includes(":"));
  const described = await admin.describeTopics(topics, { timeoutMs });
  const all = [...described.values()].flatMap(({ name, partitions }) =>
    partitions.map(({ partition }) => ({ topic: name, partition })),
  );
  return [...named, ...all];
}
