// Which records of each partition are meant: from a place on, up to an offset or without an end. What has to be fixed before reading begins is
// looked up, and nothing else: each look-up is a round trip, and more than one waits for metadata.

import { partitionKey } from "@ottla/client";
import type { SeekTarget, TopicPartition } from "@ottla/client";
import type { Session } from "../connect.ts";
import type { KnownPartition } from "../known-partitions.ts";

/** A place in every partition. `back` counts from the end. */
export type StartPlace =
  | { readonly kind: "beginning" | "end" }
  | { readonly kind: "offset"; readonly offset: number }
  | { readonly kind: "back"; readonly count: number }
  | { readonly kind: "time"; readonly timestampMs: number };

export interface RangeOptions {
  readonly from: StartPlace;
  /** Up to the first record of that time or later; a time to come is reached when it comes. */
  readonly untilMs: number | null;
  /** Up to what was the end at the beginning. */
  readonly endsAtEnd: boolean;
}

export interface RecordRange extends TopicPartition {
  /** Where to begin. An offset that was deleted stands for the first that is left. */
  readonly start: SeekTarget;
  /** Records below it are left out: it may lie behind the end, from where nothing can be fetched yet. */
  readonly from: number;
  /** The first offset that is left out; null for no end yet. */
  to: number | null;
}

/** The offsets of a place in partitions, by partitionKey; nothing of partitions that have no record as young as a time. */
export type OffsetLookup = (
  partitions: readonly TopicPartition[],
  at: "earliest" | "latest" | number,
) => Promise<ReadonlyMap<string, number>>;

export function offsetLookup(
  { admin, call }: Session,
  isolationLevel: "read_committed" | "read_uncommitted",
): OffsetLookup {
  return async (partitions, at) => {
    const queries = partitions.map(({ topic, partition }) => ({ topic, partition, at }));
    const listed = await admin.listOffsets(queries, { isolationLevel, ...call });
    return new Map([...listed.values()].filter(({ offset }) => offset >= 0).map((each) => [nameOf(each), each.offset]));
  };
}

/** One of each partition, in order. */
export async function planRanges(
  lookUp: OffsetLookup,
  partitions: readonly KnownPartition[],
  { from, untilMs, endsAtEnd }: RangeOptions,
  nowMs: number,
): Promise<RecordRange[]> {
  const isPast = untilMs !== null && untilMs <= nowMs;
  const isBounded = isPast || endsAtEnd;
  const needsEnds = isBounded || from.kind === "end" || from.kind === "offset" || from.kind === "back";
  const ends: ReadonlyMap<string, number> = needsEnds ? await lookUp(partitions, "latest") : new Map();
  const stops = isPast ? await lookUp(partitions, untilMs) : ends;
  return partitions.map(({ topic, partition }) => {
    const name = nameOf({ topic, partition });
    const end = ends.get(name) ?? 0;
    const to = isBounded ? Math.min(stops.get(name) ?? end, end) : null;
    return { topic, partition, ...startOf(from, end), to };
  });
}

/** Whether there is anything in it, as far as that is known. */
export function mayHaveRecords({ start, from, to }: RecordRange): boolean {
  return to === null || (to > 0 && from < to && (typeof start !== "number" || start < to));
}

function startOf(place: StartPlace, end: number): { readonly start: SeekTarget; readonly from: number } {
  switch (place.kind) {
    case "beginning":
      return { start: "beginning", from: 0 };
    case "end":
      return { start: end, from: end };
    case "back":
      return { start: Math.max(0, end - place.count), from: 0 };
    case "time":
      return { start: { timestamp: place.timestampMs }, from: 0 };
    default:
      return { start: Math.min(place.offset, end), from: place.offset };
  }
}

export function nameOf({ topic, partition }: TopicPartition): string {
  return partitionKey(topic, partition);
}
