// Where log lines go. Fields first, then one sentence. What writes them (pino) is chosen by the command line;
// everything below knows only this interface.

export type LogFields = Record<string, unknown>;

export interface Logger {
  debug(fields: LogFields, sentence: string): void;
  info(fields: LogFields, sentence: string): void;
  warn(fields: LogFields, sentence: string): void;
  error(fields: LogFields, sentence: string): void;
}

const nothing = (): void => {};

/** Drops every line. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

export interface LogLine {
  level: "debug" | "info" | "warn" | "error";
  fields: LogFields;
  sentence: string;
}

/** Keeps lines for a test to look at, at most `limit` of them: the oldest go first. */
export class RecordingLogger implements Logger {
  readonly lines: LogLine[] = [];
  private readonly limit: number;

  constructor(limit = 10_000) {
    this.limit = limit;
  }

  debug(fields: LogFields, sentence: string): void {
    this.keep({ level: "debug", fields, sentence });
  }

  info(fields: LogFields, sentence: string): void {
    this.keep({ level: "info", fields, sentence });
  }

  warn(fields: LogFields, sentence: string): void {
    this.keep({ level: "warn", fields, sentence });
  }

  error(fields: LogFields, sentence: string): void {
    this.keep({ level: "error", fields, sentence });
  }

  private keep(line: LogLine): void {
    if (this.lines.length >= this.limit) this.lines.shift();
    this.lines.push(line);
  }
}
