// What a member of a group counts, under Java's names in the group "consumer-coordinator-metrics". Counting adds to fields.

import type { Clock } from "@ottla/base";
import type { MetricRegistry } from "../../metrics.ts";

const GROUP = "consumer-coordinator-metrics";

/** Count, sum and maximum of durations. */
class Latency {
  count = 0;
  sumMs = 0;
  maxMs = NaN;

  record(ms: number): void {
    this.count++;
    this.sumMs += ms;
    this.maxMs = Number.isNaN(this.maxMs) ? ms : Math.max(this.maxMs, ms);
  }

  get averageMs(): number {
    return this.count === 0 ? NaN : this.sumMs / this.count;
  }
}

export class GroupMetrics {
  readonly join = new Latency();
  readonly sync = new Latency();
  readonly heartbeat = new Latency();
  readonly commit = new Latency();
  readonly rebalance = new Latency();
  readonly calls = { assigned: new Latency(), revoked: new Latency(), lost: new Latency() };
  failedRebalances = 0;
  private lastRebalanceMs: number | null = null;
  private lastHeartbeatMs: number | null = null;
  private readonly clock: Clock;
  private readonly startMs: number;
  private readonly removals: (() => void)[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
    this.startMs = clock.monotonicMs();
  }

  rebalanced(latencyMs: number): void {
    this.rebalance.record(latencyMs);
    this.lastRebalanceMs = this.clock.monotonicMs();
  }

  heartbeatSent(): void {
    this.lastHeartbeatMs = this.clock.monotonicMs();
  }

  register(registry: MetricRegistry, clientId: string, assignedPartitions: () => number): void {
    const tags = { "client-id": clientId };
    const add = (name: string, read: () => number): void => {
      this.removals.push(registry.register({ name, group: GROUP, tags }, read));
    };
    const meter = (name: string, { latency, perMs }: { latency: Latency; perMs: number }): void => {
      add(`${name}-total`, () => latency.count);
      add(perMs === 1000 ? `${name}-rate` : `${name}-rate-per-hour`, () => this.rate(latency.count, perMs));
    };
    meter("join", { latency: this.join, perMs: 1000 });
    meter("sync", { latency: this.sync, perMs: 1000 });
    meter("heartbeat", { latency: this.heartbeat, perMs: 1000 });
    meter("commit", { latency: this.commit, perMs: 1000 });
    meter("rebalance", { latency: this.rebalance, perMs: 3_600_000 });
    add("join-time-avg", () => this.join.averageMs);
    add("join-time-max", () => this.join.maxMs);
    add("sync-time-avg", () => this.sync.averageMs);
    add("sync-time-max", () => this.sync.maxMs);
    add("heartbeat-response-time-max", () => this.heartbeat.maxMs);
    add("commit-latency-avg", () => this.commit.averageMs);
    add("commit-latency-max", () => this.commit.maxMs);
    add("rebalance-latency-avg", () => this.rebalance.averageMs);
    add("rebalance-latency-max", () => this.rebalance.maxMs);
    add("rebalance-latency-total", () => this.rebalance.sumMs);
    add("failed-rebalance-total", () => this.failedRebalances);
    add("failed-rebalance-rate-per-hour", () => this.rate(this.failedRebalances, 3_600_000));
    add("last-rebalance-seconds-ago", () => this.secondsSince(this.lastRebalanceMs));
    add("last-heartbeat-seconds-ago", () => this.secondsSince(this.lastHeartbeatMs));
    add("assigned-partitions", assignedPartitions);
    for (const call of ["assigned", "revoked", "lost"] as const) {
      add(`partition-${call}-latency-avg`, () => this.calls[call].averageMs);
      add(`partition-${call}-latency-max`, () => this.calls[call].maxMs);
    }
  }

  unregister(): void {
    for (const remove of this.removals.splice(0)) remove();
  }

  /** Since the member was made; Java has a window of a minute. */
  private rate(count: number, perMs: number): number {
    const elapsedMs = this.clock.monotonicMs() - this.startMs;
    return elapsedMs <= 0 ? 0 : (count * perMs) / elapsedMs;
  }

  private secondsSince(ms: number | null): number {
    return ms === null ? -1 : Math.floor((this.clock.monotonicMs() - ms) / 1000);
  }
}
