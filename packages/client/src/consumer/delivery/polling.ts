// `poll`: as many records as are there, up to a limit. Polling again says that those of before are done.

import { AbortedError, StateError } from "../../errors.ts";
import type { CallOptions } from "../../records.ts";
import type { FetchedRecord } from "../decode/fetched-record.ts";
import type { Reader } from "../reader.ts";
import { collectRecords } from "./consumer-batch.ts";
import type { Hand, Hands } from "./hands.ts";

export interface PollOptions extends CallOptions {
  /** Default `maxPollRecords`. */
  readonly maxRecords?: number;
}

export interface PollLimits {
  readonly maxRecords: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

export class Polling implements Hand {
  private readonly reader: Reader;
  private readonly hands: Hands;
  private held: readonly FetchedRecord[] = [];
  private isPolling = false;

  constructor(reader: Reader, hands: Hands) {
    this.reader = reader;
    this.hands = hands;
    hands.add(this);
  }

  finish(): void {
    const { held } = this;
    this.held = [];
    for (const record of held) record.origin.window.finish(record.offset);
  }

  setAside(): void {
    for (const record of this.held) record.origin.window.setAside(record.offset);
  }

  /**
   * @param deadlineMs on the clock that `nowMs` reads
   * @throws StateError while another call waits: which records the next one is done with could not be told
   */
  async poll(options: PollLimits, nowMs: () => number): Promise<FetchedRecord[]> {
    if (this.isPolling)
      throw new StateError("another poll has not ended; several loops at a time use records or batches");
    this.isPolling = true;
    try {
      return await this.next(options, nowMs);
    } finally {
      this.isPolling = false;
    }
  }

  private async next(options: PollLimits, nowMs: () => number): Promise<FetchedRecord[]> {
    this.finish();
    this.hands.finishAside();
    for (;;) {
      if (options.signal?.aborted === true) throw new AbortedError(options.signal);
      const { changes } = this.reader;
      const records = await this.collect(options.maxRecords);
      if (records.length > 0) {
        this.held = records;
        return records;
      }
      const leftMs = options.deadlineMs - nowMs();
      if (leftMs <= 0) return [];
      await this.reader.wait(leftMs, options.signal, changes);
    }
  }

  private async collect(maxRecords: number): Promise<FetchedRecord[]> {
    const all: FetchedRecord[] = [];
    try {
      while (all.length < maxRecords) {
        const state = this.reader.findState();
        if (state === null) break;
        const records = await collectRecords(this.reader, state, maxRecords - all.length);
        if (records === null) continue;
        for (const record of records) all.push(record);
      }
    } catch (error) {
      if (all.length === 0) throw error;
      this.reader.failLater(error);
    }
    return all;
  }
}
