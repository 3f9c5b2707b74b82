// The bytes of an answer in memory, and an answer that breaks off: what faults make of what the broker would have sent.

import type { FramePart, StreamedPart } from "@ottla/base";
import type { Connection } from "@ottla/net";
import type { OpenConnections } from "../open-connections.ts";

/** Reads all parts into one new buffer and releases those that are streamed. At once where no disk must be asked. */
export function bytesOf(parts: readonly FramePart[]): Buffer | Promise<Buffer> {
  const target = Buffer.allocUnsafe(parts.reduce((sum, { length }) => sum + length, 0));
  const left = readFrom(parts, target);
  return left === null ? target : left.then(() => target);
}

/** Sends `sentBytes` of `bytes`, at least one too few, and closes the connection. */
export class CutAnswer implements StreamedPart {
  readonly length: number;
  private readonly bytes: Buffer;
  private readonly connection: Connection;
  private readonly connections: OpenConnections;

  constructor(bytes: Buffer, sentBytes: number, connection: Connection, connections: OpenConnections) {
    this.length = bytes.length;
    this.bytes = bytes.subarray(0, Math.min(sentBytes, bytes.length - 1));
    this.connection = connection;
    this.connections = connections;
  }

  read(target: Buffer, position: number): number | Promise<number> {
    if (position < this.bytes.length) return this.bytes.copy(target, 0, position);
    // What came before goes to the socket while this waits; the connection ends before it could be read on.
    return new Promise((resolve) => {
      this.connections.onceClosed(this.connection, () => resolve(0));
      setImmediate(() => this.connection.destroy());
    });
  }

  release(): void {}
}

function readFrom(parts: readonly FramePart[], target: Buffer): Promise<void> | null {
  let at = 0;
  for (const [index, part] of parts.entries()) {
    if (!Buffer.isBuffer(part)) return readStreamed(parts.slice(index), target.subarray(at));
    at += part.copy(target, at);
  }
  return null;
}

async function readStreamed(parts: readonly FramePart[], target: Buffer): Promise<void> {
  let at = 0;
  for (const part of parts) {
    if (Buffer.isBuffer(part)) part.copy(target, at);
    else await readWhole(part, target.subarray(at, at + part.length));
    at += part.length;
  }
}

async function readWhole(part: StreamedPart, target: Buffer): Promise<void> {
  try {
    for (let read = 0; read < target.length;) read += await part.read(target.subarray(read), read);
  } finally {
    part.release();
  }
}
