// The node's listeners: bound first, so that the ports are known for the registration; serving once the logs are there.
// A request that comes in between waits. The limits of connections are shared by all listeners.

import type { Clock, Logger } from "@ottla/base";
import type { BrokerConfig, Endpoint } from "@ottla/metadata";
import { BufferPool, ConnectionCounter, startListener, StreamBudget } from "@ottla/net";
import type { Connection, Listener, NetLimits, NetRequest, TurnScheduler } from "@ottla/net";
import type { Broker } from "./broker.ts";
import { connectionClosed, dispatch } from "./dispatch.ts";
import { handlers } from "./handlers/index.ts";
import type { BoundListener } from "./node.ts";

export interface ListenerSetOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly scheduler: TurnScheduler;
  readonly config: BrokerConfig;
}

const FRAME_POOL_BYTES = 32 * 1024 * 1024;
const STREAM_BUDGET_BYTES = 32 * 1024 * 1024;
const STREAM_CHUNK_BYTES = 512 * 1024;
const BULK_IN_FLIGHT = 16;
const BULK_IN_FLIGHT_BYTES = 8 * 1024 * 1024;
const PENDING_RESPONSE_BYTES = 1024 * 1024;

const bulkApiKeys: ReadonlySet<number> = new Set(
  handlers.filter(({ bulk }) => bulk === true).map(({ api }) => api.key),
);

export class ListenerSet {
  private readonly options: ListenerSetOptions;
  private readonly listeners: Listener[] = [];
  private waiting: NetRequest[] | null = [];
  /** Who serves; null before the first. */
  private broker: Broker | null = null;

  constructor(options: ListenerSetOptions) {
    this.options = options;
  }

  /** Binds all. @throws the system's error with its `code` when one cannot be bound. */
  async listen(endpoints: readonly Endpoint[]): Promise<BoundListener[]> {
    const { clock, logger, scheduler } = this.options;
    const framePool = new BufferPool(FRAME_POOL_BYTES);
    const shared = {
      clock,
      logger,
      scheduler,
      framePool,
      bulkApiKeys,
      limits: this.limits(),
      streamBudget: new StreamBudget(STREAM_BUDGET_BYTES, framePool),
      onRequest: (request: NetRequest) => this.onRequest(request),
      onClose: (connection: Connection) => {
        connectionClosed(connection);
        this.broker?.interceptor?.connectionClosed?.(connection);
      },
    };
    const bound: BoundListener[] = [];
    for (const { name, host, port } of endpoints) {
      const listener = await startListener({ ...shared, name, host: host === "" ? "::" : host, port });
      this.listeners.push(listener);
      bound.push({ name, host, port: listener.port });
      logger.debug({ listener: name, host, port: listener.port }, "listening");
    }
    return bound;
  }

  /** From now on requests wait until somebody serves them. */
  hold(): void {
    this.waiting ??= [];
  }

  /** `broker` serves what waited, and from now on everything at once. */
  serve(broker: Broker): void {
    this.broker = broker;
    const waiting = this.waiting ?? [];
    this.waiting = null;
    for (const request of waiting) {
      if (request.connection.isClosed()) request.respond(null);
      else this.onRequest(request);
    }
  }

  /** Open connections of all listeners. */
  connectionCount(): number {
    return this.listeners.reduce((sum, listener) => sum + listener.connectionCount(), 0);
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all(this.listeners.map((listener) => listener.close(graceMs)));
  }

  private onRequest(request: NetRequest): void {
    if (this.waiting === null) dispatch(this.broker!, request);
    else this.waiting.push(request);
  }

  private limits(): NetLimits {
    const { config } = this.options;
    return {
      maxFrameBytes: config.get("socket.request.max.bytes"),
      maxConnections: new ConnectionCounter(config.get("max.connections")),
      maxIdleMs: config.get("connections.max.idle.ms"),
      maxInFlightRequests: BULK_IN_FLIGHT,
      maxInFlightBytes: BULK_IN_FLIGHT_BYTES,
      maxPendingResponseBytes: PENDING_RESPONSE_BYTES,
      streamChunkBytes: STREAM_CHUNK_BYTES,
    };
  }
}
