// When the next heartbeat is due: an interval after the last one was sent, at once when asked for, after a backoff when it failed. One at a time.

export class HeartbeatPace {
  intervalMs: number;
  private nextMs = Infinity;
  private attempt = 0;
  private awaited: number | null = null;
  private sentMs = 0;
  /** A heartbeat is wanted as soon as the one under way is answered. */
  private again = false;

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
  }

  get isAwaited(): boolean {
    return this.awaited !== null;
  }

  /** Infinity while one is under way. */
  get dueMs(): number {
    return this.awaited === null ? this.nextMs : Infinity;
  }

  isAnswerOf(id: number): boolean {
    return this.awaited === id;
  }

  sent(id: number, nowMs: number): void {
    this.awaited = id;
    this.again = false;
    this.sentMs = nowMs;
  }

  /** The interval may have been set anew by the answer. */
  answered(nowMs: number): void {
    this.awaited = null;
    this.attempt = 0;
    this.nextMs = this.again ? nowMs : Math.max(nowMs, this.sentMs + this.intervalMs);
  }

  failed(nowMs: number, backoffMs: (attempt: number) => number): void {
    this.awaited = null;
    this.nextMs = nowMs + backoffMs(this.attempt++);
  }

  /** One is wanted at once. */
  hurry(nowMs: number): void {
    this.again = true;
    if (this.attempt === 0) this.nextMs = nowMs;
  }

  /** The session begins anew: the first one after an interval. */
  restart(nowMs: number): void {
    this.awaited = null;
    this.attempt = 0;
    this.again = false;
    this.nextMs = nowMs + this.intervalMs;
  }

  stop(): void {
    this.awaited = null;
    this.again = false;
    this.attempt = 0;
    this.nextMs = Infinity;
  }
}
