// A record as it lies in a fetched batch: numbers that say where key, value and headers are, and the bytes only when somebody asks.
// The bytes are views into the fetched (or decompressed) buffer: they stay valid, and keep that buffer alive, as long as the record is kept.
// Properties are getters, so a spread copies none of them: `toJSON()` gives a plain object.

import type { Header } from "../../records.ts";
import type { WorkWindow } from "../work-window.ts";
import { readHeaders } from "./headers.ts";

/** What the records of one batch share. */
export interface BatchOrigin {
  readonly topic: string;
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly timestampType: "CreateTime" | "LogAppendTime";
  readonly baseOffset: number;
  readonly baseTimestamp: number;
  /** Where the records' keys, values and headers lie. */
  readonly bytes: Buffer;
  /** Where the record counts as in work while the application has it. */
  readonly window: WorkWindow;
}

/** Stands for "not taken out of the bytes yet". */
const UNREAD = Symbol("unread");
const NO_HEADERS: readonly Header[] = Object.freeze([]);

export class FetchedRecord {
  readonly origin: BatchOrigin;
  private readonly offsetDelta: number;
  private readonly timestampDelta: number;
  private readonly keyAt: number;
  private readonly keyLength: number;
  private readonly valueAt: number;
  private readonly valueLength: number;
  /** Where the number of headers is; -1 when there are none. */
  private readonly headersAt: number;
  private keyData: unknown = UNREAD;
  private valueData: unknown = UNREAD;
  private headerList: readonly Header[] | null = null;
  private failure: Error | null = null;

  constructor(
    origin: BatchOrigin,
    offsetDelta: number,
    timestampDelta: number,
    keyAt: number,
    keyLength: number,
    valueAt: number,
    valueLength: number,
    headersAt: number,
  ) {
    this.origin = origin;
    this.offsetDelta = offsetDelta;
    this.timestampDelta = timestampDelta;
    this.keyAt = keyAt;
    this.keyLength = keyLength;
    this.valueAt = valueAt;
    this.valueLength = valueLength;
    this.headersAt = headersAt;
  }

  get topic(): string {
    return this.origin.topic;
  }

  get partition(): number {
    return this.origin.partition;
  }

  get offset(): number {
    return this.origin.baseOffset + this.offsetDelta;
  }

  get timestamp(): number {
    return this.origin.baseTimestamp + this.timestampDelta;
  }

  get timestampType(): "CreateTime" | "LogAppendTime" {
    return this.origin.timestampType;
  }

  get leaderEpoch(): number {
    return this.origin.leaderEpoch;
  }

  get key(): unknown {
    if (this.keyData === UNREAD) this.keyData = this.keyBytes();
    return this.keyData;
  }

  get value(): unknown {
    if (this.valueData === UNREAD) this.valueData = this.valueBytes();
    return this.valueData;
  }

  get headers(): readonly Header[] {
    if (this.headerList === null) {
      this.headerList = this.headersAt === -1 ? NO_HEADERS : readHeaders(this.origin.bytes, this.headersAt);
    }
    return this.headerList;
  }

  /** Why key or value could not be deserialized, when the application chose to get such records with their bytes; else null. */
  get deserializationError(): Error | null {
    return this.failure;
  }

  /** The key as it is in the log. */
  keyBytes(): Buffer | null {
    return this.keyLength < 0 ? null : this.origin.bytes.subarray(this.keyAt, this.keyAt + this.keyLength);
  }

  /** The value as it is in the log. */
  valueBytes(): Buffer | null {
    return this.valueLength < 0 ? null : this.origin.bytes.subarray(this.valueAt, this.valueAt + this.valueLength);
  }

  /** What a serde made of the bytes; the record's owner calls it before the application sees the record. */
  setKey(data: unknown): void {
    this.keyData = data;
  }

  setValue(data: unknown): void {
    this.valueData = data;
  }

  setFailure(error: Error): void {
    this.failure = error;
  }

  /** A plain object with the record's properties. */
  toJSON(): object {
    const { topic, partition, offset, timestamp, timestampType, key, value, headers, leaderEpoch } = this;
    return { topic, partition, offset, timestamp, timestampType, key, value, headers, leaderEpoch };
  }

  /** console.log shows the properties, not where the bytes lie. */
  [Symbol.for("nodejs.util.inspect.custom")](): object {
    return this.toJSON();
  }
}
