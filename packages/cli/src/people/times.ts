// Times and durations as people write them on a command line. Pure: the present is a parameter.
// A time is `now`, a duration before now (`10m`), a date (`2026-11-21`, `2026-11-21T10:30`, local unless it names a zone), or whole
// milliseconds since 1970. A duration is numbers with units: `500ms`, `10s`, `1h30m`, `7d`.

import { CommandError } from "../command-error.ts";

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const durationPattern = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/;
const datePattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?)?(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?$/i;
/** The last millisecond that a Date can show. */
const LAST_MS = 8_640_000_000_000_000;

/** Milliseconds since 1970. @throws CommandError */
export function parseTime(text: string, nowMs: number): number {
  if (text === "now") return nowMs;
  if (/^\d+$/.test(text) && Number(text) <= LAST_MS) return Number(text);
  if (durationPattern.test(text)) return Math.max(0, nowMs - parseDuration(text));
  const date = dateOf(text);
  if (date !== null) return date;
  throw new CommandError(
    `${JSON.stringify(text)} is no time: write 10m (that long ago), 2026-11-21, 2026-11-21T10:30, 2026-11-21T10:30Z or milliseconds since 1970`,
  );
}

/** Milliseconds. @throws CommandError */
export function parseDuration(text: string): number {
  if (!durationPattern.test(text)) {
    throw new CommandError(`${JSON.stringify(text)} is no duration: write 500ms, 10s, 5m, 2h, 7d or 1h30m`);
  }
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g))
    sum += Number(amount) * unitMs[unit!]!;
  if (sum > LAST_MS) throw new CommandError(`${JSON.stringify(text)} is too long a duration`);
  return Math.round(sum);
}

/** As parseDuration, for an option of which 0 makes no sense. @throws CommandError */
export function positiveDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms === 0) throw new CommandError("a duration of 0 is none");
  return ms;
}

function dateOf(text: string): number | null {
  const parts = datePattern.exec(text);
  if (parts === null) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0));
  const millisecond = Number((parts[7] ?? "").padEnd(3, "0"));
  // In UTC nothing is skipped by summer time, so that a day or hour that does not exist shows.
  const utcMs = Date.UTC(year!, month! - 1, day, hour, minute, second, millisecond);
  const seen = new Date(utcMs);
  // A year of two digits would be taken for one of the last century.
  if (year! < 1970) return null;
  if (seen.getUTCMonth() !== month! - 1 || seen.getUTCDate() !== day || hour! > 23 || minute! > 59 || second! > 59) {
    return null;
  }
  const zone = parts[8];
  const atMs =
    zone === undefined
      ? new Date(year!, month! - 1, day, hour, minute, second, millisecond).getTime()
      : utcMs - zoneMs(zone);
  return atMs < 0 ? null : atMs;
}

function zoneMs(zone: string): number {
  if (zone.toUpperCase() === "Z") return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  return (zone.startsWith("-") ? -1 : 1) * (hours * unitMs["h"]! + minutes * unitMs["m"]!);
}
