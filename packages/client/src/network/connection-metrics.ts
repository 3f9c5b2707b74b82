// What connections count, named as Java's: "producer-metrics", "consumer-metrics" and "admin-client-metrics" by the lane's owner,
// and the same by broker in "…-node-metrics". Counting adds to fields; averages and rates are made when somebody asks.

import type { Clock } from "@ottla/base";
import type { MetricRegistry } from "../metrics.ts";
import { Sampled } from "../sampled.ts";

/** The meters of a client: one per kind of owner and broker, made when first needed. */
export class ConnectionMeters {
  private readonly registry: MetricRegistry;
  private readonly clientId: string;
  private readonly clock: Clock;
  private readonly meters = new Map<string, ConnectionMeter>();

  constructor(registry: MetricRegistry, clock: Clock, clientId: string) {
    this.registry = registry;
    this.clock = clock;
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
      meter = new ConnectionMeter(this.clock, total);
      meter.register(this.registry, group, tags);
      this.meters.set(name, meter);
    }
    return meter;
  }
}

/** Counts what connections do, and adds it to a total. */
export class ConnectionMeter {
  private readonly clock: Clock;
  private readonly total: ConnectionMeter | null;
  private connections = 0;
  private readonly created: Sampled;
  private readonly closures: Sampled;
  private readonly requestSizes: Sampled;
  private readonly answerSizes: Sampled;
  private readonly latencies: Sampled;
  private readonly requests: Sampled;
  private readonly answers: Sampled;
  private readonly authentications: Sampled;
  private readonly failedAuthentications: Sampled;
  private readonly renewals: Sampled;
  private readonly failedRenewals: Sampled;
  private readonly renewalLatencies: Sampled;
  private throttleMs = 0;

  constructor(clock: Clock, total: ConnectionMeter | null = null) {
    const sampled = (): Sampled => new Sampled(clock.monotonicMs());
    this.clock = clock;
    this.total = total;
    this.created = sampled();
    this.closures = sampled();
    this.requestSizes = sampled();
    this.answerSizes = sampled();
    this.latencies = sampled();
    this.requests = sampled();
    this.answers = sampled();
    this.authentications = sampled();
    this.failedAuthentications = sampled();
    this.renewals = sampled();
    this.failedRenewals = sampled();
    this.renewalLatencies = sampled();
  }

  opened(): void {
    this.connections++;
    this.created.record(1, this.now());
    this.total?.opened();
  }

  closed(): void {
    this.connections--;
    this.closures.record(1, this.now());
    this.total?.closed();
  }

  /** The handshake is done; without SASL as well, as in Java. */
  authenticated(hasSucceeded: boolean): void {
    (hasSucceeded ? this.authentications : this.failedAuthentications).record(1, this.now());
    this.total?.authenticated(hasSucceeded);
  }

  /** A session was renewed (KIP-368). */
  renewed(latencyMs: number): void {
    this.renewals.record(1, this.now());
    this.renewalLatencies.record(latencyMs, this.now());
    this.total?.renewed(latencyMs);
  }

  renewalFailed(): void {
    this.failedRenewals.record(1, this.now());
    this.total?.renewalFailed();
  }

  sent(bytes: number, nowMs: number): void {
    this.requests.record(1, nowMs);
    this.requestSizes.record(bytes, nowMs);
    this.total?.sent(bytes, nowMs);
  }

  answered(bytes: number, latencyMs: number, nowMs: number): void {
    this.answers.record(1, nowMs);
    this.answerSizes.record(bytes, nowMs);
    this.latencies.record(latencyMs, nowMs);
    this.total?.answered(bytes, latencyMs, nowMs);
  }

  throttled(ms: number): void {
    this.throttleMs += ms;
    this.total?.throttled(ms);
  }

  /** Lists the counts in the registry. Connections are counted in the total only, as Java does. */
  register(registry: MetricRegistry, group: string, tags: Readonly<Record<string, string>>): void {
    const add = (name: string, read: () => number): void => void registry.register({ name, group, tags }, read);
    const addRateAndTotal = (name: string, meter: Sampled): void => {
      add(`${name}-rate`, () => meter.ratePerSecond(this.now()));
      add(`${name}-total`, () => meter.total);
    };
    const addAverageAndMax = (name: string, meter: Sampled): void => {
      add(`${name}-avg`, () => meter.average(this.now()));
      add(`${name}-max`, () => meter.max(this.now()));
    };
    if (this.total === null) {
      add("connection-count", () => this.connections);
      addRateAndTotal("connection-creation", this.created);
      addRateAndTotal("connection-close", this.closures);
      addRateAndTotal("successful-authentication", this.authentications);
      addRateAndTotal("failed-authentication", this.failedAuthentications);
      addRateAndTotal("successful-reauthentication", this.renewals);
      addRateAndTotal("failed-reauthentication", this.failedRenewals);
      addAverageAndMax("reauthentication-latency", this.renewalLatencies);
      add("network-io-rate", () => this.requests.ratePerSecond(this.now()) + this.answers.ratePerSecond(this.now()));
      add("network-io-total", () => this.requests.total + this.answers.total);
    }
    addRateAndTotal("request", this.requests);
    addRateAndTotal("response", this.answers);
    addAverageAndMax("request-latency", this.latencies);
    addAverageAndMax("request-size", this.requestSizes);
    addRateAndTotal("outgoing-byte", this.requestSizes);
    addRateAndTotal("incoming-byte", this.answerSizes);
    add("throttle-time-total", () => this.throttleMs);
  }

  private now(): number {
    return this.clock.monotonicMs();
  }
}

function kindOf(lane: string): string {
  if (lane.startsWith("producer")) return "producer";
  return lane.startsWith("consumer") || lane.startsWith("group") ? "consumer" : "admin-client";
}
