// Where offsets are reset to, and what that is in a partition. Offsets outside the log become its nearest end, as Kafka's own command does it. Pure.

import type { TopicPartition } from "@ottla/client";
import { CommandError, UsageError } from "../../command-error.ts";
import { parseTime } from "../times.ts";

export interface ResetFlags {
  readonly toEarliest?: true;
  readonly toLatest?: true;
  readonly toOffset?: number;
  readonly since?: string;
  readonly shiftBy?: number;
}

export type ResetTarget =
  | { readonly kind: "earliest" }
  | { readonly kind: "latest" }
  | { readonly kind: "offset"; readonly offset: number }
  | { readonly kind: "time"; readonly timeMs: number }
  | { readonly kind: "shift"; readonly by: number };

export interface PlannedReset extends TopicPartition {
  readonly before: number | null;
  readonly after: number;
  /** Records that come again (negative) or are skipped. null without a committed offset. */
  readonly change: number | null;
  readonly lag: number;
  /** Why it is not what was asked for. */
  readonly note: string | null;
}

/** @throws UsageError unless exactly one is given */
export function chooseReset(
  { toEarliest, toLatest, toOffset, since, shiftBy }: ResetFlags,
  nowMs: number,
): ResetTarget {
  const targets: ResetTarget[] = [
    ...(toEarliest === undefined ? [] : [{ kind: "earliest" } as const]),
    ...(toLatest === undefined ? [] : [{ kind: "latest" } as const]),
    ...(toOffset === undefined ? [] : [{ kind: "offset", offset: toOffset } as const]),
    ...(since === undefined ? [] : [{ kind: "time", timeMs: timeOf(since, nowMs) } as const]),
    ...(shiftBy === undefined ? [] : [{ kind: "shift", by: shiftBy } as const]),
  ];
  if (targets.length === 1) return targets[0]!;
  throw new UsageError("where to? one of --to-earliest, --to-latest, --to-offset, --since, --shift-by");
}

function timeOf(text: string, nowMs: number): number {
  try {
    return parseTime(text, nowMs);
  } catch (error) {
    if (error instanceof CommandError) throw new UsageError(`--since: ${error.message}`);
    throw error;
  }
}

export interface ResetPlace extends TopicPartition {
  readonly before: number | null;
  readonly start: number;
  readonly end: number;
  /** The first offset of the target's time or later; -1 when there is none. */
  readonly atTime: number;
}

/** @throws CommandError when nothing is committed that could be shifted */
export function resetOffset(place: ResetPlace, target: ResetTarget): PlannedReset {
  const { topic, partition, before, start, end } = place;
  const { wanted, why } = wantedOffset(place, target);
  const after = Math.min(Math.max(wanted, start), end);
  const note = wanted > end ? `${wanted} is after the end` : wanted < start ? `${wanted} is before the start` : why;
  return { topic, partition, before, after, change: before === null ? null : after - before, lag: end - after, note };
}

function wantedOffset(place: ResetPlace, target: ResetTarget): { wanted: number; why: string | null } {
  const { topic, partition, before, start, end, atTime } = place;
  switch (target.kind) {
    case "earliest":
      return { wanted: start, why: null };
    case "latest":
      return { wanted: end, why: null };
    case "offset":
      return { wanted: target.offset, why: null };
    case "time":
      return atTime === -1 ? { wanted: end, why: "no record is that new" } : { wanted: atTime, why: null };
    default:
      if (before === null)
        throw new CommandError(`${topic}-${partition} has no committed offset that could be shifted`);
      return { wanted: before + target.by, why: null };
  }
}
