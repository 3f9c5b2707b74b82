// What the coordinators of this node hold at the moment, counted when somebody reads the metrics: nothing is kept for it on the way.
// Shards that are being loaded are left out, but where partitions are told by state: half a log says nothing true about groups.

import type { GroupShard, TransactionShard } from "@ottla/coordinator";
import type { Broker } from "../broker.ts";
import type { Sample } from "../metrics.ts";
import type { LoadTimes } from "./coordinator-partitions.ts";

export const CLASSIC_STATES = ["PreparingRebalance", "CompletingRebalance", "Stable", "Empty"] as const;
const CONSUMER_STATES = ["Empty", "Assigning", "Reconciling", "Stable"] as const;
const TRANSACTION_STATES = [
  "Empty",
  "Ongoing",
  "PrepareCommit",
  "PrepareAbort",
  "CompleteCommit",
  "CompleteAbort",
] as const;

export function groupsByProtocol(broker: Broker): Sample[] {
  const protocols = ["classic", "consumer"] as const;
  return protocols.map((protocol) => ({ labels: { protocol }, value: groupCount(broker, protocol, null) }));
}

/** The classic groups in a state; in any with null. */
export function classicGroupsIn(broker: Broker, state: (typeof CLASSIC_STATES)[number] | null): number {
  return groupCount(broker, "classic", state);
}

export function consumerGroupsByState(broker: Broker): Sample[] {
  return CONSUMER_STATES.map((state) => ({
    labels: { state },
    value: groupCount(broker, "consumer", state),
  }));
}

export function keptOffsets(broker: Broker): number {
  let count = 0;
  for (const shard of groupShards(broker)) count += shard.offsets.size;
  return count;
}

export function groupPartitionsByState(broker: Broker): Sample[] {
  let [loading, active, failed] = [0, 0, 0];
  for (const { isActive, isClosed } of broker.groups.runtimes()) {
    if (isActive) active++;
    else if (isClosed) failed++;
    else loading++;
  }
  return Object.entries({ loading, active, failed }).map(([state, value]) => ({ labels: { state }, value }));
}

export function transactionsByState(broker: Broker): Sample[] {
  const counts = [...transactionShards(broker)].map((shard) => shard.countByState());
  return TRANSACTION_STATES.map((state) => ({
    labels: { state },
    value: counts.reduce((sum, ofShard) => sum + (ofShard.get(state) ?? 0), 0),
  }));
}

export function waitingRequests({ groups, transactions }: Broker): Sample[] {
  const waiting = (runtimes: Iterable<{ waitingCount: number }>): number => {
    let count = 0;
    for (const { waitingCount } of runtimes) count += waitingCount;
    return count;
  };
  return [
    { labels: { coordinator: "group" }, value: waiting(groups.runtimes()) },
    { labels: { coordinator: "transaction" }, value: waiting(transactions.runtimes()) },
  ];
}

export function meanLoadMs({ count, totalMs }: LoadTimes): number {
  return count === 0 ? 0 : totalMs / count;
}

function groupCount(broker: Broker, type: "classic" | "consumer", state: string | null): number {
  let count = 0;
  for (const { context } of groupShards(broker)) {
    for (const group of context.groups.values()) {
      if (group.type === type && (state === null || group.stateName() === state)) count++;
    }
  }
  return count;
}

function* groupShards(broker: Broker): Generator<GroupShard, void, undefined> {
  for (const { isActive, shard } of broker.groups.runtimes()) if (isActive) yield shard;
}

function* transactionShards(broker: Broker): Generator<TransactionShard, void, undefined> {
  for (const { isActive, shard } of broker.transactions.runtimes()) if (isActive) yield shard;
}
