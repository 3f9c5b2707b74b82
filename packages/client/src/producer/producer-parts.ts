// Puts the parts of a producer together: what collects, what sends, what decides about sequences. No logic of its own.

import type { KafkaError } from "../errors.ts";
import type { Cluster } from "../network/cluster.ts";
import { Accumulator } from "./accumulator.ts";
import { BatchOutcomes } from "./batch-outcomes.ts";
import { BufferPool } from "./buffer-pool.ts";
import { IdentitySeeker } from "./identity-seeker.ts";
import { ProducerMeters } from "./producer-meters.ts";
import type { ResolvedProducerOptions } from "./producer-options.ts";
import { RecordIntake } from "./record-intake.ts";
import { Sender } from "./sender.ts";
import { IdempotentSequencing, unsequenced } from "./sequencing.ts";
import type { Sequencing } from "./sequencing.ts";
import { TopicDirectory } from "./topic-directory.ts";

export interface ProducerParts {
  readonly accumulator: Accumulator;
  readonly outcomes: BatchOutcomes;
  readonly sender: Sender;
  readonly topics: TopicDirectory;
  readonly intake: RecordIntake;
  readonly meters: ProducerMeters;
  /** Fails every batch that is not done. */
  readonly failBatches: (error: KafkaError) => void;
  /** Ends timers and listeners; nothing is sent any more. */
  readonly stop: () => void;
}

export function assembleProducer(cluster: Cluster, options: ResolvedProducerOptions, lane: string): ProducerParts {
  const { clock, random, logger, metrics } = cluster;
  const pool = new BufferPool(options.bufferMemoryBytes);
  const accumulator = new Accumulator(pool, clock, options);
  const meters = new ProducerMeters(metrics, clock, { "client-id": cluster.options.clientId, producer: lane });
  meters.watchMemory(pool, () => intake.starvedCount);
  const seeker = new IdentitySeeker(cluster, lane, {
    onAcquired: (identity) => {
      idempotent.acquired(identity);
      sender.drainSoon();
    },
    onFailed: (error) => failBatches(error),
  });
  const idempotent = new IdempotentSequencing(() => seeker.seek());
  const sequencing: Sequencing = options.idempotent ? idempotent : unsequenced;
  const outcomes = new BatchOutcomes({
    accumulator,
    sequencing,
    meters,
    logger,
    retries: options.retries,
    isAcknowledged: options.acks !== 0,
    backoffMs: (attempt) => cluster.backoffMs(attempt),
  });
  const sender = new Sender({
    cluster,
    accumulator,
    outcomes,
    sequencing,
    meters,
    options,
    lane,
    isStarved: () => intake.starvedCount > 0,
    onProgress: () => intake.feedStarved(),
  });
  const topics = new TopicDirectory({
    cluster,
    maxBlockMs: options.maxBlockMs,
    settings: {
      random,
      partitioner: {
        kind: options.partitioner,
        ignoreKeys: options.ignoreKeys,
        adaptive: options.adaptivePartitioning,
        stickyBytes: options.batchSizeBytes,
      },
      isUnavailable: (nodeId) => isStalled(sender, nodeId, options, clock.monotonicMs()),
    },
    events: {
      onLoaded: (topic) => intake.advance(topic),
      onFailed: (topic, error) => intake.topicFailed(topic, error),
      onUpdate: () => sender.drainSoon(),
    },
  });
  const intake = new RecordIntake({ cluster, accumulator, sender, topics, options, meters, onPlaced: null });
  const failBatches = (error: KafkaError): void => {
    for (const batch of accumulator.incomplete) outcomes.giveUp(batch, error);
    intake.feedStarved();
  };
  const stop = (): void => {
    seeker.stop();
    sender.stop();
    intake.close();
    topics.close();
    meters.close();
  };
  return { accumulator, outcomes, sender, topics, intake, meters, failBatches, stop };
}

function isStalled(sender: Sender, nodeId: number, options: ResolvedProducerOptions, nowMs: number): boolean {
  const limitMs = options.partitionerAvailabilityTimeoutMs;
  return limitMs > 0 && sender.stalledForMs(nodeId, nowMs) > limitMs;
}
