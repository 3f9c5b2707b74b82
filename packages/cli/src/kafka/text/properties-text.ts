// `key=value` words of the command line (CommandLineUtils.parseKeyValueArgs) and the files of --command-config.

import { readFile } from "node:fs/promises";
import { CommandFailure } from "../command-failure.ts";

/** A file of Java's properties. @throws CommandFailure when it cannot be read */
export async function loadProperties(path: string): Promise<Map<string, string>> {
  const { parseProperties } = await import("@ottla/metadata/configs/properties.ts");
  return parseProperties(await readTextFile(path));
}

/** A properties file's text. @throws CommandFailure whose message is the path, as Java has it for a file that is not there */
async function readTextFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const javaClass = code === "ENOENT" ? "java.nio.file.NoSuchFileException" : "java.io.IOException";
    throw new CommandFailure(code === "ENOENT" ? path : message, { cause: error, javaClass });
  }
}

/** A file that holds what the command is to do. @throws CommandFailure with Java's words (Utils.readFileAsString) */
export async function readWholeFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CommandFailure(`Unable to read file ${path}`, { cause: error });
  }
}

/** Words without a value, or without an equals sign, have the empty text. */
export function parseKeyValues(words: readonly string[]): Map<string, string> {
  return new Map(
    words.map((word) => {
      const equals = word.indexOf("=");
      return equals < 0 ? [word, ""] : [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
}
