// How the part that reads (delivery, fetching) and the part that belongs to a group (classic or KIP-848) talk to each other.

import type { KafkaError } from "../errors.ts";
import type { CallOptions, CommittedOffset, GroupMetadata, OffsetToCommit, TopicPartition } from "../records.ts";

/** What a member wants to read. */
export type Subscription =
  | { readonly kind: "topics"; readonly topics: readonly string[] }
  /** The client matches names that the metadata tells (both protocols); by default not those of internal topics. */
  | { readonly kind: "pattern"; readonly pattern: RegExp; readonly excludeInternalTopics?: boolean }
  /** The broker matches (KIP-848, RE2 syntax). */
  | { readonly kind: "serverPattern"; readonly pattern: string };

/** The reading side, as the membership sees it. Calls never overlap. */
export interface AssignmentListener {
  /** Partitions that are owned from now on; those of before that are not named stay. Resolves after the user's hook. */
  assigned(partitions: readonly TopicPartition[]): Promise<void>;
  /**
   * These must be given back. Resolves when no record of them is in work any more, what was processed is committed (the listener calls
   * `commit` for that) and the user's hook has ended. The membership goes on heartbeating meanwhile and bounds the wait.
   */
  revoked(partitions: readonly TopicPartition[]): Promise<void>;
  /** They belong to somebody else already: nothing may be committed. */
  lost(partitions: readonly TopicPartition[]): Promise<void>;
  /** The membership cannot go on; the reader gets this error. */
  failed(error: KafkaError): void;
}

export interface CommitOptions extends CallOptions {
  /**
   * A topic that brokers do not know ends it. The application's own commits are tried again, as the topic may be a new one; what is
   * committed by the way would hold up everything else for one that was deleted. Default false.
   */
  readonly needsTopics?: boolean;
}

/** The group side, as the reader sees it. */
export interface Membership {
  readonly groupId: string;
  /** Joins with the first call; a later call changes the subscription, and partitions that no longer belong to it are revoked. */
  subscribe(subscription: Subscription): void;
  /** Gives everything back and leaves the group, but a later `subscribe` may join again. */
  unsubscribe(options?: CallOptions): Promise<void>;
  owned(): readonly TopicPartition[];
  groupMetadata(): GroupMetadata;
  /** The reader is alive: asked for records, or finished some. Without it for `maxPollIntervalMs` the member leaves (KIP-62). */
  progressed(): void;
  /** While the application waits for records, it is not late. */
  waiting(isWaiting: boolean): void;
  /** Retries what is retriable within the timeout. @throws CommitFailedError when the member is no longer of the generation */
  commit(offsets: readonly OffsetToCommit[], options?: CommitOptions): Promise<void>;
  /** One entry per partition asked for. `requireStable` waits for offsets of open transactions (KIP-447). */
  committed(partitions: readonly TopicPartition[], options?: CallOptions): Promise<readonly CommittedOffset[]>;
  /** Asks for a rebalance (KIP-568). */
  enforceRebalance(reason?: string): void;
  /** Leaves the group (a static member stays, unless told), within the bound. Does not call the listener: the consumer revoked before. */
  close(options?: { timeoutMs?: number; leaveGroup?: boolean }): Promise<void>;
}
