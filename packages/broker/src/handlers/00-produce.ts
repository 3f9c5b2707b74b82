// Produce: appends one record batch to each named partition and answers when every append is acknowledged.
// Versions 3 to 13 (0 to 2 are listed for librdkafka's sake, KAFKA-18659, and refused). Topic ids from 13 (KIP-516).
// Each entry is appended and answered, also when a request names a topic or partition twice, where Kafka keeps only the last one's records.
// acks 0 answers nothing and closes the connection on an error; acks -1 checks min.insync.replicas.
// Leaves out: transactions (transactional batches are refused with INVALID_TXN_STATE), followers' acknowledgement.

import { batchFormat, checkProduceRecords, errorCodes, errorMessage } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import type { ProduceRequest, ProduceResponse } from "@ottla/protocol/messages/00-produce.ts";
import type { AppendResult } from "@ottla/storage";
import { closeConnection, noResponse } from "../handler.ts";
import type { Handler, Reply, RequestContext } from "../handler.ts";
import { endpointsOf, leaderToTell } from "../leader-endpoints.ts";
import type { CurrentLeader } from "../leader-endpoints.ts";
import type { Counters } from "../metrics.ts";
import type { Partition } from "../partition.ts";

type TopicResult = ProduceResponse["responses"][number];
type PartitionResult = TopicResult["partitionResponses"][number];

export const produceHandler: Handler<ProduceRequest, ProduceResponse> = {
  api: produceApi,
  bulk: true,
  handle(request, context) {
    return new Promise((resolve) => new ProduceAttempt(request, context, resolve).start());
  },
};

const FIRST_VERSION_WITH_LEADERS = 10;

// The errors with which Kafka's ReplicaManager.appendToLocalLog says nothing of the log.
const WITHOUT_LOG_START: ReadonlySet<number> = new Set([
  errorCodes.MESSAGE_TOO_LARGE,
  errorCodes.RECORD_LIST_TOO_LARGE,
  errorCodes.CORRUPT_MESSAGE,
  errorCodes.NOT_LEADER_OR_FOLLOWER,
  errorCodes.KAFKA_STORAGE_ERROR,
  errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
]);

// Collects the results of one request's appends; each may come at once or in a later turn.
class ProduceAttempt {
  private readonly request: ProduceRequest;
  private readonly context: RequestContext;
  private readonly resolve: (reply: Reply<ProduceResponse>) => void;
  private readonly responses: TopicResult[] = [];
  // One more than the appends under way while they are being started, so that none of them can answer too early.
  private pending = 1;
  private failure = errorCodes.NONE;
  private readonly leaders: CurrentLeader[] = [];

  constructor(request: ProduceRequest, context: RequestContext, resolve: (reply: Reply<ProduceResponse>) => void) {
    this.request = request;
    this.context = context;
    this.resolve = resolve;
  }

  start(): void {
    const { request, context } = this;
    const broker = context.broker;
    for (const topicData of request.topicData) {
      if (topicData.partitionData.length === 0) continue;
      const name = context.apiVersion >= 13 ? broker.replicas.topicName(topicData.topicId) : topicData.name;
      const results: PartitionResult[] = [];
      this.responses.push({ name: name ?? "", topicId: topicData.topicId, partitionResponses: results });
      for (const data of topicData.partitionData) {
        const result = emptyResult(data.index);
        results.push(result);
        const partition = name === undefined ? undefined : broker.replicas.get(name, data.index);
        const errorCode = this.refusal(name, partition, data.records);
        if (errorCode !== errorCodes.NONE) this.refuse(result, errorCode, partition);
        else this.append(partition!, data.records!, result);
      }
    }
    this.finishOne();
  }

  private append(partition: Partition, records: Buffer, result: PartitionResult): void {
    this.pending++;
    partition.append(records, "client", (appended) => {
      fillResult(result, appended);
      count(this.context.broker.counters, appended);
      if (appended.errorCode !== errorCodes.NONE) this.failure = appended.errorCode;
      this.tellLeader(result, partition);
      this.finishOne();
    });
  }

  private refuse(result: PartitionResult, errorCode: number, partition: Partition | undefined): void {
    this.failure = errorCode;
    this.context.broker.counters.failedProduces++;
    result.errorCode = errorCode;
    result.errorMessage = errorMessage(errorCode);
    this.tellLeader(result, partition);
  }

  private tellLeader(result: PartitionResult, partition: Partition | undefined): void {
    if (result.errorCode === errorCodes.NONE || this.context.apiVersion < FIRST_VERSION_WITH_LEADERS) return;
    const leader = leaderToTell(result.errorCode, partition);
    if (leader === null) return;
    result.currentLeader = leader;
    this.leaders.push(leader);
  }

  // The checks that need no look at the records but their headers' attributes. In Kafka's order: KafkaApis, ReplicaManager, Partition.
  private refusal(name: string | undefined, partition: Partition | undefined, records: Buffer | null): number {
    const { broker, apiVersion } = this.context;
    const { acks } = this.request;
    if (name === undefined) return errorCodes.UNKNOWN_TOPIC_ID;
    if (partition === undefined) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    if (records === null) return errorCodes.INVALID_RECORD;
    const malformed = checkProduceRecords(records, apiVersion);
    if (malformed !== null) return malformed.errorCode;
    if (acks !== 0 && acks !== 1 && acks !== -1) return errorCodes.INVALID_REQUIRED_ACKS;
    if (broker.isInternalTopic(name)) return errorCodes.INVALID_TOPIC_EXCEPTION;
    const leadership = partition.checkLeader(-1);
    if (leadership !== errorCodes.NONE) return leadership;
    if (acks === -1 && !partition.hasEnoughInSync(broker.minInsyncReplicas(name)))
      return errorCodes.NOT_ENOUGH_REPLICAS;
    return batchFormat.isTransactional(records, 0) ? errorCodes.INVALID_TXN_STATE : errorCodes.NONE;
  }

  private finishOne(): void {
    this.pending--;
    if (this.pending > 0) return;
    if (this.request.acks === 0) {
      this.resolve(this.failure === errorCodes.NONE ? noResponse : closeConnection);
      return;
    }
    const nodeEndpoints = this.leaders.length === 0 ? [] : endpointsOf(this.leaders, this.context);
    this.resolve({ responses: this.responses, throttleTimeMs: 0, nodeEndpoints });
  }
}

function emptyResult(index: number): PartitionResult {
  return {
    index,
    errorCode: errorCodes.NONE,
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    recordErrors: [],
    errorMessage: null,
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
  };
}

function count(counters: Counters, appended: AppendResult): void {
  counters.recordsIn += appended.appendedRecords;
  counters.bytesIn += appended.appendedBytes;
  if (appended.errorCode !== errorCodes.NONE) counters.failedProduces++;
}

function fillResult(result: PartitionResult, appended: AppendResult): void {
  result.errorCode = appended.errorCode;
  if (appended.errorCode === errorCodes.NONE) {
    result.baseOffset = appended.baseOffset;
    result.logAppendTimeMs = appended.logAppendTimeMs;
    result.logStartOffset = appended.logStartOffset;
    return;
  }
  if (!WITHOUT_LOG_START.has(appended.errorCode)) result.logStartOffset = appended.logStartOffset;
  result.recordErrors = appended.recordErrors;
  result.errorMessage = appended.errorMessage ?? errorMessage(appended.errorCode);
}
