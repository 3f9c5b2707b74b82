// The recorder of bytes on the wire: what passes through the proxy is kept in pairs, and what is worth keeping is chosen.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { afterEach, describe, it } from "node:test";
import { startRecordingProxy, type Exchange } from "../capture/proxy.ts";
import { chooseExchanges } from "../capture/recording.ts";

describe("the recording proxy", () => {
  const opened: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of opened.splice(0).reverse()) await close();
  });

  it("keeps each request with its response, and null where none came", async () => {
    const broker = await startSilentOnAcksZero();
    const proxy = await startRecordingProxy(() => (broker.address() as AddressInfo).port);
    opened.push(
      () => closeServer(broker),
      () => proxy.close(),
    );
    const client = connect(proxy.port, "127.0.0.1");
    const requests = [request(3, 12, 1), request(0, 9, 2), request(1, 11, 3)];
    const bytes = Buffer.concat(requests.map(framed));
    client.write(bytes.subarray(0, 7));
    client.write(bytes.subarray(7));
    let answered = 0;
    for await (const chunk of client) {
      answered += (chunk as Buffer).length;
      if (answered >= 2 * 12) break;
    }
    assert.deepEqual(proxy.take(), [
      { key: 3, version: 12, request: requests[0], response: response(1) },
      { key: 0, version: 9, request: requests[1], response: null },
      { key: 1, version: 11, request: requests[2], response: response(3) },
    ]);
    assert.deepEqual(proxy.take(), []);
  });
});

describe("the choice of exchanges", () => {
  it("keeps five of different lengths per API version, answered ones and large ones first", () => {
    const exchanges = [10, 20, 20, 30, 40, 50, 60].map((size) => exchange({ key: 3, size }));
    exchanges.push(exchange({ key: 3, size: 99, answered: false }));
    assert.deepEqual(
      chooseExchanges(exchanges).map((kept) => kept.request.length),
      [60, 50, 40, 30, 20],
    );
  });

  it("sorts by key and leaves out what is too large to read", () => {
    const exchanges = [
      exchange({ key: 18, size: 10 }),
      exchange({ key: 0, size: 7000 }),
      exchange({ key: 1, size: 10 }),
    ];
    assert.deepEqual(
      chooseExchanges(exchanges).map(({ key }) => key),
      [1, 18],
    );
  });
});

/** Answers every request with its correlation id and four bytes, but none for key 0. */
async function startSilentOnAcksZero(): Promise<Server> {
  const server = createServer((socket) => {
    let rest = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 12) {
        if (rest.readInt16BE(4) !== 0) socket.write(framed(response(rest.readInt32BE(8))));
        rest = rest.subarray(12);
      }
    });
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function closeServer(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}

function request(key: number, version: number, correlationId: number): Buffer {
  const frame = Buffer.alloc(8);
  frame.writeInt16BE(key, 0);
  frame.writeInt16BE(version, 2);
  frame.writeInt32BE(correlationId, 4);
  return frame;
}

function response(correlationId: number): Buffer {
  const frame = Buffer.alloc(8, 0xab);
  frame.writeInt32BE(correlationId, 0);
  return frame;
}

function framed(frame: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(frame.length);
  return Buffer.concat([size, frame]);
}

function exchange({ key, size, answered = true }: { key: number; size: number; answered?: boolean }): Exchange {
  return { key, version: 1, request: Buffer.alloc(size), response: answered ? Buffer.alloc(4) : null };
}
