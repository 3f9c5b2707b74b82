// How a command's answer leaves: as text for people, or as one document of JSON or YAML with the same field names whatever the cluster.
// Colours only on a terminal, and not when NO_COLOR is set.

import { styleText } from "node:util";
import type { CommandOption } from "../command-definition.ts";
import type { PeopleIo } from "./people-io.ts";
import type { Page } from "./table.ts";

export type OutputFormat = "table" | "json" | "yaml";

export interface OutputOptions {
  readonly output?: OutputFormat;
}

export const outputOption: CommandOption = {
  flags: "-o, --output <format>",
  summary: "table for people (the default), json or yaml for programs",
  choices: ["table", "json", "yaml"],
};

export interface Answer {
  /** Plain data; undefined fields are left out, unknown values are null. */
  readonly document: unknown;
  /** For people. Called only when it is to be a table. */
  lines(page: Page): readonly string[];
}

/** Writes the answer to stdout in the format asked for. */
export async function print(io: PeopleIo, { output = "table" }: OutputOptions, answer: Answer): Promise<void> {
  if (output === "table") for (const line of answer.lines(pageOf(io))) io.out(line);
  else if (output === "json") io.out(JSON.stringify(answer.document, null, 2));
  else {
    const { stringify } = await import("yaml");
    io.write(stringify(answer.document, { lineWidth: 0, aliasDuplicateObjects: false }));
  }
  await io.drained();
}

/** How wide stdout is, and whether it has colours. */
export function pageOf(io: PeopleIo): Page {
  const isTerminal = io.terminal.output;
  const isColoured = isTerminal && (io.env["NO_COLOR"] ?? "") === "" && io.env["TERM"] !== "dumb";
  return {
    width: isTerminal ? io.terminal.columns : Infinity,
    paint: isColoured ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text,
  };
}

/** For what is shown on stderr before a question: as wide as it needs, without colours. */
export function plainPage(io: PeopleIo): Page {
  return { width: io.terminal.status ? io.terminal.columns : Infinity, paint: (_, text) => text };
}
