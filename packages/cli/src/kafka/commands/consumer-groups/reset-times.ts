// Dates and durations of --to-datetime and --by-duration, as Kafka reads them. Pure.

import { CommandFailure } from "../../command-failure.ts";

/** `YYYY-MM-DDThh:mm:ss.sss`, in UTC unless an offset is behind it (Utils.getDateTime). @throws CommandFailure */
export function parseDateTime(text: string): number {
  if (!text.includes("T")) {
    throw new CommandFailure(
      "java.text.ParseException: Error parsing timestamp. It does not contain a 'T' according to ISO8601 format",
    );
  }
  const match = /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)\.(\d+)(Z|[+-]\d{2}(?::?\d{2})?)?$/.exec(text);
  const parts = match?.slice(1, 8).map(Number) as [number, number, number, number, number, number, number] | undefined;
  if (parts === undefined || !isDate(parts)) {
    const written = /[-+Z]/.test(text.split("T")[1]!) ? text : `${text}Z`;
    throw new CommandFailure(`java.text.ParseException: Unparseable date: "${written}"`);
  }
  const [year, month, day, hour, minute, second, milli] = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second, milli) - zoneMinutes(match![8]) * 60_000;
}

/** Nothing is carried over: the 32nd of a month is no date. */
function isDate([, month, day, hour, minute, second, milli]: readonly number[]): boolean {
  const isTime = hour! < 24 && minute! < 60 && second! < 60 && milli! < 1000;
  return isTime && month! >= 1 && month! <= 12 && day! >= 1 && day! <= 31;
}

function zoneMinutes(zone: string | undefined): number {
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone ?? "") ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0));
}

const DURATION = /^([-+]?)P(?:([-+]?\d+)D)?(T(?:([-+]?\d+)H)?(?:([-+]?\d+)M)?(?:([-+]?\d+)(?:[.,](\d{0,9}))?S)?)?$/i;

/** `PnDTnHnMn.nS`, Java's Duration.parse, in milliseconds. @throws CommandFailure */
export function parseDuration(text: string): number {
  const match = DURATION.exec(text);
  const parts = match?.slice(2).filter((part) => part !== undefined) ?? [];
  if (match === null || parts.length === 0 || /T$/i.test(text)) {
    throw new CommandFailure("Text cannot be parsed to a Duration");
  }
  const [, sign, days, , hours, minutes, seconds, fraction] = match;
  const milliseconds = Number(`0.${fraction ?? "0"}`) * 1000 * (seconds?.startsWith("-") === true ? -1 : 1);
  const whole =
    Number(days ?? 0) * 86_400_000 +
    Number(hours ?? 0) * 3_600_000 +
    Number(minutes ?? 0) * 60_000 +
    Number(seconds ?? 0) * 1000;
  return Math.floor((sign === "-" ? -1 : 1) * (whole + milliseconds));
}
