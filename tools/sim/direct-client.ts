// A client of a broker in this process, without sockets: each request goes through the broker's own dispatch as bytes, and comes back as
// bytes. So a simulation repeats itself exactly, and a process that ends answers nobody.

import { ByteReader, ByteWriter } from "@ottla/base";
import type { FramePart } from "@ottla/base";
import type { Broker } from "@ottla/broker";
import { NetRequest } from "@ottla/net";
import type { Connection } from "@ottla/net";
import { decodeResponseHeader, encodeRequestHeader } from "@ottla/protocol";
import type { Api } from "@ottla/protocol";
import { dispatch } from "../../packages/broker/src/dispatch.ts";
import { ConnectionLost } from "./wire-client.ts";
import type { Caller } from "./wire-client.ts";

export class DirectClient implements Caller {
  private readonly broker: Broker;
  private readonly connection: Connection;
  private readonly waiting = new Set<(error: Error) => void>();
  private correlationId = 0;
  private gone = false;

  constructor(broker: Broker) {
    this.broker = broker;
    const address = { localAddress: "127.0.0.1", localPort: 9092, remoteAddress: "127.0.0.1", remotePort: 50_000 };
    // What handlers ask of a connection; the rest of it is sockets.
    this.connection = { id: 0, listenerName: "PLAINTEXT", ...address, attachment: null } as unknown as Connection;
  }

  async call<Request, Response, GivenRequest, GivenResponse>(
    api: Api<Request, Response, GivenRequest, GivenResponse>,
    version: number,
    request: GivenRequest,
  ): Promise<Response> {
    const writer = new ByteWriter(1024);
    const header = { apiKey: api.key, apiVersion: version, correlationId: this.correlationId++, clientId: "ottla-sim" };
    encodeRequestHeader(writer, header);
    api.request.encode(writer, version, request);
    const parts = await this.exchange(writer.toBuffer());
    const reader = new ByteReader(await joined(parts));
    decodeResponseHeader(reader, api.key, version);
    return api.response.decode(reader, version);
  }

  /** The process ended: whoever waits, and whoever calls from now on, gets no answer. */
  lose(): void {
    this.gone = true;
    for (const reject of this.waiting) reject(new ConnectionLost("the process ended"));
    this.waiting.clear();
  }

  private exchange(frame: Buffer): Promise<FramePart[]> {
    if (this.gone) return Promise.reject(new ConnectionLost("the process has ended"));
    return new Promise((resolve, reject) => {
      this.waiting.add(reject);
      const owner = {
        answered: (request: NetRequest): void => {
          // An answer of a process that has ended reaches nobody.
          if (this.waiting.delete(reject)) resolve(request.parts ?? []);
          else releaseAll(request.parts ?? []);
        },
        failed: (_request: NetRequest, reason: string): void => {
          if (this.waiting.delete(reject)) reject(new ConnectionLost(reason));
        },
        giveBack(): void {},
      };
      dispatch(this.broker, new NetRequest(this.connection, owner, { bytes: frame, pooled: null, bulk: false }));
    });
  }
}

async function joined(parts: readonly FramePart[]): Promise<Buffer> {
  const buffers: Buffer[] = [];
  try {
    for (const part of parts) buffers.push(Buffer.isBuffer(part) ? part : await readWhole(part));
  } finally {
    releaseAll(parts);
  }
  return Buffer.concat(buffers);
}

function releaseAll(parts: readonly FramePart[]): void {
  for (const part of parts) if (!Buffer.isBuffer(part)) part.release();
}

async function readWhole(part: Exclude<FramePart, Buffer>): Promise<Buffer> {
  const whole = Buffer.allocUnsafe(part.length);
  for (let position = 0; position < part.length;) position += await part.read(whole.subarray(position), position);
  return whole;
}
