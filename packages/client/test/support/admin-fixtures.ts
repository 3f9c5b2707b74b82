// What tests of the admin client share: an Admin of a target, and records, members and transactions made by plain requests, so that
// these tests need no producer and no consumer. All of it works against a reference Kafka too.

import { ZERO_UUID } from "@ottla/base";
import { RecordBatchBuilder, errorCodes, errorName, isRetriable } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { joinGroupApi } from "@ottla/protocol/messages/11-join-group.ts";
import { syncGroupApi } from "@ottla/protocol/messages/14-sync-group.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { addPartitionsToTxnApi } from "@ottla/protocol/messages/24-add-partitions-to-txn.ts";
import { consumerGroupHeartbeatApi } from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import { Admin } from "../../src/admin/admin.ts";
import { AdminError } from "../../src/admin/admin-error.ts";
import type { CreatedTopic, NewTopic } from "../../src/admin/topics.ts";
import { KafkaError } from "../../src/errors.ts";
import type { Cluster } from "../../src/network/cluster.ts";
import type { TopicPartition } from "../../src/records.ts";
import { isReference, startTarget } from "../target.ts";
import type { Target } from "../target.ts";
import { createTopics } from "./created-topics.ts";
import { eventually } from "./eventually.ts";
import { ScriptedCluster } from "./scripted-cluster.ts";

export interface AdminTarget extends AsyncDisposable {
  readonly target: Target;
  readonly cluster: Cluster;
  readonly admin: Admin;
  /** A name that no other test has. */
  readonly name: (base: string) => string;
  /** Creates topics, and resolves when the broker has them: see createTopics. */
  create(topics: readonly (string | NewTopic)[]): Promise<Map<string, CreatedTopic>>;
}

export async function startAdmin(overrides: Readonly<Record<string, string>> = {}): Promise<AdminTarget> {
  const target = await startTarget({ overrides: { "group.initial.rebalance.delay.ms": "0", ...overrides } });
  const cluster = target.cluster();
  const admin = new Admin(cluster);
  return {
    target,
    cluster,
    admin,
    name: (base) => target.topicName(base),
    create: (topics) => createTopics(admin, topics),
    [Symbol.asyncDispose]: async () => {
      await admin.close();
      await target.close();
    },
  };
}

export interface ServedTarget extends AsyncDisposable {
  readonly admin: Admin;
  readonly cluster: Cluster;
  /** null when a reference Kafka answers. */
  readonly scripted: ScriptedCluster | null;
  readonly name: (base: string) => string;
  /** A new topic of this many partitions. */
  topic(base: string, partitions?: number): Promise<string>;
}

/**
 * For what Ottla does not serve: answers come from the script, which says what Apache Kafka says; with REFERENCE_BOOTSTRAP they come from
 * Apache Kafka itself. That one is started with `authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer` and
 * `super.users=User:ANONYMOUS`.
 */
export async function startServed(script: (cluster: ScriptedCluster) => void): Promise<ServedTarget> {
  if (isReference) {
    const made = await startAdmin();
    const { admin, cluster, name } = made;
    return {
      admin,
      cluster,
      scripted: null,
      name,
      topic: async (base, partitions = 1) => {
        await made.create([{ name: name(base), partitions }]);
        return name(base);
      },
      [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
    };
  }
  const scripted = new ScriptedCluster();
  script(scripted);
  const admin = new Admin(scripted);
  return {
    admin,
    cluster: scripted,
    scripted,
    name: (base) => base,
    topic: (base) => Promise.resolve(base),
    [Symbol.asyncDispose]: () => admin.close(),
  };
}

/** The code that a call rejects with, "name of class:CODE"; "resolved" when it does not. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "resolved";
  } catch (error) {
    if (error instanceof KafkaError) return error.code;
    throw error;
  }
}

/** Codes by item of a call that rejects with an AdminError; {} when it resolves. */
export async function codesOf(call: Promise<unknown>): Promise<Record<string, string>> {
  try {
    await call;
    return {};
  } catch (error) {
    if (error instanceof AdminError)
      return Object.fromEntries([...error.errors].map(([key, each]) => [key, each.code]));
    throw error;
  }
}

export interface ProduceOptions {
  readonly transactionalId?: string;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly timestamp?: number;
}

/** Appends one batch of these values, a millisecond apart. */
export async function produce(
  cluster: Cluster,
  { topic, partition }: TopicPartition,
  values: readonly string[],
  options: ProduceOptions = {},
): Promise<void> {
  const { transactionalId = null, producerId = -1, producerEpoch = -1, timestamp = 1_700_000_000_000 } = options;
  const isTransactional = transactionalId !== null;
  const builder = new RecordBatchBuilder({
    producerId,
    producerEpoch,
    baseSequence: producerId < 0 ? -1 : 0,
    isTransactional,
  });
  for (const [index, value] of values.entries())
    builder.append({ timestamp: timestamp + index, value: Buffer.from(value) });
  const records = builder.build();
  const metadata = await cluster.topicMetadata(topic);
  const send = () =>
    cluster.send(
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
  for (;;) {
    const { errorCode } = (await send()).responses[0]!.partitionResponses[0]!;
    if (!isRetriable(errorCode)) return check(errorCode);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export interface ClassicMember {
  readonly memberId: string;
  readonly generationId: number;
}

export interface ClassicOptions {
  readonly protocolType?: string;
  readonly groupInstanceId?: string;
  readonly assignment?: Buffer;
}

/** Makes a group with one member that leads itself, and gives it `assignment`, as bytes. */
export function joinClassic(cluster: Cluster, groupId: string, options: ClassicOptions = {}): Promise<ClassicMember> {
  return eventually(() => joinOnce(cluster, groupId, options));
}

async function joinOnce(cluster: Cluster, groupId: string, options: ClassicOptions): Promise<ClassicMember> {
  const { protocolType = "consumer", groupInstanceId = null, assignment = Buffer.alloc(0) } = options;
  const nodeId = await cluster.coordinator("group", groupId);
  const join = (memberId: string) =>
    cluster.send(nodeId, joinGroupApi, {
      groupId,
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
      memberId,
      groupInstanceId,
      protocolType,
      protocols: [{ name: "range", metadata: Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) }],
    });
  let joined = await join("");
  if (joined.errorCode === errorCodes.MEMBER_ID_REQUIRED) joined = await join(joined.memberId);
  check(joined.errorCode);
  const { memberId, generationId } = joined;
  const synced = await cluster.send(nodeId, syncGroupApi, {
    groupId,
    generationId,
    memberId,
    groupInstanceId,
    protocolType,
    protocolName: "range",
    assignments: [{ memberId, assignment }],
  });
  check(synced.errorCode);
  return { memberId, generationId };
}

/** Joins a group of the new protocol (KIP-848). */
export async function joinNew(
  cluster: Cluster,
  groupId: string,
  topics: readonly string[],
  memberId: string,
): Promise<void> {
  const nodeId = await cluster.coordinator("group", groupId);
  for (let epoch = 0, had = 0; had === 0;) {
    const answer = await cluster.send(nodeId, consumerGroupHeartbeatApi, {
      groupId,
      memberId,
      memberEpoch: epoch,
      rebalanceTimeoutMs: 30_000,
      subscribedTopicNames: epoch === 0 ? [...topics] : null,
      topicPartitions: epoch === 0 ? [] : null,
    });
    if (isRetriable(answer.errorCode)) continue;
    check(answer.errorCode);
    epoch = answer.memberEpoch;
    had = answer.assignment?.topicPartitions.length ?? 0;
  }
}

export interface OpenTransaction {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** Begins a transaction and appends one record to it. */
export async function openTransaction(
  cluster: Cluster,
  transactionalId: string,
  partition: TopicPartition,
): Promise<OpenTransaction> {
  const opened = await eventually(async () => {
    const nodeId = await cluster.coordinator("transaction", transactionalId);
    const answer = await cluster.send(nodeId, initProducerIdApi, { transactionalId, transactionTimeoutMs: 60_000 });
    check(answer.errorCode);
    return { producerId: answer.producerId, producerEpoch: answer.producerEpoch };
  });
  await eventually(async () => {
    const nodeId = await cluster.coordinator("transaction", transactionalId);
    const request = {
      transactions: [],
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: opened.producerId,
      v3AndBelowProducerEpoch: opened.producerEpoch,
      v3AndBelowTopics: [{ name: partition.topic, partitions: [partition.partition] }],
    };
    const added = await cluster.send(nodeId, addPartitionsToTxnApi, request, { maxVersion: 3 });
    check(added.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode);
  });
  await produce(cluster, partition, ["in a transaction"], { transactionalId, ...opened });
  return opened;
}

function check(errorCode: number): void {
  if (errorCode !== errorCodes.NONE) throw new Error(errorName(errorCode));
}
