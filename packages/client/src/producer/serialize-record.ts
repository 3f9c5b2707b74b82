// Turns a record's key and value into what is written, by the topic's serdes. Serdes that answer at once cost no promise.

import { KafkaError, SerializationError } from "../errors.ts";
import type { RecordToSend } from "../records.ts";
import type { SerdeContext, SerdeHeaders } from "../serdes.ts";
import { PendingRecord } from "./pending-record.ts";
import type { ProducerTopic } from "./producer-topic.ts";
import { flattenHeaders } from "./record-writer.ts";
import type { Data } from "./record-writer.ts";

/** A record of its own, complete when `done` resolves. */
export interface SerializedLater {
  readonly record: PendingRecord;
  readonly done: Promise<void>;
}

/** Fills key, value and headers of `draft`, or answers with another record when a serde takes its time. @throws SerializationError */
export function serializeRecord(
  topic: ProducerTopic,
  source: RecordToSend,
  draft: PendingRecord,
): SerializedLater | null {
  if (topic.isPlain) {
    draft.key = asData(source.key ?? null);
    draft.value = asData(source.value ?? null);
    draft.headers = source.headers === undefined ? null : checkedHeaders(flattenHeaders(source.headers));
    return null;
  }
  const added: SerdeHeaders = [];
  const key = serializePart(topic, "key", source.key, added);
  // Nobody would look at it when the value's serde throws.
  if (key instanceof Promise) key.catch(nothing);
  const value = serializePart(topic, "value", source.value, added);
  const isLater = key instanceof Promise || value instanceof Promise;
  const record = isLater ? Object.assign(new PendingRecord(), draft) : draft;
  const fill = (keyData: unknown, valueData: unknown): void => {
    record.key = asData(keyData);
    record.value = asData(valueData);
    record.headers = checkedHeaders(withAdded(flattenHeaders(source.headers), added));
  };
  if (!isLater) {
    fill(key, value);
    return null;
  }
  return { record, done: Promise.all([key, value]).then((parts) => fill(parts[0], parts[1])) };
}

/** What a serde or a partitioner threw, as an error of ours. */
export function asSerializationError(error: unknown, topic: string): KafkaError {
  if (error instanceof KafkaError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new SerializationError(`a record for ${topic} cannot be serialized: ${reason}`, {
    context: { topic },
    cause: error,
  });
}

// A record without a key has none, whatever the serde would make of undefined.
function serializePart(topic: ProducerTopic, part: "key" | "value", data: unknown, headers: SerdeHeaders): unknown {
  const serde = part === "key" ? topic.keySerde : topic.valueSerde;
  if (serde === null) return data ?? null;
  if (part === "key" && data === undefined) return null;
  const context: SerdeContext = { topic: topic.name, part, headers };
  return serde.serialize(data, context);
}

function asData(data: unknown): Data {
  if (data === null || typeof data === "string" || data instanceof Uint8Array) return data;
  throw new SerializationError(`a key or value is neither bytes nor text nor null but ${typeof data}`);
}

// What is neither text nor bytes has no size, and would leave a batch and the count of memory wrong.
function checkedHeaders(flat: Data[] | null): Data[] | null {
  if (flat === null) return null;
  for (let index = 0; index < flat.length; index++) {
    const each: unknown = flat[index];
    if (typeof each === "string") continue;
    if (index % 2 === 0) throw new SerializationError(`a header's name is ${typeof each}, not text`);
    if (each !== null && !(each instanceof Uint8Array))
      throw new SerializationError(
        `the header ${String(flat[index - 1])} is neither bytes nor text nor null but ${typeof each}`,
      );
  }
  return flat;
}

function withAdded(flat: Data[] | null, added: SerdeHeaders): Data[] | null {
  if (added.length === 0) return flat;
  const headers = flat ?? [];
  for (const { key, value } of added) headers.push(key, value);
  return headers;
}

function nothing(): void {}
