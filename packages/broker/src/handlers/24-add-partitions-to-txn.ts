// AddPartitionsToTxn: enters partitions into a transaction, or verifies that they are in it. Versions 0 to 5: up to 3 one transaction of a
// client, from 4 on a batch of transactions of a broker (KIP-890). A transaction with a partition that does not exist is not touched.

import { errorCodes } from "@ottla/protocol";
import { addPartitionsToTxnApi } from "@ottla/protocol/messages/24-add-partitions-to-txn.ts";
import type {
  AddPartitionsToTxnRequest,
  AddPartitionsToTxnResponse,
} from "@ottla/protocol/messages/24-add-partitions-to-txn.ts";
import type { Broker } from "../broker.ts";
import type { Handler } from "../handler.ts";

type Asked = AddPartitionsToTxnRequest["transactions"][number];
type Topic = Asked["topics"][number];
interface TopicResult {
  name: string;
  resultsByPartition: { partitionIndex: number; partitionErrorCode: number }[];
}

const EMPTY: AddPartitionsToTxnResponse = {
  throttleTimeMs: 0,
  errorCode: errorCodes.NONE,
  resultsByTransaction: [],
  resultsByTopicV3AndBelow: [],
};
const FIRST_VERSION_OF_BROKERS = 4;
const FIRST_VERSION_WITH_FENCED = 2;

export const addPartitionsToTxnHandler: Handler<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse> = {
  api: addPartitionsToTxnApi,
  async handle(request, { broker, apiVersion }) {
    if (apiVersion < FIRST_VERSION_OF_BROKERS) {
      const asked: Asked = {
        transactionalId: request.v3AndBelowTransactionalId,
        producerId: request.v3AndBelowProducerId,
        producerEpoch: request.v3AndBelowProducerEpoch,
        verifyOnly: false,
        topics: request.v3AndBelowTopics,
      };
      return { ...EMPTY, resultsByTopicV3AndBelow: await resultsOf(broker, asked, apiVersion) };
    }
    // Of several entries for one transactional id Kafka has only the first (its collections are sets).
    const transactions = new Map<string, Asked>();
    for (const asked of request.transactions)
      if (!transactions.has(asked.transactionalId)) transactions.set(asked.transactionalId, asked);
    const resultsByTransaction = await Promise.all(
      [...transactions.values()].map(async (asked) => ({
        transactionalId: asked.transactionalId,
        topicResults: await resultsOf(broker, asked, apiVersion),
      })),
    );
    return { ...EMPTY, resultsByTransaction };
  },
};

async function resultsOf(broker: Broker, asked: Asked, apiVersion: number): Promise<TopicResult[]> {
  const refusals = refusalsOf(broker, asked.topics, apiVersion);
  if (refusals !== null) return refusals;
  const { transactionalId, producerId, producerEpoch } = asked;
  const topics = asked.topics.map(({ name, partitions }) => ({ topic: name, partitions }));
  const claim = { transactionalId, producerId, producerEpoch, topics };
  if (asked.verifyOnly) {
    const all = (errorCode: number): number[] =>
      asked.topics.flatMap(({ partitions }) => partitions.map(() => errorCode));
    const codes = await broker.transactions.run<readonly number[]>(transactionalId, all, (shard, pending) =>
      shard.verifyPartitions(claim, pending),
    );
    let at = 0;
    return results(asked.topics, () => codes[at++]!);
  }
  const clientTransactionVersion = apiVersion >= FIRST_VERSION_OF_BROKERS ? 2 : 0;
  const errorCode = await broker.transactions.run<number>(
    transactionalId,
    (refused) => refused,
    (shard, pending, now) => shard.addPartitions(claim, clientTransactionVersion, pending, now),
  );
  // KIP-588: older clients know INVALID_PRODUCER_EPOCH for it.
  const isTooNew = errorCode === errorCodes.PRODUCER_FENCED && apiVersion < FIRST_VERSION_WITH_FENCED;
  const told = isTooNew ? errorCodes.INVALID_PRODUCER_EPOCH : errorCode;
  return results(asked.topics, () => told);
}

/** Null when all partitions may be added. Clients may not add those of internal topics, for which Kafka has no better word. */
function refusalsOf(broker: Broker, topics: readonly Topic[], apiVersion: number): TopicResult[] | null {
  let refused = false;
  const answers = results(topics, (topic, partition) => {
    const errorCode = refusalOf(broker, { topic, partition }, apiVersion);
    if (errorCode !== errorCodes.NONE) refused = true;
    return errorCode === errorCodes.NONE ? errorCodes.OPERATION_NOT_ATTEMPTED : errorCode;
  });
  return refused ? answers : null;
}

function refusalOf(
  broker: Broker,
  { topic, partition }: { topic: string; partition: number },
  apiVersion: number,
): number {
  if (apiVersion < FIRST_VERSION_OF_BROKERS && broker.isInternalTopic(topic))
    return errorCodes.TOPIC_AUTHORIZATION_FAILED;
  const exists = broker.topic(topic)?.partitions[partition] !== undefined;
  return exists ? errorCodes.NONE : errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
}

function results(topics: readonly Topic[], errorOf: (topic: string, partition: number) => number): TopicResult[] {
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: errorOf(name, partitionIndex),
    })),
  }));
}
