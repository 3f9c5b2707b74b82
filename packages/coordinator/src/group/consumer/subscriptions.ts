// Who in a group subscribes to what: counts of members by topic name, by pattern, and the topics that patterns resolved to.
// From these follow the topics that the group's hash is over and whether all members subscribe to the same.
// Invariant: a topic is counted once for each member that names it and once for each resolved pattern that matches it.

import type { ConsumerMember } from "./consumer-member.ts";

/** The topics that a pattern matched when it was last looked at. */
export interface ResolvedPattern {
  /** Ascending, each once. */
  readonly topics: readonly string[];
  /** The version of the metadata that it was matched against. */
  readonly version: number;
  /** Wall milliseconds. */
  readonly timestampMs: number;
}

interface TopicCount {
  byName: number;
  byPattern: number;
}

/** What the members subscribe to, or what they would after a change that has not been replayed. */
export class Subscriptions {
  private readonly topics: Map<string, TopicCount>;
  /** How many members subscribe to each pattern. */
  readonly patterns: Map<string, number>;

  constructor(from?: Subscriptions) {
    this.topics = new Map();
    if (from !== undefined) for (const [name, count] of from.topics) this.topics.set(name, { ...count });
    this.patterns = new Map(from?.patterns);
  }

  topicNames(): MapIterator<string> {
    return this.topics.keys();
  }

  hasTopic(name: string): boolean {
    return this.topics.has(name);
  }

  /** How many members subscribe to this pattern. */
  subscribersOf(pattern: string): number {
    return this.patterns.get(pattern) ?? 0;
  }

  addMember({ topicNames, topicRegex }: ConsumerMember): void {
    for (const name of topicNames) this.countTopic(name, 1, 0);
    if (topicRegex !== "") this.patterns.set(topicRegex, this.subscribersOf(topicRegex) + 1);
  }

  removeMember({ topicNames, topicRegex }: ConsumerMember): void {
    for (const name of topicNames) this.countTopic(name, -1, 0);
    if (topicRegex === "") return;
    const left = this.subscribersOf(topicRegex) - 1;
    if (left > 0) this.patterns.set(topicRegex, left);
    else this.patterns.delete(topicRegex);
  }

  addResolved({ topics }: ResolvedPattern): void {
    for (const name of topics) this.countTopic(name, 0, 1);
  }

  removeResolved({ topics }: ResolvedPattern): void {
    for (const name of topics) this.countTopic(name, 0, -1);
  }

  /** Whether each of `memberCount` members subscribes to the same topics, as far as counts can tell. */
  isHomogeneous(memberCount: number): boolean {
    const [onlyPattern] = this.patterns.values();
    if (onlyPattern === undefined) {
      for (const { byName } of this.topics.values()) if (byName !== memberCount) return false;
      return true;
    }
    if (onlyPattern !== memberCount) return false;
    for (const { byName, byPattern } of this.topics.values()) if (byPattern !== 1 || byName > 0) return false;
    return true;
  }

  private countTopic(name: string, byName: number, byPattern: number): void {
    const count = this.topics.get(name);
    if (count === undefined) {
      // Taking away what was never counted: Kafka passes over it as well.
      if (byName + byPattern > 0) this.topics.set(name, { byName, byPattern });
      return;
    }
    count.byName += byName;
    count.byPattern += byPattern;
    if (count.byName <= 0 && count.byPattern <= 0) this.topics.delete(name);
  }
}
