// One socket to a broker, plain or TLS: frames in, parts out. It knows nothing of what is in a frame.
// All that is written in one turn of the event loop leaves in one writev. `onEnd` is called once, whatever ends it.

import { connect, isIP } from "node:net";
import type { Socket } from "node:net";
import type { ConnectionOptions as TlsOptions } from "node:tls";
import { FrameReader } from "./frame-reader.ts";
import { atEndOfTurn } from "./system-clock.ts";

export interface TransportOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsOptions | null;
  readonly maxFrameBytes: number;
  readonly onOpen: () => void;
  readonly onFrame: (frame: Buffer) => void;
  /** `error` is null when the broker closed in order. */
  readonly onEnd: (error: Error | null) => void;
}

/** How long one of a name's addresses is tried before the next, when it has several. */
const ADDRESS_ATTEMPT_MS = 1_000;

export class Transport {
  bytesIn = 0;
  bytesOut = 0;
  private readonly options: TransportOptions;
  private readonly reader: FrameReader;
  private readonly socket: Socket;
  private corked = false;
  private ended = false;
  private failure: Error | null = null;
  private readonly closedPromise: Promise<void>;

  constructor(options: TransportOptions) {
    this.options = options;
    this.reader = new FrameReader(options.maxFrameBytes);
    this.socket = options.tls === null ? this.openPlain() : this.openTls(options.tls);
    this.closedPromise = new Promise((resolve) => this.socket.once("close", () => resolve()));
    this.socket.setNoDelay(true);
    this.socket.setKeepAlive(true);
    this.socket.once(options.tls === null ? "connect" : "secureConnect", () => {
      if (!this.ended) options.onOpen();
    });
    this.socket.on("error", (error) => this.end(error));
    this.socket.on("end", () => this.end(this.failure));
    this.socket.on("close", () => this.end(this.failure));
  }

  /** The parts belong to the caller again when the answer came, or when `onWritten` is called: the system has them, or never will. */
  write(parts: readonly Buffer[], onWritten?: (error: Error | null) => void): void {
    if (this.ended) {
      onWritten?.(new Error("the socket is closed"));
      return;
    }
    if (!this.corked) {
      this.corked = true;
      this.socket.cork();
      atEndOfTurn(() => {
        this.corked = false;
        this.socket.uncork();
      });
    }
    const last = parts.length - 1;
    for (let index = 0; index <= last; index++) {
      const part = parts[index]!;
      this.bytesOut += part.length;
      if (index < last || onWritten === undefined) this.socket.write(part);
      else this.socket.write(part, (error) => onWritten(error ?? null));
    }
  }

  /** Closes at once. Resolves when the socket is gone. `onEnd` gets the error. */
  close(error: Error | null = null): Promise<void> {
    this.end(error);
    return this.closedPromise;
  }

  private openPlain(): Socket {
    const { host, port } = this.options;
    return connect({
      host,
      port,
      autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS,
      onread: {
        buffer: () => this.reader.target(),
        callback: (count) => {
          this.bytesIn += count;
          this.reader.filled(count);
          this.handOut();
          return true;
        },
      },
    });
  }

  private openTls(tls: TlsOptions): Socket {
    const { host, port } = this.options;
    const named = tls.servername === undefined && isIP(host) === 0 ? { servername: host } : {};
    // Loaded when somebody wants it: TLS alone is a tenth of the time that importing the client takes.
    const { connect: connectTls } = process.getBuiltinModule("node:tls");
    const socket = connectTls({ ...tls, ...named, host, port });
    socket.on("data", (bytes: Buffer) => {
      this.bytesIn += bytes.length;
      this.reader.push(bytes, (frame) => this.handOver(frame));
      this.handOut();
    });
    return socket;
  }

  private handOut(): void {
    for (let frame = this.reader.next(); frame !== null; frame = this.reader.next()) this.handOver(frame);
    if (this.reader.refusal !== null) this.end(new Error(this.reader.refusal));
  }

  private handOver(frame: Buffer): void {
    if (!this.ended) this.options.onFrame(frame);
  }

  private end(error: Error | null): void {
    if (this.ended) return;
    this.ended = true;
    this.failure = error;
    this.socket.destroy();
    this.options.onEnd(error);
  }
}
