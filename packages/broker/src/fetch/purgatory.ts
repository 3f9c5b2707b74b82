// Where long polls wait: a fetch that found fewer than min_bytes stays here until enough arrived, its time is up,
// something changed that it must be told, or its client is gone. Each delayed fetch is completed exactly once.

import type { Clock, Timer } from "@ottla/base";
import type { Partition } from "../partition.ts";

export interface FetchToPark {
  readonly missingBytes: number;
  readonly maxWaitMs: number;
  readonly partitions: readonly Partition[];
  /**
   * For read_committed, how many bytes are missing now. What arrives in an open transaction cannot be read, and the marker that ends it
   * makes more readable than its own bytes: so these fetches count again when a last stable offset has moved, and only then.
   */
  readonly recount: (() => number) | null;
  /** Reads again and answers. */
  readonly complete: () => void;
}

/** One waiting fetch. */
export class DelayedFetch {
  private missingBytes: number;
  private readonly partitions: readonly Partition[];
  private readonly recount: (() => number) | null;
  private complete: (() => void) | null;
  private timer: Timer | null = null;
  private readonly purgatory: FetchPurgatory;

  constructor(purgatory: FetchPurgatory, { missingBytes, partitions, recount, complete }: FetchToPark) {
    this.purgatory = purgatory;
    this.missingBytes = missingBytes;
    this.partitions = partitions;
    this.recount = recount;
    this.complete = complete;
  }

  /** Joins the watched partitions and starts the clock. */
  wait(clock: Clock, maxWaitMs: number): void {
    for (const partition of this.partitions) partition.watch(this);
    this.timer = clock.schedule(maxWaitMs, () => this.finish());
  }

  /**
   * `bytes` more were appended to a watched partition and are below its high watermark; 0 means look again whatever arrived.
   * @param stableMoved whether its last stable offset has moved
   */
  arrived(bytes: number, stableMoved: boolean): void {
    if (bytes === 0) {
      this.finish();
      return;
    }
    if (this.recount === null) this.missingBytes -= bytes;
    else if (!stableMoved) return;
    else this.missingBytes = this.missingBytes <= 1 ? 0 : this.recount();
    if (this.missingBytes <= 0) this.finish();
  }

  /** The client is gone: forget it without an answer. */
  cancel(): void {
    this.complete = null;
    this.finish();
  }

  private finish(): void {
    this.timer?.cancel();
    for (const partition of this.partitions) partition.waiting.delete(this);
    this.purgatory.forget(this);
    const complete = this.complete;
    this.complete = null;
    if (complete !== null) complete();
  }
}

export class FetchPurgatory {
  private readonly clock: Clock;
  private readonly delayed = new Set<DelayedFetch>();
  private closed = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** How many fetches wait now. */
  get size(): number {
    return this.delayed.size;
  }

  /** Parks a fetch; at most one a connection, because a connection's requests are answered one by one. */
  park(toPark: FetchToPark): DelayedFetch {
    const fetch = new DelayedFetch(this, toPark);
    this.delayed.add(fetch);
    fetch.wait(this.clock, this.closed ? 0 : toPark.maxWaitMs);
    return fetch;
  }

  forget(fetch: DelayedFetch): void {
    this.delayed.delete(fetch);
  }

  /** Answers every waiting fetch with what there is, and lets later ones not wait: part of a shutdown. */
  close(): void {
    this.closed = true;
    for (const fetch of this.delayed) fetch.arrived(0, true);
  }
}
