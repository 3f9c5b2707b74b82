// Records as users write and read them, with the types of the topics that they told.

import type { Serde, TopicSerdes } from "./serdes.ts";

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** The serdes of the topics that a program knows, by the topics' names. */
export type Topics = Readonly<Record<string, TopicSerdes>>;

type Data = Buffer | string | null;
type SerdeType<S, Otherwise> = S extends Serde<infer T> ? T : Otherwise;
type KeyToSend<T extends Topics, Name extends string> = Name extends keyof T ? SerdeType<T[Name]["key"], Data> : Data;
type ValueToSend<T extends Topics, Name extends string> = Name extends keyof T
  ? SerdeType<T[Name]["value"], Data>
  : Data;

/** Key of a record that was read: bytes, when the topic has no serde for it. */
export type KeyOf<T extends Topics, Name extends string> = Name extends keyof T
  ? SerdeType<T[Name]["key"], Buffer | null>
  : Buffer | null;
/** Value of a record that was read. */
export type ValueOf<T extends Topics, Name extends string> = Name extends keyof T
  ? SerdeType<T[Name]["value"], Buffer | null>
  : Buffer | null;

export type HeaderValue = Buffer | string | null;
/** Headers to send: by name, several of one name as a list; or as pairs, where order matters. */
export type HeadersToSend =
  | Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>
  | readonly (readonly [string, HeaderValue])[];

/** A record to send. */
export interface RecordToSend<T extends Topics = {}, Name extends string = string> {
  readonly topic: Name;
  /** Default: the partitioner's choice. */
  readonly partition?: number;
  readonly key?: KeyToSend<T, Name>;
  /** null is a tombstone. */
  readonly value: ValueToSend<T, Name>;
  readonly headers?: HeadersToSend;
  /** Milliseconds since 1970. Default: now. */
  readonly timestamp?: number;
}

/** Where an acknowledged record is. */
export interface RecordMetadata extends TopicPartition {
  /** -1 when acks is 0: the broker does not tell. */
  readonly offset: number;
  /** The record's own, or the broker's with LogAppendTime. */
  readonly timestamp: number;
}

export interface Header {
  readonly key: string;
  readonly value: Buffer | null;
}

/** A record that was read. */
export interface ConsumerRecord<T extends Topics = {}, Name extends string = string> extends TopicPartition {
  readonly topic: Name;
  readonly offset: number;
  /** Milliseconds since 1970; -1 when the record has none. */
  readonly timestamp: number;
  readonly timestampType: "CreateTime" | "LogAppendTime";
  readonly key: KeyOf<T, Name>;
  readonly value: ValueOf<T, Name>;
  readonly headers: readonly Header[];
  /** -1 when unknown. */
  readonly leaderEpoch: number;
}

/** A position to commit: the offset of the next record to read. */
export interface OffsetToCommit extends TopicPartition {
  readonly offset: number;
  /** Leader epoch of the last record processed (KIP-320). Default: unknown. */
  readonly leaderEpoch?: number;
  /** Any text; default empty. */
  readonly metadata?: string;
}

export interface CommittedOffset extends TopicPartition {
  /** null when nothing is committed. */
  readonly offset: number | null;
  readonly leaderEpoch: number | null;
  readonly metadata: string;
}

/** Who reads, for transactions that commit consumed offsets (KIP-447). */
export interface GroupMetadata {
  readonly groupId: string;
  /** Generation id or member epoch; -1 outside a group. */
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

/** Every call that waits takes these. */
export interface CallOptions {
  /** Ends the call with an AbortedError. */
  readonly signal?: AbortSignal;
  /** Default: the client's `defaultApiTimeoutMs`. */
  readonly timeoutMs?: number;
}
