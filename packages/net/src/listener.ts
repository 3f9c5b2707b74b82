// A listening socket and its connections. It accepts, refuses above the limit, sweeps out idle connections with one timer,
// gathers the connections that have work at the end of a turn, and closes in order: no new connections, answers of what is
// in flight, and after the grace the rest by force.
// PLAINTEXT for now. TLS and SASL belong between the accepted socket and Connection: see `accept`.

import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { assert } from "@ottla/base";
import type { Clock, Logger, Timer } from "@ottla/base";
import { BufferPool } from "./buffer-pool.ts";
import { Connection } from "./connection.ts";
import type { ConnectionHost } from "./connection.ts";
import type { NetLimits } from "./limits.ts";
import type { NetRequest } from "./request.ts";
import { STREAM_CHUNK_BYTES_MIN, StreamBudget } from "./stream-budget.ts";
import { TurnScheduler } from "./turn-scheduler.ts";
import type { EndOfTurn } from "./turn-scheduler.ts";

const READ_BUFFER_BYTES = 64 * 1024;
/** Idle connections are looked for so many times per idle limit. */
const SWEEPS_PER_IDLE_LIMIT = 8;
/** How often idle buffers are let go where connections may be idle for ever. */
const TRIM_PERIOD_MS = 60_000;
const POOL_IDLE_BYTES_MAX = 32 * 1024 * 1024;
const STREAM_BUDGET_BYTES = 32 * 1024 * 1024;
const ACCEPT_BACKLOG = 511;

export interface ListenerOptions {
  /** Kafka's listener name, for log lines and for the advertised listener of a connection. */
  readonly name: string;
  /** Address to bind, "0.0.0.0" or "::" for all. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: NetLimits;
  /** API keys of requests that may overlap with each other and whose frames are reused: Produce. */
  readonly bulkApiKeys: ReadonlySet<number>;
  /** Gets every request, in order per connection. What it throws closes the connection with a log line. */
  readonly onRequest: (request: NetRequest) => void;
  /** Called once per connection, when it is gone. What it throws is logged. */
  readonly onClose?: (connection: Connection) => void;
  /** Shared with storage, so that responses leave in the turn in which their appends end. By default one of its own. */
  readonly scheduler?: EndOfTurn;
  /** Shared between listeners. By default one that keeps 32 MiB at most. */
  readonly framePool?: BufferPool;
  /** Shared between listeners. By default 32 MiB over the frame pool. */
  readonly streamBudget?: StreamBudget;
}

/**
 * Binds and listens.
 * @throws the system's error, with its `code` such as EADDRINUSE or EACCES, when the address cannot be bound.
 */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const listener = new Listener(options);
  await listener.listen();
  return listener;
}

export class Listener implements ConnectionHost {
  readonly name: string;
  readonly host: string;
  readonly limits: NetLimits;
  readonly logger: Logger;
  readonly bulkApiKeys: ReadonlySet<number>;
  readonly framePool: BufferPool;
  readonly streamBudget: StreamBudget;
  readonly readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  private readonly options: ListenerOptions;
  private readonly scheduler: EndOfTurn;
  private readonly server: Server;
  private readonly connections = new Set<Connection>();
  private turns: Connection[] = [];
  private readonly runTurns = (): void => this.giveTurns();
  private nextId = 0;
  private boundPort = 0;
  private sweepTimer: Timer | null = null;
  private closing: Promise<void> | null = null;
  private whenEmpty: (() => void) | null = null;

  constructor(options: ListenerOptions) {
    assert(options.limits.streamChunkBytes >= STREAM_CHUNK_BYTES_MIN, "a chunk is at least the smallest grant");
    assert(options.limits.maxInFlightRequests >= 1, "at least one request is in flight");
    this.options = options;
    this.name = options.name;
    this.host = options.host;
    this.limits = options.limits;
    this.logger = options.logger;
    this.bulkApiKeys = options.bulkApiKeys;
    this.framePool = options.framePool ?? new BufferPool(POOL_IDLE_BYTES_MAX);
    this.streamBudget = options.streamBudget ?? new StreamBudget(STREAM_BUDGET_BYTES, this.framePool);
    this.scheduler = options.scheduler ?? new TurnScheduler();
    // pauseOnConnect: nothing may be read before the connection has its read buffer in place.
    this.server = createServer({ noDelay: true, keepAlive: true, pauseOnConnect: true }, (socket) =>
      this.accept(socket),
    );
  }

  /** The port bound, also when 0 was asked for. */
  get port(): number {
    return this.boundPort;
  }

  /** Open connections of this listener. */
  connectionCount(): number {
    return this.connections.size;
  }

  listen(): Promise<void> {
    const { host, port } = this.options;
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen({ host, port, backlog: ACCEPT_BACKLOG }, () => {
        this.server.off("error", reject);
        this.server.on("error", (error) =>
          this.logger.error({ listener: this.name, error: error.message }, "Accepting failed."),
        );
        this.boundPort = (this.server.address() as AddressInfo).port;
        this.scheduleSweep();
        resolve();
      });
    });
  }

  /**
   * Stops accepting and handing out requests, lets those in flight be answered, closes each connection when its answers
   * are sent, and after `graceMs` the others. The port is free at once. Further calls return the same promise.
   */
  close(graceMs: number): Promise<void> {
    this.closing ??= this.closeAll(graceMs);
    return this.closing;
  }

  /** For Connection. */
  onRequest(request: NetRequest): void {
    this.options.onRequest(request);
  }

  /** For Connection. */
  atEndOfTurn(connection: Connection): void {
    if (connection.turnIsDue) return;
    connection.turnIsDue = true;
    if (this.turns.push(connection) === 1) this.scheduler.endOfTurn(this.runTurns);
  }

  /** For Connection. */
  onClosed(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    this.limits.maxConnections.remove();
    try {
      this.options.onClose?.(connection);
    } catch (error) {
      // Nobody above could answer for it: it would end the process.
      const fields = { listener: this.name, connection: connection.id, error };
      this.logger.error(fields, "The end of a connection could not be told.");
    }
    if (this.connections.size === 0) this.whenEmpty?.();
  }

  // TLS: wrap the socket in a TLSSocket here and go on when its handshake is done; SASL: a first owner of the connection's
  // requests that hands over to onRequest when the client is authenticated. Connection needs no change for either.
  private accept(socket: Socket): void {
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    if (this.closing !== null || remoteAddress === undefined || localAddress === undefined) {
      socket.destroy();
      return;
    }
    if (!this.limits.maxConnections.tryAdd()) {
      const fields = {
        listener: this.name,
        remote: `${remoteAddress}:${remotePort}`,
        limit: this.limits.maxConnections.limit,
      };
      this.logger.warn(fields, "A connection is refused: max.connections is reached.");
      socket.destroy();
      return;
    }
    const addresses = {
      remoteAddress: plainAddress(remoteAddress),
      remotePort: remotePort ?? 0,
      localAddress: plainAddress(localAddress),
      localPort: localPort ?? 0,
    };
    this.connections.add(new Connection(this, this.nextId++, socket, addresses));
  }

  private giveTurns(): void {
    const turns = this.turns;
    for (let at = 0; at < turns.length; at++) {
      turns[at]!.turnIsDue = false;
      turns[at]!.turn();
    }
    turns.length = 0;
  }

  private scheduleSweep(): void {
    const { maxIdleMs } = this.limits;
    const everyMs = maxIdleMs < 0 ? TRIM_PERIOD_MS : Math.max(1, Math.floor(maxIdleMs / SWEEPS_PER_IDLE_LIMIT));
    this.sweepTimer = this.options.clock.schedule(everyMs, () => {
      const nowMs = this.options.clock.monotonicMs();
      if (maxIdleMs >= 0) for (const connection of this.connections) connection.closeIfIdle(nowMs);
      this.framePool.trim();
      this.scheduleSweep();
    });
  }

  private async closeAll(graceMs: number): Promise<void> {
    this.server.close();
    this.sweepTimer?.cancel();
    for (const connection of this.connections) connection.drain();
    if (this.connections.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.whenEmpty = resolve;
    });
    const timer = this.options.clock.schedule(graceMs, () => {
      const fields = { listener: this.name, connections: this.connections.size };
      this.logger.warn(fields, "Connections with unfinished requests are closed.");
      for (const connection of this.connections) connection.destroy();
    });
    await empty;
    timer.cancel();
  }
}

/** An IPv4 client of a socket bound to "::" shows as ::ffff:a.b.c.d; clients and people want a.b.c.d. */
function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice("::ffff:".length) : address;
}
