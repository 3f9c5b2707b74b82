// The assigned partitions, found by topic and number, in the order in which they are to be fetched: who got records goes to the end,
// so that a broker that cannot answer for all of them does not always serve the same ones (KIP-74). Pure.

import type { TopicPartition } from "../records.ts";
import { PartitionState } from "./partition-state.ts";

export class PartitionTable {
  private readonly states = new Map<string, PartitionState>();
  private cachedTopics: readonly string[] | null = null;

  get size(): number {
    return this.states.size;
  }

  get({ topic, partition }: TopicPartition): PartitionState | undefined {
    return this.states.get(`${topic}-${partition}`);
  }

  /** A new state, which takes the place of none. */
  add(partition: TopicPartition): PartitionState {
    const state = new PartitionState(partition);
    this.states.set(state.name, state);
    this.cachedTopics = null;
    return state;
  }

  remove(state: PartitionState): void {
    if (this.states.get(state.name) !== state) return;
    this.states.delete(state.name);
    this.cachedTopics = null;
  }

  /** Fetched last from now on. */
  moveToEnd(state: PartitionState): void {
    if (this.states.delete(state.name)) this.states.set(state.name, state);
  }

  /** Whether the state is still the partition's. */
  holds(state: PartitionState): boolean {
    return this.states.get(state.name) === state;
  }

  [Symbol.iterator](): IterableIterator<PartitionState> {
    return this.states.values();
  }

  /** Whether there is one that no metadata ever told of: its topic may have to be created. */
  isAnyUnseen(): boolean {
    for (const { leaderId } of this.states.values()) if (leaderId < 0) return true;
    return false;
  }

  topics(): readonly string[] {
    this.cachedTopics ??= [...new Set([...this.states.values()].map((state) => state.topic))];
    return this.cachedTopics;
  }
}
