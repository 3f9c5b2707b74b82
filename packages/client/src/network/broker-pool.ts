// The connections: one per broker and lane, made when first needed, made anew when lost; a broker that cannot be reached is left alone
// for the reconnect backoff (KIP-144). Bootstrap servers have ids from -1 down, as in Java's client, until a broker tells who they are.
// When no known broker can be reached, the bootstrap servers are tried again (KIP-899).

import type { Clock, Random } from "@ottla/base";
import { AuthenticationError, ClosedError, ConnectionError, KafkaError } from "../errors.ts";
import type { MetricRegistry } from "../metrics.ts";
import type { ResolvedClientOptions } from "../options.ts";
import type { BrokerNode } from "./cluster.ts";
import { Connection } from "./connection.ts";
import { firstReady } from "./broker-search.ts";
import { ConnectionMeters } from "./connection-metrics.ts";
import { Handshake } from "./handshake.ts";
import { exponentialBackoffMs, ReconnectBackoff } from "./reconnect-backoff.ts";
import type { Waits } from "./waits.ts";

export interface BrokerPoolParts {
  readonly options: ResolvedClientOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly waits: Waits;
  readonly metrics: MetricRegistry;
}

interface Slot {
  /** A bootstrap server's changes once it is known which broker it is. */
  nodeId: number;
  readonly lane: string;
  readonly host: string;
  readonly port: number;
  connection: Connection | null;
}

export class BrokerPool {
  private readonly parts: BrokerPoolParts;
  private readonly handshake: Handshake;
  private readonly backoff: ReconnectBackoff;
  private readonly meters: ConnectionMeters;
  private readonly bootstrap: readonly BrokerNode[];
  private brokers: ReadonlyMap<number, BrokerNode> = new Map();
  /** Brokers that other answers told of, such as coordinators, until the metadata know them. */
  private readonly told = new Map<number, BrokerNode>();
  private readonly lanes = new Map<string, Map<number, Slot>>();
  private readonly searches = new Map<string, Promise<Connection>>();
  /** All that have not ended, those that no slot holds any more included. */
  private readonly open = new Set<Connection>();
  private isClosed = false;

  constructor(parts: BrokerPoolParts) {
    this.parts = parts;
    this.handshake = new Handshake(parts);
    const { bootstrapServers, reconnectBackoffMs, reconnectBackoffMaxMs, clientId } = parts.options;
    this.bootstrap = bootstrapServers.map(({ host, port }, index) => ({ nodeId: -1 - index, host, port, rack: null }));
    this.backoff = new ReconnectBackoff({ firstMs: reconnectBackoffMs, maxMs: reconnectBackoffMaxMs }, parts.random);
    this.meters = new ConnectionMeters(parts.metrics, parts.clock, clientId);
  }

  /** The broker's connection in this lane; it may still be connecting, but takes requests. Null when the broker is not known. */
  of(nodeId: number, lane: string): Connection | null {
    const existing = this.lanes.get(lane)?.get(nodeId)?.connection;
    if (existing !== undefined && existing !== null) return existing;
    const node = this.node(nodeId);
    return node === undefined || this.isClosed ? null : this.connectionOf(this.slot(node, lane));
  }

  /** The ready connection with the fewest requests, or null: a known broker's, or else a bootstrap server's. */
  anyReady(lane: string): Connection | null {
    const slots = this.lanes.get(lane);
    if (slots === undefined) return null;
    return this.leastLoaded(slots, true) ?? this.leastLoaded(slots, false);
  }

  /** Connects to one broker after the other until one answers; callers share the search. @throws what the last one failed with */
  any(lane: string): Promise<Connection> {
    if (this.isClosed) return Promise.reject(new ClosedError("client"));
    const ready = this.anyReady(lane);
    if (ready !== null) return Promise.resolve(ready);
    let search = this.searches.get(lane);
    if (search === undefined) {
      search = this.search(lane).finally(() => this.searches.delete(lane));
      search.catch(() => {});
      this.searches.set(lane, search);
    }
    return search;
  }

  /** Takes over the brokers of new metadata. Connections to what is no longer a broker's address end when they are done. */
  setBrokers(brokers: ReadonlyMap<number, BrokerNode>): void {
    this.brokers = brokers;
    for (const nodeId of brokers.keys()) this.told.delete(nodeId);
    for (const slots of this.lanes.values()) {
      this.adoptBootstrap(slots);
      for (const slot of slots.values()) {
        if (slot.nodeId < 0) continue;
        const node = this.node(slot.nodeId);
        if (node !== undefined && node.host === slot.host && node.port === slot.port) continue;
        slots.delete(slot.nodeId);
        slot.connection?.retire();
      }
    }
  }

  /** A broker that an answer told of. */
  tell(node: BrokerNode): void {
    if (!this.brokers.has(node.nodeId)) this.told.set(node.nodeId, node);
  }

  /** Forgets all brokers and begins anew with the bootstrap servers (KIP-1102). */
  rebootstrap(): void {
    this.brokers = new Map();
    this.told.clear();
    for (const slots of this.lanes.values()) {
      for (const slot of slots.values()) {
        slots.delete(slot.nodeId);
        void slot.connection?.close(new ConnectionError("the bootstrap servers are asked again"));
      }
    }
  }

  closeLane(lane: string): void {
    this.lanes.delete(lane);
    for (const connection of this.open) {
      if (connection.place.lane === lane) void connection.close(new ClosedError(lane));
    }
  }

  /** Resolves when every socket is gone. */
  async close(reason: KafkaError): Promise<void> {
    this.isClosed = true;
    this.lanes.clear();
    await Promise.all(Array.from(this.open, (connection) => connection.close(reason)));
  }

  private leastLoaded(slots: ReadonlyMap<number, Slot>, isKnown: boolean): Connection | null {
    let best: Connection | null = null;
    for (const { connection, nodeId } of slots.values()) {
      if (connection === null || !connection.isReady || nodeId >= 0 !== isKnown) continue;
      if (best === null || connection.pendingCount < best.pendingCount) best = connection;
    }
    return best;
  }

  // Brokers that are not in their backoff, beginning at a random one; then bootstrap servers likewise; then the one whose backoff ends first.
  private async search(lane: string): Promise<Connection> {
    const { metadataRecoveryStrategy } = this.parts.options;
    const mayRebootstrap = this.brokers.size === 0 || metadataRecoveryStrategy === "rebootstrap";
    const known = [...this.shuffled(this.brokers.values()), ...(mayRebootstrap ? this.shuffled(this.bootstrap) : [])];
    const addresses = new Set<string>();
    const candidates = known.filter((node) => {
      if (addresses.has(addressOf(node)) || this.waitMs(node) > 0) return false;
      addresses.add(addressOf(node));
      return true;
    });
    if (candidates.length === 0) candidates.push(known.sort((a, b) => this.waitMs(a) - this.waitMs(b))[0]!);
    return firstReady(candidates.values(), {
      clock: this.parts.clock,
      connect: (node) => this.connectionOf(this.slot(node, lane)),
      // Nobody asks for a bootstrap server by its id: one that comes too late is of no use.
      onLate: (connection) => {
        if (connection.place.nodeId < 0) void connection.close(new ConnectionError("another server was ready first"));
      },
    });
  }

  private connectionOf(slot: Slot): Connection {
    if (slot.connection !== null) return slot.connection;
    const { options, clock } = this.parts;
    const connection = new Connection(slot, this.meters.of(slot.lane, slot.nodeId), {
      options,
      clock,
      connectTimeoutMs: this.connectTimeoutMs(slot),
      onEnd: (error) => this.ended(slot, connection, error),
    });
    slot.connection = connection;
    this.open.add(connection);
    void this.establish(slot, connection);
    return connection;
  }

  /** Ends the connection with whatever goes wrong; never rejects. */
  private async establish(slot: Slot, connection: Connection): Promise<void> {
    try {
      const waitMs = this.waitMs(slot);
      if (waitMs > 0) await this.parts.waits.delay(waitMs);
      await connection.open();
      await this.handshake.prepare(connection);
      this.backoff.worked(addressOf(slot));
      connection.meter.authenticated(true);
      connection.becomeReady();
    } catch (error) {
      if (error instanceof AuthenticationError) connection.meter.authenticated(false);
      const isOurs = error instanceof KafkaError;
      const reason = isOurs ? error : new ConnectionError(`the handshake failed: ${String(error)}`, { cause: error });
      void connection.close(reason);
    }
  }

  private ended(slot: Slot, connection: Connection, error: KafkaError): void {
    this.open.delete(connection);
    if (slot.connection === connection) slot.connection = null;
    if (this.isClosed) return;
    // A broker that closes right after the handshake is as bad as one that cannot be reached.
    if (!connection.hasServed && !(error instanceof ClosedError)) {
      this.backoff.failed(addressOf(slot), this.parts.clock.monotonicMs());
    }
    this.parts.options.logger.debug({ ...connection.context(), error: error.message }, "A connection ended.");
  }

  /** A bootstrap connection whose address is a broker's becomes that broker's. */
  private adoptBootstrap(slots: Map<number, Slot>): void {
    for (const { nodeId, host, port } of this.brokers.values()) {
      if (slots.has(nodeId)) continue;
      for (const slot of slots.values()) {
        if (slot.nodeId >= 0 || slot.connection === null || host !== slot.host || port !== slot.port) continue;
        slots.delete(slot.nodeId);
        slot.nodeId = nodeId;
        slot.connection.meter = this.meters.of(slot.lane, nodeId);
        slots.set(nodeId, slot);
        break;
      }
    }
  }

  private slot(node: BrokerNode, lane: string): Slot {
    let slots = this.lanes.get(lane);
    if (slots === undefined) this.lanes.set(lane, (slots = new Map()));
    let slot = slots.get(node.nodeId);
    if (slot === undefined) {
      const { nodeId, host, port } = node;
      slot = { nodeId, lane, host, port, connection: null };
      slots.set(nodeId, slot);
    }
    return slot;
  }

  private node(nodeId: number): BrokerNode | undefined {
    return this.brokers.get(nodeId) ?? this.told.get(nodeId);
  }

  /** Doubled with each failure in a row (KIP-601). */
  private connectTimeoutMs(slot: Slot): number {
    const { connectTimeoutMs: firstMs, connectTimeoutMaxMs: maxMs } = this.parts.options;
    const failures = this.backoff.failuresOf(addressOf(slot));
    return failures === 0 ? firstMs : exponentialBackoffMs(failures, { firstMs, maxMs }, this.parts.random);
  }

  private waitMs(node: { readonly host: string; readonly port: number }): number {
    return this.backoff.waitMs(addressOf(node), this.parts.clock.monotonicMs());
  }

  private shuffled(nodes: Iterable<BrokerNode>): BrokerNode[] {
    const list = [...nodes];
    const start = list.length === 0 ? 0 : this.parts.random.uint32() % list.length;
    return [...list.slice(start), ...list.slice(0, start)];
  }
}

function addressOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host}:${port}`;
}
