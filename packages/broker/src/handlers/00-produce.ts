// Produce: appends one record batch to each named partition and answers when every append is acknowledged.
// Versions 3 to 13 (0 to 2 are listed for librdkafka's sake, KAFKA-18659, and refused). Topic ids from 13 (KIP-516).
// Each entry is appended and answered, also when a request names a topic or partition twice, where Kafka keeps only the last one's records.
// acks 0 answers nothing and closes the connection on an error; acks -1 checks min.insync.replicas.
// Transactional batches are appended once their transaction was verified (KIP-890); from version 12 on that adds the partition to it.
// Leaves out: followers' acknowledgement.

import { batchFormat, checkProduceRecords, errorCodes, errorMessage } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import type { ProduceRequest, ProduceResponse } from "@ottla/protocol/messages/00-produce.ts";
import type { AppendResult, TransactionTerms } from "@ottla/storage";
import type { TransactionSupport, Verdict } from "../coordinators/transaction-verification.ts";
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

const FIRST_VERSION_WITH_ABORTABLE = 11;
const FIRST_VERSION_THAT_ADDS_PARTITIONS = 12;

/** A transactional batch and where its result goes. */
interface TransactionalEntry {
  readonly partition: Partition;
  readonly records: Buffer;
  readonly result: PartitionResult;
  readonly sequence: number;
}

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
    const isAnonymous = request.transactionalId === null && hasTransactionalRecords(request);
    let transactional: TransactionalEntry[] | null = null;
    for (const topicData of request.topicData) {
      if (topicData.partitionData.length === 0) continue;
      const name = context.apiVersion >= 13 ? broker.replicas.topicName(topicData.topicId) : topicData.name;
      const results: PartitionResult[] = [];
      this.responses.push({ name: name ?? "", topicId: topicData.topicId, partitionResponses: results });
      for (const data of topicData.partitionData) {
        const result = emptyResult(data.index);
        results.push(result);
        const partition = name === undefined ? undefined : broker.replicas.get(name, data.index);
        const errorCode = isAnonymous
          ? errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
          : this.refusal(name, partition, data.records);
        if (errorCode !== errorCodes.NONE) this.refuse(result, errorCode, partition);
        else if (batchFormat.isTransactional(data.records!, 0)) {
          const sequence = batchFormat.baseSequence(data.records!, 0);
          (transactional ??= []).push({ partition: partition!, records: data.records!, result, sequence });
        } else this.append(partition!, data.records!, result);
      }
    }
    if (transactional !== null) this.appendTransactional(transactional);
    this.finishOne();
  }

  private append(partition: Partition, records: Buffer, result: PartitionResult, terms?: TransactionTerms): void {
    this.pending++;
    const done = (appended: AppendResult): void => {
      fillResult(result, appended);
      count(this.context.broker.counters, appended);
      if (appended.errorCode !== errorCodes.NONE) this.failure = appended.errorCode;
      this.tellLeader(result, partition);
      this.finishOne();
    };
    partition.append(records, "client", done, terms);
  }

  private appendTransactional(entries: TransactionalEntry[]): void {
    const { transactionalId } = this.request;
    const first = entries[0]!.records;
    const producerId = batchFormat.producerId(first, 0);
    const producerEpoch = batchFormat.producerEpoch(first, 0);
    if (!entries.every(({ records }) => isOf(records, producerId, producerEpoch))) {
      this.refuseEntries(entries, errorCodes.INVALID_PRODUCER_ID_MAPPING);
      return;
    }
    const { broker, apiVersion } = this.context;
    const support = supportOf(apiVersion);
    const writer = { transactionalId: transactionalId!, producerId, producerEpoch };
    const verdicts = broker.transactionVerification.verify(writer, entries, support);
    if (!(verdicts instanceof Promise)) {
      this.appendVerified(entries, verdicts, support);
      return;
    }
    this.pending++;
    verdicts
      .then((late) => this.appendVerified(entries, late, support))
      .catch((error: unknown) => {
        broker.logger.error({ error, transactionalId }, "a transaction could not be verified");
        this.refuseEntries(entries, errorCodes.UNKNOWN_SERVER_ERROR);
      })
      .finally(() => this.finishOne());
  }

  private appendVerified(
    entries: readonly TransactionalEntry[],
    verdicts: readonly Verdict[],
    support: TransactionSupport,
  ): void {
    for (const [index, { partition, records, result }] of entries.entries()) {
      const { errorCode, terms } = verdicts[index]!;
      // The leader may have changed, or the topic be gone, while the coordinator was asked.
      const refusal = errorCode === errorCodes.NONE ? partition.checkLeader(-1) : retriable(errorCode, support);
      if (refusal === errorCodes.NONE) this.append(partition, records, result, terms);
      else this.refuse(result, refusal, partition);
    }
  }

  private refuseEntries(entries: readonly TransactionalEntry[], errorCode: number): void {
    for (const { result, partition } of entries) this.refuse(result, errorCode, partition);
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
    const isEnough = acks !== -1 || partition.hasEnoughInSync(broker.minInsyncReplicas(name));
    return isEnough ? errorCodes.NONE : errorCodes.NOT_ENOUGH_REPLICAS;
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

function isOf(records: Buffer, producerId: number, producerEpoch: number): boolean {
  return batchFormat.producerId(records, 0) === producerId && batchFormat.producerEpoch(records, 0) === producerEpoch;
}

function supportOf(apiVersion: number): TransactionSupport {
  if (apiVersion >= FIRST_VERSION_THAT_ADDS_PARTITIONS) return "adds partitions";
  return apiVersion >= FIRST_VERSION_WITH_ABORTABLE ? "knows abortable" : "neither";
}

// What older clients would not retry of the coordinator's errors (ReplicaManager.handleProduceAppend).
function retriable(errorCode: number, support: TransactionSupport): number {
  switch (errorCode) {
    case errorCodes.COORDINATOR_LOAD_IN_PROGRESS:
    case errorCodes.COORDINATOR_NOT_AVAILABLE:
    case errorCodes.NOT_COORDINATOR:
      return errorCodes.NOT_ENOUGH_REPLICAS;
    case errorCodes.CONCURRENT_TRANSACTIONS:
      return support === "adds partitions" ? errorCode : errorCodes.NOT_ENOUGH_REPLICAS;
    default:
      return errorCode;
  }
}

function hasTransactionalRecords(request: ProduceRequest): boolean {
  for (const { partitionData } of request.topicData) {
    for (const { records } of partitionData) {
      if (records !== null && records.length >= batchFormat.HEADER_BYTES && isTransactional(records)) return true;
    }
  }
  return false;
}

function isTransactional(records: Buffer): boolean {
  return batchFormat.magic(records, 0) >= 2 && batchFormat.isTransactional(records, 0);
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
