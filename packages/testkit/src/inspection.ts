// What is in the broker now, in the test's terms: read beside all clients, without a request, and changing nothing.
// What it hands out is a copy of that moment.

import { batchFormat, readRecords } from "@ottla/protocol";
import type { RecordHeader } from "@ottla/protocol";
import { groupLag, readLog } from "@ottla/broker";
import type { Broker } from "@ottla/broker";
import type { OpenConnection, OpenConnections } from "./open-connections.ts";

export interface InspectedTopic {
  readonly name: string;
  readonly id: string;
  /** By number. */
  readonly partitions: readonly InspectedPartition[];
}

export interface InspectedPartition {
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly logStartOffset: number;
  /** What read_committed consumers may read up to. */
  readonly lastStableOffset: number;
  /** What consumers may read up to. */
  readonly highWatermark: number;
  readonly logEndOffset: number;
}

export interface InspectedRecord {
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970; -1 when there is none. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
  /** -1 when the producer is not idempotent, as are epoch and sequence number. */
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly sequence: number;
  /** Whether it was written in a transaction, be it committed, aborted or open. */
  readonly isTransactional: boolean;
}

export interface InspectedGroup {
  readonly groupId: string;
  /** The protocol of its members: that of JoinGroup, or that of KIP-848. */
  readonly type: "classic" | "consumer";
  /** As Kafka's tools spell it: Empty, Stable, PreparingRebalance, CompletingRebalance, Assigning, Reconciling. */
  readonly state: string;
  readonly members: readonly { readonly memberId: string; readonly clientId: string }[];
}

export interface InspectedOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

/** As DescribeTransactions spells it. */
export type TransactionState =
  | "Empty"
  | "Ongoing"
  | "PrepareCommit"
  | "PrepareAbort"
  | "CompleteCommit"
  | "CompleteAbort";

export class Inspection {
  private readonly broker: () => Broker;
  private readonly open: OpenConnections;

  constructor(broker: () => Broker, open: OpenConnections) {
    this.broker = broker;
    this.open = open;
  }

  /** All topics but the broker's own, by name. */
  topics(): InspectedTopic[] {
    const broker = this.broker();
    return Array.from(broker.topics(), ({ name }) => name)
      .filter((name) => !broker.isInternalTopic(name))
      .sort()
      .map((name) => this.topic(name)!);
  }

  /** Null when there is no such topic. */
  topic(name: string): InspectedTopic | null {
    const broker = this.broker();
    const topic = broker.topic(name);
    if (topic === undefined) return null;
    const partitions: InspectedPartition[] = [];
    for (const { index, leaderEpoch, log } of broker.replicas.partitionsOf(name)) {
      const { logStartOffset, lastStableOffset, highWatermark, logEndOffset } = log;
      partitions.push({ partition: index, leaderEpoch, logStartOffset, lastStableOffset, highWatermark, logEndOffset });
    }
    return { name, id: topic.id, partitions: partitions.sort((one, other) => one.partition - other.partition) };
  }

  /**
   * What a read_uncommitted consumer would be given, decompressed and decoded, by partition and offset: transaction markers left out, records of
   * open and aborted transactions not. Of one partition when it is named; nothing when the topic is not there.
   */
  async records(topic: string, partition?: number): Promise<InspectedRecord[]> {
    const found: InspectedRecord[] = [];
    for (const { index, log } of Array.from(this.broker().replicas.partitionsOf(topic))) {
      if (partition !== undefined && partition !== index) continue;
      await readLog(
        log,
        (batches) => found.push(...recordsIn(batches, index, log.logStartOffset, log.highWatermark)),
        () => true,
      );
    }
    return found;
  }

  /** All groups that have members or offsets, by id. */
  groups(): InspectedGroup[] {
    const found: InspectedGroup[] = [];
    for (const { isActive, shard } of this.broker().groups.runtimes()) {
      if (!isActive) continue;
      for (const { groupId } of shard.context.groups.values()) found.push(this.group(groupId)!);
    }
    return found.sort((one, other) => (one.groupId < other.groupId ? -1 : 1));
  }

  /** Null when there is no such group. */
  group(groupId: string): InspectedGroup | null {
    const groups = this.broker().groups;
    const partition = groups.partitionFor(groupId);
    const runtime = partition === null ? undefined : groups.runtime(partition);
    const group = runtime?.isActive === true ? runtime.shard.context.groups.get(groupId) : undefined;
    if (group === undefined) return null;
    const members = "members" in group ? (group.members as ReadonlyMap<string, Member>) : new Map<string, Member>();
    return {
      groupId,
      type: group.type,
      state: group.stateName(),
      members: Array.from(members.values(), ({ memberId, clientId }) => ({ memberId, clientId })),
    };
  }

  /** The committed offsets of a group. */
  offsets(groupId: string): InspectedOffset[] {
    return (groupLag(this.broker(), groupId) ?? []).map(({ topic, partition, committedOffset, metadata }) => ({
      topic,
      partition,
      offset: committedOffset,
      metadata,
    }));
  }

  /** Null when nobody has used the transactional id. */
  transaction(transactionalId: string): TransactionState | null {
    const { transactions } = this.broker();
    const partition = transactions.partitionFor(transactionalId);
    const runtime = partition === null ? undefined : transactions.runtime(partition);
    if (runtime?.isActive !== true) return null;
    // The answer is all there is to this outcome: it is read and not performed.
    const asked = { id: 0, refused: (errorCode: number) => ({ errorCode }) as never };
    const [reply] = runtime.shard.describe(transactionalId, asked).replies;
    const { transactionState } = reply!.response as { transactionState: string };
    return transactionState === "" ? null : (transactionState as TransactionState);
  }

  /** The connections that are open and have sent a request. */
  connections(): OpenConnection[] {
    return this.open.list();
  }
}

interface Member {
  readonly memberId: string;
  readonly clientId: string;
}

function* recordsIn(
  batches: Buffer,
  partition: number,
  start: number,
  end: number,
): Generator<InspectedRecord, void, undefined> {
  for (let at = 0; at < batches.length; at += batchFormat.sizeInBytes(batches, at)) {
    if (batchFormat.batchSizeAt(batches, at) <= 0) return;
    const isModern = batchFormat.magic(batches, at) >= 2;
    if (isModern && batchFormat.isControl(batches, at)) continue;
    const producer = {
      producerId: isModern ? batchFormat.producerId(batches, at) : -1,
      producerEpoch: isModern ? batchFormat.producerEpoch(batches, at) : -1,
      isTransactional: isModern && batchFormat.isTransactional(batches, at),
    };
    for (const { offset, timestamp, key, value, headers, sequence } of readRecords(batches, at)) {
      if (offset >= end) return;
      // The log may start within a batch.
      if (offset < start) continue;
      yield {
        partition,
        offset,
        timestamp,
        key: own(key),
        value: own(value),
        headers: headers.map((header) => ({ key: header.key, value: own(header.value) })),
        sequence,
        ...producer,
      };
    }
  }
}

// The batch is the log's.
function own(bytes: Buffer | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes);
}
