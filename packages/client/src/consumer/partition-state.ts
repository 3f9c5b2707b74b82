// All that the consumer knows of one assigned partition: its position, what was fetched ahead of it, and what keeps it from being read.
// Pure: no requests, no timers. Kafka's SubscriptionState.TopicPartitionState is the model; what differs is that fetching runs ahead of
// delivery here, so that there are two places: `position` (the next record for the application) and `fetchOffset` (the next to fetch).
//
// Phases: initializing -> resetting | validating | fetching        (the committed offset, or none, or a seek)
//         resetting    -> fetching                                  (ListOffsets answered, or a seek)
//         validating   -> fetching | resetting                      (OffsetForLeaderEpoch answered)
//         fetching     -> resetting | validating                    (out of range, seek to an end; new leader epoch)
//         any          -> initializing                              (the topic was deleted and made anew)
// `version` rises whenever the position is set anew: answers to requests of an older version are dropped.

import { assert, ZERO_UUID } from "@ottla/base";
import type { KafkaError } from "../errors.ts";
import type { TopicPartition } from "../records.ts";
import type { FetchedChunk } from "./decode/fetched-chunk.ts";
import type { ResetTarget } from "./offset-reset.ts";
import { WorkWindow } from "./work-window.ts";

export type Phase = "initializing" | "resetting" | "validating" | "fetching";

/** A position and the leader epoch of the record before it; -1 when unknown. */
export interface Position {
  readonly offset: number;
  readonly leaderEpoch: number;
}

const UNKNOWN = -1;

export class PartitionState implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  /** "topic-partition". */
  readonly name: string;
  /** By setTopicId; ZERO_UUID until the metadata tell it. */
  topicId = ZERO_UUID;
  phase: Phase = "initializing";
  version = 0;
  /** The next record for the application; valid when validating or fetching. */
  position = UNKNOWN;
  positionEpoch = UNKNOWN;
  /** The next record to fetch, behind everything in `chunks`. */
  fetchOffset = UNKNOWN;
  fetchEpoch = UNKNOWN;
  leaderId = UNKNOWN;
  leaderEpoch = UNKNOWN;
  resetTarget: ResetTarget | null = null;
  /** By pause(). */
  paused = false;
  /** Until the hook for the assignment has ended. */
  held = false;
  /** It was lost and came back while records of before are in work: one partition is worked on once at a time. */
  awaitsHandlers = false;
  /** Given back, or being given back: no record leaves any more. */
  revoked = false;
  /** The hook for that was called: nobody calls it again. */
  goneTold = false;
  /** A record's serde answers later, or a handler has its turn: nobody else may take from here. */
  busy = false;
  /** What the application has to be told before it gets more of this partition. */
  error: KafkaError | null = null;
  /** A request for the position is under way. */
  isResolving = false;
  retryAtMs = 0;
  attempts = 0;
  readonly chunks: FetchedChunk[] = [];
  bufferedBytes = 0;
  window = new WorkWindow();
  /** Windows of before a seek that still have records in work. */
  private olderWindows: WorkWindow[] = [];
  highWatermark = UNKNOWN;
  lastStableOffset = UNKNOWN;
  logStartOffset = UNKNOWN;
  preferredReplica = UNKNOWN;
  private preferredUntilMs = 0;
  /** What is known to be committed; null before anything is. */
  committed: number | null = null;

  constructor({ topic, partition }: TopicPartition) {
    this.topic = topic;
    this.partition = partition;
    this.name = `${topic}-${partition}`;
  }

  get hasPosition(): boolean {
    return this.phase === "fetching" || this.phase === "validating";
  }

  /** Whether records may go to the application. */
  get isDeliverable(): boolean {
    if (this.phase !== "fetching" || this.paused || this.held) return false;
    return !this.awaitsHandlers && !this.revoked && this.error === null;
  }

  /** Whether more may be asked for, as far as the partition alone is concerned. */
  get isFetchable(): boolean {
    return this.isDeliverable && this.chunks.at(-1)?.end.isCorrupt !== true;
  }

  /** Sets the position; the leader has to confirm it when the epoch is known (KIP-320) and it may have truncated since. */
  seek(to: Position, options: { validate: boolean }): void {
    this.startAnew();
    this.position = this.fetchOffset = to.offset;
    this.positionEpoch = this.fetchEpoch = to.leaderEpoch;
    this.phase = options.validate && to.leaderEpoch >= 0 ? "validating" : "fetching";
  }

  /** The position is to be asked for. */
  reset(target: ResetTarget): void {
    this.startAnew();
    this.phase = "resetting";
    this.resetTarget = target;
    this.position = this.fetchOffset = UNKNOWN;
    this.positionEpoch = this.fetchEpoch = UNKNOWN;
  }

  /**
   * A topic of the same name with another id is another topic: positions and epochs of before mean nothing in it. Java's consumer
   * keeps its position, and passes over the new records below it. Answers whether it is so.
   */
  setTopicId(topicId: string): boolean {
    const isAnother = this.topicId !== ZERO_UUID && topicId !== ZERO_UUID && topicId !== this.topicId;
    if (topicId !== ZERO_UUID) this.topicId = topicId;
    if (!isAnother) return false;
    this.startAnew();
    this.phase = "initializing";
    this.position = this.fetchOffset = UNKNOWN;
    this.positionEpoch = this.fetchEpoch = UNKNOWN;
    this.leaderId = this.leaderEpoch = this.preferredReplica = UNKNOWN;
    this.highWatermark = this.lastStableOffset = this.logStartOffset = UNKNOWN;
    this.committed = null;
    return true;
  }

  /** The leader is another, or its epoch is: the position has to be confirmed by it. Answers whether something changed. */
  setLeader(leaderId: number, leaderEpoch: number): boolean {
    if (this.leaderId === leaderId && this.leaderEpoch === leaderEpoch) return false;
    const isFirst = this.leaderId === UNKNOWN && this.leaderEpoch === UNKNOWN;
    this.leaderId = leaderId;
    this.leaderEpoch = leaderEpoch;
    this.preferredReplica = UNKNOWN;
    const mustConfirm = this.phase === "fetching" && !isFirst && leaderEpoch >= 0 && this.fetchEpoch >= 0;
    if (mustConfirm || this.phase === "validating") {
      this.phase = "validating";
      this.isResolving = false;
      this.retryAtMs = 0;
      this.version++;
    }
    return true;
  }

  /** The leader confirmed the position. */
  validated(): void {
    assert(this.phase === "validating", "only a position that is validated can be confirmed");
    this.phase = "fetching";
    this.attempts = 0;
  }

  /** Fetched records that come next. */
  addChunk(chunk: FetchedChunk): void {
    this.chunks.push(chunk);
    this.bufferedBytes += chunk.sizeInBytes;
    this.fetchOffset = chunk.end.offset;
    if (chunk.end.leaderEpoch >= 0) this.fetchEpoch = chunk.end.leaderEpoch;
  }

  /** The first chunk is used up: the position moves to its end, past what it held besides records. */
  dropChunk(): FetchedChunk {
    const chunk = this.chunks.shift();
    assert(chunk !== undefined, "a chunk that is dropped is there");
    this.bufferedBytes -= chunk.sizeInBytes;
    this.moveTo(chunk);
    return chunk;
  }

  /** The position follows what the chunk handed out. */
  moveTo(chunk: FetchedChunk): void {
    this.position = chunk.nextOffset;
    if (chunk.nextEpoch >= 0) this.positionEpoch = chunk.nextEpoch;
  }

  /** Forgets what was fetched ahead and fetches again from the position. */
  refetch(): void {
    this.version++;
    this.dropBuffer();
    // Whoever confirms the position is answered for a version that does not count any more: it is asked again.
    this.isResolving = false;
    this.fetchOffset = this.position;
    this.fetchEpoch = this.positionEpoch;
  }

  /** KIP-392: where the leader wants us to read, for a while. */
  prefer(replica: number, untilMs: number): void {
    if (this.preferredReplica !== replica) this.preferredUntilMs = untilMs;
    this.preferredReplica = replica;
  }

  /** The broker to read from. */
  readReplica(nowMs: number): number {
    if (this.preferredReplica !== UNKNOWN && nowMs > this.preferredUntilMs) this.preferredReplica = UNKNOWN;
    return this.preferredReplica === UNKNOWN ? this.leaderId : this.preferredReplica;
  }

  /** What may be committed: nothing that is in work, and nothing behind it. Null when there is no position. */
  committable(): Position | null {
    const { window } = this;
    if (window.count > 0) return { offset: window.oldestOffset, leaderEpoch: window.oldestEpoch };
    return this.hasPosition ? { offset: this.position, leaderEpoch: this.positionEpoch } : null;
  }

  /** Resolves when nobody works on a record of the partition. */
  async idle(): Promise<void> {
    for (const window of [this.window, ...this.olderWindows]) {
      await new Promise<void>((resolve) => window.onIdle(resolve));
    }
  }

  /** Whether somebody works on a record of the partition, whoever owns it now. */
  get isInWork(): boolean {
    return this.window.workingCount > 0 || this.olderWindows.some(({ workingCount }) => workingCount > 0);
  }

  /** Resolves when nobody does. */
  async quiet(): Promise<void> {
    for (const window of [this.window, ...this.olderWindows]) {
      await new Promise<void>((resolve) => window.onQuiet(resolve));
    }
  }

  /** The partition is gone: whoever waits for its records waits no longer. */
  abandon(): void {
    this.revoked = true;
    this.dropBuffer();
    for (const window of [this.window, ...this.olderWindows]) window.abandon();
  }

  private startAnew(): void {
    this.version++;
    this.dropBuffer();
    this.error = null;
    this.isResolving = false;
    this.resetTarget = null;
    this.retryAtMs = 0;
    this.attempts = 0;
    this.olderWindows = this.olderWindows.filter((window) => window.activeCount > 0);
    if (this.window.activeCount > 0) this.olderWindows.push(this.window);
    this.window = new WorkWindow();
  }

  private dropBuffer(): void {
    this.chunks.length = 0;
    this.bufferedBytes = 0;
  }
}
