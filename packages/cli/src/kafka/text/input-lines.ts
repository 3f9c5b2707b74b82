// The lines of the input, in groups as they arrive; a line ends as Java's BufferedReader has it, and the last one may lack its end.

import { StringDecoder } from "node:string_decoder";

/** Groups of whole lines, never empty, until the input or the signal ends. */
export async function* inputLines(input: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<string[]> {
  const splitter = new LineSplitter();
  for await (const chunk of untilAborted(input, signal)) {
    const lines = splitter.add(chunk);
    if (lines.length > 0) yield lines;
  }
  const last = splitter.end();
  if (last !== null && !signal.aborted) yield [last];
}

export class LineSplitter {
  private readonly decoder = new StringDecoder("utf8");
  private rest = "";
  /** The last chunk ended with a carriage return: a line feed at the beginning of the next one belongs to it. */
  private endsWithReturn = false;

  add(chunk: Buffer): string[] {
    let text = this.decoder.write(chunk);
    if (this.endsWithReturn && text.startsWith("\n")) text = text.slice(1);
    if (text === "") return [];
    this.endsWithReturn = text.endsWith("\r");
    const lines = (this.rest + text).split(/\r\n|\n|\r/);
    this.rest = lines.pop()!;
    return lines;
  }

  /** What stands behind the last end of a line, or null. */
  end(): string | null {
    const last = this.rest + this.decoder.end();
    this.rest = "";
    return last === "" ? null : last;
  }
}

/** The chunks, until the signal: also one that waits for more ends then. None is kept behind the caller's back. */
export async function* untilAborted(input: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  const iterator = input[Symbol.asyncIterator]();
  // Promise.race with a promise that lasts would keep every chunk until it is settled.
  let interrupt = (): void => {};
  const end = (): void => interrupt();
  signal.addEventListener("abort", end, { once: true });
  try {
    while (!signal.aborted) {
      const result = await new Promise<IteratorResult<Buffer> | null>((resolve, reject) => {
        interrupt = () => resolve(null);
        iterator.next().then(resolve, reject);
      });
      if (result === null || result.done === true) return;
      yield result.value;
    }
  } finally {
    signal.removeEventListener("abort", end);
    // An input that waits for more does not hold the command up.
    if (signal.aborted) void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}
