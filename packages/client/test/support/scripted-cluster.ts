// A Cluster whose brokers answer what a test says, for APIs that Ottla does not serve and for what brokers seldom do. Requests and
// answers go through the real codecs at the version in use, so that a field of the wrong version or a missing one fails the test.
// Time stands still: waiting moves it.

import assert from "node:assert/strict";
import { ByteReader, ByteWriter, ManualClock, SeededRandom, silentLogger } from "@ottla/base";
import { apiKeyEntry, errorCodes } from "@ottla/protocol";
import type { Api } from "@ottla/protocol";
import { AbortedError, brokerError } from "../../src/errors.ts";
import { MetricRegistry } from "../../src/metrics.ts";
import type {
  AnyApi,
  BrokerNode,
  Cluster,
  CoordinatorKind,
  RequestBody,
  RequestOptions,
} from "../../src/network/cluster.ts";
import { resolveOptions } from "../../src/options.ts";

/** One request as a broker saw it. */
export interface SentRequest {
  readonly api: string;
  readonly nodeId: number | null;
  readonly version: number;
  readonly request: unknown;
}

export interface Asked {
  /** null when any broker was asked. */
  readonly nodeId: number | null;
  readonly version: number;
  /** 0 for the first request of this API. */
  readonly attempt: number;
}

type Handler = (request: unknown, asked: Asked) => unknown;

export class ScriptedCluster implements Cluster {
  readonly clock = new ManualClock();
  readonly random = new SeededRandom(1);
  readonly logger = silentLogger;
  readonly options = resolveOptions({ bootstrapServers: "scripted:9092" });
  readonly metrics = new MetricRegistry();
  readonly sent: SentRequest[] = [];
  /** How long each wait before another attempt was. */
  readonly waits: number[] = [];
  readonly closedLanes: string[] = [];
  /** Who coordinates what; broker 1 whatever is not named. Changed by tests. */
  readonly coordinators = new Map<string, number>();
  readonly forgotten: string[] = [];
  readonly metadata: Cluster["metadata"];
  controllerId = 1;
  private readonly handlers = new Map<number, { handler: Handler; latest: number; asked: number }>();

  constructor(brokers = 1) {
    const nodes = Array.from({ length: brokers }, (_, at): BrokerNode => {
      return { nodeId: at + 1, host: "scripted", port: 9092 + at, rack: null };
    });
    this.metadata = {
      clusterId: "scripted",
      controllerId: 1,
      brokers: new Map(nodes.map((node) => [node.nodeId, node])),
      topics: new Map(),
      topicErrors: new Map(),
      topicNames: new Map(),
      updates: 1,
    };
  }

  /** Has brokers answer requests of this API, in versions up to `latest` (default: the last that Kafka 4.3 serves). */
  on<Request, ResponseInput>(
    api: Api<Request, unknown, never, ResponseInput>,
    handler: (request: Request, asked: Asked) => ResponseInput | Promise<ResponseInput>,
    latest = apiKeyEntry(api.key)!.versions.to,
  ): this {
    this.handlers.set(api.key, { handler: handler as Handler, latest, asked: 0 });
    return this;
  }

  /** The requests of one API. */
  requests<Request>(api: Api<Request, unknown, never, never>): Request[] {
    return this.sent.filter((each) => each.api === api.name).map(({ request }) => request as Request);
  }

  async send<Response, RequestInput>(
    nodeId: number | null,
    api: Api<unknown, Response, RequestInput, never>,
    body: RequestBody<NoInfer<RequestInput>>,
    options: RequestOptions = {},
  ): Promise<Response> {
    throwIfAborted(options.signal);
    const script = this.handlers.get(api.key);
    const version = await this.versionOf(nodeId, api, options);
    if (script === undefined || version < 0) throw brokerError(errorCodes.UNSUPPORTED_VERSION, null, { api: api.name });
    const input = typeof body === "function" ? (body as (version: number) => RequestInput)(version) : body;
    const request = throughCodec(api.request, input as never, version);
    this.sent.push({ api: api.name, nodeId, version, request });
    const answer = await script.handler(request, { nodeId, version, attempt: script.asked++ });
    throwIfAborted(options.signal);
    return throughCodec(api.response, answer as never, version);
  }

  versionOf(_nodeId: number | null, api: AnyApi, options: RequestOptions = {}): Promise<number> {
    const script = this.handlers.get(api.key);
    return Promise.resolve(script === undefined ? -1 : Math.min(script.latest, options.maxVersion ?? Infinity));
  }

  coordinator(kind: CoordinatorKind, key: string): Promise<number> {
    return Promise.resolve(this.coordinators.get(`${kind} ${key}`) ?? 1);
  }

  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.forgotten.push(`${kind} ${key}`);
  }

  controller(): Promise<number> {
    return Promise.resolve(this.controllerId);
  }

  backoffMs(attempt: number): number {
    return Math.min(100 * 2 ** attempt, 1000);
  }

  async delay(ms: number, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    this.waits.push(ms);
    this.clock.advance(ms);
  }

  refreshMetadata(): Promise<Cluster["metadata"]> {
    return Promise.resolve(this.metadata);
  }

  onMetadata(): () => void {
    return () => {};
  }

  interest(): () => void {
    return () => {};
  }

  topicMetadata(): never {
    return assert.fail("the admin client asks for topics by itself");
  }

  noteLeaderEpoch(): void {}

  applyLeaders(): void {}

  closeLane(lane: string): void {
    this.closedLanes.push(lane);
  }

  async close(): Promise<void> {}
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new AbortedError(signal);
}

function throughCodec<T, I>(
  codec: {
    encode(writer: ByteWriter, version: number, value: I): void;
    decode(reader: ByteReader, version: number): T;
  },
  value: I,
  version: number,
): T {
  const writer = new ByteWriter();
  codec.encode(writer, version, value);
  const bytes = Buffer.concat(writer.finish() as Buffer[]);
  const reader = new ByteReader(bytes);
  return codec.decode(reader, version);
}
