// Log lines for programs: pino's JSON, one object a line. pino writes through the same bounded output as the pretty lines:
// no worker thread, no file descriptor of its own.

import type { LogFields, Logger, LogLine } from "@ottla/base";
import { pino } from "pino";

interface JsonOptions {
  readonly level: LogLine["level"];
  readonly write: (text: string) => void;
}

export function jsonLogger({ level, write }: JsonOptions): Logger {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
    },
    { write },
  );
  const at = (each: LogLine["level"]) => (fields: LogFields, sentence: string) => logger[each](fields, sentence);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
