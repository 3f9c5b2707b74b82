// Reads partitions through the wire as a consumer does: batch by batch with their checksums, without control records, and with
// read_committed without what was aborted (KIP-98). For checkers that must see every record, so it remembers none itself.

import { ZERO_UUID } from "@ottla/base";
import { batchFormat, errorName, readControlRecordType, readRecords, controlRecordTypes } from "@ottla/protocol";
import type { BatchRecord } from "@ottla/protocol";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import type { FetchResponse } from "@ottla/protocol/messages/01-fetch.ts";
import { listOffsetsApi } from "@ottla/protocol/messages/02-list-offsets.ts";
import type { Caller } from "./wire-client.ts";

const FETCH_VERSION = 12;
const LIST_OFFSETS_VERSION = 7;
const MAX_BYTES = 4 * 1024 * 1024;

/** ListOffsets' special times. */
export const LATEST = -1;
export const EARLIEST = -2;

export interface PartitionToRead {
  readonly topic: string;
  readonly partition: number;
  /** Default: the log start. */
  readonly from?: number;
  /** Default "read_uncommitted". */
  readonly isolation?: "read_committed" | "read_uncommitted";
  /** Of one fetch; default 4 MiB. */
  readonly maxBytes?: number;
}

/** Gets each data record in order, with the leader epoch of its batch. */
export type RecordVisitor = (record: BatchRecord, leaderEpoch: number) => void;

/** A broker's answer that names an error. */
export class RefusedCall extends Error {
  override name = "RefusedCall";
  readonly errorCode: number;

  constructor(what: string, errorCode: number) {
    super(`${what}: ${errorName(errorCode)}`);
    this.errorCode = errorCode;
  }
}

type FetchedPartition = FetchResponse["responses"][number]["partitions"][number];

/**
 * Visits every record from `from` up to the high watermark, or to the last stable offset; returns the offset to go on with.
 * @throws RefusedCall, or Error when the broker makes no progress, or sends a batch that does not match its checksum.
 */
export async function consume(caller: Caller, wanted: PartitionToRead, visit: RecordVisitor): Promise<number> {
  const { topic, partition } = wanted;
  let offset = wanted.from ?? (await listOffset(caller, { topic, partition, timestamp: EARLIEST })).offset;
  for (;;) {
    const answer = await fetchOnce(caller, wanted, offset);
    if (answer.errorCode !== 0) throw new RefusedCall(`fetch of ${topic}-${partition} at ${offset}`, answer.errorCode);
    const end = wanted.isolation === "read_committed" ? answer.lastStableOffset : answer.highWatermark;
    if (offset >= end) return offset;
    const next = visitBatches(answer, offset, visit);
    if (next === offset) throw new Error(`fetch of ${topic}-${partition} makes no progress at ${offset}`);
    offset = next;
  }
}

/** One fetch of one partition, without waiting. */
export async function fetchOnce(
  caller: Caller,
  wanted: PartitionToRead,
  fetchOffset: number,
): Promise<FetchedPartition> {
  const { topic, partition, maxBytes = MAX_BYTES } = wanted;
  const response = await caller.call(fetchApi, FETCH_VERSION, {
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes,
    isolationLevel: wanted.isolation === "read_committed" ? 1 : 0,
    topics: [{ topic, topicId: ZERO_UUID, partitions: [{ partition, fetchOffset, partitionMaxBytes: maxBytes }] }],
    forgottenTopicsData: [],
  });
  return response.responses[0]!.partitions[0]!;
}

/**
 * Visits the data records of an answer that do not lie below `offset`; returns the offset behind the last whole batch.
 * @throws Error when a batch does not match its checksum.
 */
export function visitBatches(answer: FetchedPartition, offset: number, visit: RecordVisitor): number {
  const bytes = answer.records ?? Buffer.alloc(0);
  const aborted = new AbortedProducers(answer.abortedTransactions ?? []);
  let next = offset;
  batchFormat.forEachBatch(bytes, (position) => {
    const baseOffset = batchFormat.baseOffset(bytes, position);
    if (!batchFormat.verifyCrc(bytes, position))
      throw new Error(`the batch at ${baseOffset} does not match its checksum`);
    next = batchFormat.lastOffset(bytes, position) + 1;
    if (aborted.hides(bytes, position)) return;
    const leaderEpoch = batchFormat.partitionLeaderEpoch(bytes, position);
    for (const record of readRecords(bytes, position)) {
      if (record.offset >= offset) visit(record, leaderEpoch);
    }
  });
  return next;
}

/** The offset of a time, or of EARLIEST and LATEST; -1 when there is none. @throws RefusedCall */
export async function listOffset(
  caller: Caller,
  wanted: { topic: string; partition: number; timestamp: number; isolation?: PartitionToRead["isolation"] },
): Promise<{ offset: number; timestamp: number; leaderEpoch: number }> {
  const { topic, partition, timestamp, isolation } = wanted;
  const response = await caller.call(listOffsetsApi, LIST_OFFSETS_VERSION, {
    replicaId: -1,
    isolationLevel: isolation === "read_committed" ? 1 : 0,
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, timestamp }] }],
    timeoutMs: 0,
  });
  const { errorCode, ...found } = response.topics[0]!.partitions[0]!;
  if (errorCode !== 0) throw new RefusedCall(`offset of ${topic}-${partition} at time ${timestamp}`, errorCode);
  return found;
}

/** Whose transactions are to be skipped at the batch that is looked at, as a consumer of Kafka keeps them. */
class AbortedProducers {
  private readonly toCome: { producerId: number; firstOffset: number }[];
  private readonly now = new Set<number>();

  constructor(aborted: readonly { producerId: number; firstOffset: number }[]) {
    this.toCome = aborted.toSorted((one, other) => one.firstOffset - other.firstOffset);
  }

  /** Whether a reader is not to see this batch: a control batch, or one of an aborted transaction. */
  hides(bytes: Buffer, position: number): boolean {
    const lastOffset = batchFormat.lastOffset(bytes, position);
    while (this.toCome.length > 0 && this.toCome[0]!.firstOffset <= lastOffset)
      this.now.add(this.toCome.shift()!.producerId);
    const producerId = batchFormat.producerId(bytes, position);
    if (!batchFormat.isControl(bytes, position))
      return batchFormat.isTransactional(bytes, position) && this.now.has(producerId);
    for (const record of readRecords(bytes, position)) {
      if (readControlRecordType(record.key) === controlRecordTypes.abort) this.now.delete(producerId);
    }
    return true;
  }
}
