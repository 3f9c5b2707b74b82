// --time: a place in the log by name or number, or a time in milliseconds. Pure.

import type { OffsetSpec } from "@ottla/client";
import { CommandFailure } from "../../command-failure.ts";

const places: Readonly<Record<string, OffsetSpec>> = {
  latest: "latest",
  "-1": "latest",
  earliest: "earliest",
  "-2": "earliest",
  "max-timestamp": "maxTimestamp",
  "-3": "maxTimestamp",
  "earliest-local": "earliestLocal",
  "-4": "earliestLocal",
  "latest-tiered": "latestTiered",
  "-5": "latestTiered",
  "earliest-pending-upload": "earliestPendingUpload",
  "-6": "earliestPendingUpload",
};

/** @throws CommandFailure */
export function parseOffsetSpec(text: string): OffsetSpec {
  const place = Object.hasOwn(places, text) ? places[text] : undefined;
  if (place !== undefined) return place;
  if (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new CommandFailure(
    `Malformed time argument ${text}. Please use -1 or latest / -2 or earliest / -3 or max-timestamp / -4 or earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload, or a specified long format timestamp`,
  );
}
