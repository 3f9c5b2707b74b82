// The smallest client that simulations and tests need: one socket, one call after another or several in flight,
// requests and responses through the protocol package. Not a Kafka client: no metadata cache, no retries.

import { connect } from "node:net";
import type { Socket } from "node:net";
import { ByteReader, ByteWriter } from "@ottla/base";
import { decodeResponseHeader, encodeRequestHeader } from "@ottla/protocol";
import type { Api } from "@ottla/protocol";

interface Waiting {
  resolve: (frame: Buffer) => void;
  reject: (error: Error) => void;
}

/** Why a call has no answer: the connection ended first, or the process behind it. */
export class ConnectionLost extends Error {
  override name = "ConnectionLost";
}

/** What answers requests: a connection, or a broker in this process. */
export interface Caller {
  /** Sends one request and resolves with its response; rejects with ConnectionLost when none will come. */
  call<Request, Response, GivenRequest, GivenResponse>(
    api: Api<Request, Response, GivenRequest, GivenResponse>,
    version: number,
    request: GivenRequest,
  ): Promise<Response>;
}

export class WireClient implements Caller {
  private readonly socket: Socket;
  private readonly waiting = new Map<number, Waiting>();
  private chunks: Buffer[] = [];
  private receivedBytes = 0;
  private neededBytes = 4;
  private correlationId = 0;
  private failure: ConnectionLost | null = null;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.take(chunk));
    socket.on("error", (error) => this.fail(error));
    socket.on("close", () => this.fail(new Error("the connection was closed")));
  }

  static connect(port: number, host = "127.0.0.1"): Promise<WireClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new WireClient(socket));
      });
    });
  }

  async call<Request, Response, GivenRequest, GivenResponse>(
    api: Api<Request, Response, GivenRequest, GivenResponse>,
    version: number,
    request: GivenRequest,
  ): Promise<Response> {
    const correlationId = this.correlationId++;
    const writer = new ByteWriter(1024);
    encodeRequestHeader(writer, { apiKey: api.key, apiVersion: version, correlationId, clientId: "ottla-sim" });
    api.request.encode(writer, version, request);
    const frame = await this.exchange(correlationId, writer.toBuffer());
    const reader = new ByteReader(frame);
    decodeResponseHeader(reader, api.key, version);
    return api.response.decode(reader, version);
  }

  get isLost(): boolean {
    return this.failure !== null;
  }

  close(): void {
    this.socket.destroy();
  }

  private exchange(correlationId: number, body: Buffer): Promise<Buffer> {
    if (this.failure !== null) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.waiting.set(correlationId, { resolve, reject });
      const size = Buffer.allocUnsafe(4);
      size.writeInt32BE(body.length);
      this.socket.cork();
      this.socket.write(size);
      this.socket.write(body);
      this.socket.uncork();
    });
  }

  // Chunks are joined once a whole frame is there, so that a long response is copied once.
  private take(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.receivedBytes += chunk.length;
    if (this.receivedBytes < this.neededBytes) return;
    let received = Buffer.concat(this.chunks);
    for (;;) {
      this.neededBytes = received.length < 4 ? 4 : 4 + received.readInt32BE(0);
      if (received.length < this.neededBytes) break;
      this.answer(received.subarray(4, this.neededBytes));
      received = received.subarray(this.neededBytes);
    }
    this.chunks = [received];
    this.receivedBytes = received.length;
  }

  private answer(frame: Buffer): void {
    const correlationId = frame.readInt32BE(0);
    const waiting = this.waiting.get(correlationId);
    this.waiting.delete(correlationId);
    waiting?.resolve(frame);
  }

  private fail(error: Error): void {
    const lost = (this.failure ??= new ConnectionLost(error.message));
    this.socket.destroy();
    for (const { reject } of this.waiting.values()) reject(lost);
    this.waiting.clear();
  }
}
