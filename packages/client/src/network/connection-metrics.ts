// What connections count, named as Java's: "producer-metrics", "consumer-metrics" and "admin-client-metrics" by the lane's owner.
// Counting adds to a field; rates and averages are made when somebody asks.

import type { MetricRegistry } from "../metrics.ts";

/** The meters of a client, one per kind of owner, made when its first lane is opened. */
export class ConnectionMeters {
  private readonly registry: MetricRegistry;
  private readonly clientId: string;
  private readonly byKind = new Map<string, ConnectionMeter>();

  constructor(registry: MetricRegistry, clientId: string) {
    this.registry = registry;
    this.clientId = clientId;
  }

  of(lane: string): ConnectionMeter {
    const kind = kindOf(lane);
    let meter = this.byKind.get(kind);
    if (meter === undefined) {
      meter = new ConnectionMeter();
      meter.register(this.registry, `${kind}-metrics`, { "client-id": this.clientId });
      this.byKind.set(kind, meter);
    }
    return meter;
  }
}

function kindOf(lane: string): string {
  if (lane.startsWith("producer")) return "producer";
  return lane.startsWith("consumer") || lane.startsWith("group") ? "consumer" : "admin-client";
}

/** Counts what all connections of one kind do. */
export class ConnectionMeter {
  private connections = 0;
  private created = 0;
  private closedTotal = 0;
  private requests = 0;
  private answers = 0;
  private latencySumMs = 0;
  private latencyMaxMs = 0;
  private outgoingBytes = 0;
  private incomingBytes = 0;
  private throttleMs = 0;

  opened(): void {
    this.connections++;
    this.created++;
  }

  closed(wasOpen: boolean): void {
    if (!wasOpen) return;
    this.connections--;
    this.closedTotal++;
  }

  sent(bytes: number): void {
    this.requests++;
    this.outgoingBytes += bytes;
  }

  answered(bytes: number, latencyMs: number): void {
    this.answers++;
    this.incomingBytes += bytes;
    this.latencySumMs += latencyMs;
    if (latencyMs > this.latencyMaxMs) this.latencyMaxMs = latencyMs;
  }

  throttled(ms: number): void {
    this.throttleMs += ms;
  }

  /** Lists the counts in the registry. */
  register(registry: MetricRegistry, group: string, tags: Readonly<Record<string, string>>): void {
    const add = (name: string, read: () => number): void => void registry.register({ name, group, tags }, read);
    add("connection-count", () => this.connections);
    add("connection-creation-total", () => this.created);
    add("connection-close-total", () => this.closedTotal);
    add("request-total", () => this.requests);
    add("response-total", () => this.answers);
    add("network-io-total", () => this.requests + this.answers);
    add("request-latency-avg", () => (this.answers === 0 ? NaN : this.latencySumMs / this.answers));
    add("request-latency-max", () => (this.answers === 0 ? NaN : this.latencyMaxMs));
    add("request-size-avg", () => (this.requests === 0 ? NaN : this.outgoingBytes / this.requests));
    add("outgoing-byte-total", () => this.outgoingBytes);
    add("incoming-byte-total", () => this.incomingBytes);
    add("throttle-time-total", () => this.throttleMs);
  }
}
