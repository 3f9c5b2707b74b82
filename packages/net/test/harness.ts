// A listener on port 0 with a handler of the test's choosing, and a client that speaks frames over a real socket.

import { connect } from "node:net";
import type { Socket } from "node:net";
import { ManualClock, RecordingLogger } from "@ottla/base";
import type { StreamedPart } from "@ottla/base";
import { ConnectionCounter, startListener } from "@ottla/net";
import type { Connection, Listener, ListenerOptions, NetLimits, NetRequest } from "@ottla/net";

export const PRODUCE = 0;
export const FETCH = 1;
/** How long a test waits for something that must come. */
const PATIENCE_MS = 5000;

export interface Harness {
  readonly listener: Listener;
  readonly logger: RecordingLogger;
  readonly clock: ManualClock;
  /** Requests that nobody has settled, when the handler keeps them. */
  readonly requests: NetRequest[];
  readonly closed: Connection[];
  client(): Promise<FrameClient>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface HarnessOptions {
  readonly limits?: Partial<NetLimits>;
  /** By default requests are kept in `requests`. */
  readonly onRequest?: (request: NetRequest) => void;
  readonly more?: Partial<ListenerOptions>;
}

export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  const logger = new RecordingLogger();
  const clock = new ManualClock();
  const requests: NetRequest[] = [];
  const closed: Connection[] = [];
  const clients: FrameClient[] = [];
  const listener = await startListener({
    name: "PLAINTEXT",
    host: "127.0.0.1",
    port: 0,
    clock,
    logger,
    limits: {
      maxFrameBytes: 10_000_000,
      maxConnections: new ConnectionCounter(5000),
      maxIdleMs: 600_000,
      maxInFlightRequests: 4,
      maxInFlightBytes: 1024 * 1024,
      maxPendingResponseBytes: 1_000_000,
      streamChunkBytes: 64 * 1024,
      ...options.limits,
    },
    bulkApiKeys: new Set([PRODUCE]),
    onRequest: options.onRequest ?? ((each) => requests.push(each)),
    onClose: (connection) => closed.push(connection),
    ...options.more,
  });
  return {
    listener,
    logger,
    clock,
    requests,
    closed,
    async client() {
      const client = await FrameClient.connect(listener.port);
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.socket.destroy();
      const done = listener.close(1000);
      clock.advance(1000);
      await done;
    },
  };
}

/** Sends frames and gathers whole response frames, in the order in which they came. */
export class FrameClient {
  readonly socket: Socket;
  readonly frames: Buffer[] = [];
  /** Every chunk as it came off the socket. */
  chunks = 0;
  receivedBytes = 0;
  ended = false;
  private rest: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.receive(chunk));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.ended = true;
    });
  }

  static connect(port: number): Promise<FrameClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => resolve(new FrameClient(socket)));
    });
  }

  send(...frames: Buffer[]): void {
    this.socket.write(Buffer.concat(frames.map(sized)));
  }

  /** The next `count` response frames, taken out of `frames`. */
  async take(count: number): Promise<Buffer[]> {
    await until(() => this.frames.length >= count, `${count} responses`);
    return this.frames.splice(0, count);
  }

  async closed(): Promise<void> {
    await until(() => this.ended, "the connection to close");
  }

  private receive(chunk: Buffer): void {
    this.chunks++;
    this.receivedBytes += chunk.length;
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    while (this.rest.length >= 4 && this.rest.length >= 4 + this.rest.readInt32BE(0)) {
      const end = 4 + this.rest.readInt32BE(0);
      this.frames.push(this.rest.subarray(4, end));
      this.rest = this.rest.subarray(end);
    }
  }
}

/** A frame's body with the API key and a number to recognise it by, `bytes` long. */
export function request(apiKey: number, number: number, bytes = 8): Buffer {
  const frame = Buffer.alloc(bytes, number & 0xff);
  frame.writeInt16BE(apiKey, 0);
  frame.writeInt32BE(number, 4);
  return frame;
}

/** The number that `request` put in. */
export function numberOf(frame: Buffer): number {
  return frame.readInt32BE(4);
}

/** A response that carries the request's number. */
export function answerTo(each: NetRequest): Buffer {
  const answer = Buffer.alloc(4);
  answer.writeInt32BE(numberOf(each.frame));
  return answer;
}

export function sized(frame: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(frame.length);
  return Buffer.concat([size, frame]);
}

/** Waits, turn by turn of the event loop, until `condition` holds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export type ReadMode = "at once" | "later" | "by turns";

/** A streamed part over bytes that count up, which records how it was used. */
export class CountingPart implements StreamedPart {
  readonly length: number;
  readonly reads: number[] = [];
  releases = 0;
  readsAfterRelease = 0;
  private readonly mode: ReadMode;
  private readonly failAt: number;

  constructor(length: number, mode: ReadMode = "at once", failAt = Number.POSITIVE_INFINITY) {
    this.length = length;
    this.mode = mode;
    this.failAt = failAt;
  }

  read(target: Buffer, position: number): number | Promise<number> {
    if (this.releases > 0) this.readsAfterRelease++;
    const later = this.mode === "later" || (this.mode === "by turns" && this.reads.length % 2 === 1);
    this.reads.push(target.length);
    const fails = position + target.length > this.failAt;
    if (!later) {
      if (fails) throw new Error("EIO: the disk is broken");
      return this.fill(target, position);
    }
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        if (fails) reject(new Error("EIO: the disk is broken"));
        else resolve(this.fill(target, position));
      });
    });
  }

  release(): void {
    this.releases++;
  }

  private fill(target: Buffer, position: number): number {
    for (let at = 0; at < target.length; at++) target[at] = byteAt(position + at);
    return target.length;
  }
}

function byteAt(position: number): number {
  return (position ^ (position >> 8) ^ (position >> 16)) & 0xff;
}

/** What a CountingPart of this length sends. */
export function countingBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = byteAt(at);
  return bytes;
}
