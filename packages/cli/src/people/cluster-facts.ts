// What several commands want to know of partitions: where they begin and end, how large they are, and what is wrong with them.

import { AbortedError, ClosedError, KafkaError, partitionKey, settled } from "@ottla/client";
import type { ItemKey, OffsetSpec, PartitionDescription, Settled, TopicPartition } from "@ottla/client";
import type { Session } from "./connect.ts";

/** So many partitions are asked about in one call. */
const BATCH = 2_000;

/** How long a broker that may be down is waited for when the rest of the answer is worth something without it. */
export const BROKER_MS = 5_000;

/** As `settled`, but what fails as a whole is told as the error of all, and does not end the command. */
export async function told<Value>(call: Promise<ReadonlyMap<ItemKey, Value>>): Promise<Settled<Value>> {
  try {
    return await settled(call);
  } catch (error) {
    if (!(error instanceof KafkaError) || error instanceof AbortedError || error instanceof ClosedError) throw error;
    return { values: new Map(), errors: new Map([["all", error]]) };
  }
}

/** Offsets by "topic-partition"; partitions without an answer, such as those without a leader, are left out. */
export async function offsetsAt(
  { admin, call }: Session,
  partitions: readonly TopicPartition[],
  at: OffsetSpec,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let from = 0; from < partitions.length; from += BATCH) {
    const queries = partitions.slice(from, from + BATCH).map(({ topic, partition }) => ({ topic, partition, at }));
    const { values } = await told(admin.listOffsets(queries, { ...call, timeoutMs: BROKER_MS }));
    for (const [key, { offset }] of values) found.set(String(key), offset);
  }
  return found;
}

export interface Sizes {
  /** Bytes of the largest replica, by "topic-partition": what one copy takes. */
  readonly ofPartition: ReadonlyMap<string, number>;
  /** Brokers that did not tell. */
  readonly errors: ReadonlyMap<ItemKey, KafkaError>;
}

/** Sizes on disk. A broker that is down does not keep the others from being told of. */
export async function partitionSizes({ admin, call }: Session, brokerIds: readonly number[]): Promise<Sizes> {
  const { values, errors } = await told(admin.describeLogDirs(brokerIds, { ...call, timeoutMs: BROKER_MS }));
  const ofPartition = new Map<string, number>();
  for (const directories of values.values()) {
    for (const replica of directories.flatMap(({ replicas }) => replicas)) {
      if (replica.isFuture) continue;
      const key = partitionKey(replica.topic, replica.partition);
      ofPartition.set(key, Math.max(ofPartition.get(key) ?? 0, replica.sizeBytes));
    }
  }
  return { ofPartition, errors };
}

/** The worst first. */
export type PartitionState = "offline" | "under-replicated" | "not-preferred-leader" | "ok";

export function partitionState({ leaderId, isr, replicas }: PartitionDescription): PartitionState {
  if (leaderId === null) return "offline";
  if (isr.length < replicas.length) return "under-replicated";
  return leaderId === replicas[0] ? "ok" : "not-preferred-leader";
}

/** Whether somebody has to look at it: another leader than the preferred one is no trouble. */
export function isTrouble(state: PartitionState): boolean {
  return state === "offline" || state === "under-replicated";
}

export function stateStyle(state: PartitionState): "red" | "yellow" | null {
  return state === "offline" ? "red" : state === "under-replicated" ? "yellow" : null;
}
