// What `autoOffsetReset` says and what a position is to be set to: an offset, an end of the log, or a time. Pure.
// Kafka's AutoOffsetResetStrategy is the model, by_duration included (KIP-1106).

import { unreachable } from "@ottla/base";
import { ConfigError } from "../errors.ts";

/** Kafka's special timestamps of ListOffsets. */
export const LATEST_TIMESTAMP = -1;
export const EARLIEST_TIMESTAMP = -2;

export type AutoOffsetReset = "earliest" | "latest" | "none" | `by_duration:${string}`;

/** Where to look for a new position; when no record is as young as `timestamp`, at the end. */
export type ResetTarget =
  | { readonly kind: "earliest" }
  | { readonly kind: "latest" }
  | { readonly kind: "timestamp"; readonly timestamp: number }
  | { readonly kind: "duration"; readonly durationMs: number };

export const EARLIEST: ResetTarget = { kind: "earliest" };
export const LATEST: ResetTarget = { kind: "latest" };

/** The target, or null for "none". @throws ConfigError */
export function parseOffsetReset(text: string): ResetTarget | null {
  switch (text) {
    case "earliest":
      return EARLIEST;
    case "latest":
      return LATEST;
    case "none":
      return null;
    default:
      return { kind: "duration", durationMs: parseByDuration(text) };
  }
}

/** The timestamp that ListOffsets is asked for. */
export function timestampOf(target: ResetTarget, nowMs: number): number {
  switch (target.kind) {
    case "earliest":
      return EARLIEST_TIMESTAMP;
    case "latest":
      return LATEST_TIMESTAMP;
    case "timestamp":
      return target.timestamp;
    case "duration":
      return Math.max(0, nowMs - target.durationMs);
    default:
      return unreachable(target);
  }
}

const MS_OF = { D: 86_400_000, H: 3_600_000, M: 60_000, S: 1_000 } as const;

// ISO 8601 as java.time.Duration reads it: PnDTnHnMn.nS, no months, no years.
function parseByDuration(text: string): number {
  const match = /^by_duration:P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,9})?)S)?)?$/i.exec(text);
  const [days, hours, minutes, seconds] = match === null ? [] : match.slice(1);
  if ([days, hours, minutes, seconds].every((part) => part === undefined) || text.toUpperCase().endsWith("T"))
    throw new ConfigError(
      `autoOffsetReset is ${JSON.stringify(text)}; it is "earliest", "latest", "none" or "by_duration:PnDTnHnMn.nS"`,
    );
  const parts = Number(days ?? 0) * MS_OF.D + Number(hours ?? 0) * MS_OF.H + Number(minutes ?? 0) * MS_OF.M;
  return Math.round(parts + Number(seconds ?? 0) * MS_OF.S);
}
