// How keys and values become bytes and come back: small interfaces, those of bytes, text and JSON, room for a schema registry.
// Numbers, UUIDs and lists as Java writes them are in fixed-serdes.ts.
// Java's counterpart is org.apache.kafka.common.serialization. A serde may answer with a promise (a registry asks for a schema
// once); those that answer at once cost no turn of the event loop.

/** Headers as a serde sees them: it may add some while serializing. */
export type SerdeHeaders = { key: string; value: Buffer | null }[];

export interface SerdeContext {
  readonly topic: string;
  readonly part: "key" | "value";
  readonly headers: SerdeHeaders;
}

export interface Serializer<T> {
  /** The bytes; null is a tombstone. Ownership of the buffer passes to the producer. */
  serialize(data: T, context: SerdeContext): Buffer | null | Promise<Buffer | null>;
}

export interface Deserializer<T> {
  /** `bytes` belongs to the record and stays valid; null when the record has none. */
  deserialize(bytes: Buffer | null, context: SerdeContext): T | Promise<T>;
}

export interface Serde<T> extends Serializer<T>, Deserializer<T> {}

/** What keys and values of a topic are. */
export interface TopicSerdes {
  readonly key?: Serde<unknown>;
  readonly value?: Serde<unknown>;
}

/** Bytes in, bytes out: what topics without serdes have, but that they take strings as well. */
export const bytesSerde: Serde<Buffer | null> = {
  serialize: (data) => data,
  deserialize: (bytes) => bytes,
};

/** UTF-8 text; null stays null. */
export const stringSerde: Serde<string | null> = {
  serialize: (data) => (data === null ? null : Buffer.from(data, "utf8")),
  deserialize: (bytes) => (bytes === null ? null : bytes.toString("utf8")),
};

/** JSON text of any value; null stays null (a tombstone). The type is the caller's word: nothing is checked. */
export function jsonSerde<T = unknown>(): Serde<T | null> {
  return {
    serialize: (data) => (data === null ? null : Buffer.from(JSON.stringify(data), "utf8")),
    deserialize: (bytes) => (bytes === null ? null : (JSON.parse(bytes.toString("utf8")) as T)),
  };
}
