// What transactional clients and members of groups did and were told, kept as plain facts: the input of transaction-checks.ts. Nothing here
// knows a broker. Time is a counter, or a clock that all clients share; what one call was told binds another only when the first had ended
// before the second began. Values are unique: no two writes carry the same one.

import type { Span } from "./history.ts";

/** yes: the broker said that it is done. no: it refused, and did nothing. unknown: no answer, or one that leaves it open. */
export type Told = "yes" | "no" | "unknown";

/** One attempt of a call. */
export interface Attempt extends Span {
  readonly told: Told;
  /** Of a refusal: the broker's words. */
  readonly error?: string;
}

/** Values for one partition, over all attempts to write them. */
export interface TransactionWrite {
  readonly partition: string;
  readonly values: readonly string[];
  readonly attempts: Attempt[];
}

/** How far a group has read, to be committed with the transaction. */
export interface TransactionOffset {
  readonly group: string;
  readonly partition: string;
  readonly offset: number;
  readonly attempts: Attempt[];
}

export interface TransactionEnd {
  readonly committed: boolean;
  /** When it was first asked for. */
  readonly asked: number;
  readonly attempts: Attempt[];
}

/** A transaction as its producer sees it. */
export interface KnownTransaction {
  readonly name: string;
  readonly transactionalId: string;
  /** Which instance of the producer: each takeover of the transactional id makes another. */
  readonly holder: string;
  readonly begun: number;
  readonly writes: TransactionWrite[];
  readonly offsets: TransactionOffset[];
  /** Values that the producer read (read_committed) before it asked for the end. */
  readonly readValues: string[];
  /** Null until its producer asks for an end; for good when it died before. */
  end: TransactionEnd | null;
}

/**
 * A producer instance asks for a transactional id (InitProducerId). From its first attempt on, answered or not, those before it may be
 * refused; from the end on, which is when it was given the id, they are zombies. Until then the end is Infinity.
 */
export interface Takeover {
  /** Or the group that it joins as a static member, which fences the one before in the same way. */
  readonly transactionalId: string;
  readonly holder: string;
  readonly begun: number;
  ended: number;
}

/** From `begun` on the coordinator may abort the open transaction of this id by itself, because its time is over. */
export interface Expiry {
  readonly transactionalId: string;
  readonly begun: number;
}

/** A request that comes when its transaction is over: repeated, delayed, or of a zombie. */
export interface LateRequest extends Span {
  readonly what: string;
  /** Values that nobody may ever read, because they came late. */
  readonly values: readonly string[];
  /** False where Kafka cannot know better: clients before KIP-890, or a repeat that means the same as the first. */
  readonly mustBeRefused: boolean;
  readonly told: Told;
}

export interface ReadValue {
  readonly offset: number;
  readonly value: string;
}

/** One fetch that was answered without an error, after the client left out what was aborted; or a scan of a whole partition. */
export interface TransactionalRead extends Span {
  readonly reader: string;
  readonly partition: string;
  readonly isolation: "read_committed" | "read_uncommitted";
  readonly fetchOffset: number;
  /** Where the reader goes on. */
  readonly nextOffset: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly records: readonly ReadValue[];
}

/** What OffsetFetch said, asked for stable offsets; -1 when nothing is committed. */
export interface OffsetReading extends Span {
  readonly group: string;
  readonly partition: string;
  readonly offset: number;
}

/** Somebody may set a group's offset back or remove it from `begun` on. */
export interface OffsetReset {
  readonly group: string;
  readonly partition: string;
  readonly begun: number;
}

/** A member of a group, as the coordinator named it. */
export interface Membership {
  readonly group: string;
  /** Generation of a classic group, or member epoch. */
  readonly generation: number;
  readonly member: string;
  /** Static members: a later member of the same instance fences those before. */
  readonly instance: string | null;
}

/** An answer that said: you are this member, and (null: not said) these partitions are yours. */
export interface MemberTold extends Span, Membership {
  readonly partitions: readonly string[] | null;
}

/** A commit in the name of a member, within a transaction or not. */
export interface MemberCommit extends Attempt, Membership {}

/** Something that must come about within a bound once faults are over; times are milliseconds of a clock. */
export interface Progress {
  readonly what: string;
  readonly tookMs: number;
  readonly boundMs: number;
}

export class TransactionHistory {
  readonly transactions: KnownTransaction[] = [];
  readonly takeovers: Takeover[] = [];
  readonly expiries: Expiry[] = [];
  readonly late: LateRequest[] = [];
  readonly reads: TransactionalRead[] = [];
  /** Every partition from its start to its end, read_committed, after everything else. */
  readonly scans: TransactionalRead[] = [];
  readonly offsetReadings: OffsetReading[] = [];
  /** What each group has committed after everything else. */
  readonly finalOffsets: OffsetReading[] = [];
  readonly resets: OffsetReset[] = [];
  readonly members: MemberTold[] = [];
  readonly memberCommits: MemberCommit[] = [];
  readonly progress: Progress[] = [];
  private readonly now: () => number;

  /** `now` gives a later time at each call. Default: a counter. */
  constructor(now: () => number = counter()) {
    this.now = now;
  }

  tick(): number {
    return this.now();
  }

  begin(given: { name: string; transactionalId: string; holder: string; begun?: number }): KnownTransaction {
    const { begun = this.tick() } = given;
    const transaction = { ...given, begun, writes: [], offsets: [], readValues: [], end: null };
    this.transactions.push(transaction);
    return transaction;
  }

  write(transaction: KnownTransaction, partition: string, values: readonly string[]): TransactionWrite {
    const write: TransactionWrite = { partition, values, attempts: [] };
    transaction.writes.push(write);
    return write;
  }

  commitOffset(
    transaction: KnownTransaction,
    place: { group: string; partition: string; offset: number },
  ): TransactionOffset {
    const offset: TransactionOffset = { ...place, attempts: [] };
    transaction.offsets.push(offset);
    return offset;
  }

  /** An instance is about to ask for a transactional id. */
  takeOver(given: { transactionalId: string; holder: string; begun?: number }): Takeover {
    const takeover = { begun: this.tick(), ...given, ended: Infinity };
    this.takeovers.push(takeover);
    return takeover;
  }

  /** The producer asks for the end; to be called before the request leaves. Asked again, it is the same end. */
  askEnd(transaction: KnownTransaction, committed: boolean): TransactionEnd {
    return (transaction.end ??= { committed, asked: this.tick(), attempts: [] });
  }

  /** The end of one attempt. */
  told(of: { readonly attempts: Attempt[] }, begun: number, told: Told, error = ""): void {
    of.attempts.push({ begun, ended: this.tick(), told, error });
  }
}

function counter(): () => number {
  let time = 0;
  return () => time++;
}
