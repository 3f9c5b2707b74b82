// One pass over the partitions of a fetch: what can be read now, in which order and within which limits (KIP-74),
// and the response made of it. A round holds file ranges until it is answered or released; exactly one of both happens.

import { ZERO_UUID } from "@ottla/base";
import type { FramePart } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { Input } from "@ottla/protocol";
import type { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import type { Broker } from "../broker.ts";
import type { Partition } from "../partition.ts";
import { rotateTarget } from "./session.ts";
import type { FetchPlan, FetchTarget } from "./session.ts";

export interface FetchRoundOptions {
  apiVersion: number;
  readCommitted: boolean;
  maxBytes: number;
  fromFollower: boolean;
}

interface PartitionRead {
  target: FetchTarget;
  errorCode: number;
  highWatermark: number;
  lastStableOffset: number;
  logStartOffset: number;
  abortedTransactions: { producerId: number; firstOffset: number }[] | null;
  divergingEpoch: { epoch: number; endOffset: number } | null;
  part: FramePart | null;
}

type GivenTopic = Input<typeof fetchApi.response>["responses"][number];
type PartitionAnswer = GivenTopic["partitions"][number];
interface TopicAnswer extends GivenTopic {
  partitions: PartitionAnswer[];
}

const FIRST_VERSION_WITH_ZSTD = 10;
const NO_RECORDS = Buffer.alloc(0);

export class FetchRound {
  /** Record bytes found. */
  bytes = 0;
  /** True when waiting is pointless: an error, a diverging epoch, more that only the next fetch can have, nothing asked for. */
  mustAnswer = false;
  /** The partitions that were readable, for a long poll to watch. */
  readonly partitions: Partition[] = [];
  private readonly broker: Broker;
  private readonly plan: Exclude<FetchPlan, { kind: "refused" }>;
  private readonly options: FetchRoundOptions;
  private readonly reads: PartitionRead[] = [];

  constructor(broker: Broker, plan: Exclude<FetchPlan, { kind: "refused" }>, options: FetchRoundOptions) {
    this.broker = broker;
    this.plan = plan;
    this.options = options;
    if (plan.targets.length === 0) this.mustAnswer = true;
    for (const target of plan.targets) {
      const read = this.readTarget(target);
      this.reads.push(read);
      if (read.errorCode !== errorCodes.NONE || read.divergingEpoch !== null) this.mustAnswer = true;
      this.bytes += read.part?.length ?? 0;
    }
  }

  /** Gives back what was read without sending it. */
  release(): void {
    for (const { part } of this.reads) if (part !== null && !Buffer.isBuffer(part)) part.release();
  }

  /** The topics of the response; in an incremental session only those with news. */
  responses(): TopicAnswer[] {
    this.broker.counters.bytesOut += this.bytes;
    const topics: TopicAnswer[] = [];
    const { session } = this.plan;
    for (const read of this.reads) {
      if (this.plan.kind === "incremental" && !hasNews(read)) continue;
      if (session !== null) {
        read.target.toldHighWatermark = read.errorCode === errorCodes.NONE ? read.highWatermark : -1;
        read.target.toldLogStartOffset = read.logStartOffset;
        if (read.part !== null) rotateTarget(session, read.target);
      }
      topicFor(topics, read.target).partitions.push(partitionAnswer(read));
    }
    return topics;
  }

  private readTarget(target: FetchTarget): PartitionRead {
    const partition = target.topic === "" ? undefined : this.broker.replicas.get(target.topic, target.partition);
    const errorCode = this.refusal(target, partition);
    if (errorCode !== errorCodes.NONE) return emptyRead(target, errorCode);
    this.partitions.push(partition!);
    return this.readPartition(target, partition!);
  }

  private refusal(target: FetchTarget, partition: Partition | undefined): number {
    if (target.topic === "")
      return target.topicId === ZERO_UUID ? errorCodes.UNKNOWN_TOPIC_OR_PARTITION : errorCodes.UNKNOWN_TOPIC_ID;
    if (partition === undefined) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    if (target.topicId !== ZERO_UUID && target.topicId !== partition.topicId) return errorCodes.INCONSISTENT_TOPIC_ID;
    if (this.options.fromFollower) return errorCodes.NOT_LEADER_OR_FOLLOWER;
    if (this.options.apiVersion < FIRST_VERSION_WITH_ZSTD && partition.log.config.compressionType === "zstd") {
      return errorCodes.UNSUPPORTED_COMPRESSION_TYPE;
    }
    return partition.checkLeader(target.currentLeaderEpoch);
  }

  private readPartition(target: FetchTarget, partition: Partition): PartitionRead {
    const diverging = divergingEpoch(target, partition);
    const result = partition.read({
      offset: target.fetchOffset,
      maxBytes: diverging === null ? Math.max(0, Math.min(target.maxBytes, this.options.maxBytes - this.bytes)) : 0,
      minOneBatch: diverging === null && this.bytes === 0,
      readCommitted: this.options.readCommitted,
    });
    if (!result.ok) {
      return {
        ...emptyRead(target, result.errorCode),
        highWatermark: result.highWatermark,
        logStartOffset: result.logStartOffset,
      };
    }
    if (result.endsEarly) this.mustAnswer = true;
    const part = result.part !== null && result.part.length > 0 && diverging === null ? result.part : null;
    return {
      target,
      errorCode: errorCodes.NONE,
      highWatermark: result.highWatermark,
      lastStableOffset: result.lastStableOffset,
      logStartOffset: result.logStartOffset,
      abortedTransactions: this.options.readCommitted ? (result.abortedTransactions ?? []) : null,
      divergingEpoch: diverging,
      part,
    };
  }
}

// KIP-595: a reader whose last record is of an epoch that ended earlier here is told where that epoch ended.
function divergingEpoch(target: FetchTarget, partition: Partition): { epoch: number; endOffset: number } | null {
  if (target.lastFetchedEpoch < 0) return null;
  const end = partition.log.endOffsetFor(target.lastFetchedEpoch);
  if (end.epoch < 0 || (end.epoch >= target.lastFetchedEpoch && end.endOffset >= target.fetchOffset)) return null;
  return end;
}

function hasNews(read: PartitionRead): boolean {
  return (
    read.part !== null ||
    read.errorCode !== errorCodes.NONE ||
    read.divergingEpoch !== null ||
    read.highWatermark !== read.target.toldHighWatermark ||
    read.logStartOffset !== read.target.toldLogStartOffset
  );
}

function emptyRead(target: FetchTarget, errorCode: number): PartitionRead {
  return {
    target,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: null,
    divergingEpoch: null,
    part: null,
  };
}

function topicFor(topics: TopicAnswer[], target: FetchTarget): TopicAnswer {
  const last = topics[topics.length - 1];
  if (
    last !== undefined &&
    (target.topicId === ZERO_UUID ? last.topic === target.topic : last.topicId === target.topicId)
  )
    return last;
  const topic: TopicAnswer = { topic: target.topic, topicId: target.topicId, partitions: [] };
  topics.push(topic);
  return topic;
}

function partitionAnswer(read: PartitionRead): PartitionAnswer {
  const answer = {
    partitionIndex: read.target.partition,
    errorCode: read.errorCode,
    highWatermark: read.highWatermark,
    lastStableOffset: read.lastStableOffset,
    logStartOffset: read.logStartOffset,
    abortedTransactions: read.abortedTransactions,
    records: read.part === null ? NO_RECORDS : [read.part],
  };
  return read.divergingEpoch === null ? answer : { ...answer, divergingEpoch: read.divergingEpoch };
}
