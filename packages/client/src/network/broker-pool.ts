// The connections: one per broker and lane, made when first needed, made anew when lost; a broker that cannot be reached is left alone
// for the reconnect backoff (KIP-144). Bootstrap servers have ids from -1 down, as in Java's client, until a broker tells who they are.
// When no known broker can be reached, the bootstrap servers are tried again (KIP-899).

import type { Clock, Random } from "@ottla/base";
import { AuthenticationError, ClosedError, ConnectionError, KafkaError } from "../errors.ts";
import type { MetricRegistry } from "../metrics.ts";
import type { ResolvedClientOptions } from "../options.ts";
import type { BrokerNode } from "./cluster.ts";
import { Connection } from "./connection.ts";
import { ConnectionMeters } from "./connection-metrics.ts";
import { prepare } from "./handshake.ts";
import { ReconnectBackoff } from "./reconnect-backoff.ts";
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
  /** Ready to send. */
  connection: Connection | null;
  connecting: Promise<Connection> | null;
}

export class BrokerPool {
  private readonly parts: BrokerPoolParts;
  private readonly backoff: ReconnectBackoff;
  private readonly meters: ConnectionMeters;
  private readonly bootstrap: readonly BrokerNode[];
  private brokers: ReadonlyMap<number, BrokerNode> = new Map();
  /** Brokers that other answers told of, such as coordinators, until the metadata know them. */
  private readonly told = new Map<number, BrokerNode>();
  private readonly lanes = new Map<string, Map<number, Slot>>();
  private readonly connectingAny = new Map<string, Promise<Connection>>();
  /** All that have a socket, those that no slot holds any more included. */
  private readonly open = new Set<Connection>();
  private isClosed = false;

  constructor(parts: BrokerPoolParts) {
    this.parts = parts;
    const { bootstrapServers, reconnectBackoffMs, reconnectBackoffMaxMs, clientId } = parts.options;
    this.bootstrap = bootstrapServers.map(({ host, port }, index) => ({ nodeId: -1 - index, host, port, rack: null }));
    this.backoff = new ReconnectBackoff({ firstMs: reconnectBackoffMs, maxMs: reconnectBackoffMaxMs }, parts.random);
    this.meters = new ConnectionMeters(parts.metrics, clientId);
  }

  /** A connection that can be used at once, or null. Null as node: the one with the fewest requests. */
  ready(nodeId: number | null, lane: string): Connection | null {
    const slots = this.lanes.get(lane);
    if (slots === undefined) return null;
    if (nodeId !== null) {
      const connection = slots.get(nodeId)?.connection ?? null;
      return connection === null || connection.hasEnded ? null : connection;
    }
    return this.leastLoaded(slots, (slot) => slot.nodeId >= 0) ?? this.leastLoaded(slots, () => true);
  }

  /** Connects, after the backoff; callers share one attempt. @throws ConnectionError, AuthenticationError, ClosedError */
  connect(nodeId: number | null, lane: string): Promise<Connection> {
    if (this.isClosed) return Promise.reject(new ClosedError("client"));
    if (nodeId === null) return this.connectAny(lane);
    const node = this.node(nodeId);
    if (node === undefined) {
      return Promise.reject(new ConnectionError(`broker ${nodeId} is not known`, { context: { nodeId } }));
    }
    return this.connectSlot(this.slot(node, lane));
  }

  knows(nodeId: number): boolean {
    return this.node(nodeId) !== undefined;
  }

  /** Takes over the brokers of new metadata. Connections to an address that is no longer a broker's are used no more. */
  setBrokers(brokers: ReadonlyMap<number, BrokerNode>): void {
    this.brokers = brokers;
    for (const nodeId of brokers.keys()) this.told.delete(nodeId);
    for (const slots of this.lanes.values()) {
      this.adoptBootstrap(slots);
      for (const slot of slots.values()) {
        if (slot.nodeId < 0) continue;
        const node = this.node(slot.nodeId);
        if (node === undefined || node.host !== slot.host || node.port !== slot.port) slots.delete(slot.nodeId);
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
    const error = new ConnectionError("the bootstrap servers are asked again");
    for (const slots of this.lanes.values()) {
      for (const slot of slots.values()) {
        if (slot.nodeId < 0) continue;
        slots.delete(slot.nodeId);
        void slot.connection?.close(error);
      }
    }
  }

  closeLane(lane: string): void {
    const slots = this.lanes.get(lane);
    if (slots === undefined) return;
    this.lanes.delete(lane);
    const error = new ClosedError("lane");
    for (const connection of [...this.open]) if (connection.place.lane === lane) void connection.close(error);
  }

  /** Resolves when every socket is gone. */
  async close(error: KafkaError): Promise<void> {
    this.isClosed = true;
    this.lanes.clear();
    await Promise.all([...this.open].map((connection) => connection.close(error)));
  }

  private leastLoaded(slots: ReadonlyMap<number, Slot>, qualifies: (slot: Slot) => boolean): Connection | null {
    let best: Connection | null = null;
    for (const slot of slots.values()) {
      const { connection } = slot;
      if (connection === null || connection.hasEnded || !qualifies(slot)) continue;
      if (best === null || connection.pendingCount < best.pendingCount) best = connection;
    }
    return best;
  }

  private connectAny(lane: string): Promise<Connection> {
    let connecting = this.connectingAny.get(lane);
    if (connecting === undefined) {
      connecting = this.tryAll(lane).finally(() => this.connectingAny.delete(lane));
      connecting.catch(() => {});
      this.connectingAny.set(lane, connecting);
    }
    return connecting;
  }

  // First brokers that are not in their backoff, beginning at a random one, then bootstrap servers likewise, then the one whose backoff ends first.
  private async tryAll(lane: string): Promise<Connection> {
    let failure: unknown = null;
    const tried = new Set<string>();
    const attempt = async (node: BrokerNode): Promise<Connection | null> => {
      tried.add(addressOf(node));
      try {
        return await this.connectSlot(this.slot(node, lane));
      } catch (error) {
        if (!(error instanceof KafkaError) || error instanceof AuthenticationError || this.isClosed) throw error;
        failure = error;
        return null;
      }
    };
    for (const nodes of [this.shuffled(this.brokers.values()), this.shuffled(this.bootstrap)]) {
      for (const node of nodes) {
        if (tried.has(addressOf(node)) || this.waitMs(node) > 0) continue;
        const connection = await attempt(node);
        if (connection !== null) return connection;
      }
    }
    if (failure !== null) throw failure;
    const all = [...this.brokers.values(), ...this.bootstrap].sort((a, b) => this.waitMs(a) - this.waitMs(b));
    return this.connectSlot(this.slot(all[0]!, lane));
  }

  private connectSlot(slot: Slot): Promise<Connection> {
    if (slot.connection !== null && !slot.connection.hasEnded) return Promise.resolve(slot.connection);
    if (slot.connecting === null) {
      slot.connecting = this.establish(slot).finally(() => (slot.connecting = null));
      slot.connecting.catch(() => {});
    }
    return slot.connecting;
  }

  private async establish(slot: Slot): Promise<Connection> {
    const { options, clock, waits, random } = this.parts;
    const address = addressOf(slot);
    const waitMs = this.waitMs(slot);
    if (waitMs > 0) await waits.delay(waitMs);
    if (this.isClosed) throw new ClosedError("client");
    const connection = new Connection(slot, {
      options,
      clock,
      meter: this.meters.of(slot.lane),
      onEnd: (ended, error) => this.ended(slot, ended, error),
    });
    this.open.add(connection);
    try {
      await connection.whenOpen();
      await prepare(connection, { options, clock, random });
    } catch (error) {
      const reason =
        error instanceof KafkaError ? error : new ConnectionError("the handshake failed", { cause: error });
      void connection.close(reason);
      throw reason;
    }
    this.backoff.worked(address);
    if (this.lanes.get(slot.lane)?.get(slot.nodeId) === slot) slot.connection = connection;
    return connection;
  }

  private ended(slot: Slot, connection: Connection, error: KafkaError): void {
    this.open.delete(connection);
    if (slot.connection === connection) slot.connection = null;
    if (this.isClosed || connection.hasAnswered) return;
    this.backoff.failed(addressOf(slot), this.parts.clock.monotonicMs());
    this.parts.options.logger.debug({ ...connection.context(), error: error.message }, "A connection failed.");
  }

  /** A bootstrap connection whose address is a broker's becomes that broker's. */
  private adoptBootstrap(slots: Map<number, Slot>): void {
    for (const slot of [...slots.values()]) {
      if (slot.nodeId >= 0 || slot.connection === null || slot.connection.hasEnded) continue;
      for (const { nodeId, host, port } of this.brokers.values()) {
        if (host !== slot.host || port !== slot.port || slots.has(nodeId)) continue;
        slots.delete(slot.nodeId);
        slot.nodeId = nodeId;
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
      slot = { nodeId, lane, host, port, connection: null, connecting: null };
      slots.set(nodeId, slot);
    }
    return slot;
  }

  private node(nodeId: number): BrokerNode | undefined {
    return this.brokers.get(nodeId) ?? this.told.get(nodeId);
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
