// One command line that Apache Kafka's own class and ours are given. Lines are written as one types them: words between spaces, or between
// single quotes. Words that stand for something:
//   BROKER   the address of the cluster; so does localhost:9092, for lines that are known as they stand
//   NOBODY   an address where nobody listens
//   FOLDER   a folder for files, at the start of a path
//   SIDE     the one who runs it, in names: what changes the cluster is done once by each, on a topic or group of its own

import type { DifferenceName } from "./differences.ts";

export interface Step {
  readonly command: string;
  readonly line: string;
  /** What is typed into it. */
  readonly input?: string;
  /** Kafka's class ends its process by itself, so it gets a process of its own, and so does ours. */
  readonly alone?: boolean;
  /** It goes on until it is interrupted: once it has printed so many lines. */
  readonly interruptAfter?: number;
  /** The order of lines is no one's but that of a hash table. */
  readonly unordered?: boolean;
  /** What it prints are measurements. */
  readonly measured?: boolean;
  /** Run again until its output is like this: what Apache Kafka answers at once may be behind. */
  readonly until?: RegExp;
  /** The line that Kafka's class is given, where it does not know a spelling any more. */
  readonly kafkasLine?: string;
  /** What ours prints, or ends with, is another thing than Kafka's, for a reason that docs/reference/cli.md names. */
  readonly differs?: { readonly name: DifferenceName; readonly ours: RegExp };
}

export type StepOptions = Omit<Step, "command" | "line">;

/** Steps of one command, each line with the address of the cluster in front. */
export function connected(command: string, lines: readonly string[], options: StepOptions = {}): Step[] {
  return lines.map((line) => ({ command, line: `--bootstrap-server BROKER ${line}`.trim(), ...options }));
}

/** Steps of one command, each line as it is. */
export function plain(command: string, lines: readonly string[], options: StepOptions = {}): Step[] {
  return lines.map((line) => ({ command, line, ...options }));
}

export interface StepPlace {
  readonly bootstrap: string;
  readonly folder: string;
  readonly side: string;
}

const nobody = "127.0.0.1:1";

export function wordsOf(line: string, { bootstrap, folder, side }: StepPlace): string[] {
  const words = [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);
  return words.map((word) =>
    word
      .replaceAll(/BROKER|localhost:9092/g, bootstrap)
      .replaceAll("NOBODY", nobody)
      .replaceAll("FOLDER", folder)
      .replaceAll("SIDE", side),
  );
}
