// One lane of the fuzz: a connection that sends one frame at a time, watches what comes back, and judges it against what the
// frame allows. A connection serves a few frames; a closed one is opened anew. Nothing here waits by a timer of its own.

import { connect } from "node:net";
import type { Socket } from "node:net";
import { ByteReader } from "@ottla/base";
import { apiKeyEntry, decodeResponseHeader, errorCodes } from "@ottla/protocol";
import type { ProduceResponse } from "@ottla/protocol/messages/00-produce.ts";
import { headOf } from "./frames.ts";
import type { FuzzFrame } from "./frames.ts";

/** How long nothing may come where nothing is an allowed reaction. */
const QUIET_MS = 15;
/** How long a broker may take for anything. */
const PATIENCE_MS = 10_000;
const FRAMES_PER_CONNECTION = 12;
const PRODUCE = 0;
const FETCH = 1;
const API_VERSIONS = 18;

export type Outcome = "answered" | "closed" | "silent";

export interface LaneHost {
  readonly port: number;
  /** The next frame, or null when there are no more. */
  take(): FuzzFrame | null;
  settled(outcome: Outcome): void;
  found(frame: FuzzFrame, what: string): void;
  /** The broker takes no connections. */
  unreachable(error: Error): void;
  finished(lane: Lane): void;
}

export class Lane {
  private readonly host: LaneHost;
  private socket: Socket | null = null;
  private frame: FuzzFrame | null = null;
  private received: Buffer = Buffer.alloc(0);
  private answers = 0;
  private sentOnConnection = 0;
  private paused = false;
  private quietSinceMs = 0;

  constructor(host: LaneHost) {
    this.host = host;
  }

  /** Takes the next frame and sends it; ends the lane when there is none. */
  next(): void {
    this.frame = this.host.take();
    if (this.frame === null) {
      this.hangUp();
      this.host.finished(this);
      return;
    }
    this.answers = 0;
    this.quietSinceMs = performance.now();
    if (this.socket !== null && this.sentOnConnection >= FRAMES_PER_CONNECTION) this.hangUp();
    if (this.socket === null) this.open();
    else this.send(this.socket);
  }

  /** Called every few milliseconds: sends the second half of a slow frame, and ends waits. */
  tick(nowMs: number): void {
    const { frame } = this;
    if (frame === null || this.socket === null) return;
    if (this.paused) {
      this.paused = false;
      this.quietSinceMs = nowMs;
      this.socket.write(frame.bytes.subarray(frame.pauseAt!));
      return;
    }
    const quietMs = nowMs - this.quietSinceMs;
    if (quietMs >= QUIET_MS && mayBeSilent(frame)) {
      this.hangUp();
      this.settle("silent");
    } else if (quietMs >= PATIENCE_MS) {
      this.host.found(frame, `no answer and no close in ${PATIENCE_MS} ms`);
      this.hangUp();
      this.settle("silent");
    }
  }

  /** Gives up whatever is under way. */
  abandon(): void {
    this.frame = null;
    this.hangUp();
  }

  private open(): void {
    const socket = connect({ port: this.host.port, host: "127.0.0.1", noDelay: true });
    this.socket = socket;
    this.sentOnConnection = 0;
    this.received = Buffer.alloc(0);
    let connected = false;
    socket.on("connect", () => {
      connected = true;
      this.send(socket);
    });
    socket.on("data", (chunk: Buffer) => {
      if (this.socket === socket) this.receive(chunk);
    });
    socket.on("error", (error) => {
      if (!connected && this.socket === socket) this.host.unreachable(error);
    });
    socket.on("close", () => {
      if (this.socket === socket) this.closedByBroker();
    });
  }

  private send(socket: Socket): void {
    const { bytes, pauseAt } = this.frame!;
    this.sentOnConnection++;
    this.paused = pauseAt !== null;
    this.quietSinceMs = performance.now();
    socket.write(pauseAt === null ? bytes : bytes.subarray(0, pauseAt));
  }

  // Half of the connections end with a reset, which also spares the machine the sockets in TIME_WAIT.
  private hangUp(): void {
    const { socket } = this;
    this.socket = null;
    if (socket === null) return;
    if (this.sentOnConnection % 4 === 0) socket.destroy();
    else socket.resetAndDestroy();
  }

  private receive(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    this.quietSinceMs = performance.now();
    while (this.received.length >= 4 && this.frame !== null && this.socket !== null) {
      const size = this.received.readInt32BE(0);
      if (size < 0) {
        this.host.found(this.frame, `an answer of ${size} bytes`);
        this.hangUp();
        this.settle("answered");
        return;
      }
      if (this.received.length < 4 + size) return;
      const answer = this.received.subarray(4, 4 + size);
      this.received = this.received.subarray(4 + size);
      this.answered(this.frame, answer);
    }
  }

  private answered(frame: FuzzFrame, answer: Buffer): void {
    this.answers++;
    if (frame.expects === "answers") return;
    const complaint = judge(frame, answer);
    if (complaint !== null) {
      this.host.found(frame, `${complaint}; the answer: ${answer.subarray(0, 200).toString("hex")}`);
      this.hangUp();
    }
    this.settle("answered");
  }

  private closedByBroker(): void {
    this.socket = null;
    const { frame } = this;
    if (frame === null) return;
    if (frame.expects === "answer" || frame.expects === "silence") this.host.found(frame, "the connection was closed");
    this.settle("closed");
  }

  private settle(outcome: Outcome): void {
    this.host.settled(outcome);
    this.next();
  }
}

/** A Produce may have acks=0 and a Fetch may wait for days; bits can be flipped into both. */
function mayBeSilent(frame: FuzzFrame): boolean {
  if (frame.expects === "silence" || frame.expects === "answers") return true;
  if (frame.expects !== "any") return false;
  const key = frame.bytes.length < 6 ? -1 : frame.bytes.readInt16BE(4);
  return key === PRODUCE || key === FETCH;
}

/** What is wrong with this answer to this frame, or null. */
function judge(frame: FuzzFrame, answer: Buffer): string | null {
  if (frame.expects === "close" || frame.expects === "silence") return `an answer where ${frame.expects} was due`;
  const head = headOf(frame.bytes);
  if (head === null) return "an answer to what has no header";
  const { api, version, correlationId } = head;
  try {
    const reader = new ByteReader(answer);
    const { versions } = apiKeyEntry(api.key)!;
    const known = version >= versions.from && version <= versions.to;
    if (!known && api.key !== API_VERSIONS) return `an answer in version ${version} of ${api.name}`;
    const found = decodeResponseHeader(reader, api.key, version);
    if (found !== correlationId) return `correlation id ${found}, not ${correlationId}`;
    const response = api.response.decode(reader, known ? version : 0);
    if (reader.remaining() > 0) return `${reader.remaining()} bytes behind the answer`;
    if (!known)
      return (response as { errorCode: number }).errorCode === errorCodes.UNSUPPORTED_VERSION
        ? null
        : "no UNSUPPORTED_VERSION";
    if (frame.expects === "refusal") return isRefused(response as ProduceResponse) ? null : "the batch was accepted";
  } catch (error) {
    return `the answer cannot be decoded: ${String(error)}`;
  }
  return null;
}

function isRefused(response: ProduceResponse): boolean {
  return response.responses.every(({ partitionResponses }) =>
    partitionResponses.every(({ errorCode }) => errorCode !== 0),
  );
}
