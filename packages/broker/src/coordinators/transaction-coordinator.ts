// The transaction coordinator of this node: its shards over __transaction_state, and the writing of what they decide.
// When a shard says that markers wait, they are fetched by a command, whose answer comes once the decision is kept.

import { transactionRecordCodec, TransactionShard } from "@ottla/coordinator";
import type { TransactionCoordinatorConfig, TransactionMarkers, TransactionRecord } from "@ottla/coordinator";
import type { BrokerConfig } from "@ottla/metadata";
import type { Broker } from "../broker.ts";
import { CoordinatorPartitions } from "./coordinator-partitions.ts";
import { TRANSACTION_TOPIC } from "./internal-topics.ts";
import type { InternalTopics } from "./internal-topics.ts";
import type { MarkerWriter } from "./marker-writer.ts";

export type TransactionCoordinator = CoordinatorPartitions<TransactionRecord, TransactionShard>;

export function transactionCoordinatorOf(
  broker: Broker,
  parts: { internalTopics: InternalTopics; markerWriter: MarkerWriter; endOfTurn(action: () => void): void },
): TransactionCoordinator {
  const coordinator: TransactionCoordinator = new CoordinatorPartitions<TransactionRecord, TransactionShard>({
    topic: TRANSACTION_TOPIC,
    codec: transactionRecordCodec,
    newShard: (partition, coordinatorEpoch) =>
      new TransactionShard({
        coordinatorEpoch,
        config: () => transactionConfigOf(broker.config),
        transactionVersion: () => broker.newestImage.feature("transaction.version"),
        takeProducerId: () => broker.producerIds.take(),
        // In the middle of a command; the next one follows when it is done.
        markersWaiting: () => queueMicrotask(() => writeMarkers(coordinator, { partition, ...parts, broker })),
        counters: broker.counters.transactions,
        logger: broker.logger,
      }),
    partitionCount: () => broker.topic(TRANSACTION_TOPIC)?.partitions.length ?? 0,
    createTopic: () => createTransactionTopic(broker.config, parts.internalTopics),
    hasEnoughInSync: (partition) => partition.hasEnoughInSync(broker.minInsyncReplicas(TRANSACTION_TOPIC)),
    clock: broker.clock,
    logger: broker.logger,
    endOfTurn: (action) => parts.endOfTurn(action),
  });
  return coordinator;
}

function writeMarkers(
  coordinator: TransactionCoordinator,
  { partition, markerWriter, broker }: { partition: number; markerWriter: MarkerWriter; broker: Broker },
): void {
  // A shard that fails is loaded again, and then has the same markers waiting.
  const failed = (error: unknown): void =>
    broker.logger.error({ partition, error }, "the markers of decided transactions could not be taken or noted");
  const none: readonly TransactionMarkers[] = [];
  coordinator
    .runOn<readonly TransactionMarkers[]>(
      partition,
      () => none,
      (shard, pending) => shard.takeMarkers(pending),
    )
    .then((waiting) => {
      for (const markers of waiting) {
        markerWriter.write(markers, (written) => {
          coordinator
            .runOn<boolean>(
              partition,
              () => false,
              (shard, pending, now) => shard.markersWritten(markers, written, pending, now),
            )
            .catch(failed);
        });
      }
    })
    .catch(failed);
}

function createTransactionTopic(config: BrokerConfig, internalTopics: InternalTopics): Promise<number> {
  return internalTopics.create({
    name: TRANSACTION_TOPIC,
    partitions: config.get("transaction.state.log.num.partitions"),
    replicationFactor: config.get("transaction.state.log.replication.factor"),
    configs: {
      "cleanup.policy": "compact",
      "compression.type": "uncompressed",
      "min.insync.replicas": String(config.get("transaction.state.log.min.isr")),
      "segment.bytes": String(config.get("transaction.state.log.segment.bytes")),
    },
  });
}

function transactionConfigOf(config: BrokerConfig): TransactionCoordinatorConfig {
  return {
    transactionMaxTimeoutMs: config.get("transaction.max.timeout.ms"),
    transactionalIdExpirationMs: config.get("transactional.id.expiration.ms"),
    abortTimedOutIntervalMs: config.get("transaction.abort.timed.out.transaction.cleanup.interval.ms"),
    removeExpiredIntervalMs: config.get("transaction.remove.expired.transaction.cleanup.interval.ms"),
  };
}
