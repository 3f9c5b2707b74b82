// The limits that a listener keeps, each with Kafka's config where there is one, and the counter that several listeners share.

import { assert } from "@ottla/base";

export interface NetLimits {
  /** Largest request; a frame that announces more closes the connection. Kafka's socket.request.max.bytes. */
  readonly maxFrameBytes: number;
  /** Shared by all listeners of a node. Kafka's max.connections. */
  readonly maxConnections: ConnectionCounter;
  /** A connection on which no byte moved for so long is closed, at most an eighth later. Negative: never. Kafka's connections.max.idle.ms. */
  readonly maxIdleMs: number;
  /** How many bulk requests of one connection may wait for their answers at once. */
  readonly maxInFlightRequests: number;
  /** And how many bytes they may hold; a single request may be larger. */
  readonly maxInFlightBytes: number;
  /** A connection with more unsent response bytes than this gets no further request handed out. Streamed parts count in full. */
  readonly maxPendingResponseBytes: number;
  /** How much of a streamed part is read at once, at most; up to 4 KB more where that ends the response. */
  readonly streamChunkBytes: number;
}

/** Counts the open connections of a node against its limit. */
export class ConnectionCounter {
  readonly limit: number;
  private open = 0;

  constructor(limit: number) {
    assert(limit >= 0, "a limit of connections is not negative");
    this.limit = limit;
  }

  count(): number {
    return this.open;
  }

  /** False when the limit is reached; nothing is counted then. */
  tryAdd(): boolean {
    if (this.open >= this.limit) return false;
    this.open++;
    return true;
  }

  remove(): void {
    assert(this.open > 0, "a connection closes once");
    this.open--;
  }
}
