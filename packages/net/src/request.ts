// One request of one connection, from the moment it is handed out until it is answered. Every request is settled exactly
// once, by `respond` or by `fail`; until then its frame stays valid, afterwards it may be reused for another request.

import { assert } from "@ottla/base";
import type { FramePart } from "@ottla/base";
import type { Connection } from "./connection.ts";
import type { Frame } from "./frame-assembler.ts";

const NO_BYTES = Buffer.alloc(0);

/** What the connection does when a request is settled. */
export interface RequestOwner {
  answered(request: NetRequest): void;
  failed(request: NetRequest, reason: string): void;
  /** Takes a pooled frame back. */
  giveBack(buffer: Buffer): void;
}

export class NetRequest {
  readonly connection: Connection;
  /** Whether it may overlap with other bulk requests. */
  readonly bulk: boolean;
  /** How many bytes `frame` had when it came. */
  readonly frameBytes: number;
  /** Header and body without the size; empty once the request is settled. */
  frame: Buffer;
  /** True after `respond` or `fail`. */
  settled = false;
  /** What `respond` gave, until the response leaves. */
  parts: FramePart[] | null = null;
  private readonly owner: RequestOwner;
  private pooled: Buffer | null;

  constructor(connection: Connection, owner: RequestOwner, frame: Frame) {
    this.connection = connection;
    this.owner = owner;
    this.frame = frame.bytes;
    this.frameBytes = frame.bytes.length;
    this.pooled = frame.pooled;
    this.bulk = frame.bulk;
  }

  /**
   * Answers with one frame made of `parts` (the size in front is added), or with nothing: null, as for a Produce with acks=0.
   * The parts belong to the connection from now on and must not share memory with the request's frame. Their streamed
   * parts are released even when the client has gone.
   */
  respond(parts: FramePart[] | null): void {
    this.settle();
    this.parts = parts;
    this.owner.answered(this);
  }

  /** Closes the connection with a log line that gives `reason`, for a request that cannot be answered at all. */
  fail(reason: string): void {
    this.settle();
    this.owner.failed(this, reason);
  }

  private settle(): void {
    assert(!this.settled, "a request is settled exactly once");
    this.settled = true;
    this.frame = NO_BYTES;
    if (this.pooled !== null) this.owner.giveBack(this.pooled);
    this.pooled = null;
  }
}
