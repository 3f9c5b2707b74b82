// What faults do to Fetch: refuse partitions of it, and damage the records that it brings. The broker always serves the request itself, at once,
// so that its fetch session (KIP-227) stays what the client believes it to be.

import { batchFormat, errorCodes } from "@ottla/protocol";
import type { ErrorName } from "@ottla/protocol";
import type { FramePart } from "@ottla/base";
import type { FetchRequest } from "@ottla/protocol/messages/01-fetch.ts";
import { fetchPartitionError } from "../error-answers/records.ts";
import type { RequestLookup, SeenRequest } from "../seen-request.ts";
import { bytesOf } from "./answer-bytes.ts";
import type { Fault } from "./fault.ts";
import type { TopicPartition } from "./request-topics.ts";

interface PartitionAnswer {
  readonly partitionIndex: number;
  readonly records: Buffer | FramePart[] | null;
}

interface TopicAnswer {
  readonly topic?: string;
  readonly topicId?: string;
  readonly partitions: readonly PartitionAnswer[];
}

/** As the broker's handler gives it. */
interface FetchAnswer {
  readonly errorCode: number;
  readonly responses: readonly TopicAnswer[];
}

const FIRST_VERSION_WITH_IDS = 13;

/** The errors that a Fetch answer has at its top and not with its partitions. */
const SESSION_ERRORS: ReadonlySet<ErrorName> = new Set([
  "FETCH_SESSION_ID_NOT_FOUND",
  "INVALID_FETCH_SESSION_EPOCH",
  "FETCH_SESSION_TOPIC_ID_ERROR",
  "INCONSISTENT_CLUSTER_ID",
  "UNKNOWN_SERVER_ERROR",
  "UNSUPPORTED_VERSION",
]);

export function isOfSession(error: ErrorName): boolean {
  return SESSION_ERRORS.has(error);
}

/** The broker's answer with the chosen partitions refused: all of the request and its session, or those of the rule. */
export async function refuseFetch(fault: Fault, seen: SeenRequest, lookup: RequestLookup): Promise<unknown> {
  const chosen = seen.topics.filter((each) => !fault.isForPartitions || fault.isChosen(each));
  const request = { ...(seen.call.request as FetchRequest), maxWaitMs: 0, minBytes: 0 };
  const answer = (await seen.call.handle(request)) as FetchAnswer;
  if (answer.errorCode !== errorCodes.NONE) return answer;
  const isRefused = (topic: TopicAnswer, { partitionIndex }: PartitionAnswer): boolean =>
    chosen.some((each) => each.topic === topic.topic && each.partition === partitionIndex);
  const responses = answer.responses.map((topic) => {
    for (const each of topic.partitions) if (isRefused(topic, each)) release(each);
    return { ...topic, partitions: topic.partitions.filter((each) => !isRefused(topic, each)) };
  });
  const refused = refusals(chosen, errorCodes[fault.action.error!], (topic) =>
    seen.call.apiVersion >= FIRST_VERSION_WITH_IDS ? lookup.topicId(topic) : undefined,
  );
  return { ...answer, responses: [...responses.filter(({ partitions }) => partitions.length > 0), ...refused] };
}

/** The answer with one byte of the first chosen batch changed; null when it brings no record of a chosen partition. */
export function corruptFetch(fault: Fault, reply: object): object | Promise<object> | null {
  const answer = reply as FetchAnswer;
  for (const topic of answer.responses) {
    for (const partition of topic.partitions) {
      if (!fault.isChosen({ topic: topic.topic ?? "", partition: partition.partitionIndex })) continue;
      if (partition.records === null || lengthOf(partition.records) < batchFormat.HEADER_BYTES) continue;
      if (!fault.wants()) return null;
      const bytes = bytesOf(Buffer.isBuffer(partition.records) ? [partition.records] : partition.records);
      const changed = (whole: Buffer): object => withRecords(answer, partition, damaged(whole));
      return bytes instanceof Promise ? bytes.then(changed) : changed(bytes);
    }
  }
  return null;
}

function refusals(
  chosen: readonly TopicPartition[],
  errorCode: number,
  idOf: (topic: string) => string | undefined,
): TopicAnswer[] {
  const topics = new Map<string, TopicAnswer & { partitions: PartitionAnswer[] }>();
  for (const { topic, partition } of chosen) {
    let answer = topics.get(topic);
    if (answer === undefined) {
      const topicId = idOf(topic);
      answer = { topic, ...(topicId === undefined ? {} : { topicId }), partitions: [] };
      topics.set(topic, answer);
    }
    answer.partitions.push(fetchPartitionError(partition!, errorCode));
  }
  return [...topics.values()];
}

function withRecords(answer: FetchAnswer, damagedPartition: PartitionAnswer, records: Buffer): FetchAnswer {
  const responses = answer.responses.map((topic) => ({
    ...topic,
    partitions: topic.partitions.map((each) => (each === damagedPartition ? { ...each, records } : each)),
  }));
  return { ...answer, responses };
}

// The last byte of the first batch: under its checksum, and none that says how long anything is.
function damaged(records: Buffer): Buffer {
  const size = Math.min(batchFormat.sizeInBytes(records, 0), records.length);
  records[size - 1]! ^= 0x55;
  return records;
}

function lengthOf(records: Buffer | FramePart[]): number {
  return Buffer.isBuffer(records) ? records.length : records.reduce((sum, { length }) => sum + length, 0);
}

function release({ records }: PartitionAnswer): void {
  if (records === null || Buffer.isBuffer(records)) return;
  for (const part of records) if (!Buffer.isBuffer(part)) part.release();
}
