// Commits: what the application asks for, and with "afterProcessing" what it is done with, every `autoCommitIntervalMs`, on revocation and on
// close. Never an offset that lies behind a record in work. The group's side sends them one after another.

import type { Timer } from "@ottla/base";
import { StateError } from "../../errors.ts";
import type { Cluster } from "../../network/cluster.ts";
import type { CallOptions, OffsetToCommit } from "../../records.ts";
import { announcer } from "../../diagnostics.ts";
import type { ResolvedConsumerOptions } from "../consumer-options.ts";
import { errorOf } from "../error-of.ts";
import type { CommitOptions, Membership } from "../membership.ts";
import type { PartitionState } from "../partition-state.ts";
import type { PartitionTable } from "../partition-table.ts";
import { offsetsToCommit } from "./commit-tracker.ts";

export interface CommitMessage {
  readonly clientId: string;
  readonly groupId: string;
  readonly offsets: readonly OffsetToCommit[];
}

const committed = announcer<CommitMessage>("consumer:commit");

export class Committer {
  private readonly cluster: Cluster;
  private readonly options: ResolvedConsumerOptions;
  private readonly partitions: PartitionTable;
  private readonly membership: Membership | null;
  private timer: Timer | null = null;
  private flushing: Promise<void> | null = null;
  private isClosed = false;

  constructor(
    cluster: Cluster,
    options: ResolvedConsumerOptions,
    partitions: PartitionTable,
    membership: Membership | null,
  ) {
    this.cluster = cluster;
    this.options = options;
    this.partitions = partitions;
    this.membership = membership;
  }

  /** There is something to be committed from time to time from now on. */
  begin(): void {
    if (this.timer !== null || this.isClosed || !this.options.commitsAfterProcessing) return;
    this.timer = this.cluster.clock.schedule(this.options.autoCommitIntervalMs, () => {
      this.timer = null;
      if (this.partitions.size === 0) return;
      this.flushing ??= this.flush([...this.partitions]).finally(() => (this.flushing = null));
      this.begin();
    });
  }

  /** @throws StateError without a group; whatever Membership.commit throws */
  async commit(offsets: readonly OffsetToCommit[], options: CommitOptions): Promise<void> {
    const { membership } = this;
    if (membership === null) throw new StateError("a consumer without a groupId cannot commit");
    if (offsets.length === 0) return;
    await membership.commit(offsets, options);
    for (const { topic, partition, offset } of offsets) {
      const state = this.partitions.get({ topic, partition });
      if (state !== undefined) state.committed = offset;
    }
    if (committed.hasSubscribers)
      committed.publish({ clientId: this.cluster.options.clientId, groupId: membership.groupId, offsets });
  }

  /** Commits what these partitions' records are done with, as far as it is not committed. @throws as `commit` */
  commitDone(states: Iterable<PartitionState>, options: CommitOptions): Promise<void> {
    return this.commit(offsetsToCommit(states), options);
  }

  /** The same; when it fails it is logged, and tried again at the next time, if the partitions are still ours then. Never rejects. */
  async flush(states: Iterable<PartitionState>, options: CallOptions = {}): Promise<void> {
    if (!this.options.commitsAfterProcessing) return;
    const { topics } = this.cluster.metadata;
    // Brokers forget the offsets of a topic that is deleted; by its name they might take them for those of a new one.
    const left = [...states].filter(({ topic }) => topics.has(topic));
    try {
      await this.commitDone(left, { timeoutMs: this.options.defaultApiTimeoutMs, needsTopics: true, ...options });
    } catch (error) {
      const { code, message } = errorOf(error);
      this.cluster.logger.warn({ code, error: message }, "Processed offsets were not committed.");
    }
  }

  /** No timer is left. */
  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
  }
}
