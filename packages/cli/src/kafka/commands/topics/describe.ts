// What `kafka-topics --describe` prints: a line per topic with its configs, a line per partition. Pure.

import type { ConfigEntry, PartitionDescription, PartitionReassignment, TopicDescription } from "@ottla/client";
import { ZERO_UUID } from "@ottla/base";
import type { TopicOptions } from "./options.ts";

export interface DescribedTopic {
  readonly topic: TopicDescription;
  readonly configs: ReadonlyMap<string, ConfigEntry>;
  /** By partition number. */
  readonly reassignments: ReadonlyMap<number, PartitionReassignment>;
}

/** The lines for one topic. */
export function topicLines(
  described: DescribedTopic,
  options: TopicOptions,
  liveBrokers: ReadonlySet<number>,
): string[] {
  const { topic } = described;
  const reports = [
    "under-replicated-partitions",
    "unavailable-partitions",
    "under-min-isr-partitions",
    "at-min-isr-partitions",
  ] as const;
  const isReport = reports.some((report) => options.has(report));
  const withOverridesOnly = options.has("topics-with-overrides");
  const overrides = [...described.configs.values()].filter((entry) => !isDefault(entry));
  const lines: string[] = [];
  if (!isReport && (!withOverridesOnly || overrides.length > 0)) lines.push(topicLine(described, overrides));
  if (withOverridesOnly) return lines;
  for (const partition of topic.partitions) {
    if (!isReport || isReported(partition, described, options, liveBrokers))
      lines.push(partitionLine(described, partition));
  }
  return lines;
}

/** Java: ConfigEntry.isDefault. What the broker has from its own properties is not. */
function isDefault({ source }: ConfigEntry): boolean {
  return source === "DEFAULT_CONFIG";
}

function topicLine({ topic, reassignments }: DescribedTopic, overrides: readonly ConfigEntry[]): string {
  const first = topic.partitions[0]!;
  return [
    `Topic: ${topic.name}`,
    ...(topic.topicId === ZERO_UUID ? [] : [`TopicId: ${topic.topicId}`]),
    `PartitionCount: ${topic.partitions.length}`,
    `ReplicationFactor: ${replicationFactor(first, reassignments.get(first.partition))}`,
    `Configs: ${overrides.map(({ name, value }) => `${name}=${value}`).join(",")}`,
  ].join("\t");
}

function partitionLine({ topic, reassignments }: DescribedTopic, partition: PartitionDescription): string {
  const reassignment = reassignments.get(partition.partition);
  const list = (brokers: readonly number[] | null): string => brokers?.join(",") ?? "N/A";
  return [
    "",
    `Topic: ${topic.name}`,
    `Partition: ${partition.partition}`,
    `Leader: ${partition.leaderId ?? "none"}`,
    `Replicas: ${list(partition.replicas)}`,
    `Isr: ${list(partition.isr)}`,
    ...(reassignment === undefined
      ? []
      : [
          `Adding Replicas: ${list(reassignment.addingReplicas)}`,
          `Removing Replicas: ${list(reassignment.removingReplicas)}`,
        ]),
    `Elr: ${list(partition.eligibleLeaderReplicas)}`,
    `LastKnownElr: ${list(partition.lastKnownEligibleLeaderReplicas)}`,
  ].join("\t");
}

/** A reassignment that ended between the two questions does not count. */
function replicationFactor(partition: PartitionDescription, reassignment: PartitionReassignment | undefined): number {
  if (reassignment === undefined) return partition.replicas.length;
  const changing = [...reassignment.addingReplicas, ...reassignment.removingReplicas];
  const isInProgress = partition.replicas.some((broker) => changing.includes(broker));
  return isInProgress ? reassignment.replicas.length - reassignment.addingReplicas.length : partition.replicas.length;
}

function isReported(
  partition: PartitionDescription,
  { configs, reassignments }: DescribedTopic,
  options: TopicOptions,
  liveBrokers: ReadonlySet<number>,
): boolean {
  const least = Number(configs.get("min.insync.replicas")?.value);
  const { isr, leaderId } = partition;
  const factor = replicationFactor(partition, reassignments.get(partition.partition));
  return (
    (options.has("under-replicated-partitions") && factor > isr.length) ||
    (options.has("unavailable-partitions") && (leaderId === null || !liveBrokers.has(leaderId))) ||
    (options.has("under-min-isr-partitions") && (leaderId === null || isr.length < least)) ||
    (options.has("at-min-isr-partitions") && isr.length === least)
  );
}
