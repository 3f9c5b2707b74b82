// One call of `send`: the promise that the caller got, and what is still to come of its one or many records.
// A rejection is marked as handled right before it happens, so a caller who drops the promise (as Java's callers drop the future)
// never brings the process down; one who awaits it sees the error all the same. Costs nothing where all goes well.

import type { KafkaError } from "../errors.ts";
import { SendError } from "./send-error.ts";
import type { RecordMetadata } from "../records.ts";

type Outcome = RecordMetadata | KafkaError;

// `new Promise` runs the executor at once, so one function for all saves a closure for each record.
let capturedResolve: (value: unknown) => void;
let capturedReject: (reason: unknown) => void;
const capture = (resolve: (value: unknown) => void, reject: (reason: unknown) => void): void => {
  capturedResolve = resolve;
  capturedReject = reject;
};
const nothing = (): void => {};

export class SendCall {
  readonly promise: Promise<unknown>;
  private readonly resolve: (value: unknown) => void;
  private readonly reject: (reason: unknown) => void;
  /** null when the call has one record. */
  private readonly outcomes: (Outcome | undefined)[] | null;
  private remaining: number;
  private failures = 0;
  private settled = false;
  /** Takes back what was registered for the call, such as a listener of its AbortSignal. */
  cleanUp: (() => void) | null = null;
  /** Told of each record that was not delivered: a transaction must know. */
  onFailure: ((error: KafkaError) => void) | null = null;

  /** Calls of single records that settle this one's places; those that interceptors see. */
  children: SendCall[] | null = null;

  /** @param count null for one record, whose metadata the promise gives; else how many the array had */
  constructor(count: number | null) {
    this.promise = new Promise(capture);
    this.resolve = capturedResolve;
    this.reject = capturedReject;
    this.outcomes = count === null ? null : new Array<Outcome | undefined>(count);
    this.remaining = count ?? 1;
    if (count === 0) this.settle();
  }

  get isSettled(): boolean {
    return this.settled;
  }

  /** The record at this place of the call was written. */
  delivered(ordinal: number, metadata: RecordMetadata): void {
    if (this.outcomes === null) {
      this.remaining = 0;
      if (this.settled) return;
      this.settled = true;
      this.resolve(metadata);
      if (this.cleanUp !== null) this.cleanUp();
      return;
    }
    this.outcomes[ordinal] = metadata;
    if (--this.remaining === 0) this.settle();
  }

  /** The record at this place of the call was not written, or nobody knows. */
  failed(ordinal: number, error: KafkaError): void {
    if (this.onFailure !== null) this.onFailure(error);
    if (this.outcomes === null) {
      this.remaining = 0;
      this.rejectWith(error);
      return;
    }
    this.failures++;
    this.outcomes[ordinal] = error;
    if (--this.remaining === 0) this.settle();
  }

  /** Ends the call for its caller, whatever becomes of its records. */
  abandon(error: KafkaError): void {
    this.rejectWith(error);
  }

  /** The caller no longer waits: as `abandon`, and what the call's records belong to is told of it. */
  cancel(error: KafkaError): void {
    if (this.settled) return;
    if (this.onFailure !== null) this.onFailure(error);
    this.rejectWith(error);
    for (const child of this.children ?? []) child.cancel(error);
  }

  private settle(): void {
    const outcomes = this.outcomes as Outcome[];
    if (this.failures > 0) {
      this.rejectWith(SendError.of(outcomes));
      return;
    }
    if (this.settled) return;
    this.settled = true;
    this.resolve(outcomes);
    this.cleanUp?.();
  }

  private rejectWith(reason: KafkaError): void {
    if (this.settled) return;
    this.settled = true;
    this.promise.catch(nothing);
    this.reject(reason);
    this.cleanUp?.();
  }
}
