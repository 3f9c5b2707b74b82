// The topics and partitions that a command line names, asked of the cluster before anything is read or written: a topic that is not there is
// told at once, and nothing creates it by the way.

import { CommandError, UsageError } from "../command-error.ts";
import type { Session } from "./connect.ts";
import { expandNames, isPattern } from "./names.ts";

export interface KnownPartition {
  readonly topic: string;
  readonly partition: number;
}

/**
 * All partitions of the topics, in order. Words with * or ? stand for the topics that match, internal ones left out.
 * @throws CommandError for a pattern that matches nothing, AdminError for a topic that is not there
 */
export async function knownPartitions({ admin, call }: Session, words: readonly string[]): Promise<KnownPartition[]> {
  const names = words.some(isPattern) ? expandNames(words, (await admin.listTopics(call)).keys(), "topic") : words;
  const described = await admin.describeTopics([...new Set(names)], call);
  return [...described.values()].flatMap(({ name: topic, partitions }) =>
    partitions.map(({ partition }) => ({ topic, partition })),
  );
}

/**
 * All partitions of one topic, in order: what is said of one topic is not done to all that a pattern matches.
 * @throws UsageError for a pattern, AdminError for a topic that is not there
 */
export async function partitionsOfTopic(session: Session, topic: string): Promise<KnownPartition[]> {
  if (isPattern(topic)) throw new UsageError(`${topic} is a pattern: here one topic is meant`);
  return await knownPartitions(session, [topic]);
}

/** Those of the numbers given; all when none is. @throws CommandError when a topic lacks one of them */
export function choosePartitions(all: readonly KnownPartition[], numbers: readonly number[] = []): KnownPartition[] {
  if (numbers.length === 0) return [...all];
  const topics = new Map<string, number>();
  for (const { topic } of all) topics.set(topic, (topics.get(topic) ?? 0) + 1);
  for (const [topic, count] of topics) {
    const missing = numbers.find((number) => number >= count);
    if (missing === undefined) continue;
    throw new CommandError(
      `${topic} has no partition ${missing}: its partitions are 0 to ${count - 1} (UNKNOWN_TOPIC_OR_PARTITION)`,
    );
  }
  return all.filter(({ partition }) => numbers.includes(partition));
}
