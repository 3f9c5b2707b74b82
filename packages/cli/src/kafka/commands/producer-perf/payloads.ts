// What kafka-producer-perf-test sends: random letters, lines of a file, or rising numbers.

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { ParsedArguments } from "../../arguments/parse-arguments.ts";
import { CommandFailure } from "../../command-failure.ts";
import type { CommandIo } from "../../command-io.ts";

/** The value of record number `index`. */
export type Payload = (index: number) => Buffer;

/** Random letters are taken from a pool of so many, from a random place on. */
const POOL_BYTES = 1024 * 1024;

/** @throws CommandFailure */
export async function payloadOf(parsed: ParsedArguments, io: CommandIo): Promise<Payload> {
  const path = parsed.text("--payload-file");
  if (path !== undefined) return await fromFile(path, parsed.text("--payload-delimiter")!, io);
  const size = parsed.number("--record-size");
  return size === undefined ? (index) => Buffer.from(String(index)) : randomLetters(size);
}

function randomLetters(size: number): Payload {
  const pool = Buffer.allocUnsafe(POOL_BYTES + size);
  for (let index = 0; index < pool.length; index++) pool[index] = 65 + Math.floor(Math.random() * 26);
  return () => {
    const from = Math.floor(Math.random() * POOL_BYTES);
    return pool.subarray(from, from + size);
  };
}

async function fromFile(path: string, delimiter: string, io: CommandIo): Promise<Payload> {
  io.out(`Reading payloads from: ${resolve(path)}`);
  const text = await readFile(path, "utf8").catch(() => "");
  if (text === "") throw new CommandFailure("File does not exist or empty file provided.");
  const payloads = text.split(delimiterPattern(delimiter)).map((part) => Buffer.from(part));
  // As Java's Scanner, which sees nothing behind the last delimiter.
  if (payloads.at(-1)!.length === 0) payloads.pop();
  io.out(`Number of records read: ${payloads.length}`);
  return () => payloads[Math.floor(Math.random() * payloads.length)]!;
}

/** The delimiter is a regular expression. */
function delimiterPattern(delimiter: string): RegExp {
  try {
    return new RegExp(delimiter === "\\n" ? "\n" : delimiter);
  } catch (error) {
    throw new CommandFailure((error as Error).message, { cause: error });
  }
}
