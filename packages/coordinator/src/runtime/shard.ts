// What the runtime asks of a coordinator's state machine, of which there is one for each partition of its topic.

import type { Now, Outcome, TransactionalProducer } from "./outcome.ts";

export interface CoordinatorShard<CoordinatorRecord> {
  /**
   * Takes over a record, from the log or just decided. `order` rises with the place in the log (it is the offset while loading).
   * `producer` is set for a record of a transaction: it counts when its marker comes.
   */
  replay(record: CoordinatorRecord, order: number, producer: TransactionalProducer | null): void;
  /** The log refused a record of a transaction that was replayed already, for its producer's sake: it never was. */
  takeBack?(record: CoordinatorRecord, order: number, producer: TransactionalProducer): void;
  /**
   * A marker ended the producer's transaction on this partition: what it wrote counts now, or never did. Called once the marker is kept;
   * what has a larger `order` than the marker belongs to the producer's next transaction.
   */
  replayEndTransaction(producerId: number, producerEpoch: number, committed: boolean, order: number): void;
  /** The log was replayed to its end: sets deadlines and mends what must not stay as it is. */
  loaded(now: Now): Outcome<CoordinatorRecord>;
  /** When `expire` wants to be called, in monotonic milliseconds. */
  nextDeadlineMs(): number | null;
  /** Runs one action that is due; null when none is. */
  expire(now: Now): Outcome<CoordinatorRecord> | null;
}

/** How records become the keys and values of the log. */
export interface CoordinatorRecordCodec<CoordinatorRecord> {
  encodeKey(record: CoordinatorRecord): Buffer;
  /** Null is a tombstone. */
  encodeValue(record: CoordinatorRecord): Buffer | null;
  /** Null for a kind of record that this coordinator does not know. @throws DecodeError when it cannot be read. */
  decode(key: Buffer, value: Buffer | null): CoordinatorRecord | null;
}
