// A transactional producer and a reader as raw requests, so that a test decides what is sent, in which version and how often.
// "new" speaks KIP-890 (Produce 12 adds partitions, EndTxn 5 gives the next epoch), "old" is a client before it, "oldest" one that does not
// know TRANSACTION_ABORTABLE. Works against a reference Kafka too (REFERENCE_PORT).

import { ZERO_UUID } from "@ottla/base";
import { batchFormat, errorName } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { addPartitionsToTxnApi } from "@ottla/protocol/messages/24-add-partitions-to-txn.ts";
import { addOffsetsToTxnApi } from "@ottla/protocol/messages/25-add-offsets-to-txn.ts";
import { endTxnApi } from "@ottla/protocol/messages/26-end-txn.ts";
import { txnOffsetCommitApi } from "@ottla/protocol/messages/28-txn-offset-commit.ts";
import { describeTransactionsApi } from "@ottla/protocol/messages/65-describe-transactions.ts";
import type { WireClient } from "../../../../tools/sim/wire-client.ts";
import { batchOf, valuesOf } from "./wire.ts";
import type { Wire } from "./wire.ts";

export type Generation = "new" | "old" | "oldest";

const PRODUCE_VERSIONS: Readonly<Record<Generation, number>> = { new: 12, old: 11, oldest: 9 };
const COMMIT_VERSIONS: Readonly<Record<Generation, number>> = { new: 5, old: 4, oldest: 3 };
const GROUP_KEY = 0;
const TRANSACTION_KEY = 1;
const RETRIED: ReadonlySet<string> = new Set([
  "CONCURRENT_TRANSACTIONS",
  "COORDINATOR_LOAD_IN_PROGRESS",
  "NOT_COORDINATOR",
]);

export class TransactionalProducer {
  /** May be exchanged, when the broker was started again. */
  wire: Wire;
  readonly id: string;
  readonly generation: Generation;
  producerId = -1;
  epoch = -1;
  private sequences = new Map<string, number>();

  private constructor(wire: Wire, id: string, generation: Generation) {
    this.wire = wire;
    this.id = wire.name(id);
    this.generation = generation;
  }

  /** A producer that holds the transactional id. */
  static async begin(wire: Wire, id: string, generation: Generation = "new"): Promise<TransactionalProducer> {
    const producer = new TransactionalProducer(wire, id, generation);
    await producer.findCoordinator(TRANSACTION_KEY, producer.id);
    for (let answer = await producer.init(); answer !== "NONE"; answer = await producer.init()) {
      if (!RETRIED.has(answer)) throw new Error(answer);
      await soon();
    }
    return producer;
  }

  /** Asks for an epoch, as a new producer or with the id and epoch that it has. */
  async init(claim: { producerId: number; producerEpoch: number } | null = null, timeoutMs = 60_000): Promise<string> {
    const { producerId, producerEpoch } = claim ?? { producerId: -1, producerEpoch: -1 };
    const request = { transactionalId: this.id, transactionTimeoutMs: timeoutMs, producerId, producerEpoch };
    const response = await this.wire.call(initProducerIdApi, 4, request);
    if (response.errorCode === 0) this.adopt(response);
    return errorName(response.errorCode);
  }

  async add(topic: string, partitions: number[] = [0], epoch = this.epoch): Promise<string> {
    const response = await this.wire.call(addPartitionsToTxnApi, 3, {
      transactions: [],
      v3AndBelowTransactionalId: this.id,
      v3AndBelowProducerId: this.producerId,
      v3AndBelowProducerEpoch: epoch,
      v3AndBelowTopics: [{ name: this.wire.name(topic), partitions }],
    });
    const codes = response.resultsByTopicV3AndBelow[0]!.resultsByPartition.map((each) => each.partitionErrorCode);
    return [...new Set(codes)].map((code) => errorName(code)).join(" ");
  }

  /** Produces one batch of these values; its sequence follows unless it is given. */
  async produce(
    topic: string,
    values: string[],
    options: { partition?: number; epoch?: number; sequence?: number; client?: WireClient } = {},
  ): Promise<string> {
    const { partition = 0, epoch = this.epoch, client = this.wire } = options;
    const key = `${topic}-${partition}`;
    const sequence = options.sequence ?? this.sequences.get(key) ?? 0;
    // Of today, as the markers are: a log that finds records so far apart rolls its segment between them.
    const times = { timestamp: Date.now() };
    const producer = { producerId: this.producerId, producerEpoch: epoch, baseSequence: sequence };
    const batch = { ...times, ...producer, isTransactional: true };
    const response = await client.call(produceApi, PRODUCE_VERSIONS[this.generation], {
      transactionalId: this.id,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [
        {
          name: this.wire.name(topic),
          topicId: ZERO_UUID,
          partitionData: [{ index: partition, records: batchOf(values, batch) }],
        },
      ],
    });
    const { errorCode } = response.responses[0]!.partitionResponses[0]!;
    if (errorCode === 0 && options.sequence === undefined) this.sequences.set(key, sequence + values.length);
    return errorName(errorCode);
  }

  /** Finds the group's coordinator, which makes its topic exist. */
  findGroup(group: string): Promise<void> {
    return this.findCoordinator(GROUP_KEY, this.wire.name(group));
  }

  async addOffsets(group: string): Promise<string> {
    const { errorCode } = await this.wire.call(addOffsetsToTxnApi, 3, {
      transactionalId: this.id,
      producerId: this.producerId,
      producerEpoch: this.epoch,
      groupId: this.wire.name(group),
    });
    return errorName(errorCode);
  }

  /** Commits an offset of partition 0 in the transaction. */
  async commitOffset(group: string, topic: string, committedOffset: number, epoch = this.epoch): Promise<string> {
    const { topics } = await this.wire.call(txnOffsetCommitApi, COMMIT_VERSIONS[this.generation], {
      transactionalId: this.id,
      groupId: this.wire.name(group),
      producerId: this.producerId,
      producerEpoch: epoch,
      topics: [
        {
          name: this.wire.name(topic),
          topicId: ZERO_UUID,
          partitions: [{ partitionIndex: 0, committedOffset, committedLeaderEpoch: -1, committedMetadata: null }],
        },
      ],
    });
    return errorName(topics[0]!.partitions[0]!.errorCode);
  }

  /** Sends EndTxn once and takes over the epoch that it is given. */
  async end(committed: boolean, epoch = this.epoch): Promise<string> {
    const request = { transactionalId: this.id, producerId: this.producerId, producerEpoch: epoch, committed };
    const response = await this.wire.call(endTxnApi, this.generation === "new" ? 5 : 4, request);
    if (response.errorCode === 0 && this.generation === "new") this.adopt(response);
    return errorName(response.errorCode);
  }

  /** Ends the transaction and waits until its markers are written. */
  async finish(committed: boolean): Promise<void> {
    const answer = await this.end(committed);
    if (answer !== "NONE") throw new Error(answer);
    await this.settled();
  }

  /** Waits until nothing is under way any more. */
  async settled(): Promise<void> {
    while ((await this.state()).startsWith("Prepare")) await soon();
  }

  async state(): Promise<string> {
    const response = await this.wire.call(describeTransactionsApi, 0, { transactionalIds: [this.id] });
    const { errorCode, transactionState } = response.transactionStates[0]!;
    return errorCode === 0 ? transactionState : errorName(errorCode);
  }

  /** Who it believes to be. */
  claim(): { producerId: number; producerEpoch: number } {
    return { producerId: this.producerId, producerEpoch: this.epoch };
  }

  private adopt({ producerId, producerEpoch }: { producerId: number; producerEpoch: number }): void {
    const isNew = producerId !== this.producerId || producerEpoch !== this.epoch;
    if (isNew) this.sequences = new Map();
    this.producerId = producerId;
    this.epoch = producerEpoch;
  }

  private async findCoordinator(keyType: number, key: string): Promise<void> {
    for (;;) {
      const request = { key: "", keyType, coordinatorKeys: [key] };
      const { coordinators } = await this.wire.call(findCoordinatorApi, 4, request);
      if (coordinators[0]!.errorCode === 0) return;
      await soon();
    }
  }
}

export interface CommittedRead {
  /** Values of the batches as they came, markers as "commit" and "abort" of their producer. */
  batches: string[];
  /** The values that a reader shows once aborted records are left out. */
  values: string[];
  aborted: { producerId: number; firstOffset: number }[];
  lastStableOffset: number;
  nextOffset: number;
}

/** One read_committed Fetch of partition 0, and what a consumer makes of it. */
export async function readCommitted(
  wire: Wire,
  topic: string,
  options: { offset?: number; maxBytes?: number; client?: WireClient; maxWaitMs?: number } = {},
): Promise<CommittedRead> {
  const { offset = 0, maxBytes = 1_000_000, client = wire, maxWaitMs = 0 } = options;
  const response = await client.call(fetchApi, 12, {
    maxWaitMs,
    minBytes: 1,
    maxBytes,
    isolationLevel: 1,
    sessionEpoch: -1,
    topics: [
      {
        topic: wire.name(topic),
        topicId: ZERO_UUID,
        partitions: [{ partition: 0, currentLeaderEpoch: -1, fetchOffset: offset, partitionMaxBytes: maxBytes }],
      },
    ],
    forgottenTopicsData: [],
  });
  const { errorCode, records, abortedTransactions, lastStableOffset } = response.responses[0]!.partitions[0]!;
  if (errorCode !== 0) throw new Error(errorName(errorCode));
  const aborted = abortedTransactions ?? [];
  return { ...consume(records ?? Buffer.alloc(0), offset, aborted), aborted, lastStableOffset };
}

// As a consumer does: an aborted transaction begins at its first offset and lasts until the producer's next marker (Java's CompletedFetch).
function consume(
  records: Buffer,
  offset: number,
  aborted: readonly { producerId: number; firstOffset: number }[],
): Pick<CommittedRead, "batches" | "values" | "nextOffset"> {
  const toCome = aborted.toSorted((left, right) => left.firstOffset - right.firstOffset);
  const leftOut = new Set<number>();
  const batches: string[] = [];
  const values: string[] = [];
  let nextOffset = offset;
  for (let at = 0, size = batchFormat.batchSizeAt(records, at); size > 0; size = batchFormat.batchSizeAt(records, at)) {
    const batch = records.subarray(at, at + size);
    const producerId = batchFormat.producerId(batch, 0);
    const lastOffset = batchFormat.lastOffset(batch, 0);
    at += size;
    nextOffset = lastOffset + 1;
    while (toCome.length > 0 && toCome[0]!.firstOffset <= lastOffset) leftOut.add(toCome.shift()!.producerId);
    if (batchFormat.isControl(batch, 0)) {
      if (leftOut.delete(producerId)) batches.push("abort");
      else batches.push("marker");
      continue;
    }
    batches.push(valuesOf(batch).join("+"));
    const isLeftOut = batchFormat.isTransactional(batch, 0) && leftOut.has(producerId);
    if (!isLeftOut && lastOffset >= offset) values.push(...valuesOf(batch));
  }
  return { batches, values, nextOffset };
}

function soon(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
