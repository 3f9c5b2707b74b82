// What tests of the consumer share: a target with an admin and a cluster, consumers that are closed with it, and records written by plain
// requests, whole batches of any kind, so that these tests need no producer. All of it works against a reference Kafka too.

import assert from "node:assert/strict";
import { ZERO_UUID } from "@ottla/base";
import { errorName, isRetriable, RecordBatchBuilder } from "@ottla/protocol";
import type { BatchOptions, RecordToAppend } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { listOffsetsApi } from "@ottla/protocol/messages/02-list-offsets.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { addPartitionsToTxnApi } from "@ottla/protocol/messages/24-add-partitions-to-txn.ts";
import { endTxnApi } from "@ottla/protocol/messages/26-end-txn.ts";
import { Admin } from "../../src/admin/admin.ts";
import { Consumer } from "../../src/consumer/consumer.ts";
import type { ConsumerOptions } from "../../src/consumer/consumer-options.ts";
import type { Cluster } from "../../src/network/cluster.ts";
import type { ClientOptions } from "../../src/options.ts";
import type { TopicPartition, Topics } from "../../src/records.ts";
import { startTarget } from "../target.ts";
import type { Target } from "../target.ts";
import { createTopics } from "./created-topics.ts";
import { eventually, PATIENCE_MS } from "./eventually.ts";

export interface ConsumingTarget extends AsyncDisposable {
  readonly target: Target;
  readonly cluster: Cluster;
  readonly admin: Admin;
  /** A new topic that is there: see createTopics. Answers its name. */
  topic(base: string, options?: { partitions?: number; configs?: Readonly<Record<string, string>> }): Promise<string>;
  /** Closed with the target. */
  consumer<T extends Topics = {}>(options?: ConsumerOptions, client?: Partial<ClientOptions<T>>): Consumer<T>;
}

/** Rebalances that wait for nobody. */
const QUICK_GROUPS = {
  "group.initial.rebalance.delay.ms": "0",
  "group.consumer.min.heartbeat.interval.ms": "50",
  "group.consumer.heartbeat.interval.ms": "50",
};

export async function startConsuming(overrides: Readonly<Record<string, string>> = {}): Promise<ConsumingTarget> {
  const target = await startTarget({ overrides: { ...QUICK_GROUPS, ...overrides } });
  const cluster = target.cluster();
  const admin = new Admin(cluster);
  const consumers: { close(options?: { timeoutMs: number }): Promise<void> }[] = [];
  return {
    target,
    cluster,
    admin,
    async topic(base, { partitions = 1, configs = {} } = {}) {
      const name = target.topicName(base);
      await createTopics(admin, [{ name, partitions, configs }]);
      return name;
    },
    consumer<T extends Topics = {}>(
      options: ConsumerOptions = {},
      client: Partial<ClientOptions<T>> = {},
    ): Consumer<T> {
      const consumer = new Consumer<T>(target.cluster(client), {
        fetchMaxWaitMs: 50,
        heartbeatIntervalMs: 50,
        ...options,
      });
      consumers.push(consumer);
      return consumer;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(consumers.map((consumer) => consumer.close({ timeoutMs: 2_000 })));
      await admin.close();
      await target.close();
    },
  };
}

export interface RecordToWrite extends Partial<RecordToAppend> {
  readonly value?: Buffer | null;
}

/** Appends one batch; answers the offset of its first record. */
export async function write(
  cluster: Cluster,
  partition: TopicPartition,
  records: readonly (string | RecordToWrite)[],
  options: BatchOptions & { transactionalId?: string } = {},
): Promise<number> {
  const { transactionalId = null, ...batch } = options;
  const builder = new RecordBatchBuilder({ ...batch, isTransactional: transactionalId !== null });
  for (const [index, record] of records.entries()) {
    const whole = typeof record === "string" ? { value: Buffer.from(record) } : record;
    builder.append({ timestamp: 1_700_000_000_000 + index, ...whole });
  }
  return append(cluster, partition, builder.build(), transactionalId);
}

/** Appends bytes as they are; answers the offset of the first record. */
export async function append(
  cluster: Cluster,
  { topic, partition }: TopicPartition,
  records: Buffer,
  transactionalId: string | null = null,
): Promise<number> {
  const metadata = await cluster.topicMetadata(topic);
  const response = await retried(async () => {
    const answer = await cluster.send(
      metadata.partitions[partition]!.leaderId,
      produceApi,
      {
        transactionalId,
        acks: -1,
        timeoutMs: 10_000,
        topicData: [{ name: topic, topicId: ZERO_UUID, partitionData: [{ index: partition, records }] }],
      },
      { maxVersion: 11 },
    );
    return answer.responses[0]!.partitionResponses[0]!;
  });
  check(response.errorCode);
  return response.baseOffset;
}

/** A producer of transactions by plain requests: one partition, as many transactions as wanted. */
export class TransactionWriter {
  private readonly cluster: Cluster;
  private readonly transactionalId: string;
  private identity = { producerId: -1, producerEpoch: -1 };
  private sequence = 0;
  /** What the open transaction wrote to. */
  private added: TopicPartition | null = null;

  constructor(cluster: Cluster, transactionalId: string) {
    this.cluster = cluster;
    this.transactionalId = transactionalId;
  }

  async write(partition: TopicPartition, values: readonly string[]): Promise<number> {
    const { cluster, transactionalId } = this;
    const nodeId = await cluster.coordinator("transaction", transactionalId);
    if (this.identity.producerId < 0) {
      const answer = await retried(() =>
        cluster.send(nodeId, initProducerIdApi, { transactionalId, transactionTimeoutMs: 60_000 }),
      );
      check(answer.errorCode);
      this.identity = { producerId: answer.producerId, producerEpoch: answer.producerEpoch };
    }
    if (this.added === null) {
      await retried(async () => {
        const added = await cluster.send(
          nodeId,
          addPartitionsToTxnApi,
          {
            transactions: [],
            v3AndBelowTransactionalId: transactionalId,
            v3AndBelowProducerId: this.identity.producerId,
            v3AndBelowProducerEpoch: this.identity.producerEpoch,
            v3AndBelowTopics: [{ name: partition.topic, partitions: [partition.partition] }],
          },
          { maxVersion: 3 },
        );
        return { errorCode: added.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode };
      });
      this.added = partition;
    }
    const baseSequence = this.sequence;
    this.sequence += values.length;
    return write(cluster, partition, values, { ...this.identity, baseSequence, transactionalId });
  }

  /** Resolves when the marker is written, which Apache Kafka does after its answer. Nobody else may write to the partition meanwhile. */
  async end(committed: boolean): Promise<void> {
    const { cluster, transactionalId, added } = this;
    const nodeId = await cluster.coordinator("transaction", transactionalId);
    const end = await endOf(cluster, added!);
    const answer = await retried(() =>
      cluster.send(nodeId, endTxnApi, { transactionalId, ...this.identity, committed }, { maxVersion: 4 }),
    );
    check(answer.errorCode);
    await eventually(async () => assert.equal(await endOf(cluster, added!), end + 1, "the marker is written"));
    this.added = null;
  }
}

/** The high watermark. */
async function endOf(cluster: Cluster, { topic, partition }: TopicPartition): Promise<number> {
  const { partitions } = await cluster.topicMetadata(topic);
  const found = await retried(async () => {
    const answer = await cluster.send(partitions[partition]!.leaderId, listOffsetsApi, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: topic, partitions: [{ partitionIndex: partition, timestamp: -1 }] }],
      timeoutMs: 10_000,
    });
    return answer.topics[0]!.partitions[0]!;
  });
  check(found.errorCode);
  return found.offset;
}

/** The first `count` records of a loop that is left then, as text values. */
export async function readValues(consumer: Consumer, count: number): Promise<string[]> {
  const found: string[] = [];
  if (count === 0) return found;
  for await (const record of consumer) {
    found.push(String(record.value));
    if (found.length === count) break;
  }
  return found;
}

/** Texts of as many numbers, for values. */
export function numbers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => String(from + index));
}

/** What the group has committed of the partition. */
export async function committedOf(kit: ConsumingTarget, groupId: string, at: TopicPartition): Promise<number | null> {
  const observer = kit.consumer({ groupId, commit: "manual" });
  const [offset] = await observer.committed([at]);
  await observer.close();
  return offset!.offset;
}

/** Tries again on CONCURRENT_TRANSACTIONS, NOT_LEADER and the like, which pass. */
async function retried<Answer extends { errorCode: number }>(call: () => Promise<Answer>): Promise<Answer> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await call();
    if (!isRetriable(answer.errorCode) || performance.now() > deadlineMs) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function check(errorCode: number): void {
  if (errorCode !== 0) throw new Error(errorName(errorCode));
}
