// The pieces of the input as they arrive: of stdin, or of files one after another. A piece ends with its file.

import { createReadStream } from "node:fs";
import { CommandError } from "../../command-error.ts";
import { untilAborted } from "../../kafka/text/input-lines.ts";
import type { PeopleIo } from "../people-io.ts";
import { RecordSplitter } from "../record-splitter.ts";
import type { Piece } from "../record-splitter.ts";

/** How much of a file is read at a time. */
const CHUNK_BYTES = 64 * 1024;

/** Those that ended in one chunk, until the input or the command's signal ends. @throws CommandError for a file that cannot be read */
export async function* inputPieces(
  { input, signal }: PeopleIo,
  files: readonly string[],
  split: { readonly delimiter: Buffer; readonly limitBytes: number },
): AsyncGenerator<readonly Piece[]> {
  for (const source of files.length === 0 ? [input] : files.map(fileChunks)) {
    const splitter = new RecordSplitter(split);
    for await (const chunk of untilAborted(source, signal)) yield splitter.add(chunk);
    const last = signal.aborted ? null : splitter.end();
    if (last !== null) yield [last];
  }
}

async function* fileChunks(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: CHUNK_BYTES });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new CommandError(
      code === "ENOENT" ? `there is no file ${path} (ENOENT)` : `${path} cannot be read: ${message}`,
    );
  }
}
