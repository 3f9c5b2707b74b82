// One pass over the partitions of a fetch: what can be read now, in which order and within which limits (KIP-74),
// and the response made of it. A round holds file ranges until it is answered or released; exactly one of both happens.

import { ZERO_UUID } from "@ottla/base";
import type { FramePart } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { Input } from "@ottla/protocol";
import type { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import type { Broker } from "../broker.ts";
import { leaderToTell } from "../leader-endpoints.ts";
import type { CurrentLeader } from "../leader-endpoints.ts";
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
  divergingEpoch: EpochEnd | null;
  currentLeader: CurrentLeader | null;
  part: FramePart | null;
}

interface EpochEnd {
  epoch: number;
  endOffset: number;
}

type GivenTopic = Input<typeof fetchApi.response>["responses"][number];
type PartitionAnswer = GivenTopic["partitions"][number];
interface TopicAnswer extends GivenTopic {
  partitions: PartitionAnswer[];
}

const FIRST_VERSION_WITH_IDS = 13;
const FIRST_VERSION_WITH_LEADERS = 16;
const NO_RECORDS = Buffer.alloc(0);

export class FetchRound {
  /** Record bytes found. */
  bytes = 0;
  /**
   * True when waiting is pointless: an error, a diverging epoch, more that only the next fetch can have, nothing that could come.
   * A partition that is not there does not end the wait for others, or its reader would ask again and again without pause.
   */
  mustAnswer = false;
  /** The partitions that were readable, for a long poll to watch. */
  readonly partitions: Partition[] = [];
  /** The leaders that the response names, for their endpoints. */
  readonly leaders: CurrentLeader[] = [];
  private readonly broker: Broker;
  private readonly plan: Exclude<FetchPlan, { kind: "refused" }>;
  private readonly options: FetchRoundOptions;
  private readonly reads: PartitionRead[] = [];

  constructor(broker: Broker, plan: Exclude<FetchPlan, { kind: "refused" }>, options: FetchRoundOptions) {
    this.broker = broker;
    this.plan = plan;
    this.options = options;
    for (const target of plan.targets) {
      const read = this.readTarget(target);
      this.reads.push(read);
      if (read.errorCode !== errorCodes.NONE ? !isUnknown(read.errorCode) : read.divergingEpoch !== null)
        this.mustAnswer = true;
      this.bytes += read.part?.length ?? 0;
    }
    if (this.partitions.length === 0) this.mustAnswer = true;
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
    if (errorCode === errorCodes.NONE) {
      this.partitions.push(partition!);
      return this.readPartition(target, partition!);
    }
    const read = emptyRead(target, errorCode);
    if (this.options.apiVersion < FIRST_VERSION_WITH_LEADERS) return read;
    read.currentLeader = leaderToTell(errorCode, partition);
    // Followers know their brokers.
    if (read.currentLeader !== null && !this.options.fromFollower) this.leaders.push(read.currentLeader);
    return read;
  }

  private refusal(target: FetchTarget, partition: Partition | undefined): number {
    if (target.topic === "" && this.options.apiVersion >= FIRST_VERSION_WITH_IDS) return errorCodes.UNKNOWN_TOPIC_ID;
    if (partition === undefined) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    if (target.topicId !== ZERO_UUID && target.topicId !== partition.topicId) return errorCodes.INCONSISTENT_TOPIC_ID;
    if (this.options.fromFollower) return errorCodes.NOT_LEADER_OR_FOLLOWER;
    // Any negative epoch means none here, where other requests know only -1 (FetchRequest.optionalEpoch).
    const leadership = partition.checkLeader(Math.max(-1, target.currentLeaderEpoch));
    if (leadership !== errorCodes.NONE) return leadership;
    // Kafka has no code for this: it trips over the size with an IllegalArgumentException.
    return target.maxBytes < 0 || this.options.maxBytes < 0 ? errorCodes.UNKNOWN_SERVER_ERROR : errorCodes.NONE;
  }

  private readPartition(target: FetchTarget, partition: Partition): PartitionRead {
    const lastEpoch = target.lastFetchedEpoch < 0 ? null : partition.log.endOffsetFor(target.lastFetchedEpoch);
    // The reader claims an epoch that is not known here.
    if (lastEpoch !== null && lastEpoch.epoch < 0) return emptyRead(target, errorCodes.OFFSET_OUT_OF_RANGE);
    const diverging = lastEpoch !== null && diverges(lastEpoch, target) ? lastEpoch : null;
    const result = partition.read({
      // An offset that is too large is what a diverging reader has; one that is too small is out of range for it as well.
      offset: diverging === null ? target.fetchOffset : Math.min(target.fetchOffset, partition.log.logStartOffset),
      maxBytes: diverging === null ? Math.max(0, Math.min(target.maxBytes, this.options.maxBytes - this.bytes)) : 0,
      minOneBatch: diverging === null && this.bytes === 0,
      readCommitted: this.options.readCommitted,
    });
    if (!result.ok) return emptyRead(target, result.errorCode);
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
      currentLeader: null,
      part,
    };
  }
}

// KIP-595: a reader whose last record is of an epoch that ended earlier here is told where that epoch ended (Partition.readRecords).
function diverges(lastEpoch: EpochEnd, target: FetchTarget): boolean {
  return lastEpoch.epoch < target.lastFetchedEpoch || lastEpoch.endOffset < target.fetchOffset;
}

function isUnknown(errorCode: number): boolean {
  return errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION || errorCode === errorCodes.UNKNOWN_TOPIC_ID;
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
    abortedTransactions: isUnknown(errorCode) ? [] : null,
    divergingEpoch: null,
    currentLeader: null,
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
  if (read.divergingEpoch !== null) return { ...answer, divergingEpoch: read.divergingEpoch };
  return read.currentLeader === null ? answer : { ...answer, currentLeader: read.currentLeader };
}
