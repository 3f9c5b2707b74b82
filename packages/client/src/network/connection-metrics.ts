// What connections count, named as Java's: "producer-metrics", "consumer-metrics" and "admin-client-metrics" by the lane's owner,
// and the same by broker in "…-node-metrics". Counting adds to a field; averages are made when somebody asks.

import type { MetricRegistry } from "../metrics.ts";

/** The meters of a client: one per kind of owner and broker, made when first needed. */
export class ConnectionMeters {
  private readonly registry: MetricRegistry;
  private readonly clientId: string;
  private readonly meters = new Map<string, ConnectionMeter>();

  constructor(registry: MetricRegistry, clientId: string) {
    this.registry = registry;
    this.clientId = clientId;
  }

  of(lane: string, nodeId: number): ConnectionMeter {
    const kind = kindOf(lane);
    const total = this.meter(`${kind}-metrics`, { "client-id": this.clientId }, null);
    return this.meter(`${kind}-node-metrics`, { "client-id": this.clientId, "node-id": `node-${nodeId}` }, total);
  }

  private meter(group: string, tags: Readonly<Record<string, string>>, total: ConnectionMeter | null): ConnectionMeter {
    const name = `${group} ${tags["node-id"] ?? ""}`;
    let meter = this.meters.get(name);
    if (meter === undefined) {
      meter = new ConnectionMeter(total);
      meter.register(this.registry, group, tags);
      this.meters.set(name, meter);
    }
    return meter;
  }
}

/** Counts what connections do, and adds it to a total. */
export class ConnectionMeter {
  private readonly total: ConnectionMeter | null;
  private connections = 0;
  private created = 0;
  private closures = 0;
  private requests = 0;
  private answers = 0;
  private latencySumMs = 0;
  private latencyMaxMs = 0;
  private outgoingBytes = 0;
  private incomingBytes = 0;
  private requestBytesMax = 0;
  private throttleMs = 0;

  constructor(total: ConnectionMeter | null = null) {
    this.total = total;
  }

  opened(): void {
    this.connections++;
    this.created++;
    this.total?.opened();
  }

  closed(): void {
    this.connections--;
    this.closures++;
    this.total?.closed();
  }

  sent(bytes: number): void {
    this.requests++;
    this.outgoingBytes += bytes;
    if (bytes > this.requestBytesMax) this.requestBytesMax = bytes;
    this.total?.sent(bytes);
  }

  answered(bytes: number, latencyMs: number): void {
    this.answers++;
    this.incomingBytes += bytes;
    this.latencySumMs += latencyMs;
    if (latencyMs > this.latencyMaxMs) this.latencyMaxMs = latencyMs;
    this.total?.answered(bytes, latencyMs);
  }

  throttled(ms: number): void {
    this.throttleMs += ms;
    this.total?.throttled(ms);
  }

  /** Lists the counts in the registry. Connections are counted in the total only, as Java does. */
  register(registry: MetricRegistry, group: string, tags: Readonly<Record<string, string>>): void {
    const add = (name: string, read: () => number): void => void registry.register({ name, group, tags }, read);
    const orNaN = (count: number, value: number): number => (count === 0 ? NaN : value);
    if (this.total === null) {
      add("connection-count", () => this.connections);
      add("connection-creation-total", () => this.created);
      add("connection-close-total", () => this.closures);
      add("network-io-total", () => this.requests + this.answers);
    }
    add("request-total", () => this.requests);
    add("response-total", () => this.answers);
    add("request-latency-avg", () => orNaN(this.answers, this.latencySumMs / this.answers));
    add("request-latency-max", () => orNaN(this.answers, this.latencyMaxMs));
    add("request-size-avg", () => orNaN(this.requests, this.outgoingBytes / this.requests));
    add("request-size-max", () => orNaN(this.requests, this.requestBytesMax));
    add("outgoing-byte-total", () => this.outgoingBytes);
    add("incoming-byte-total", () => this.incomingBytes);
    add("throttle-time-total", () => this.throttleMs);
  }
}

function kindOf(lane: string): string {
  if (lane.startsWith("producer")) return "producer";
  return lane.startsWith("consumer") || lane.startsWith("group") ? "consumer" : "admin-client";
}
