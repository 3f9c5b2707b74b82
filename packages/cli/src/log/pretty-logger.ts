// Log lines for people: time of day, level, sentence, then the fields as name=value. One line each; only the stack of an
// error that is logged as an error takes more.

import type { LogFields, Logger, LogLine } from "@ottla/base";

export const logLevels = ["debug", "info", "warn", "error"] as const;

interface PrettyOptions {
  readonly level: LogLine["level"];
  readonly write: (text: string) => void;
  readonly now: () => Date;
}

export function prettyLogger({ level, write, now }: PrettyOptions): Logger {
  const least = logLevels.indexOf(level);
  const at = (each: LogLine["level"]) => {
    if (logLevels.indexOf(each) < least) return () => {};
    return (fields: LogFields, sentence: string) => write(prettyLine(now(), { level: each, fields, sentence }));
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** The line with its line break; the time of day is the local one. */
export function prettyLine(time: Date, { level, fields, sentence }: LogLine): string {
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, "0"));
  let line = `${clock.join(":")}.${String(time.getMilliseconds()).padStart(3, "0")} ${level.toUpperCase().padEnd(5)} ${sentence}`;
  let stack = "";
  for (const [name, value] of Object.entries(fields)) {
    line += `  ${name}=${valueText(value)}`;
    if (level === "error" && value instanceof Error && value.stack !== undefined) {
      stack += `${value.stack.replace(/^/gm, "    ")}\n`;
    }
  }
  return `${line}\n${stack}`;
}

// Anything that a client could use to fake a line or to steer a terminal is quoted and escaped.
function valueText(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message);
  if (typeof value === "string") return /^[\w.:/@+-]+$/.test(value) ? value : escaped(value);
  return typeof value === "object" && value !== null ? escaped(value) : String(value);
}

function escaped(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
