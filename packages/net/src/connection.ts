// One connection: bytes to requests, answers to bytes, and when to stop reading.
// A request is handed out when all earlier ones are answered, except that bulk requests overlap with bulk requests before them.
// While a frame cannot be handed out the socket is not read, so what a client can make us hold is: the requests handed out,
// one frame behind them, one read buffer, and the responses up to the limit plus one.
// Not here: what a request means. The handler gets NetRequest and settles it whenever it likes.

import type { Duplex } from "node:stream";
import { assert, DecodeError } from "@ottla/base";
import type { Logger } from "@ottla/base";
import type { BufferPool } from "./buffer-pool.ts";
import { FrameAssembler } from "./frame-assembler.ts";
import type { Frame } from "./frame-assembler.ts";
import type { NetLimits } from "./limits.ts";
import { NetRequest } from "./request.ts";
import type { RequestOwner } from "./request.ts";
import { ResponseWriter } from "./response-writer.ts";
import { readWith } from "./socket-reader.ts";
import type { SocketReader } from "./socket-reader.ts";
import type { StreamBudget } from "./stream-budget.ts";

type ConnectionState = "open" | "draining" | "closing" | "closed";

// open: requests are handed out. draining: those handed out are finished, no more follow.
// closing: the socket is told to close, answers go nowhere. closed: the socket is gone and everything is released.
const LEGAL: Record<ConnectionState, readonly ConnectionState[]> = {
  open: ["draining", "closing", "closed"],
  draining: ["closing", "closed"],
  closing: ["closed"],
  closed: [],
};

/** What a connection needs of its listener. */
export interface ConnectionHost {
  readonly name: string;
  readonly limits: NetLimits;
  readonly logger: Logger;
  readonly bulkApiKeys: ReadonlySet<number>;
  readonly framePool: BufferPool;
  readonly streamBudget: StreamBudget;
  /** Bytes of all connections land here first. */
  readonly readBuffer: Buffer;
  onRequest(request: NetRequest): void;
  /** Asks for `connection.turn()` at the end of this turn of the event loop. */
  atEndOfTurn(connection: Connection): void;
  onClosed(connection: Connection): void;
}

export interface ConnectionAddresses {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

export class Connection implements RequestOwner, SocketReader {
  /** Unique among the connections of its listener. */
  readonly id: number;
  readonly listenerName: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Whatever the broker keeps for the connection; net does not look at it. */
  attachment: unknown = null;
  bytesIn = 0;
  /** Requests handed out so far. */
  requests = 0;
  /** For the listener: whether `turn` is due at the end of this turn. */
  turnIsDue = false;
  private readonly host: ConnectionHost;
  private readonly socket: Duplex;
  private readonly assembler: FrameAssembler;
  private readonly writer: ResponseWriter;
  private state: ConnectionState = "open";
  private held: Frame | null = null;
  private directTarget: Buffer | null = null;
  /** Of the frames handed out and not answered yet. */
  private unansweredBytes = 0;
  private paused = true;
  private moved = true;
  private movedAtMs = 0;

  constructor(host: ConnectionHost, id: number, accepted: Duplex, addresses: ConnectionAddresses) {
    this.host = host;
    this.id = id;
    this.listenerName = host.name;
    this.localAddress = addresses.localAddress;
    this.localPort = addresses.localPort;
    this.remoteAddress = addresses.remoteAddress;
    this.remotePort = addresses.remotePort;
    this.assembler = new FrameAssembler({
      maxFrameBytes: host.limits.maxFrameBytes,
      bulkApiKeys: host.bulkApiKeys,
      pool: host.framePool,
    });
    this.socket = readWith(this, accepted);
    this.writer = new ResponseWriter({
      socket: this.socket,
      budget: host.streamBudget,
      streamChunkBytes: host.limits.streamChunkBytes,
      onWritten: () => this.afterWrite(),
      onReadFailed: (error) =>
        this.breakOff("error", { error: describe(error) }, "A response could not be read; the connection is closed."),
    });
    this.socket.on("end", () => this.destroy());
    this.socket.on("error", (error: Error) =>
      this.host.logger.debug(this.fields({ error: error.message }), "A connection broke."),
    );
    this.socket.on("close", () => this.release());
    this.resume();
  }

  /** Bytes given to the socket so far. */
  get bytesOut(): number {
    return this.writer.bytesOut;
  }

  /** Bytes of answers that the kernel has not taken; streamed parts count in full. */
  get pendingResponseBytes(): number {
    return this.writer.pendingBytes();
  }

  /** Whether the socket is full: it holds bytes that the kernel would not take. */
  isWriting(): boolean {
    return this.socket.writableLength > 0;
  }

  isClosed(): boolean {
    return this.state === "closing" || this.state === "closed";
  }

  /** Closes at once; nothing is sent any more. The owner says in the log why. */
  destroy(): void {
    if (this.isClosed()) return;
    this.become("closing");
    this.socket.destroy();
  }

  /** Hands out no more requests, sends the answers of those handed out, then closes. */
  drain(): void {
    if (this.state !== "open") return;
    this.become("draining");
    this.paused = true;
    this.socket.pause();
    this.host.atEndOfTurn(this);
  }

  /** For SocketReader. */
  target(): Buffer {
    this.directTarget = this.assembler.target();
    return this.directTarget ?? this.host.readBuffer;
  }

  /** For SocketReader: bytes came. */
  onBytes(count: number, buffer: Buffer): boolean {
    if (this.state !== "open") return false;
    this.bytesIn += count;
    this.moved = true;
    if (buffer === this.directTarget) this.assembler.fill(count);
    else this.assembler.lend(buffer, count);
    this.handOut();
    this.assembler.retain();
    this.paused = !this.mayRead();
    return !this.paused;
  }

  /** For the listener, at the end of a turn: sends what is answered and goes on with what was held up. */
  turn(): void {
    this.writer.flush();
    if (this.state === "open" && this.paused) {
      this.handOut();
      if (this.mayRead()) this.resume();
    }
    if (this.state === "draining" && this.writer.isIdle()) this.destroySoon();
  }

  /** For the listener's sweep: closes the connection when no byte moved for the limit. */
  closeIfIdle(nowMs: number): void {
    if (this.moved) {
      this.moved = false;
      this.movedAtMs = nowMs;
    } else if (nowMs - this.movedAtMs >= this.host.limits.maxIdleMs && this.state === "open") {
      this.host.logger.debug(this.fields({}), "An idle connection is closed.");
      this.destroy();
    }
  }

  /** For NetRequest. */
  answered(request: NetRequest): void {
    this.unansweredBytes -= request.frameBytes;
    const hasOutput = this.writer.collect(request);
    if (hasOutput || this.paused) this.host.atEndOfTurn(this);
  }

  /** For NetRequest. */
  failed(_request: NetRequest, reason: string): void {
    this.breakOff("warn", { reason }, "A request cannot be answered; the connection is closed.");
  }

  /** For NetRequest. */
  giveBack(buffer: Buffer): void {
    this.host.framePool.give(buffer);
  }

  private handOut(): void {
    while (this.state === "open" && this.hasRoom()) {
      const frame = this.held ?? this.assembler.next();
      this.held = null;
      if (frame === null) break;
      if (!frame.bulk && this.writer.waitingCount() > 0) {
        this.held = frame;
        break;
      }
      this.dispatch(frame);
    }
    const reason = this.assembler.refusal;
    if (reason !== null)
      this.breakOff("warn", { reason }, "A client sent no frame of Kafka's; the connection is closed.");
  }

  private hasRoom(): boolean {
    const limits = this.host.limits;
    if (this.writer.pendingBytes() > limits.maxPendingResponseBytes) return false;
    const last = this.writer.lastWaiting();
    if (last === undefined) return true;
    return (
      last.bulk &&
      this.writer.waitingCount() < limits.maxInFlightRequests &&
      this.unansweredBytes < limits.maxInFlightBytes
    );
  }

  private dispatch(frame: Frame): void {
    const request = new NetRequest(this, this, frame);
    this.unansweredBytes += request.frameBytes;
    this.requests++;
    this.writer.expect(request);
    try {
      this.host.onRequest(request);
    } catch (error) {
      if (error instanceof DecodeError) this.failed(request, error.message);
      else this.breakOff("error", { error: describe(error) }, "A handler failed; the connection is closed.");
    }
  }

  private mayRead(): boolean {
    return this.state === "open" && this.held === null && !this.assembler.hasInput();
  }

  private resume(): void {
    this.paused = false;
    this.socket.resume();
  }

  private afterWrite(): void {
    this.moved = true;
    if (this.paused || this.writer.pendingBytes() > 0) this.host.atEndOfTurn(this);
  }

  private destroySoon(): void {
    this.become("closing");
    this.socket.end(() => this.socket.destroy());
  }

  private breakOff(level: "warn" | "error", why: Record<string, unknown>, sentence: string): void {
    if (this.isClosed()) return;
    this.host.logger[level](this.fields(why), sentence);
    this.destroy();
  }

  private release(): void {
    this.become("closed");
    try {
      this.writer.close();
    } catch (error) {
      const fields = this.fields({ error: describe(error) });
      this.host.logger.error(fields, "A response that is not sent could not be released.");
    }
    this.assembler.drop();
    if (this.held !== null && this.held.pooled !== null) this.host.framePool.give(this.held.pooled);
    this.held = null;
    this.host.onClosed(this);
  }

  private become(next: ConnectionState): void {
    assert(LEGAL[this.state].includes(next), `a connection does not go from ${this.state} to ${next}`);
    this.state = next;
  }

  private fields(more: Record<string, unknown>): Record<string, unknown> {
    return {
      listener: this.listenerName,
      connection: this.id,
      remote: `${this.remoteAddress}:${this.remotePort}`,
      ...more,
    };
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
