// The brokers that a producer sends to: how many requests are under way to each, and what is nominated for its next one. Pure.

import type { Batch } from "./batch.ts";

export class Destination {
  readonly nodeId: number;
  /** Requests without an answer. */
  inFlight = 0;
  throttledUntilMs = 0;
  /** The last request was answered. After a failure one request goes alone: those behind it would likely fail as well. */
  isWarm = false;
  /** Since when it has had data waiting and taken none; null when it takes some. */
  stalledSinceMs: number | null = null;
  /** Batches that its next request could have. */
  readonly candidates: Batch[] = [];
  /** One of the candidates is worth a request now. */
  isReady = false;

  constructor(nodeId: number) {
    this.nodeId = nodeId;
  }
}

export class Destinations {
  private readonly maxInFlight: number;
  private readonly byNode = new Map<number, Destination>();
  /** Those with candidates. */
  readonly nominated: Destination[] = [];

  constructor(maxInFlight: number) {
    this.maxInFlight = maxInFlight;
  }

  of(nodeId: number): Destination {
    let destination = this.byNode.get(nodeId);
    if (destination === undefined) {
      destination = new Destination(nodeId);
      this.byNode.set(nodeId, destination);
    }
    return destination;
  }

  isOpen(destination: Destination): boolean {
    return destination.inFlight < (destination.isWarm ? this.maxInFlight : 1);
  }

  hasRoom(nodeId: number): boolean {
    const destination = this.byNode.get(nodeId);
    return destination === undefined || this.isOpen(destination);
  }

  stalledForMs(nodeId: number, nowMs: number): number {
    const since = this.byNode.get(nodeId)?.stalledSinceMs ?? null;
    return since === null ? 0 : nowMs - since;
  }

  nominate(destination: Destination, batch: Batch): void {
    if (destination.candidates.length === 0) this.nominated.push(destination);
    destination.candidates.push(batch);
  }

  /** Forgets the candidates. */
  clear(): void {
    for (const destination of this.nominated) {
      destination.candidates.length = 0;
      destination.isReady = false;
    }
    this.nominated.length = 0;
  }
}
