// What a log must contain, kept as a plain list: the model that the simulations compare a real log with.
// Records that were acknowledged must be there; those that were sent and not answered may be, in order and whole batches at a time.

import { batchFormat, readRecords } from "@ottla/protocol";
import type { PartitionLog } from "@ottla/storage";

export interface ModelRecord {
  value: string;
  timestamp: number;
}

/** A batch that was sent and has no answer yet. */
export interface SentBatch {
  records: ModelRecord[];
  /** What an idempotent producer sends again when no answer comes; null for others. */
  repeat: Buffer | null;
}

export class LogModel {
  /** By offset, from 0; those below the log start stay known. */
  history: ModelRecord[] = [];
  /** Sent and unanswered, in order. */
  sent: SentBatch[] = [];
  logStart = 0;
  /** Below this, everything would survive a power cut. */
  durableEnd = 0;
  readonly violations: string[] = [];

  get end(): number {
    return this.history.length;
  }

  blame(sentence: string): void {
    if (this.violations.length < 20) this.violations.push(sentence);
  }

  /** An append was acknowledged. */
  acknowledged(batch: SentBatch, baseOffset: number): void {
    if (this.sent[0] !== batch) this.blame(`the append of ${batch.records[0]!.value} was answered out of order`);
    this.sent = this.sent.filter((other) => other !== batch);
    if (baseOffset !== this.end) this.blame(`an append got offset ${baseOffset}, the next was ${this.end}`);
    this.history.push(...batch.records);
  }

  /** Compares what can be read with what must be there; `mustReach` is the offset that may not be lost. */
  afterRestart(log: PartitionLog, mustReach: number): void {
    const possible = [...this.history, ...this.sent.flatMap((batch) => batch.records)];
    const ends = new Set([...this.history.keys(), this.end]);
    let end = this.end;
    for (const batch of this.sent) ends.add((end += batch.records.length));
    if (log.logEndOffset < mustReach)
      this.blame(`the log ends at ${log.logEndOffset}, but everything below ${mustReach} was safe`);
    if (log.logEndOffset > possible.length)
      this.blame(`the log ends at ${log.logEndOffset}, but only ${possible.length} records were ever sent`);
    if (!ends.has(log.logEndOffset)) this.blame(`the log ends at ${log.logEndOffset}, inside of a batch`);
    if (log.logStartOffset > this.logStart)
      this.blame(`the log starts at ${log.logStartOffset}, it was only moved to ${this.logStart}`);
    this.history = possible.slice(0, log.logEndOffset);
    this.sent = [];
    this.logStart = log.logStartOffset;
    this.durableEnd = Math.min(this.durableEnd, log.logEndOffset);
    log.updateHighWatermark(log.logEndOffset);
    this.compareAll(log, 4096);
  }

  /** Reads everything from the log start to the end, in pieces of about `maxBytes`. */
  compareAll(log: PartitionLog, maxBytes: number): void {
    let offset = log.logStartOffset;
    while (offset < log.logEndOffset) {
      const next = this.comparePiece(log, offset, maxBytes);
      if (next <= offset) return;
      offset = next;
    }
  }

  /** The first record at or after a time, as the list has it. */
  firstAt(timestamp: number): number | null {
    for (let offset = this.logStart; offset < this.end; offset++) {
      if (this.history[offset]!.timestamp >= timestamp) return offset;
    }
    return null;
  }

  /** Reads once and compares; returns the offset to go on with. */
  private comparePiece(log: PartitionLog, offset: number, maxBytes: number): number {
    const result = log.read({ offset, maxBytes, minOneBatch: true, upTo: "logEnd" });
    if (!result.ok || !Buffer.isBuffer(result.part)) {
      this.blame(`nothing could be read at ${offset} of [${log.logStartOffset}, ${log.logEndOffset})`);
      return offset;
    }
    const bytes = result.part;
    let next = offset;
    batchFormat.forEachBatch(bytes, (position) => {
      if (!batchFormat.verifyCrc(bytes, position)) this.blame(`a batch read at ${offset} does not match its checksum`);
      for (const record of readRecords(bytes, position)) {
        if (record.offset < offset) continue;
        const expected = this.history[record.offset];
        if (record.offset !== next) this.blame(`offset ${record.offset} came where ${next} was due`);
        if (expected?.value !== String(record.value))
          this.blame(`offset ${record.offset} is ${String(record.value)}, was ${expected?.value}`);
        next = record.offset + 1;
      }
    });
    if (next === offset) this.blame(`the read at ${offset} holds no whole batch`);
    return next;
  }
}
