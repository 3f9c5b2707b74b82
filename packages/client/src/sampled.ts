// A measured quantity over about the last minute, as Java's Avg, Max and Rate with two samples of 30 seconds. Pure: time is a parameter.

const WINDOW_MS = 30_000;

export class Sampled {
  private windowStartMs: number;
  private previousStartMs: number;
  private count = 0;
  private sum = 0;
  private largest = -Infinity;
  private previousCount = 0;
  private previousSum = 0;
  private previousLargest = -Infinity;
  /** All that was ever recorded. */
  total = 0;

  constructor(nowMs: number) {
    this.windowStartMs = nowMs;
    this.previousStartMs = nowMs;
  }

  record(value: number, nowMs: number): void {
    this.advance(nowMs);
    this.total += value;
    this.count++;
    this.sum += value;
    if (value > this.largest) this.largest = value;
  }

  /** NaN when nothing was recorded lately, as in Java. */
  average(nowMs: number): number {
    this.advance(nowMs);
    return (this.sum + this.previousSum) / (this.count + this.previousCount);
  }

  max(nowMs: number): number {
    this.advance(nowMs);
    const largest = Math.max(this.largest, this.previousLargest);
    return largest === -Infinity ? NaN : largest;
  }

  /** The sum by second; a young meter counts as a window old. */
  ratePerSecond(nowMs: number): number {
    this.advance(nowMs);
    const elapsedMs = Math.max(nowMs - this.previousStartMs, WINDOW_MS);
    return ((this.sum + this.previousSum) * 1000) / elapsedMs;
  }

  private advance(nowMs: number): void {
    const elapsed = nowMs - this.windowStartMs;
    if (elapsed < WINDOW_MS) return;
    const isAdjacent = elapsed < 2 * WINDOW_MS;
    this.previousStartMs = isAdjacent ? this.windowStartMs : nowMs;
    this.previousCount = isAdjacent ? this.count : 0;
    this.previousSum = isAdjacent ? this.sum : 0;
    this.previousLargest = isAdjacent ? this.largest : -Infinity;
    this.windowStartMs = nowMs;
    this.count = 0;
    this.sum = 0;
    this.largest = -Infinity;
  }
}
