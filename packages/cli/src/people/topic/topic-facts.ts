// Topics with all that people want to know of them, gathered with as few requests as there are brokers.

import { partitionKey, resourceKey, settled } from "@ottla/client";
import type { ConfigEntry, ItemKey, KafkaError, PartitionDescription, TopicDescription } from "@ottla/client";
import { offsetsAt, partitionSizes, partitionState, told } from "../cluster-facts.ts";
import type { PartitionState } from "../cluster-facts.ts";
import type { Session } from "../connect.ts";
import { expandNames, isPattern } from "../names.ts";

export interface PartitionFacts {
  readonly partition: number;
  readonly leader: number | null;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly offlineReplicas: readonly number[];
  /** null when no leader tells. */
  readonly startOffset: number | null;
  readonly endOffset: number | null;
  /** One copy; null when no broker tells. */
  readonly sizeBytes: number | null;
  readonly state: PartitionState;
}

export interface TopicFacts {
  readonly name: string;
  readonly topicId: string;
  readonly isInternal: boolean;
  readonly replicationFactor: number;
  /** The distance of the offsets: what compaction and markers took is counted. null when a partition does not tell. */
  readonly offsetCount: number | null;
  readonly sizeBytes: number | null;
  /** Those that were set for the topic itself; null when they are not told. */
  readonly configs: readonly { readonly name: string; readonly value: string | null }[] | null;
  readonly partitions: readonly PartitionFacts[];
}

export interface FoundTopics {
  readonly topics: readonly TopicFacts[];
  readonly errors: ReadonlyMap<ItemKey, KafkaError>;
  /** Why sizes are not all told, by broker. */
  readonly sizeErrors: ReadonlyMap<ItemKey, KafkaError>;
}

/** Names and patterns to names. Patterns stand for no internal topics: those have to be named. @throws CommandError */
export async function topicNames({ admin, call }: Session, words: readonly string[]): Promise<string[]> {
  if (!words.some(isPattern)) return [...new Set(words)];
  return expandNames(words, (await admin.listTopics(call)).keys(), "topic");
}

export async function topicFacts(session: Session, names: readonly string[]): Promise<FoundTopics> {
  const { admin, call } = session;
  const { values, errors } = await settled(admin.describeTopics(names, call));
  const described = [...values.values()];
  const led = described.flatMap(({ name, partitions }) =>
    partitions.filter(({ leaderId }) => leaderId !== null).map(({ partition }) => ({ topic: name, partition })),
  );
  const brokers = new Set(described.flatMap(({ partitions }) => partitions.flatMap(({ replicas }) => replicas)));
  // By itself, because the client learns from it where the brokers are; at once with others, each would wait for the next metadata.
  const starts = await offsetsAt(session, led, "earliest");
  const [ends, sizes, configs] = await Promise.all([
    offsetsAt(session, led, "latest"),
    partitionSizes(session, [...brokers]),
    told(
      admin.describeConfigs(
        described.map(({ name }) => ({ type: "TOPIC" as const, name })),
        call,
      ),
    ),
  ]);
  const topics = described.map((topic) => {
    const entries = configs.values.get(resourceKey({ type: "TOPIC", name: topic.name }))?.entries ?? null;
    return factsOf(topic, { starts, ends, sizes: sizes.ofPartition, entries });
  });
  return { topics, errors, sizeErrors: sizes.errors };
}

interface Lookups {
  readonly starts: ReadonlyMap<string, number>;
  readonly ends: ReadonlyMap<string, number>;
  readonly sizes: ReadonlyMap<string, number>;
  readonly entries: ReadonlyMap<string, ConfigEntry> | null;
}

function factsOf({ name, topicId, isInternal, partitions }: TopicDescription, lookups: Lookups): TopicFacts {
  const facts = partitions.map((partition) => partitionFacts(name, partition, lookups));
  const own = [...(lookups.entries?.values() ?? [])].filter(({ source }) => source === "DYNAMIC_TOPIC_CONFIG");
  return {
    name,
    topicId,
    isInternal,
    replicationFactor: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    offsetCount: sumOf(facts.map(distance)),
    sizeBytes: sumOf(facts.map(({ sizeBytes }) => sizeBytes)),
    configs: lookups.entries === null ? null : own.map((entry) => ({ name: entry.name, value: entry.value })),
    partitions: facts,
  };
}

function partitionFacts(
  topic: string,
  described: PartitionDescription,
  { starts, ends, sizes }: Lookups,
): PartitionFacts {
  const { partition, leaderId, leaderEpoch, replicas, isr, offlineReplicas } = described;
  const key = partitionKey(topic, partition);
  return {
    partition,
    leader: leaderId,
    leaderEpoch,
    replicas,
    isr,
    offlineReplicas,
    startOffset: starts.get(key) ?? null,
    endOffset: ends.get(key) ?? null,
    sizeBytes: sizes.get(key) ?? null,
    state: partitionState(described),
  };
}

export function distance({ startOffset, endOffset }: PartitionFacts): number | null {
  return startOffset === null || endOffset === null ? null : endOffset - startOffset;
}

/** null when any is not known. */
function sumOf(values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return sum;
}
