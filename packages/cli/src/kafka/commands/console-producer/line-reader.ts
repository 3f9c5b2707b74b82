// Lines to records, as Kafka's LineMessageReader: headers, key and value in one line, apart by separators. Pure.

import { CommandFailure } from "../../command-failure.ts";

/** What a line says. */
export interface LineRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [name: string, value: string | null])[];
}

export class LineReader {
  private readonly parsesKey: boolean;
  private readonly keySeparator: string;
  private readonly parsesHeaders: boolean;
  private readonly headersDelimiter: string;
  private readonly headersSeparator: string;
  private readonly headersKeySeparator: string;
  private readonly ignoresErrors: boolean;
  private readonly nullMarker: string | undefined;
  private readonly headersPattern: RegExp;
  private lineNumber = 0;

  /** @throws CommandFailure when two marks are the same */
  constructor(properties: ReadonlyMap<string, string>) {
    const isTrue = (name: string): boolean => properties.get(name)?.trim().toLowerCase() === "true";
    this.parsesKey = isTrue("parse.key");
    this.parsesHeaders = isTrue("parse.headers");
    this.ignoresErrors = isTrue("ignore.error");
    this.keySeparator = properties.get("key.separator") ?? "\t";
    this.headersDelimiter = properties.get("headers.delimiter") ?? "\t";
    this.headersSeparator = properties.get("headers.separator") ?? ",";
    this.headersKeySeparator = properties.get("headers.key.separator") ?? ":";
    this.nullMarker = properties.get("null.marker");
    this.checkMarks();
    this.headersPattern = separatorPattern(this.headersSeparator);
  }

  private checkMarks(): void {
    const { headersDelimiter, headersSeparator, headersKeySeparator, keySeparator, nullMarker } = this;
    const pairs: readonly (readonly [string, string | undefined, string])[] = [
      [headersDelimiter, headersSeparator, "headers.delimiter and headers.separator"],
      [headersDelimiter, headersKeySeparator, "headers.delimiter and headers.key.separator"],
      [headersSeparator, headersKeySeparator, "headers.separator and headers.key.separator"],
      [keySeparator, nullMarker, "null.marker and key.separator"],
      [headersSeparator, nullMarker, "null.marker and headers.separator"],
      [headersDelimiter, nullMarker, "null.marker and headers.delimiter"],
      [headersKeySeparator, nullMarker, "null.marker and headers.key.separator"],
    ];
    const same = pairs.find(([one, other]) => one === other);
    if (same !== undefined) throw new CommandFailure(`${same[2]} may not be equal`);
  }

  /** @throws CommandFailure when a separator is missing */
  read(line: string): LineRecord {
    this.lineNumber += 1;
    const headers = this.part(this.parsesHeaders, line, 0, this.headersDelimiter, "headers delimiter");
    const keyFrom = headers === null ? 0 : headers.length + this.headersDelimiter.length;
    const key = this.part(this.parsesKey, line, keyFrom, this.keySeparator, "key separator");
    const valueFrom = keyFrom + (key === null ? 0 : key.length + this.keySeparator.length);
    return {
      key: this.orNull(key),
      value: this.orNull(line.slice(valueFrom)),
      headers: headers === null || headers === this.nullMarker ? [] : this.headers(headers),
    };
  }

  private part(isParsed: boolean, line: string, from: number, mark: string, name: string): string | null {
    if (!isParsed) return null;
    const end = line.indexOf(mark, from);
    if (end >= 0) return line.slice(from, end);
    if (this.ignoresErrors) return null;
    throw new CommandFailure(`No ${name} found on line number ${this.lineNumber}: '${line}'`, {
      javaClass: "org.apache.kafka.common.KafkaException",
    });
  }

  private headers(text: string): (readonly [string, string | null])[] {
    const pairs = text.split(this.headersPattern);
    // Java's split leaves out empty parts at the end, and has one empty part when there is nothing else.
    while (pairs.length > 1 && pairs.at(-1) === "") pairs.pop();
    return pairs.map((pair) => {
      const end = pair.indexOf(this.headersKeySeparator);
      if (end < 0) {
        if (this.ignoresErrors) return [pair, null] as const;
        throw new CommandFailure(`No header key separator found in pair '${pair}' on line number ${this.lineNumber}`);
      }
      const name = pair.slice(0, end);
      if (name === this.nullMarker) {
        throw new CommandFailure(
          `Header keys should not be equal to the null marker '${this.nullMarker}' as they can't be null`,
        );
      }
      return [name, this.orNull(pair.slice(end + this.headersKeySeparator.length))] as const;
    });
  }

  private orNull(text: string | null): string | null {
    return text === this.nullMarker ? null : text;
  }
}

/** The separator of headers is a regular expression. */
function separatorPattern(source: string): RegExp {
  try {
    return new RegExp(source);
  } catch (error) {
    throw new CommandFailure((error as Error).message, { cause: error });
  }
}
