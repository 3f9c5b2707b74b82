// A partition as its leader sees it: the log, the leader epoch, the in-sync replicas and the high watermark.
// Invariant: the high watermark never goes back and never passes the log end; nothing above it is shown to a consumer.

import { assert } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { AppendOptions, AppendResult, PartitionLog, ReadResult, TransactionTerms } from "@ottla/storage";
import type { DelayedFetch } from "./fetch/purgatory.ts";

/** What the controller last said about a partition. */
export interface PartitionState {
  leaderId: number;
  leaderEpoch: number;
  partitionEpoch: number;
  replicas: readonly number[];
  isr: readonly number[];
}

export interface PartitionReadOptions {
  offset: number;
  maxBytes: number;
  minOneBatch: boolean;
  readCommitted: boolean;
}

export class Partition {
  readonly topic: string;
  readonly topicId: string;
  readonly index: number;
  readonly log: PartitionLog;
  readonly nodeId: number;
  /** Long polls that wait for data of this partition. */
  readonly waiting = new Set<DelayedFetch>();
  /** True once the topic is deleted: requests that still hold the partition are refused. */
  removed = false;
  private state: PartitionState;
  /** Everything below was acknowledged, or was there when this began. What is above is in the log, but may be waiting for its flush. */
  private acknowledgedEnd: number;
  /** The last stable offset that all waiting long polls know of. */
  private stableSeen = -1;

  constructor(
    identity: { topic: string; topicId: string; index: number; nodeId: number },
    log: PartitionLog,
    state: PartitionState,
  ) {
    this.topic = identity.topic;
    this.topicId = identity.topicId;
    this.index = identity.index;
    this.nodeId = identity.nodeId;
    this.log = log;
    this.acknowledgedEnd = log.logEndOffset;
    this.state = state;
    this.beginEpoch();
    this.advanceHighWatermark();
  }

  get leaderId(): number {
    return this.state.leaderId;
  }

  get isLeader(): boolean {
    return this.state.leaderId === this.nodeId;
  }

  get leaderEpoch(): number {
    return this.state.leaderEpoch;
  }

  /** Whether acks=all may be promised. A topic with fewer replicas than min.insync.replicas needs all of them, not more (Kafka's effectiveMinIsr). */
  hasEnoughInSync(minInsyncReplicas: number): boolean {
    const { isr, replicas } = this.state;
    return isr.length >= Math.min(minInsyncReplicas, replicas.length);
  }

  /** Takes over what the controller decided; an older partition epoch changes nothing. */
  update(state: PartitionState): void {
    if (state.partitionEpoch < this.state.partitionEpoch) return;
    assert(state.leaderEpoch >= this.state.leaderEpoch, "a leader epoch never goes back");
    const isNewEpoch = state.leaderEpoch > this.state.leaderEpoch;
    this.state = state;
    if (isNewEpoch) this.beginEpoch();
    this.advanceHighWatermark();
  }

  /** NONE when this node leads and the caller's leader epoch (-1: not given) is the current one; else Kafka's error. */
  checkLeader(currentLeaderEpoch: number): number {
    if (this.removed) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    if (this.state.leaderId !== this.nodeId) return errorCodes.NOT_LEADER_OR_FOLLOWER;
    if (currentLeaderEpoch === -1 || currentLeaderEpoch === this.state.leaderEpoch) return errorCodes.NONE;
    return currentLeaderEpoch < this.state.leaderEpoch
      ? errorCodes.FENCED_LEADER_EPOCH
      : errorCodes.UNKNOWN_LEADER_EPOCH;
  }

  /** Appends batches. `records` belongs to the log until `done`, which may be called before this returns. */
  append(
    records: Buffer,
    origin: "client" | "coordinator",
    done: (result: AppendResult) => void,
    terms?: TransactionTerms,
  ): void {
    const options: AppendOptions = { leaderEpoch: this.state.leaderEpoch, origin };
    if (terms !== undefined) {
      options.transactionVersion = terms.transactionVersion;
      options.verificationGuard = terms.verificationGuard;
    }
    this.log.append(records, options, (result) => {
      if (result.errorCode === errorCodes.NONE && !result.duplicate) {
        this.acknowledgedEnd = Math.max(this.acknowledgedEnd, result.lastOffset + 1);
        this.advanceHighWatermark();
        this.wake(result.appendedBytes);
      }
      done(result);
    });
  }

  read(options: PartitionReadOptions): ReadResult {
    return this.log.read({
      offset: options.offset,
      maxBytes: options.maxBytes,
      minOneBatch: options.minOneBatch,
      upTo: options.readCommitted ? "lastStableOffset" : "highWatermark",
    });
  }

  /** The offset that a consumer may read up to. */
  readableEnd(readCommitted: boolean): number {
    return readCommitted ? this.log.lastStableOffset : this.log.highWatermark;
  }

  /** Lets a long poll wait that has just read. */
  watch(fetch: DelayedFetch): void {
    if (this.waiting.size === 0) this.stableSeen = this.log.lastStableOffset;
    this.waiting.add(fetch);
  }

  /** Tells the long polls that `bytes` more can be read; 0 makes them look again, for example after an error. */
  wake(bytes: number): void {
    if (this.waiting.size === 0) return;
    const { lastStableOffset } = this.log;
    const stableMoved = lastStableOffset !== this.stableSeen;
    this.stableSeen = lastStableOffset;
    for (const fetch of this.waiting) fetch.arrived(bytes, stableMoved);
  }

  // An epoch begins with its leader, not with its first record: readers may ask for its end before there is one (Kafka's makeLeader).
  private beginEpoch(): void {
    if (this.state.leaderId === this.nodeId) this.log.startLeaderEpoch(this.state.leaderEpoch);
  }

  // With followers, the high watermark will be the least log end of the in-sync replicas; alone, it is the end of what was acknowledged.
  private advanceHighWatermark(): void {
    const alone = this.state.isr.length === 1 && this.state.isr[0] === this.nodeId;
    if (alone) this.log.updateHighWatermark(this.acknowledgedEnd);
  }
}
