// One record as readers get it. Key, value and header values share memory with the batch, or with the decompressed copy of its records.

export interface RecordHeader {
  key: string;
  value: Buffer | null;
}

export interface BatchRecord {
  offset: number;
  /** Milliseconds since 1970; the batch's maximum when it has LogAppendTime; -1 when there is none. */
  timestamp: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: RecordHeader[];
  /** -1 when the producer is not idempotent. */
  sequence: number;
}
