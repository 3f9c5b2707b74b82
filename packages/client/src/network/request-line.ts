// The requests of one connection that are not done: those that wait to be sent, and behind the socket those that wait for their answers, or,
// when there will be none, for the system to take their bytes. All in the order of the calls.

import type { PendingRequest } from "./pending-request.ts";

/** Whoever has more requests under way on one connection has lost count. */
const MAX_REQUESTS = 100_000;

export class RequestLine {
  private readonly waiting: PendingRequest[] = [];
  private readonly sent: PendingRequest[] = [];
  private readonly unwritten: PendingRequest[] = [];

  get length(): number {
    return this.waiting.length + this.sent.length + this.unwritten.length;
  }

  get isFull(): boolean {
    return this.length >= MAX_REQUESTS;
  }

  addWaiting(request: PendingRequest): void {
    this.waiting.push(request);
  }

  addSent(request: PendingRequest): void {
    this.sent.push(request);
  }

  /** To no answer. */
  addUnwritten(request: PendingRequest): void {
    this.unwritten.push(request);
  }

  /** The next to be sent. */
  takeWaiting(): PendingRequest | undefined {
    return this.waiting.shift();
  }

  /** The one that the next answer belongs to. */
  takeSent(): PendingRequest | undefined {
    return this.sent.shift();
  }

  /** The system has the bytes of the first of those. */
  takeUnwritten(): PendingRequest | undefined {
    return this.unwritten.shift();
  }

  /** Takes out and returns what was never sent and is late. */
  takeLateWaiting(nowMs: number): PendingRequest[] {
    const late = this.waiting.filter(({ deadlineMs }) => deadlineMs <= nowMs);
    const rest = this.waiting.filter(({ deadlineMs, settled }) => deadlineMs > nowMs && !settled);
    this.waiting.splice(0, this.waiting.length, ...rest);
    return late;
  }

  /** What was sent and is late; it stays, because its answer may still come. */
  lateSent(nowMs: number): PendingRequest[] {
    return [...this.sent, ...this.unwritten].filter(({ deadlineMs }) => deadlineMs <= nowMs);
  }

  /** When the next request will be late, or Infinity. */
  nextDeadlineMs(): number {
    let next = Infinity;
    for (const { deadlineMs } of this.sent) if (deadlineMs < next) next = deadlineMs;
    for (const { deadlineMs } of this.unwritten) if (deadlineMs < next) next = deadlineMs;
    for (const { deadlineMs } of this.waiting) if (deadlineMs < next) next = deadlineMs;
    return next;
  }

  takeAll(): PendingRequest[] {
    return [...this.sent.splice(0), ...this.unwritten.splice(0), ...this.waiting.splice(0)];
  }
}
