// Reads an accepted socket into buffers that we choose, instead of 64 KB freshly allocated for every chunk.
// Node offers this for sockets that a client opens (the `onread` option) and has no door to it for accepted ones, so the
// accepted socket's handle moves to a new Socket with that option; the README says what it wins. A stream without such a
// handle (TLS, a pair in memory) is read through its data events: same calls, one more copy.

import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { assert } from "@ottla/base";

export interface SocketReader {
  /** Where the next bytes go. Asked after every `onBytes`. */
  target(): Buffer;
  /** `count` bytes came into `buffer`, which is valid during the call. False pauses the stream. */
  onBytes(count: number, buffer: Buffer): boolean;
}

/** Node's name for the native half of a socket. */
const HANDLE = "_handle";

interface SocketWithHandle {
  [HANDLE]?: object | null;
}

/** The stream to use from now on in place of `accepted`, paused. Nothing may have been read from `accepted`. */
export function readWith(reader: SocketReader, accepted: Duplex): Duplex {
  const owner = accepted as SocketWithHandle;
  const handle = owner[HANDLE];
  if (handle === undefined || handle === null) return readEvents(reader, accepted);
  owner[HANDLE] = null;
  const options = {
    handle,
    readable: true,
    writable: true,
    allowHalfOpen: true,
    onread: {
      buffer: () => reader.target(),
      callback: (count: number, buffer: Uint8Array) => reader.onBytes(count, buffer as Buffer),
    },
  };
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
  assert(!socket.connecting, "the handle of an accepted socket is connected");
  return socket;
}

function readEvents(reader: SocketReader, stream: Duplex): Duplex {
  stream.on("data", (chunk: Buffer) => {
    if (!reader.onBytes(chunk.length, chunk)) stream.pause();
  });
  return stream.pause();
}
