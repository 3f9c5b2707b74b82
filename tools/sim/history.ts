// What clients did and were told, kept as plain facts: the input of the checks in history-checks.ts. Nothing here knows a broker.
// Time is a counter: every call takes one number when it begins and one when it ends, so that "before" means what it means
// to an observer even where calls overlap. Values are unique: no two batches carry the same one.

/** When a call began and ended. A call that is still open has no end. */
export interface Span {
  readonly begun: number;
  readonly ended: number;
}

/**
 * acked: the broker said yes. refused: it said that nothing was written, for good. failed: its disk failed, which leaves the
 * fate of the batch open and the partition of no use until the next start. lost: no answer came.
 */
export type AppendOutcome =
  | { readonly kind: "acked"; readonly baseOffset: number; readonly logStart: number }
  | { readonly kind: "refused" | "failed" | "lost" };

/** One batch that a producer wants in a partition, over all its attempts. */
export interface SentBatch {
  readonly producer: string;
  readonly partition: string;
  readonly values: readonly string[];
  /** False for producers that may write a batch twice, as one that repeats without idempotence. */
  readonly once: boolean;
  /** The size of the batch and the timestamp of its records. */
  readonly bytes: number;
  readonly timestampMs: number;
  /** The beginning of the first attempt. */
  readonly sent: number;
  readonly attempts: (Span & AppendOutcome)[];
}

export interface SeenRecord {
  readonly offset: number;
  readonly value: string;
  readonly leaderEpoch: number;
}

/** One fetch that was answered without an error. */
export interface Poll extends Span {
  readonly reader: string;
  readonly partition: string;
  readonly fetchOffset: number;
  readonly logStart: number;
  readonly highWatermark: number;
  readonly records: readonly SeenRecord[];
  /** True when the reader chose its position anew: at its beginning, or after OFFSET_OUT_OF_RANGE. */
  readonly fromNewPosition: boolean;
}

/** One fetch that was answered with OFFSET_OUT_OF_RANGE. */
export interface OutOfRange extends Span {
  readonly partition: string;
  readonly fetchOffset: number;
}

/** What OffsetForLeaderEpoch answered. */
export interface EpochEnd extends Span {
  readonly partition: string;
  readonly asked: number;
  readonly epoch: number;
  readonly endOffset: number;
}

/** An answer that names a log start or a high watermark; null where it does not. */
export interface Mark extends Span {
  readonly partition: string;
  readonly logStart: number | null;
  readonly highWatermark: number | null;
  /** What the high watermark is not below: it may well be further. */
  readonly reached: number | null;
}

/** From `begun` on, records below `offset` may be removed: somebody asked for that, or retention is due. */
export interface Allowance {
  readonly partition: string;
  readonly begun: number;
  readonly offset: number;
}

export class History {
  readonly batches: SentBatch[] = [];
  readonly polls: Poll[] = [];
  readonly outOfRange: OutOfRange[] = [];
  readonly epochEnds: EpochEnd[] = [];
  readonly marks: Mark[] = [];
  readonly allowances: Allowance[] = [];
  /** When a new process began to serve. */
  readonly restarts: number[] = [];
  /** Bytes that no broker may send: wrong checksums, records that cannot be read. */
  readonly garbage: string[] = [];
  /** Every partition that was read from its start to its end after everything else. */
  readonly scans: Poll[] = [];
  private time = 0;

  /** The next moment. */
  tick(): number {
    return this.time++;
  }

  /** A batch that is about to be sent for the first time. */
  send(batch: Omit<SentBatch, "sent" | "attempts">): SentBatch {
    const sent: SentBatch = { ...batch, sent: this.tick(), attempts: [] };
    this.batches.push(sent);
    return sent;
  }

  /** The end of one attempt to append a batch. */
  answered(batch: SentBatch, begun: number, outcome: AppendOutcome): void {
    const span = { begun, ended: this.tick() };
    batch.attempts.push({ ...span, ...outcome });
    if (outcome.kind !== "acked") return;
    const reached = outcome.baseOffset + batch.values.length;
    this.marks.push({ ...span, partition: batch.partition, logStart: outcome.logStart, highWatermark: null, reached });
  }

  polled(poll: Omit<Poll, "ended">): Poll {
    const whole = { ...poll, ended: this.tick() };
    this.polls.push(whole);
    const { partition, begun, ended, logStart, highWatermark } = whole;
    this.marks.push({ partition, begun, ended, logStart, highWatermark, reached: highWatermark });
    return whole;
  }

  wasOutOfRange(answer: Omit<OutOfRange, "ended">): void {
    this.outOfRange.push({ ...answer, ended: this.tick() });
  }

  epochEnded(answer: Omit<EpochEnd, "ended">): void {
    this.epochEnds.push({ ...answer, ended: this.tick() });
  }

  /** An answer that named an offset without records. */
  noted(partition: string, begun: number, named: { logStart?: number; highWatermark?: number }): void {
    const { logStart = null, highWatermark = null } = named;
    this.marks.push({ partition, begun, ended: this.tick(), logStart, highWatermark, reached: highWatermark });
  }

  /** To be called before the broker can begin to remove. */
  allow(partition: string, offset: number): void {
    this.allowances.push({ partition, offset, begun: this.tick() });
  }

  restarted(): void {
    this.restarts.push(this.tick());
  }
}
