// A client socket of the load generator: raw bytes in, raw bytes out, as little work per byte as Node allows.
// Bytes arrive in one reused buffer, so what a callback is given is valid only until it returns.

import { connect, type Socket } from "node:net";

const RECEIVE_BUFFER_BYTES = 256 * 1024;

/** Connects to a server on loopback and hands every chunk that arrives to `onChunk`. */
export function openRawConnection(
  port: number,
  onChunk: (chunk: Buffer) => void,
  receiveBufferBytes = RECEIVE_BUFFER_BYTES,
): Promise<Socket> {
  const buffer = Buffer.allocUnsafe(receiveBufferBytes);
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: "127.0.0.1",
      port,
      noDelay: true,
      onread: {
        buffer,
        callback: (bytesRead) => {
          onChunk(buffer.subarray(0, bytesRead));
          return true;
        },
      },
    });
    socket.once("connect", () => resolve(socket));
    socket.on("error", reject); // once connected, what failed shows as "close"
  });
}

/** Cuts a stream of small responses into frames, size field included. Only a frame that straddles two chunks is copied. */
export class FrameCutter {
  private readonly onFrame: (frame: Buffer) => void;
  private rest: Buffer | null = null;

  constructor(onFrame: (frame: Buffer) => void) {
    this.onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    const bytes = this.rest === null ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 4) {
      const end = at + 4 + bytes.readInt32BE(at);
      if (end > bytes.length) break;
      this.onFrame(bytes.subarray(at, end));
      at = end;
    }
    this.rest = at === bytes.length ? null : Buffer.from(bytes.subarray(at));
  }
}

/** Sends one request on a connection of its own and returns the whole response frame. */
export async function askOnce(port: number, request: Buffer): Promise<Buffer> {
  let answer: ((frame: Buffer) => void) | null = null;
  const answered = new Promise<Buffer>((resolve) => (answer = resolve));
  const cutter = new FrameCutter((frame) => answer?.(Buffer.from(frame)));
  const socket = await openRawConnection(port, (chunk) => cutter.push(chunk));
  const closed = new Promise<never>((_resolve, reject) => {
    socket.once("close", () => reject(new Error("the server closed the connection without an answer")));
  });
  socket.write(request);
  try {
    return await Promise.race([answered, closed]);
  } finally {
    socket.destroy();
  }
}
