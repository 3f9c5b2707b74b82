// Runs other programs to their end: installers, builds and suites. What they print is kept, up to a limit, for the failure's report.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants, setPriority } from "node:os";
import { delimiter, sep } from "node:path";
import { MissingProgramError } from "../tools/reference.ts";

export interface Command {
  program: string;
  words: string[];
  folder?: string;
  environment?: Record<string, string>;
  /** Gives way to other programs. */
  inBackground?: boolean;
}

export interface Ended {
  code: number | null;
  stdout: string;
  /** Both streams, as they came. */
  output: string;
}

const keptCharacters = 200_000;

/** Runs a command to its end, or kills it after `limitMs`. Throws MissingProgramError when the program is not on the PATH. */
export async function run(command: Command, limitMs: number): Promise<Ended> {
  const child = spawn(command.program, command.words, {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: command.folder,
    env: { ...systemEnvironment(), ...command.environment },
  });
  if (command.inBackground === true && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  const ended: Ended = { code: null, stdout: "", output: "" };
  const limit = setTimeout(() => child.kill("SIGKILL"), limitMs);
  child.stdout.on("data", (chunk: Buffer) => {
    ended.stdout = (ended.stdout + chunk.toString()).slice(-keptCharacters);
    ended.output = (ended.output + chunk.toString()).slice(-keptCharacters);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    ended.output = (ended.output + chunk.toString()).slice(-keptCharacters);
  });
  try {
    [ended.code] = (await once(child, "close")) as [number | null];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new MissingProgramError(`\`${command.program}\` is not on the PATH`);
  } finally {
    clearTimeout(limit);
  }
  return ended;
}

/** Runs an installer, in the background of the suites that run already; throws with the end of its output unless it ended with 0. */
export async function runInstaller(command: Command, limitMs: number): Promise<void> {
  const { code, output } = await run({ ...command, inBackground: true }, limitMs);
  if (code === 0) return;
  const line = [command.program, ...command.words].join(" ");
  throw new Error(`${line} ended with ${code}:\n${output.slice(-3000)}`);
}

/**
 * The environment without what `npm run` added: a client's own npm and Node must not find this project's Node, whose headers
 * an addon could not be compiled against.
 */
function systemEnvironment(): Record<string, string | undefined> {
  const entries = Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith("npm_"));
  const path = (process.env["PATH"] ?? "").split(delimiter);
  const own = path.filter((folder) => !folder.includes(`node_modules${sep}`));
  return { ...Object.fromEntries(entries), PATH: own.join(delimiter) };
}
