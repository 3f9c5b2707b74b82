// What --add-config, --add-config-file and --delete-config ask for. Pure, but for the file.

import { CommandFailure } from "../../command-failure.ts";
import { loadProperties } from "../../text/properties-text.ts";
import type { ConfigOptions } from "./options.ts";

export interface WantedChanges {
  readonly set: ReadonlyMap<string, string>;
  readonly remove: readonly string[];
}

/** @throws CommandFailure */
export async function wantedChanges(options: ConfigOptions): Promise<WantedChanges> {
  const file = options.text("add-config-file");
  const set = file === undefined ? parseAddedConfigs(options.text("add-config")) : await loadProperties(file);
  const wrong = [...set.keys()].find((name) => !/^[$a-zA-Z0-9._-]*$/.test(name));
  if (wrong !== undefined) throw new CommandFailure(`Invalid character found for config key: ${wrong}`);
  return { set, remove: options.texts("delete-config").map((name) => name.trim()) };
}

/** A comma or equals sign counts only outside of square brackets. */
const OUTSIDE = String.raw`(?=[^\]]*(?:\[|$))`;

/** `k1=v1,k2=[v1,v2]` @throws CommandFailure */
export function parseAddedConfigs(text: string | undefined): Map<string, string> {
  if (text === undefined) return new Map();
  const words = text.split(new RegExp(`,${OUTSIDE}`));
  // Java's split leaves out empty parts at the end.
  while (words.length > 1 && words.at(-1) === "") words.pop();
  const pairs = words.map((word) => word.split(new RegExp(String.raw`\s*=\s*${OUTSIDE}`)));
  if (pairs.some((pair) => pair.length !== 2)) {
    throw new CommandFailure(
      `requirement failed: Invalid entity config: all configs to be added must be in the format "key=val" or  "key=[val1,val2]" to group values which contain commas.`,
    );
  }
  return new Map(pairs.map(([name, value]) => [name!.trim(), value!.replaceAll(/\[?\]?/g, "").trim()]));
}
