// A TCP proxy in front of one broker that keeps each request with its response, as bytes without the size field.
// Responses are matched to requests by correlation id within a connection. It understands nothing else of the protocol.

import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** One exchange. `response` is null when none came (a Produce with acks=0, or the connection ended first). */
export interface Exchange {
  key: number;
  version: number;
  request: Buffer;
  response: Buffer | null;
}

export interface RecordingProxy {
  readonly port: number;
  /** What passed since the last call, in the order of the requests. */
  take(): Exchange[];
  close(): Promise<void>;
}

/** Listens on a free loopback port and forwards to `targetPort()`, which may be known only after the proxy's own port is. */
export async function startRecordingProxy(targetPort: () => number): Promise<RecordingProxy> {
  let exchanges: Exchange[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const broker = connect(targetPort(), "127.0.0.1");
    join(client, broker, (exchange) => exchanges.push(exchange));
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    take() {
      const taken = exchanges;
      exchanges = [];
      return taken;
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function join(client: Socket, broker: Socket, keep: (exchange: Exchange) => void): void {
  const waiting = new Map<number, Exchange>();
  const splitRequests = frameSplitter((frame) => {
    const exchange = { key: frame.readInt16BE(0), version: frame.readInt16BE(2), request: frame, response: null };
    waiting.set(frame.readInt32BE(4), exchange);
    keep(exchange);
  });
  const splitResponses = frameSplitter((frame) => {
    const correlationId = frame.readInt32BE(0);
    const exchange = waiting.get(correlationId);
    if (exchange !== undefined) exchange.response = frame;
    waiting.delete(correlationId);
  });
  pipe(client, broker, splitRequests);
  pipe(broker, client, splitResponses);
}

function pipe(from: Socket, to: Socket, look: (chunk: Buffer) => void): void {
  from.on("data", (chunk: Buffer) => {
    look(chunk);
    to.write(chunk);
  });
  from.on("end", () => to.end());
  from.on("error", () => to.destroy());
  from.on("close", () => to.destroy());
}

/** Calls `onFrame` with a copy of each frame, without its four bytes of size. */
function frameSplitter(onFrame: (frame: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0);
      onFrame(Buffer.from(rest.subarray(4, end)));
      rest = rest.subarray(end);
    }
  };
}
