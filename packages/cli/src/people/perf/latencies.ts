// Percentiles of many durations in little memory: counts in buckets, each within one percent of what is in it. Pure.

/** Buckets per doubling; 2 ** (1 / 64) is 1.1 % wide. */
const STEPS = 64;
/** The shortest that is told apart, in milliseconds. */
const LEAST_MS = 0.001;
/** Up to some 5 hours. */
const DOUBLINGS = 34;

export class Latencies {
  count = 0;
  maxMs = 0;
  private sumMs = 0;
  private readonly buckets = new Float64Array(STEPS * DOUBLINGS);

  add(ms: number): void {
    this.count += 1;
    this.sumMs += ms;
    if (ms > this.maxMs) this.maxMs = ms;
    const bucket = ms <= LEAST_MS ? 0 : Math.ceil(Math.log2(ms / LEAST_MS) * STEPS);
    this.buckets[Math.min(bucket, this.buckets.length - 1)]! += 1;
  }

  /** 0 without any. */
  get meanMs(): number {
    return this.count === 0 ? 0 : this.sumMs / this.count;
  }

  /** So many of a hundred took no longer, to one percent; 0 without any. */
  percentileMs(percent: number): number {
    const wanted = Math.max(1, Math.ceil((this.count * percent) / 100));
    let seen = 0;
    for (const [bucket, count] of this.buckets.entries()) {
      seen += count;
      if (seen >= wanted && count > 0) return Math.min(this.maxMs, LEAST_MS * 2 ** (bucket / STEPS));
    }
    return this.maxMs;
  }
}
