// `kafka-consumer-groups --delete-offsets` and `--delete`: what became of each partition and each group.

import { settled } from "@ottla/client";
import type { TopicPartition } from "@ottla/client";
import type { CommandIo } from "../../command-io.ts";
import { errorNameOf, javaMessage, javaText } from "../../text/java-error.ts";
import { columns, compareTexts, widthsOf } from "../../text/java-format.ts";
import { parseTopicPartitions } from "./offsets-lookup.ts";
import type { Lookup } from "./offsets-lookup.ts";

/** Errors of the group as a whole, which are told by their sentence. */
const groupErrors: ReadonlySet<string> = new Set([
  "INVALID_GROUP_ID",
  "GROUP_ID_NOT_FOUND",
  "GROUP_AUTHORIZATION_FAILED",
  "NON_EMPTY_GROUP",
]);
const partitionErrors: ReadonlySet<string> = new Set([
  "GROUP_SUBSCRIBED_TO_TOPIC",
  "TOPIC_AUTHORIZATION_FAILED",
  "UNKNOWN_TOPIC_OR_PARTITION",
]);

export async function deleteOffsets(
  io: CommandIo,
  { admin, timeoutMs }: Lookup,
  { groupId, topics }: { readonly groupId: string; readonly topics: readonly string[] },
): Promise<void> {
  const status = new Map<string, readonly [topic: string, partition: string, status: string]>();
  const note = (topic: string, partition: number | null, text: string): void =>
    void status.set(`${topic}${partition ?? -1}`, [topic, partition === null ? "-" : String(partition), text]);
  const partitions: TopicPartition[] = topics.filter((topic) => topic.includes(":")).flatMap(parseTopicPartitions);
  const described = await settled(
    admin.describeTopics(
      topics.filter((topic) => !topic.includes(":")),
      { timeoutMs },
    ),
  );
  for (const [topic, error] of described.errors) note(String(topic), null, `Error: ${javaText(error)}`);
  for (const { name, partitions: all } of described.values.values()) {
    partitions.push(...all.map(({ partition }) => ({ topic: name, partition })));
  }
  const failure = await failureOf(admin.deleteConsumerGroupOffsets(groupId, partitions, { timeoutMs }), groupId);
  for (const { topic, partition } of partitions) {
    const error = failure?.byPartition.get(`${topic}-${partition}`) ?? failure?.whole;
    note(topic, partition, error === undefined || error === null ? "Successful" : `Error: ${javaText(error)}`);
  }
  tellOutcome(io, groupId, failure?.first ?? null);
  const rows = [...status.entries()].sort(([one], [other]) => compareTexts(one, other)).map(([, row]) => row);
  const [topicWidth] = widthsOf([15, 0, 0], rows);
  for (const row of [["TOPIC", "PARTITION", "STATUS"], ...rows]) io.write(`\n${columns([topicWidth!, 10, 15], row)}`);
  io.out("");
}

interface Failure {
  readonly first: unknown;
  /** The error when it is about the group, not about partitions. */
  readonly whole: unknown;
  readonly byPartition: ReadonlyMap<string | number, unknown>;
}

/** `groupId` is the group whose own error stands for those of all its partitions. */
async function failureOf(deletion: Promise<void>, groupId?: string): Promise<Failure | null> {
  try {
    const { errors } = await settled(deletion);
    const [first] = errors.values();
    const whole = groupId === undefined ? undefined : errors.get(groupId);
    return first === undefined ? null : { first, whole: whole ?? null, byPartition: errors };
  } catch (error) {
    if (errorNameOf(error) === "") throw error;
    return { first: error, whole: error, byPartition: new Map() };
  }
}

function tellOutcome(io: CommandIo, groupId: string, error: unknown): void {
  const name = errorNameOf(error);
  if (error === null) io.out(`Request succeeded for deleting offsets from group ${groupId}.`);
  else if (groupErrors.has(name)) io.out(`\nError: ${javaMessage(error)}`);
  else if (partitionErrors.has(name)) {
    io.out("\nError: Encountered some partition-level error, see the follow-up details.");
  } else io.out(`\nError: Encountered some unknown error: ${name}`);
}

export async function deleteGroups(
  io: CommandIo,
  { admin, timeoutMs }: Lookup,
  groupIds: readonly string[],
): Promise<void> {
  const { first, byGroup } = await groupFailures(admin.deleteConsumerGroups(groupIds, { timeoutMs }), groupIds);
  const deleted = groupIds.filter((groupId) => !byGroup.has(groupId)).map((groupId) => `'${groupId}'`);
  if (first === null) {
    io.out(`Deletion of requested consumer groups (${deleted.join(", ")}) was successful.`);
    return;
  }
  io.out("\nError: Deletion of some consumer groups failed:");
  for (const [groupId, error] of byGroup) {
    io.out(`* Group '${groupId}' could not be deleted due to: ${javaText(error)}`);
  }
  if (deleted.length > 0) io.out(`\nThese consumer groups were deleted successfully: ${deleted.join(", ")}`);
}

async function groupFailures(
  deletion: Promise<void>,
  groupIds: readonly string[],
): Promise<{ first: unknown; byGroup: ReadonlyMap<string | number, unknown> }> {
  const failure = await failureOf(deletion);
  if (failure === null) return { first: null, byGroup: new Map() };
  if (failure.whole === null) return { first: failure.first, byGroup: failure.byPartition };
  return { first: failure.first, byGroup: new Map(groupIds.map((groupId) => [groupId, failure.whole])) };
}
