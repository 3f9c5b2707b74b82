// A broker that does what a test says: real sockets and Kafka's frames, but every answer comes from the test's script.
// What the script does not answer is answered as a broker of one node would: ApiVersions, and Metadata that name itself.

import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { TlsOptions } from "node:tls";
import { ByteReader, ByteWriter } from "@ottla/base";
import { advertisedVersions, apiKeys, decodeRequestHeader, encodeResponseHeader } from "@ottla/protocol";
import type { Api } from "@ottla/protocol";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import type { MetadataResponseInput } from "@ottla/protocol/messages/03-metadata.ts";
import { apiVersionsApi } from "@ottla/protocol/messages/18-api-versions.ts";

export class ScriptedRequest {
  readonly apiKey: number;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Counts the broker's connections from 0. */
  readonly connection: number;
  readonly socket: Socket;
  private readonly frame: Buffer;
  private readonly bodyAt: number;

  constructor(frame: Buffer, socket: Socket, connection: number) {
    const reader = new ByteReader(frame);
    const header = decodeRequestHeader(reader);
    this.frame = frame;
    this.bodyAt = reader.offset;
    this.apiKey = header.apiKey;
    this.version = header.apiVersion;
    this.correlationId = header.correlationId;
    this.clientId = header.clientId;
    this.socket = socket;
    this.connection = connection;
  }

  is(api: { readonly key: number }): boolean {
    return this.apiKey === api.key;
  }

  body<Request>(api: Api<Request, unknown, never, never>): Request {
    return api.request.decode(new ByteReader(this.frame, this.bodyAt), this.version);
  }

  answer<ResponseInput>(api: Api<unknown, unknown, never, ResponseInput>, body: NoInfer<ResponseInput>): void {
    this.socket.write(frameOf(this, api, body));
  }
}

/** An answer's bytes, size included; `version` when it is not the request's. */
export function frameOf<ResponseInput>(
  { correlationId, version }: { readonly correlationId: number; readonly version: number },
  api: Api<unknown, unknown, never, ResponseInput>,
  body: NoInfer<ResponseInput>,
): Buffer {
  const writer = new ByteWriter();
  writer.int32(0);
  encodeResponseHeader(writer, api.key, version, correlationId);
  api.response.encode(writer, version, body);
  const frame = writer.toBuffer();
  frame.writeInt32BE(frame.length - 4, 0);
  return frame;
}

/** Returns true when it took care of the request. */
export type Script = (request: ScriptedRequest, broker: ScriptedBroker) => boolean;

export interface ScriptedBrokerOptions {
  readonly tls?: TlsOptions;
  /** Highest versions by API key, where they are not Kafka's. */
  readonly highest?: Readonly<Record<number, number>>;
}

export class ScriptedBroker implements AsyncDisposable {
  readonly requests: ScriptedRequest[] = [];
  readonly sockets = new Set<Socket>();
  connections = 0;
  private readonly server: Server;
  private readonly script: Script;
  private readonly options: ScriptedBrokerOptions;
  private readonly watchers = new Set<() => void>();

  constructor(script: Script, options: ScriptedBrokerOptions) {
    this.script = script;
    this.options = options;
    this.server =
      options.tls === undefined
        ? createServer((socket) => this.accept(socket))
        : createTlsServer(options.tls, (socket) => this.accept(socket));
    // A client that refuses our certificate is what some tests are about.
    this.server.on("tlsClientError", () => {});
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.port}`;
  }

  async listen(): Promise<this> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return this;
  }

  /** Resolves when the condition holds; looked at with every request and every change of a connection. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        const watcher = (): void => {
          this.watchers.delete(watcher);
          resolve();
        };
        this.watchers.add(watcher);
      });
    }
  }

  /** How many requests of the API came. */
  count(api: { readonly key: number }): number {
    return this.requests.filter((request) => request.is(api)).length;
  }

  apiVersions(): { apiKey: number; minVersion: number; maxVersion: number }[] {
    return apiKeys
      .filter(({ audience }) => audience === "clients")
      .map((entry) => {
        const { from, to } = advertisedVersions(entry);
        return { apiKey: entry.key, minVersion: from, maxVersion: this.options.highest?.[entry.key] ?? to };
      });
  }

  metadata(more: Partial<MetadataResponseInput> = {}): MetadataResponseInput {
    const brokers = [{ nodeId: 0, host: "127.0.0.1", port: this.port, rack: null }];
    return { throttleTimeMs: 0, brokers, clusterId: "scripted", controllerId: 0, topics: [], errorCode: 0, ...more };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, "close");
  }

  private accept(socket: Socket): void {
    const connection = this.connections++;
    let left = Buffer.alloc(0);
    this.sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      this.sockets.delete(socket);
      this.notify();
    });
    socket.on("data", (bytes: Buffer) => {
      left = Buffer.concat([left, bytes]);
      while (left.length >= 4 && left.length >= 4 + left.readInt32BE(0)) {
        const size = left.readInt32BE(0);
        const request = new ScriptedRequest(left.subarray(4, 4 + size), socket, connection);
        left = left.subarray(4 + size);
        this.requests.push(request);
        this.handle(request);
      }
    });
    this.notify();
  }

  private handle(request: ScriptedRequest): void {
    if (!this.script(request, this)) {
      if (request.is(apiVersionsApi)) request.answer(apiVersionsApi, this.welcome());
      else if (request.is(metadataApi)) request.answer(metadataApi, this.metadata());
    }
    this.notify();
  }

  private welcome(): { errorCode: number; apiKeys: ReturnType<ScriptedBroker["apiVersions"]>; throttleTimeMs: number } {
    return { errorCode: 0, apiKeys: this.apiVersions(), throttleTimeMs: 0 };
  }

  private notify(): void {
    for (const watcher of this.watchers) watcher();
  }
}

export function startScriptedBroker(script: Script, options: ScriptedBrokerOptions = {}): Promise<ScriptedBroker> {
  return new ScriptedBroker(script, options).listen();
}
