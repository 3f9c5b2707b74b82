// Turns a record's bytes into what the topic's serdes make of them, and decides about those that no serde understands.
// Synchronous as long as the serdes are.

import { SerializationError } from "../../errors.ts";
import type { Header, Topics } from "../../records.ts";
import type { Deserializer, SerdeContext, SerdeHeaders, TopicSerdes } from "../../serdes.ts";
import type { FetchedRecord } from "../decode/fetched-record.ts";

/** A record as it lies in the log. */
export interface RawRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly Header[];
}

/** What takes records that could not be deserialized; a producer of this package does. */
export interface DeadLetterProducer {
  send(record: {
    topic: string;
    key: Buffer | null;
    value: Buffer | null;
    headers: readonly (readonly [string, Buffer | string | null])[];
  }): Promise<unknown>;
}

export interface DeadLetter {
  /** The topic that poison records go to, with their key, value and headers, and headers that say where they come from and why. */
  readonly deadLetter: string;
  readonly producer: DeadLetterProducer;
}

/**
 * "fail": the application gets a SerializationError, and the position stays before the record. "skip": as if it were not there.
 * "deliver": it comes with its bytes in place of what failed, and `deserializationError` set. A dead letter is sent before the record is passed over.
 */
export type DeserializationVerdict = "fail" | "skip" | "deliver" | DeadLetter;

export type DeserializationPolicy =
  | DeserializationVerdict
  | ((error: SerializationError, record: RawRecord) => DeserializationVerdict | Promise<DeserializationVerdict>);

/** Whether the record goes to the application, or is passed over. */
export type Outcome = boolean;

export class Deserialization {
  private readonly topics: Topics;
  private readonly policy: DeserializationPolicy;
  // A prototype's name such as "constructor" is a topic like any other.
  private readonly serdes = new Map<string, TopicSerdes | null>();

  constructor(topics: Topics, policy: DeserializationPolicy) {
    this.topics = topics;
    this.policy = policy;
  }

  /** @throws SerializationError with the policy "fail" */
  apply(record: FetchedRecord): Outcome | Promise<Outcome> {
    const serdes = this.serdesOf(record.topic);
    if (serdes === null) return true;
    const { key, value } = serdes;
    try {
      const keyData = key === undefined ? undefined : read(key, record, "key");
      const valueData = value === undefined ? undefined : read(value, record, "value");
      if (keyData instanceof Promise || valueData instanceof Promise)
        return this.applyLater(record, keyData, valueData);
      if (key !== undefined) record.setKey(keyData);
      if (value !== undefined) record.setValue(valueData);
      return true;
    } catch (error) {
      return this.judge(record, error);
    }
  }

  private async applyLater(record: FetchedRecord, keyData: unknown, valueData: unknown): Promise<Outcome> {
    const results = await Promise.allSettled([keyData, valueData]);
    for (const [index, result] of results.entries()) {
      if (result.status === "rejected")
        return this.judge(record, partError(record, index === 0 ? "key" : "value", result.reason));
      if (result.value === undefined) continue;
      if (index === 0) record.setKey(result.value);
      else record.setValue(result.value);
    }
    return true;
  }

  private judge(record: FetchedRecord, thrown: unknown): Outcome | Promise<Outcome> {
    const error = thrown instanceof SerializationError ? thrown : partError(record, "value", thrown);
    if (typeof this.policy !== "function") return this.enact(this.policy, record, error);
    const verdict = this.policy(error, rawOf(record));
    if (!(verdict instanceof Promise)) return this.enact(verdict, record, error);
    return verdict.then((decided) => this.enact(decided, record, error));
  }

  private enact(
    verdict: DeserializationVerdict,
    record: FetchedRecord,
    error: SerializationError,
  ): Outcome | Promise<Outcome> {
    if (verdict === "skip") return false;
    if (verdict === "fail") throw error;
    if (verdict === "deliver") {
      record.setFailure(error);
      return true;
    }
    return verdict.producer.send(deadLetterOf(verdict.deadLetter, record, error)).then(() => false);
  }

  private serdesOf(topic: string): TopicSerdes | null {
    let serdes = this.serdes.get(topic);
    if (serdes !== undefined) return serdes;
    serdes = Object.hasOwn(this.topics, topic) ? this.topics[topic]! : null;
    this.serdes.set(topic, serdes);
    return serdes;
  }
}

function read(serde: Deserializer<unknown>, record: FetchedRecord, part: "key" | "value"): unknown {
  const bytes = part === "key" ? record.keyBytes() : record.valueBytes();
  try {
    return serde.deserialize(bytes, new LazyContext(record, part));
  } catch (error) {
    throw partError(record, part, error);
  }
}

// Few serdes look at headers.
class LazyContext implements SerdeContext {
  private readonly record: FetchedRecord;
  readonly part: "key" | "value";

  constructor(record: FetchedRecord, part: "key" | "value") {
    this.record = record;
    this.part = part;
  }

  get topic(): string {
    return this.record.topic;
  }

  get headers(): SerdeHeaders {
    return this.record.headers as SerdeHeaders;
  }
}

function partError(record: FetchedRecord, part: "key" | "value", cause: unknown): SerializationError {
  const { topic, partition, offset } = record;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SerializationError(
    `the ${part} of ${topic}-${partition} at offset ${offset} cannot be deserialized (${reason}); seek past it to go on`,
    { context: { topic, partition, offset }, cause },
  );
}

function rawOf(record: FetchedRecord): RawRecord {
  const { topic, partition, offset, timestamp, headers } = record;
  return { topic, partition, offset, timestamp, headers, key: record.keyBytes(), value: record.valueBytes() };
}

// The names are those of Kafka Connect's dead letter queue (KIP-298), which tools know.
function deadLetterOf(
  topic: string,
  record: FetchedRecord,
  error: SerializationError,
): Parameters<DeadLetterProducer["send"]>[0] {
  const about: [string, string][] = [
    ["__connect.errors.topic", record.topic],
    ["__connect.errors.partition", String(record.partition)],
    ["__connect.errors.offset", String(record.offset)],
    ["__connect.errors.exception.message", error.message],
  ];
  const headers = [...record.headers.map(({ key, value }) => [key, value] as const), ...about];
  return { topic, key: record.keyBytes(), value: record.valueBytes(), headers };
}
