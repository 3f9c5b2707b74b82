// Writes the marker that ends a producer's transaction on one partition (KafkaApis.handleWriteTxnMarkersRequest).
// On a partition of __consumer_offsets the group coordinator writes it, so that the offsets of the transaction begin to count.

import { endTransactionBatch, errorCodes } from "@ottla/protocol";
import type { Broker } from "../broker.ts";
import { GROUP_TOPIC } from "./internal-topics.ts";

export interface EndOfTransaction {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  readonly committed: boolean;
  /** transaction.version as the producer's client speaks it; from 2 on the epoch must be above the records'. */
  readonly transactionVersion: number;
}

/** Resolves with an error code, NONE once the marker is kept. */
export async function writeMarker(
  broker: Broker,
  place: { topic: string; partition: number },
  end: EndOfTransaction,
): Promise<number> {
  const errorCode = await append(broker, place, end);
  if (errorCode === errorCodes.NONE) broker.counters.markersWritten++;
  return errorCode;
}

async function append(
  broker: Broker,
  { topic, partition }: { topic: string; partition: number },
  end: EndOfTransaction,
): Promise<number> {
  const replica = broker.replicas.get(topic, partition);
  if (replica === undefined || replica.log.offline) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
  const { producerId, producerEpoch, coordinatorEpoch, committed } = end;
  // There is no such producer; Kafka trips over it with an IllegalArgumentException.
  if (producerId < 0 || producerEpoch < 0) return errorCodes.UNKNOWN_SERVER_ERROR;
  const batch = endTransactionBatch(
    { type: committed ? "commit" : "abort", coordinatorEpoch },
    { producerId, producerEpoch, timestamp: broker.clock.nowMs() },
  );
  if (topic === GROUP_TOPIC) {
    const runtime = broker.groups.runtime(partition);
    if (runtime === undefined) return errorCodes.NOT_LEADER_OR_FOLLOWER;
    return notReadyAsNotLeader(await runtime.endTransaction(batch, end, committed));
  }
  const leadership = replica.checkLeader(-1);
  if (leadership !== errorCodes.NONE) return leadership;
  if (!replica.hasEnoughInSync(broker.minInsyncReplicas(topic))) return errorCodes.NOT_ENOUGH_REPLICAS;
  const { transactionVersion } = end;
  return new Promise((resolve) => {
    replica.append(batch, "coordinator", ({ errorCode }) => resolve(errorCode), { transactionVersion });
  });
}

// Whoever writes markers knows of partitions, not of groups.
function notReadyAsNotLeader(errorCode: number): number {
  switch (errorCode) {
    case errorCodes.COORDINATOR_NOT_AVAILABLE:
    case errorCodes.COORDINATOR_LOAD_IN_PROGRESS:
    case errorCodes.NOT_COORDINATOR:
      return errorCodes.NOT_LEADER_OR_FOLLOWER;
    default:
      return errorCode;
  }
}
