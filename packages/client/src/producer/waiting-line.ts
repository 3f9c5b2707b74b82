// Records that could not be written at once, in the order in which they came: their topic's partitions are not known, a serde's promise is
// out, or memory is used up. A line is as long as callers make it; each record in it has a deadline (maxBlockMs).

import { TimeoutError } from "../errors.ts";
import type { KafkaError } from "../errors.ts";
import type { PendingRecord } from "./pending-record.ts";
import type { ProducerTopic } from "./producer-topic.ts";

export interface WaitingRecord {
  readonly topic: ProducerTopic;
  readonly record: PendingRecord;
  /** On the monotonic clock. Passed, the record fails. */
  readonly deadlineMs: number;
  /** A serde has not answered yet. */
  isSerializing: boolean;
  /** Metadata were asked for because of the partition it names. */
  hasRefreshed: boolean;
  /** `flush` calls that wait until it has left its lines. */
  flushes: { remaining: number; resolve: () => void }[] | null;
}

/** First in, first out, without moving the others at each step. */
export class WaitingLine {
  private items: WaitingRecord[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  get first(): WaitingRecord | undefined {
    return this.items[this.head];
  }

  push(waiting: WaitingRecord): void {
    this.items.push(waiting);
  }

  shift(): void {
    this.head++;
    if (this.head < 1024 && this.head < this.items.length) return;
    if (this.head * 2 < this.items.length) return;
    this.items = this.items.slice(this.head);
    this.head = 0;
  }

  /** Takes out those that `isOut` says, keeping the order of the others. */
  remove(isOut: (waiting: WaitingRecord) => boolean): WaitingRecord[] {
    const out: WaitingRecord[] = [];
    const kept: WaitingRecord[] = [];
    for (let at = this.head; at < this.items.length; at++) {
      const waiting = this.items[at]!;
      (isOut(waiting) ? out : kept).push(waiting);
    }
    this.items = kept;
    this.head = 0;
    return out;
  }

  forEach(visit: (waiting: WaitingRecord) => void): void {
    for (let at = this.head; at < this.items.length; at++) visit(this.items[at]!);
  }
}

/** The record has left its lines: whoever flushes goes on to the batches. */
export function tellFlushes(waiting: WaitingRecord): void {
  if (waiting.flushes === null) return;
  for (const flush of waiting.flushes) if (--flush.remaining === 0) flush.resolve();
  waiting.flushes = null;
}

/** The record's time is over. Its error says what was waited for and, as far as is known, why in vain. */
export function waitedTooLong({ topic, isSerializing }: WaitingRecord, what: "memory" | "topic"): KafkaError {
  const options = { context: { topic: topic.name } };
  if (what === "memory") return new TimeoutError("there was no memory for the record within maxBlockMs", options);
  if (isSerializing) return new TimeoutError("the record's serde did not answer within maxBlockMs", options);
  const { lastFailure: cause, partitionCount, name } = topic;
  const sentence =
    partitionCount > 0
      ? `the record's turn for ${name} did not come within maxBlockMs`
      : `the partitions of ${name} were not known within maxBlockMs`;
  if (cause === null) return new TimeoutError(sentence, options);
  return new TimeoutError(`${sentence}: ${cause.message}`, { ...options, cause });
}
