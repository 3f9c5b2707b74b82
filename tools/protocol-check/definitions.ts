// Reads Apache Kafka's own message definitions: JSON files with comments, one folder per origin.
// The parsed form keeps what is on the wire or in the shape of a message; descriptions and Java hints are dropped.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One definition file. */
export interface Definition {
  /** Folder and file, as in "client/FetchRequest.json". */
  path: string;
  apiKey?: number;
  type: string;
  name: string;
  listeners?: string[];
  validVersions: string;
  flexibleVersions?: string;
  fields?: DefinedField[];
  commonStructs?: { name: string; versions: string; fields: DefinedField[] }[];
}

export interface DefinedField {
  name: string;
  type: string;
  versions?: string;
  nullableVersions?: string;
  taggedVersions?: string;
  flexibleVersions?: string;
  tag?: number;
  default?: string | number | boolean | null;
  ignorable?: boolean | string;
  fields?: DefinedField[];
}

/** Where the definitions lie beside a checkout of Ottla. They are Apache Kafka's and not part of it. */
export const definitionsFolder = join(import.meta.dirname, "../../../shared/kafka-protocol");

/** All definitions below `folder`, or null when there is no such folder. */
export function readDefinitions(folder: string): Definition[] | null {
  if (!existsSync(folder)) return null;
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".json"));
  return paths.sort().map((path) => {
    const content = JSON.parse(withoutComments(readFileSync(join(folder, path), "utf8"))) as Omit<Definition, "path">;
    return { path, ...content };
  });
}

// Strings are matched first so that "//" inside one is left alone.
function withoutComments(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, "$1");
}
