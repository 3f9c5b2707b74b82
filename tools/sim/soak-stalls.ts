// How late the event loop was: a machine that gives this process no turn for a second makes every timer late, and no client can help it.

const EVERY_MS = 25;
/** Lateness up to this is the way of timers. */
const USUAL_MS = 25;

/** From its making until `end`. Its timer is one that does not keep the process alive. */
export class StallWatch {
  /** All lateness so far, milliseconds. */
  totalMs = 0;
  longestMs = 0;
  private seenMs = performance.now();
  private readonly timer: NodeJS.Timeout;

  constructor() {
    this.timer = setInterval(() => this.look(), EVERY_MS).unref();
  }

  end(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const nowMs = performance.now();
    const lateMs = nowMs - this.seenMs - EVERY_MS;
    this.seenMs = nowMs;
    if (lateMs < USUAL_MS) return;
    this.totalMs += lateMs;
    this.longestMs = Math.max(this.longestMs, lateMs);
  }
}
