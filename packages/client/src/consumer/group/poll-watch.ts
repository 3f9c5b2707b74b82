// Watches that the application makes progress (KIP-62): who works on what it was given for longer than max.poll.interval.ms is late, and so
// is a listener that does not come back. Who waits for records is not late, however long there are none.

export class PollWatch {
  private readonly maxPollIntervalMs: number;
  private sinceMs = 0;
  private isWaiting = false;
  private isCalling = false;

  constructor(maxPollIntervalMs: number) {
    this.maxPollIntervalMs = maxPollIntervalMs;
  }

  progressed(nowMs: number): void {
    if (!this.isCalling) this.sinceMs = nowMs;
  }

  waiting(isWaiting: boolean, nowMs: number): void {
    this.isWaiting = isWaiting;
    this.progressed(nowMs);
  }

  callStarted(nowMs: number): void {
    this.isCalling = true;
    this.sinceMs = nowMs;
  }

  callEnded(nowMs: number): void {
    this.isCalling = false;
    this.sinceMs = nowMs;
  }

  /** When it is late, unless something moves before; Infinity while it waits. */
  get lateAtMs(): number {
    return this.isWaiting && !this.isCalling ? Infinity : this.sinceMs + this.maxPollIntervalMs;
  }
}
