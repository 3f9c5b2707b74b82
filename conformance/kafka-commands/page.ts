// docs/reference/cli.md names what differs, and which commands there are: it must be what the comparison knows, and the comparison must use it.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { kafkaCommands } from "../../packages/cli/src/kafka/main.ts";
import { differenceNames } from "./differences.ts";
import type { DifferenceName } from "./differences.ts";

const page = join(import.meta.dirname, "../../docs/reference/cli.md");

/** What the page and the comparison do not agree on, each in a sentence. `used` are the differences that steps showed. */
export async function pageProblems(used: ReadonlySet<DifferenceName>): Promise<string[]> {
  const [before = "", differences = ""] = (await readFile(page, "utf8")).split("## What differs");
  const named = [...differences.matchAll(/^- \*\*([^*]+)\*\*/gm)].map(([, name]) => name!);
  const rows = [...before.matchAll(/^\| `(kafka-[\w-]+)` \|/gm)].map(([, name]) => name!);
  const names: readonly string[] = differenceNames;
  return [
    ...named.filter((name) => !names.includes(name)).map((name) => `"${name}" is in the page alone`),
    ...names.filter((name) => !named.includes(name)).map((name) => `"${name}" is not in the page`),
    ...differenceNames.filter((name) => !used.has(name)).map((name) => `no step shows "${name}"`),
    ...Object.keys(kafkaCommands)
      .filter((name) => !rows.includes(name))
      .map((name) => `${name} has no row in the page`),
  ];
}
