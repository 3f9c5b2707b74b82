// Takes the records of `send` to their batches: serializes, chooses the partition, writes. Whatever cannot go on at once waits in a line: one
// for each topic (partitions unknown, a serde's promise out), then one for all (no memory). Records of a partition never overtake each other.

import type { Timer } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { announcer } from "../diagnostics.ts";
import { brokerError, ConfigError } from "../errors.ts";
import type { KafkaError } from "../errors.ts";
import type { Cluster } from "../network/cluster.ts";
import type { RecordToSend } from "../records.ts";
import type { Accumulator } from "./accumulator.ts";
import { PendingRecord } from "./pending-record.ts";
import type { ProducerMeters } from "./producer-meters.ts";
import type { ResolvedProducerOptions } from "./producer-options.ts";
import type { ProducerPartition } from "./producer-partition.ts";
import type { ProducerTopic } from "./producer-topic.ts";
import { exactSize, largestSize } from "./record-writer.ts";
import type { SendCall } from "./send-call.ts";
import type { Sender } from "./sender.ts";
import { asSerializationError, serializeRecord } from "./serialize-record.ts";
import type { SerializedLater } from "./serialize-record.ts";
import type { TopicDirectory } from "./topic-directory.ts";
import { tellFlushes, waitedTooLong, WaitingLine } from "./waiting-line.ts";
import type { WaitingRecord } from "./waiting-line.ts";

/** A record went into a batch. */
export interface RecordMessage {
  readonly topic: string;
  readonly partition: number;
  /** As it is written, before compression. */
  readonly bytes: number;
}

export const recordTaken = announcer<RecordMessage>("producer:send");

/** Of a record's largest size: header of a batch and what `exactSize` allows for. */
const OVERHEAD_BYTES = 100;

export interface IntakeParts {
  readonly cluster: Cluster;
  readonly accumulator: Accumulator;
  readonly sender: Sender;
  readonly topics: TopicDirectory;
  readonly options: ResolvedProducerOptions;
  readonly meters: ProducerMeters;
  /** Called for each record that goes into a batch: a transaction must know its partitions. */
  readonly onPlaced: ((partition: ProducerPartition) => void) | null;
}

export class RecordIntake {
  private readonly parts: IntakeParts;
  /** Waiting for memory, of all topics. */
  private readonly starved = new WaitingLine();
  /** null while it is filled: a serde or a partitioner may send as well. */
  private draft: PendingRecord | null = new PendingRecord();
  private readonly largestRecordBytes: number;
  private readonly isSticky: boolean;
  private readonly muchBytes: number;
  private deadlineTimer: Timer | null = null;
  private deadlineMs = Infinity;
  private isSweeping = false;
  /** In all lines. */
  private waitingCount = 0;

  constructor(parts: IntakeParts) {
    this.parts = parts;
    const { options, accumulator } = parts;
    this.largestRecordBytes = Math.max(
      1,
      Math.min(options.maxRequestBytes, accumulator.pool.totalBytes - OVERHEAD_BYTES),
    );
    this.muchBytes = Math.max(options.batchSizeBytes, options.maxBatchBytes / 2);
    this.isSticky = options.partitioner === "default";
  }

  /** How many records wait for memory. */
  get starvedCount(): number {
    return this.starved.length;
  }

  /** Takes a record of the call. `nowMs` is its timestamp unless it has one; `maxBlockMs` bounds its waiting. */
  accept(source: RecordToSend, call: SendCall, ordinal: number, nowMs: number, maxBlockMs: number): void {
    const draft = this.draft ?? new PendingRecord();
    this.draft = null;
    draft.call = call;
    draft.ordinal = ordinal;
    try {
      checkRecord(source);
      this.enter(source, draft, nowMs, maxBlockMs);
    } catch (error) {
      call.failed(ordinal, asSerializationError(error, (source as RecordToSend | null)?.topic ?? "no topic"));
    } finally {
      this.draft = draft;
    }
  }

  /** Memory was freed: records that wait for it go on. */
  feedStarved(): void {
    for (let { first } = this.starved; first !== undefined; { first } = this.starved) {
      if (!first.record.call.isSettled && !this.placeWaiting(first)) return;
      this.starved.shift();
      this.left(first);
    }
  }

  /** The topic's partitions are known, or may be: records of its line go on. */
  advance(topic: ProducerTopic): void {
    const { line } = topic;
    for (let { first } = line; first !== undefined; { first } = line) {
      const { record } = first;
      if (first.isSerializing) return;
      if (!record.call.isSettled) {
        const isMissing = topic.partitionCount <= Math.max(0, record.partition);
        if (isMissing && !(first.hasRefreshed && topic.partitionCount > 0)) {
          first.hasRefreshed = topic.partitionCount > 0;
          this.parts.topics.load(topic, { refresh: first.hasRefreshed });
          return;
        }
        if (this.starved.length > 0 || !this.placeWaiting(first)) {
          line.shift();
          this.starved.push(first);
          continue;
        }
      }
      line.shift();
      this.left(first);
    }
  }

  /** The topic's metadata cannot be had: what has waited long enough fails, or all if trying again is of no use. */
  topicFailed(topic: ProducerTopic, error: KafkaError): void {
    const nowMs = this.parts.cluster.clock.monotonicMs();
    const isOut = (waiting: WaitingRecord): boolean => !error.retriable || waiting.deadlineMs <= nowMs;
    for (const waiting of topic.line.remove(isOut))
      this.fail(waiting, error.code === "TIMEOUT" ? waitedTooLong(waiting, "topic") : error);
    this.advance(topic);
  }

  /** Records whose callers no longer wait leave their lines. */
  sweepSoon(): void {
    if (this.isSweeping) return;
    this.isSweeping = true;
    queueMicrotask(() => {
      this.isSweeping = false;
      const isOver = ({ record }: WaitingRecord): boolean => record.call.isSettled;
      for (const waiting of this.starved.remove(isOver)) this.left(waiting);
      for (const topic of this.parts.topics.all()) {
        for (const waiting of topic.line.remove(isOver)) this.left(waiting);
        this.advance(topic);
      }
    });
  }

  /** Resolves when every record of now is in a batch, or has failed. */
  entered(): Promise<void> {
    const waiting: WaitingRecord[] = [];
    const add = (each: WaitingRecord): void => void waiting.push(each);
    for (const topic of this.parts.topics.all()) topic.line.forEach(add);
    this.starved.forEach(add);
    if (waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const flush = { remaining: waiting.length, resolve };
      for (const each of waiting) (each.flushes ??= []).push(flush);
    });
  }

  /** Fails whatever waits. */
  failAll(error: KafkaError): void {
    for (const topic of this.parts.topics.all())
      for (const waiting of topic.line.remove(() => true)) this.fail(waiting, error);
    for (const waiting of this.starved.remove(() => true)) this.fail(waiting, error);
  }

  close(): void {
    this.deadlineTimer?.cancel();
  }

  /** @throws KafkaError, or what a serde or a partitioner threw */
  private enter(source: RecordToSend, draft: PendingRecord, nowMs: number, maxBlockMs: number): void {
    const topic = this.parts.topics.of(source.topic);
    draft.partition = source.partition ?? -1;
    draft.timestamp = source.timestamp ?? nowMs;
    checkNumbers(draft);
    const later = serializeRecord(topic, source, draft);
    if (later !== null || topic.partitionCount <= Math.max(0, draft.partition) || topic.line.length > 0) {
      this.waitForTopic(topic, later?.record ?? copyOf(draft), later, maxBlockMs);
    } else if (this.starved.length > 0 || !this.place(topic, draft)) {
      this.starved.push(this.waiting(topic, copyOf(draft), maxBlockMs));
    }
  }

  /** Writes the record into its partition's batch; false when there is no memory for it. @throws KafkaError */
  private place(topic: ProducerTopic, record: PendingRecord): boolean {
    const { accumulator, sender, options, onPlaced } = this.parts;
    const bound = largestSize(record);
    if (bound > this.largestRecordBytes && exactSize(record) > this.largestRecordBytes) throw tooLarge(record, topic);
    const isChosen = record.partition < 0;
    const index = isChosen ? topic.partitioner.choose(record.key, record.value) : record.partition;
    const partition = topic.partitions[index];
    // A topic may be gone since the record began to wait for memory, or seem so: its batch waits, as those that were written before.
    const { partitionCount } = topic;
    if (partition === undefined || (index >= partitionCount && partitionCount > 0))
      throw noPartition(topic, index, isChosen);
    const bytes = accumulator.append(record, partition, bound);
    if (bytes === 0) return false;
    topic.isUsed = true;
    if (onPlaced !== null) onPlaced(partition);
    if (recordTaken.hasSubscribers) recordTaken.publish({ topic: topic.name, partition: index, bytes });
    const { sizeInBytes } = partition.open!;
    const isFull = sizeInBytes >= options.batchSizeBytes;
    if (isChosen && this.isSticky && (record.key === null || options.ignoreKeys))
      topic.partitioner.chosen(index, bytes, isFull);
    // In the middle of a turn only much is sent, so that the broker works while we do: sent at the end of the turn, a burst of records makes
    // fewer and larger batches.
    const isMuch = sizeInBytes >= this.muchBytes && sizeInBytes - bytes < this.muchBytes;
    if (isMuch && sender.hasRoom(partition.leaderId)) sender.drain();
    else sender.drainSoon();
    return true;
  }

  private placeWaiting(waiting: WaitingRecord): boolean {
    const { record, topic } = waiting;
    try {
      return this.place(topic, record);
    } catch (error) {
      record.call.failed(record.ordinal, asSerializationError(error, topic.name));
      return true;
    }
  }

  private waitForTopic(
    topic: ProducerTopic,
    record: PendingRecord,
    later: SerializedLater | null,
    maxBlockMs: number,
  ): void {
    const waiting = this.waiting(topic, record, maxBlockMs);
    topic.line.push(waiting);
    if (later !== null) {
      waiting.isSerializing = true;
      const { call, ordinal } = waiting.record;
      const goOn = (): void => {
        waiting.isSerializing = false;
        this.advance(topic);
      };
      later.done.then(goOn, (error: unknown) => {
        call.failed(ordinal, asSerializationError(error, topic.name));
        for (const gone of topic.line.remove((each) => each === waiting)) this.left(gone);
        this.advance(topic);
      });
    }
    this.advance(topic);
  }

  private waiting(topic: ProducerTopic, record: PendingRecord, maxBlockMs: number): WaitingRecord {
    const nowMs = this.parts.cluster.clock.monotonicMs();
    this.watchDeadline(nowMs + maxBlockMs, nowMs);
    this.waitingCount++;
    const deadlineMs = nowMs + maxBlockMs;
    return { topic, record, deadlineMs, isSerializing: false, hasRefreshed: false, flushes: null };
  }

  private left(waiting: WaitingRecord): void {
    tellFlushes(waiting);
    this.waitingCount--;
    if (this.waitingCount > 0) return;
    this.deadlineTimer?.cancel();
    this.deadlineTimer = null;
    this.deadlineMs = Infinity;
  }

  private fail(waiting: WaitingRecord, error: KafkaError): void {
    waiting.record.call.failed(waiting.record.ordinal, error);
    this.left(waiting);
  }

  private watchDeadline(dueMs: number, nowMs: number): void {
    if (dueMs >= this.deadlineMs) return;
    this.deadlineTimer?.cancel();
    this.deadlineMs = dueMs;
    this.deadlineTimer = this.parts.cluster.clock.schedule(dueMs - nowMs, () => this.expire());
  }

  private expire(): void {
    const { cluster, topics, meters } = this.parts;
    const nowMs = cluster.clock.monotonicMs();
    const isOut = (waiting: WaitingRecord): boolean => waiting.deadlineMs <= nowMs;
    for (const waiting of this.starved.remove(isOut)) {
      meters.memoryExhausted();
      this.fail(waiting, waitedTooLong(waiting, "memory"));
    }
    for (const topic of topics.all()) {
      for (const waiting of topic.line.remove(isOut)) this.fail(waiting, waitedTooLong(waiting, "topic"));
      this.advance(topic);
    }
    this.deadlineMs = Infinity;
    this.deadlineTimer = null;
    let nextMs = Infinity;
    const look = (waiting: WaitingRecord): void => void (nextMs = Math.min(nextMs, waiting.deadlineMs));
    this.starved.forEach(look);
    for (const topic of topics.all()) topic.line.forEach(look);
    if (nextMs !== Infinity) this.watchDeadline(nextMs, nowMs);
  }
}

function copyOf(draft: PendingRecord): PendingRecord {
  return Object.assign(new PendingRecord(), draft);
}

// Programs without types send what they like.
function checkRecord(source: RecordToSend | null | undefined): void {
  if (typeof source !== "object" || source === null)
    throw new ConfigError(`a record is ${source === null ? "null" : typeof source}`);
  if (typeof source.topic !== "string") throw new ConfigError(`a record's topic is ${typeof source.topic}, not text`);
}

function checkNumbers({ timestamp, partition }: PendingRecord): void {
  if (!Number.isSafeInteger(timestamp) || timestamp < 0)
    throw new ConfigError(`a record's timestamp is ${timestamp}, not milliseconds since 1970`);
  if (!Number.isInteger(partition) || partition < -1) throw new ConfigError(`a record's partition is ${partition}`);
}

function tooLarge(record: PendingRecord, topic: ProducerTopic): KafkaError {
  const message = `a record of ${exactSize(record)} bytes is larger than maxRequestBytes or bufferMemoryBytes`;
  return brokerError(errorCodes.MESSAGE_TOO_LARGE, message, { topic: topic.name });
}

function noPartition(topic: ProducerTopic, index: number, isChosen: boolean): KafkaError {
  if (isChosen) return new ConfigError(`the partitioner chose ${index}; ${topic.name} has ${topic.partitionCount}`);
  const message = `${topic.name} has ${topic.partitionCount} partitions, and none of number ${index}`;
  return brokerError(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, message, { topic: topic.name, partition: index });
}
