// Hands records to the application, one by one, from whichever partition has some: chunks in turn, a partition at a time. It decides nothing
// about waiting. A partition that is paused, revoked, sought elsewhere or not valid gives nothing, however much was fetched of it.

import { KafkaError } from "../../errors.ts";
import type { FetchedRecord } from "../decode/fetched-record.ts";
import { errorOf } from "../error-of.ts";
import type { PartitionState } from "../partition-state.ts";
import type { ReaderContext } from "../reader-context.ts";
import type { Deserialization } from "./deserialization.ts";

export interface DeliveryEvents {
  /** A chunk was used up, so that more can be fetched. */
  drained(): void;
}

export class Delivery {
  private readonly context: ReaderContext;
  private readonly deserialization: Deserialization;
  private readonly events: DeliveryEvents;
  /** Where the last record came from: looked at first, so that a chunk is handed out whole. */
  private last: PartitionState | null = null;

  constructor(context: ReaderContext, deserialization: Deserialization, events: DeliveryEvents) {
    this.context = context;
    this.deserialization = deserialization;
    this.events = events;
  }

  /**
   * The next record, which is in work from now on; null when none is there. A promise when a serde needs time: of null when the record
   * was passed over or taken away meanwhile, which means to try again.
   * @throws the error of a partition, which is asked again next time
   */
  take(): FetchedRecord | Promise<FetchedRecord | null> | null {
    for (;;) {
      const state = this.findState();
      if (state === null) return null;
      const taken = this.takeFrom(state);
      if (taken !== null) return taken;
    }
  }

  /** The same from this partition alone. */
  takeFrom(state: PartitionState): FetchedRecord | Promise<FetchedRecord | null> | null {
    for (;;) {
      if (!state.isDeliverable || state.busy) return null;
      const record = this.peek(state);
      if (record === null) return null;
      const outcome = this.deserialize(state, record);
      if (outcome instanceof Promise) return this.takeLater(state, record, outcome);
      const isWanted = outcome;
      this.advance(state, record, isWanted);
      if (isWanted) return record;
    }
  }

  /** Whether a partition could give a record now; its position moves past what is none. @throws as `take` */
  findState(): PartitionState | null {
    const { last } = this;
    if (last !== null && last.isDeliverable && !last.busy && this.hasRecord(last)) return last;
    for (const state of this.context.partitions) if (state.error !== null) this.raise(state);
    for (const state of this.context.partitions) {
      if (!state.isDeliverable || state.busy || state.chunks.length === 0 || !this.hasRecord(state)) continue;
      this.last = state;
      return state;
    }
    return null;
  }

  private hasRecord(state: PartitionState): boolean {
    return state.chunks.length > 0 && this.peek(state) !== null;
  }

  // The next record without taking it. Chunks that are used up are dropped on the way.
  private peek(state: PartitionState): FetchedRecord | null {
    for (;;) {
      const chunk = state.chunks[0];
      if (chunk === undefined) return null;
      let record: FetchedRecord | null = null;
      try {
        record = chunk.peek();
      } catch (error) {
        state.moveTo(chunk);
        state.error = errorOf(error);
        this.raise(state);
      }
      if (record !== null) return record;
      this.dropChunk(state);
    }
  }

  private dropChunk(state: PartitionState): void {
    const chunk = state.dropChunk();
    const { metrics, partitions } = this.context;
    metrics.consumed(state, chunk.recordsRead, chunk.bytesRead, lagOf(state, this.context.options.readCommitted));
    // The next chunk to be looked at is another partition's.
    partitions.moveToEnd(state);
    if (this.last === state) this.last = null;
    this.events.drained();
  }

  private deserialize(state: PartitionState, record: FetchedRecord): boolean | Promise<boolean> {
    try {
      return this.deserialization.apply(record);
    } catch (error) {
      state.error = errorOf(error);
      return this.raise(state);
    }
  }

  private advance(state: PartitionState, record: FetchedRecord, isWanted: boolean): void {
    const chunk = state.chunks[0]!;
    if (isWanted) state.window.begin(record.offset, state.positionEpoch);
    chunk.advance();
    state.moveTo(chunk);
  }

  private async takeLater(
    state: PartitionState,
    record: FetchedRecord,
    later: Promise<boolean>,
  ): Promise<FetchedRecord | null> {
    const { version } = state;
    state.busy = true;
    try {
      const isWanted = await later;
      if (state.version !== version || !state.isDeliverable) return null;
      this.advance(state, record, isWanted);
      return isWanted ? record : null;
    } catch (error) {
      if (state.version !== version) return null;
      throw error instanceof KafkaError ? error : errorOf(error);
    } finally {
      state.busy = false;
      this.context.changed();
    }
  }

  // The application hears of it now. What was fetched is dropped, so that a second attempt begins with fresh bytes.
  private raise(state: PartitionState): never {
    const error = state.error!;
    state.error = null;
    if (state.hasPosition) state.refetch();
    this.events.drained();
    throw error;
  }
}

/** Records between the position and the end of what this isolation level may read; null while the end is not known. */
export function lagOf(state: PartitionState, readCommitted: boolean): number | null {
  const end = readCommitted ? state.lastStableOffset : state.highWatermark;
  return end < 0 || !state.hasPosition ? null : Math.max(0, end - state.position);
}
