// Where a password is: in the environment, in a file, what a command prints, or, least of all, in the file of contexts itself.
// It is read when it is needed and never shown.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import * as paths from "node:path";
import { CommandError } from "../command-error.ts";

export type Secret =
  | string
  | { readonly env: string }
  | { readonly file: string }
  /** A line for the shell; what it prints, without the last line's end, is the secret. */
  | { readonly command: string };

/** A command that does not answer must not hold up every other. */
const COMMAND_MS = 30_000;
const MOST_BYTES = 64 * 1024;

export interface SecretPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** From where relative paths are meant. */
  readonly folder: string;
}

/** The secret itself. @throws CommandError, which names the place and never the secret */
export async function readSecret(what: string, secret: Secret, { env, folder }: SecretPlaces): Promise<string> {
  if (typeof secret === "string") return secret;
  if ("env" in secret) {
    const value = env[secret.env];
    if (value === undefined) throw new CommandError(`${what}: the environment has no ${secret.env}`);
    return value;
  }
  const text =
    "file" in secret
      ? await readSecretFile(what, paths.resolve(folder, secret.file))
      : await runSecretCommand(what, secret.command);
  return text.replace(/\r?\n$/, "");
}

/** Where it is, for people to see. */
export function secretPlace(secret: Secret): string {
  if (typeof secret === "string") return "(kept in the file of contexts)";
  if ("env" in secret) return `$${secret.env}`;
  return "file" in secret ? secret.file : `what is printed by: ${secret.command}`;
}

async function readSecretFile(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CommandError(`${what}: ${(error as Error).message}`);
  }
}

function runSecretCommand(what: string, command: string): Promise<string> {
  const isWindows = process.platform === "win32";
  const [shell, words]: [string, string[]] = isWindows
    ? ["cmd", ["/d", "/s", "/c", command]]
    : ["/bin/sh", ["-c", command]];
  return new Promise((resolve, reject) => {
    const options = { timeout: COMMAND_MS, maxBuffer: MOST_BYTES, windowsHide: true };
    const child = execFile(shell, words, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const why =
        error.killed === true ? `did not end within ${COMMAND_MS / 1000} s` : stderr.trim().split("\n").at(-1);
      reject(new CommandError(`${what}: \`${command}\` ${why === "" ? `ended with ${error.code}` : why}`));
    });
    child.stdin?.end();
  });
}
