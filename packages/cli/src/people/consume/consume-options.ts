// What `ottla consume` can be told, and what of it contradicts itself.

import { CommandError, UsageError } from "../../command-error.ts";
import type { CommandBody, CommandCall, CommandOption } from "../../command-definition.ts";
import { connectionOptions } from "../connect.ts";
import type { ConnectionFlags } from "../connect.ts";
import { renderOptions } from "../record-output.ts";
import type { RenderFlags } from "../record-output.ts";
import { parseTime } from "../times.ts";
import { wholeNumber } from "../words.ts";
import type { StartPlace } from "./record-ranges.ts";

/** Which records are read. */
export interface RangeFlags {
  readonly from?: StartPlace;
  readonly since?: number;
  readonly until?: number;
  readonly partition?: readonly number[];
  readonly isolation?: "read_committed" | "read_uncommitted";
}

export interface ConsumeFlags extends ConnectionFlags, RenderFlags, RangeFlags {
  readonly exit?: true;
  readonly max?: number;
  readonly group?: string;
  readonly grep?: RegExp;
}

export const rangeOptions: readonly CommandOption[] = [
  {
    flags: "--since <time>",
    summary: "from the first record of that time on: 10m (ago), 2026-11-21, 2026-11-21T10:30Z, milliseconds since 1970",
    parse: parsePresentTime,
  },
  {
    flags: "--until <time>",
    summary: "up to the first record of that time, without it; a time to come is waited for",
    parse: parsePresentTime,
  },
  {
    flags: "-p, --partition <numbers>",
    summary: "only these, such as 0,2,5-7; may be given again",
    parse: collectNumbers,
  },
  {
    flags: "--isolation <level>",
    summary: "whether records of open and aborted transactions are left out (read_committed)",
    choices: ["read_committed", "read_uncommitted"],
  },
];

export const fromOption: CommandOption = {
  flags: "--from <place>",
  summary: "in each partition: beginning, end, an offset, or -10 for the last 10 offsets",
  parse: parsePlace,
};

const options: readonly CommandOption[] = [
  fromOption,
  ...rangeOptions,
  { flags: "-e, --exit", summary: "end after what was there at the beginning" },
  { flags: "-c, --max <count>", summary: "end after so many records shown", parse: wholeNumber(1) },
  {
    flags: "--grep <pattern>",
    summary: "only records whose key or value matches the regular expression",
    parse: parsePattern,
  },
  {
    flags: "-g, --group <name>",
    summary: "read as a member of this group: from its committed offsets on, which it commits",
    completedBy: "groups",
  },
  ...renderOptions,
  ...connectionOptions,
];

export const consumeCommand: CommandBody = {
  arguments: [{ flags: "<topic...>", summary: "topics, or patterns such as 'orders-*'", completedBy: "topics" }],
  options,
  details: `It begins at the beginning, a group without committed offsets too, and goes on until Ctrl-C unless --exit, --until or --max says
otherwise. On a terminal each record is a line with time, place, key and value; else bare values. Escapes of
--format: \\n \\t \\r \\xNN. A key or value that is not of the format asked for is shown as text, and the exit code is then 1.`,
  examples: [
    "ottla consume orders --since 10m --grep error",
    "ottla consume orders --from -10 --exit -f '%p %o %k: %s\\n'",
    "ottla consume 'orders-*' --group audit --exit -o jsonl",
  ],
  run: async (call: CommandCall<ConsumeFlags>) => await (await import("./consume.ts")).consume(call),
};

/** @throws UsageError */
export function checkRange(flags: RangeFlags): void {
  if (flags.from !== undefined && flags.since !== undefined) {
    throw new UsageError("--from and --since cannot go together: both say where to begin");
  }
}

/** @throws UsageError */
export function checkFlags(flags: ConsumeFlags): void {
  checkRange(flags);
  if (flags.group === undefined) return;
  if (flags.group === "") throw new UsageError("--group is empty");
  for (const name of ["since", "until", "partition"] as const) {
    if (flags[name] !== undefined) {
      throw new UsageError(`--${name} and --group cannot go together: what a member reads is its group's matter`);
    }
  }
  if (flags.from !== undefined && flags.from.kind !== "beginning" && flags.from.kind !== "end") {
    throw new UsageError("with --group, --from is beginning or end: where a group begins that has committed nothing");
  }
}

export function startOf({ from, since }: RangeFlags): StartPlace {
  return since === undefined ? (from ?? { kind: "beginning" }) : { kind: "time", timestampMs: since };
}

function parsePresentTime(text: string): number {
  return parseTime(text, Date.now());
}

/** @throws CommandError */
export function parsePlace(text: string): StartPlace {
  if (text === "beginning" || text === "end") return { kind: text };
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return { kind: "offset", offset: number };
  if (/^-\d+$/.test(text) && Number.isSafeInteger(number)) return { kind: "back", count: -number };
  throw new CommandError(`${text} is no place: write beginning, end, an offset, or -10 for the last 10`);
}

/** `0,2,5-7`, added to those of before. @throws CommandError */
export function collectNumbers(text: string, previous: unknown): number[] {
  const numbers = text.split(",").flatMap((part) => {
    const [, first, last] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part) ?? [];
    const from = Number(first);
    const to = Number(last ?? first);
    if (first === undefined || to < from) throw new CommandError(`${text} is no list of partitions, such as 0,2,5-7`);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
  return [...((previous as number[] | undefined) ?? []), ...numbers];
}

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
}
