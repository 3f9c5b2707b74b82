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
import { TransactionRequests } from "./transaction-requests.ts";
import { TransactionalSequencing } from "./transactional-sequencing.ts";

/** The parts, once they are put together; what they tell each other later goes through here. */
export class ProducerParts {
  readonly accumulator: Accumulator;
  readonly sender: Sender;
  readonly intake: RecordIntake;
  /** null without a transactional id. */
  readonly transactions: TransactionalSequencing | null = null;
  private readonly outcomes: BatchOutcomes;
  private readonly topics: TopicDirectory;
  readonly meters: ProducerMeters;
  private readonly requests: TransactionRequests | null = null;
  private readonly seeker: IdentitySeeker | null = null;

  constructor(cluster: Cluster, options: ResolvedProducerOptions, lane: string) {
    const { clock, metrics, logger } = cluster;
    const pool = new BufferPool(options.bufferMemoryBytes);
    this.accumulator = new Accumulator(pool, clock, options);
    this.meters = new ProducerMeters(metrics, clock, { "client-id": cluster.options.clientId, producer: lane });
    this.meters.watchMemory(pool, () => this.intake.starvedCount);
    let sequencing: Sequencing = unsequenced;
    if (options.transactionalId !== null) {
      const { transactionalId, transactionTimeoutMs } = options;
      this.requests = new TransactionRequests({ cluster, lane, transactionalId, transactionTimeoutMs });
      this.transactions = new TransactionalSequencing(transactionalId, this.requests, this.host(cluster));
      sequencing = this.transactions;
    } else if (options.idempotent) {
      const idempotent: IdempotentSequencing = new IdempotentSequencing(() => this.seeker!.seek());
      this.seeker = this.seekerOf(cluster, lane, idempotent);
      sequencing = idempotent;
    }
    const common = { cluster, accumulator: this.accumulator, meters: this.meters, sequencing, options };
    this.outcomes = new BatchOutcomes({
      ...common,
      logger,
      retries: options.retries,
      isAcknowledged: options.acks !== 0,
      backoffMs: (attempt) => cluster.backoffMs(attempt),
    });
    this.sender = new Sender({
      ...common,
      outcomes: this.outcomes,
      lane,
      isStarved: () => this.intake.starvedCount > 0,
      onProgress: () => this.intake.feedStarved(),
    });
    this.topics = this.directory(cluster, options);
    const { transactions } = this;
    const onPlaced = transactions === null ? null : transactions.placed.bind(transactions);
    this.intake = new RecordIntake({ ...common, sender: this.sender, topics: this.topics, onPlaced });
  }

  /** Resolves when every record of now has its outcome. */
  async flushed(): Promise<void> {
    const { accumulator, intake, sender } = this;
    accumulator.flushing++;
    try {
      sender.drainSoon();
      await intake.entered();
      const flushed = accumulator.flushed();
      sender.drainSoon();
      await flushed;
    } finally {
      accumulator.flushing--;
    }
  }

  /** Fails every record that has no outcome yet; `sparing` those that are in a request. */
  failAll(error: KafkaError, { sparing }: { sparing: "none" | "inFlight" }): void {
    this.intake.failAll(error);
    for (const batch of this.accumulator.incomplete)
      if (sparing === "none" || batch.state !== "inFlight") this.outcomes.giveUp(batch, error);
    this.intake.feedStarved();
  }

  /** Ends timers and listeners; nothing is sent any more. */
  stop(): void {
    this.seeker?.stop();
    this.requests?.stop();
    this.sender.stop();
    this.intake.close();
    this.topics.close();
    this.meters.close();
  }

  private host(cluster: Cluster) {
    return {
      logger: cluster.logger,
      drainSoon: () => this.sender.drainSoon(),
      flushed: () => this.flushed(),
      dropUnsent: (error: KafkaError) => this.failAll(error, { sparing: "inFlight" }),
      quiet: () => this.sender.quiet(),
    };
  }

  private seekerOf(cluster: Cluster, lane: string, idempotent: IdempotentSequencing): IdentitySeeker {
    return new IdentitySeeker(cluster, lane, {
      onAcquired: (identity) => {
        idempotent.acquired(identity);
        this.sender.drainSoon();
      },
      onFailed: (error) => this.failAll(error, { sparing: "inFlight" }),
    });
  }

  private directory(cluster: Cluster, options: ResolvedProducerOptions): TopicDirectory {
    const { clock, random } = cluster;
    const limitMs = options.partitionerAvailabilityTimeoutMs;
    return new TopicDirectory({
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
        isUnavailable: (nodeId) => limitMs > 0 && this.sender.stalledForMs(nodeId, clock.monotonicMs()) > limitMs,
      },
      events: {
        onLoaded: (topic) => this.intake.advance(topic),
        onFailed: (topic, error) => this.intake.topicFailed(topic, error),
        onUpdate: () => this.sender.drainSoon(),
      },
    });
  }
}
