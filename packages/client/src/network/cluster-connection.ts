// The cluster as one client sees it: the implementation of Cluster. It routes requests to connections and holds together
// pool, metadata and coordinators; each of those is a file of its own.

import type { Clock, Logger, Random } from "@ottla/base";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import type { Api } from "@ottla/protocol";
import { ClosedError, ConnectionError } from "../errors.ts";
import { MetricRegistry } from "../metrics.ts";
import type { ResolvedClientOptions } from "../options.ts";
import { BrokerPool } from "./broker-pool.ts";
import type {
  AnyApi,
  BrokerNode,
  Cluster,
  CoordinatorKind,
  MetadataView,
  MetadataWaitOptions,
  RequestBody,
  RequestOptions,
  TopicMetadata,
} from "./cluster.ts";
import type { Connection } from "./connection.ts";
import { Coordinators } from "./coordinators.ts";
import { MetadataCache } from "./metadata-cache.ts";
import { exponentialBackoffMs } from "./reconnect-backoff.ts";
import { systemClock, systemRandom } from "./system-clock.ts";
import { Waits } from "./waits.ts";

const SHARED_LANE = "shared";

/** Nothing is connected before the first request. */
export function startCluster(
  options: ResolvedClientOptions,
  clock: Clock = systemClock,
  random: Random = systemRandom,
): Cluster {
  return new ClusterConnection(options, clock, random);
}

class ClusterConnection implements Cluster {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly options: ResolvedClientOptions;
  readonly metrics = new MetricRegistry();
  private readonly waits: Waits;
  private readonly pool: BrokerPool;
  private readonly cache: MetadataCache;
  private readonly coordinators: Coordinators;
  private closing: Promise<void> | null = null;

  constructor(options: ResolvedClientOptions, clock: Clock, random: Random) {
    this.options = options;
    this.clock = clock;
    this.random = random;
    this.logger = options.logger;
    this.waits = new Waits(clock);
    this.pool = new BrokerPool({ options, clock, random, waits: this.waits, metrics: this.metrics });
    const common = { options, clock, waits: this.waits, backoffMs: (attempt: number) => this.backoffMs(attempt) };
    this.cache = new MetadataCache({
      ...common,
      request: (body) => this.send(null, metadataApi, body),
      rebootstrap: () => this.pool.rebootstrap(),
      onBrokers: (brokers) => this.pool.setBrokers(brokers),
    });
    this.coordinators = new Coordinators({
      ...common,
      connection: () => this.pool.any(SHARED_LANE),
      onBroker: (node) => this.pool.tell(node),
    });
  }

  get metadata(): MetadataView {
    return this.cache.view;
  }

  send<Response, RequestInput>(
    nodeId: number | null,
    api: Api<unknown, Response, RequestInput, never>,
    body: RequestBody<NoInfer<RequestInput>>,
    options: RequestOptions = {},
  ): Promise<Response> {
    const lane = options.lane ?? SHARED_LANE;
    const connection = nodeId === null ? this.pool.anyReady(lane) : this.pool.of(nodeId, lane);
    return connection === null ? this.sendLater(nodeId, api, body, options) : connection.send(api, body, options);
  }

  async versionOf(nodeId: number | null, api: AnyApi, options: RequestOptions = {}): Promise<number> {
    const connection = await this.connection(nodeId, options, api.name);
    return connection.versionOf(api, options.maxVersion);
  }

  onMetadata(listener: (view: MetadataView) => void): () => void {
    return this.cache.listen(listener);
  }

  interest(topics: readonly string[] | "all"): () => void {
    return this.cache.interest(topics);
  }

  refreshMetadata(options: MetadataWaitOptions = {}): Promise<MetadataView> {
    return this.cache.refresh(options);
  }

  topicMetadata(topic: string, options: MetadataWaitOptions = {}): Promise<TopicMetadata> {
    return this.cache.topic(topic, options);
  }

  noteLeaderEpoch(topic: string, partition: number, leaderEpoch: number): void {
    this.cache.noteLeaderEpoch(topic, partition, leaderEpoch);
  }

  applyLeaders(
    leaders: readonly { topic: string; partition: number; leaderId: number; leaderEpoch: number }[],
    nodes: readonly BrokerNode[],
  ): void {
    this.cache.applyLeaders(leaders, nodes);
  }

  coordinator(kind: CoordinatorKind, key: string, options: RequestOptions = {}): Promise<number> {
    return this.coordinators.find(kind, key, options);
  }

  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.coordinators.forget(kind, key);
  }

  async controller(options: RequestOptions = {}): Promise<number> {
    for (let attempt = 0; ; attempt++) {
      const { controllerId, brokers } = this.cache.view;
      if (brokers.has(controllerId)) return controllerId;
      if (attempt > 0) await this.delay(this.backoffMs(attempt - 1), options.signal);
      await this.refreshMetadata(options);
    }
  }

  backoffMs(attempt: number): number {
    const { retryBackoffMs, retryBackoffMaxMs } = this.options;
    return exponentialBackoffMs(attempt, { firstMs: retryBackoffMs, maxMs: retryBackoffMaxMs }, this.random);
  }

  delay(ms: number, signal?: AbortSignal): Promise<void> {
    return this.waits.delay(ms, signal);
  }

  closeLane(lane: string): void {
    this.pool.closeLane(lane);
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    const error = new ClosedError("client");
    this.waits.close(error);
    this.cache.close();
    this.coordinators.close();
    await this.pool.close(error);
  }

  private async sendLater<Response, RequestInput>(
    nodeId: number | null,
    api: Api<unknown, Response, RequestInput, never>,
    body: RequestBody<NoInfer<RequestInput>>,
    options: RequestOptions,
  ): Promise<Response> {
    const startMs = this.clock.monotonicMs();
    const connection = await this.connection(nodeId, options, api.name);
    const { timeoutMs = this.options.requestTimeoutMs } = options;
    const leftMs = Math.max(1, timeoutMs - (this.clock.monotonicMs() - startMs));
    return connection.send(api, body, { ...options, timeoutMs: leftMs });
  }

  /** A connection that is ready. */
  private async connection(nodeId: number | null, options: RequestOptions, what: string): Promise<Connection> {
    if (this.closing !== null) throw new ClosedError("client");
    const { lane = SHARED_LANE, signal, timeoutMs = this.options.requestTimeoutMs } = options;
    const deadlineMs = this.clock.monotonicMs() + timeoutMs;
    const sentence = `${what}: no connection to ${nodeId === null ? "any broker" : `broker ${nodeId}`} in time`;
    if (nodeId === null) return this.waits.within(this.pool.any(lane), { signal, deadlineMs, sentence });
    if (this.pool.of(nodeId, lane) === null) {
      await this.waits.within(this.refreshMetadata({ timeoutMs }), { signal, deadlineMs, sentence });
    }
    const connection = this.pool.of(nodeId, lane);
    if (connection === null) throw new ConnectionError(`broker ${nodeId} is not known`, { context: { nodeId } });
    return this.waits.within(connection.whenReady(), { signal, deadlineMs, sentence });
  }
}
