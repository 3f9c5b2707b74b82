// A reading side for tests of the group side: notes what it is told, and lets tests decide how long it takes.

import { createMembership } from "../../src/consumer/group/create-membership.ts";
import type { MembershipOptions } from "../../src/consumer/group/create-membership.ts";
import type { AssignmentListener, Membership, Subscription } from "../../src/consumer/membership.ts";
import type { KafkaError } from "../../src/errors.ts";
import type { Cluster } from "../../src/network/cluster.ts";
import type { TopicPartition } from "../../src/records.ts";
import { PATIENCE_MS } from "./eventually.ts";

let lanes = 0;

export class GroupReader implements AssignmentListener {
  readonly membership: Membership;
  readonly name: string;
  /** Such as "assigned orders-0 orders-1". */
  readonly told: string[] = [];
  /** Keys of what it may read. */
  readonly reading = new Set<string>();
  failure: KafkaError | null = null;
  /** Runs in every call, before it ends. */
  hook: (call: string, partitions: readonly TopicPartition[]) => Promise<void> | void = () => {};
  private readonly watchers = new Set<() => void>();

  constructor(cluster: Cluster, options: Partial<MembershipOptions> & { groupId: string }) {
    this.name = `group-test-${lanes++}`;
    this.membership = createMembership(
      cluster,
      {
        groupProtocol: "classic",
        groupInstanceId: null,
        sessionTimeoutMs: 45_000,
        heartbeatIntervalMs: 3_000,
        maxPollIntervalMs: 300_000,
        assignors: ["range", "cooperative-sticky"],
        groupRemoteAssignor: null,
        rack: null,
        lane: this.name,
        ...options,
      },
      this,
    );
    this.membership.waiting(true);
  }

  subscribe(subscription: Subscription | readonly string[] | RegExp): this {
    if (subscription instanceof RegExp) this.membership.subscribe({ kind: "pattern", pattern: subscription });
    else if (Array.isArray(subscription)) this.membership.subscribe({ kind: "topics", topics: subscription });
    else this.membership.subscribe(subscription as Subscription);
    return this;
  }

  async assigned(partitions: readonly TopicPartition[]): Promise<void> {
    this.note("assigned", partitions);
    for (const each of partitions) this.reading.add(keyOf(each));
    await this.hook("assigned", partitions);
    this.changed();
  }

  async revoked(partitions: readonly TopicPartition[]): Promise<void> {
    this.note("revoked", partitions);
    await this.hook("revoked", partitions);
    for (const each of partitions) this.reading.delete(keyOf(each));
    this.changed();
  }

  async lost(partitions: readonly TopicPartition[]): Promise<void> {
    this.note("lost", partitions);
    for (const each of partitions) this.reading.delete(keyOf(each));
    await this.hook("lost", partitions);
    this.changed();
  }

  failed(error: KafkaError): void {
    this.failure = error;
    this.changed();
  }

  /** Calls `look` after each change. Returns what ends that. */
  watch(look: () => void): () => void {
    this.watchers.add(look);
    return () => void this.watchers.delete(look);
  }

  private changed(): void {
    for (const look of this.watchers) look();
  }

  private note(call: string, partitions: readonly TopicPartition[]): void {
    this.told.push([call, ...partitions.map(keyOf)].join(" "));
  }
}

/** Resolves when the condition on the readers holds; fails after a minute, telling what they were told. */
export async function until(readers: readonly GroupReader[], isSo: () => boolean, what: string): Promise<void> {
  if (isSo()) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stops = readers.map((reader) => reader.watch(() => isSo() && resolve()));
  const timer = setTimeout(() => {
    const seen = readers.map(({ name, told, failure }) => `${name}: ${told.join("; ")} ${failure?.message ?? ""}`);
    reject(new Error(`not within ${PATIENCE_MS} ms: ${what}\n${seen.join("\n")}`));
  }, PATIENCE_MS);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    for (const stop of stops) stop();
  }
}

/** Every partition is read by exactly one of them. */
export function allRead(readers: readonly GroupReader[], partitions: readonly string[]): boolean {
  return (
    partitions.every((key) => readers.filter(({ reading }) => reading.has(key)).length === 1) &&
    readers.reduce((sum, { reading }) => sum + reading.size, 0) === partitions.length
  );
}

export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

export function partitionsOf(topic: string, count: number): string[] {
  return Array.from({ length: count }, (_, partition) => `${topic}-${partition}`);
}
