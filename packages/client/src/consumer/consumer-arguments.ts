// What the application passes to the consumer's calls, checked and turned into what the parts below take.

import { ConfigError } from "../errors.ts";
import type { TopicPartition } from "../records.ts";
import type { SeekTarget } from "./consumer-types.ts";
import type { Subscription } from "./membership.ts";
import { EARLIEST, LATEST } from "./offset-reset.ts";
import type { PartitionState } from "./partition-state.ts";

/** @throws ConfigError */
export function subscriptionOf(
  topics: string | readonly string[] | RegExp | { readonly pattern: string },
  excludeInternalTopics: boolean,
): Subscription {
  if (topics instanceof RegExp) return { kind: "pattern", pattern: topics, excludeInternalTopics };
  if (typeof topics === "object" && "pattern" in topics) return { kind: "serverPattern", pattern: topics.pattern };
  const names = typeof topics === "string" ? [topics] : [...topics];
  if (names.length === 0) throw new ConfigError("no topic to subscribe to; unsubscribe ends a subscription");
  if (names.includes("")) throw new ConfigError("a topic's name is empty");
  return { kind: "topics", topics: names };
}

/** @throws ConfigError */
export function seekTo(state: PartitionState, to: SeekTarget): void {
  if (to === "beginning") return state.reset(EARLIEST);
  if (to === "end") return state.reset(LATEST);
  if (typeof to === "object" && "timestamp" in to) {
    const { timestamp } = to;
    checkTimestamp(timestamp);
    return state.reset({ kind: "timestamp", timestamp });
  }
  const { offset, leaderEpoch = -1 } = typeof to === "number" ? { offset: to } : to;
  if (!Number.isSafeInteger(offset) || offset < 0) throw new ConfigError(`${offset} is no offset to seek to`);
  state.seek({ offset, leaderEpoch }, { validate: true });
}

/** Kafka's special timestamps, which are negative, have names here. @throws ConfigError */
export function checkTimestamp(timestamp: number): void {
  if (!Number.isSafeInteger(timestamp) || timestamp < 0)
    throw new ConfigError(`${timestamp} is no timestamp: it is a whole number of milliseconds since 1970`);
}

/** @throws ConfigError */
export function checkPartition({ topic, partition }: TopicPartition): void {
  if (topic === "" || !Number.isSafeInteger(partition) || partition < 0)
    throw new ConfigError(`${JSON.stringify({ topic, partition })} is no partition`);
}
