// The reading side of a rebalance: takes partitions on, finishes and commits what is given back, and calls the application's hooks in between.
// While a hook runs, nothing of its partitions is delivered. What a hook throws reaches the application's next call; the rebalance goes on.

import type { Logger } from "@ottla/base";
import type { KafkaError } from "../errors.ts";
import type { TopicPartition } from "../records.ts";
import type { Committer } from "./commit/committer.ts";
import type { RebalanceHook, ResolvedConsumerOptions } from "./consumer-options.ts";
import { errorOf } from "./error-of.ts";
import type { AssignmentListener } from "./membership.ts";
import type { PartitionState } from "./partition-state.ts";
import type { Reader } from "./reader.ts";

export class GroupListener implements AssignmentListener {
  private readonly options: ResolvedConsumerOptions;
  private readonly logger: Logger;
  private readonly reader: () => Reader;
  private readonly committer: () => Committer;
  /** The hook that runs, or ran last. Never rejects. */
  private hook: Promise<void> = Promise.resolve();

  /** The reader and the committer are made after the membership that this is made for. */
  constructor(
    options: ResolvedConsumerOptions,
    parts: { logger: Logger; reader: () => Reader; committer: () => Committer },
  ) {
    this.options = options;
    this.logger = parts.logger;
    this.reader = parts.reader;
    this.committer = parts.committer;
  }

  async assigned(partitions: readonly TopicPartition[]): Promise<void> {
    const reader = this.reader();
    const added = reader.add(partitions, { held: true });
    this.committer().begin();
    await this.call(this.options.onAssigned, partitions);
    reader.release(added);
  }

  async revoked(partitions: readonly TopicPartition[]): Promise<void> {
    const reader = this.reader();
    const states = this.giveUp(partitions);
    await Promise.all(states.map((state) => state.idle()));
    const owned = states.filter((state) => reader.partitions.holds(state));
    await this.committer().flush(owned);
    // They were lost meanwhile, or are given back by close, which is told.
    await this.tellGone(this.options.onRevoked, owned);
    reader.remove(owned);
  }

  async lost(partitions: readonly TopicPartition[]): Promise<void> {
    const states = this.giveUp(partitions);
    this.reader().remove(states);
    await this.tellGone(this.options.onLost, states);
  }

  /** The consumer is closed: a hook that runs may end, then it is told of those of which it was not. Never rejects. */
  async closed(states: readonly PartitionState[]): Promise<void> {
    await this.hook;
    await this.tellGone(this.options.onRevoked, states);
  }

  failed(error: KafkaError): void {
    this.reader().failed(error);
  }

  // From now on no record of them leaves.
  private giveUp(partitions: readonly TopicPartition[]): PartitionState[] {
    const states: PartitionState[] = [];
    for (const partition of partitions) {
      const state = this.reader().partitions.get(partition);
      if (state === undefined) continue;
      state.revoked = true;
      states.push(state);
    }
    return states;
  }

  // Each is told once, whether a rebalance or close came first.
  private tellGone(hook: RebalanceHook | null, states: readonly PartitionState[]): Promise<void> {
    const untold = states.filter(({ goneTold }) => !goneTold);
    for (const state of untold) state.goneTold = true;
    const partitions = untold.map(({ topic, partition }) => ({ topic, partition }));
    return this.call(hook, partitions);
  }

  private call(hook: RebalanceHook | null, partitions: readonly TopicPartition[]): Promise<void> {
    if (hook === null || partitions.length === 0) return Promise.resolve();
    this.hook = this.run(hook, partitions);
    return this.hook;
  }

  // Never rejects.
  private async run(hook: RebalanceHook, partitions: readonly TopicPartition[]): Promise<void> {
    try {
      await hook(partitions);
    } catch (error) {
      this.logger.warn({ error: String(error) }, "A hook for a rebalance failed.");
      this.reader().failed(errorOf(error));
    }
  }
}
