// The tree that the tidy rules look at: every text file of the repository, and the workspaces among them.
// Read once; the rules are pure functions over it, so a test plants its breach in a Map instead of on the disk.

import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { scanSource } from "./source.ts";
import type { SourceFile } from "./source.ts";

/** One folder below packages/. */
export interface Package {
  /** The name of its folder, which is how the layers table calls it. */
  readonly folder: string;
  /** The name in its package.json. */
  readonly name: string;
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
  readonly files: readonly SourceFile[];
}

export interface Tree {
  /** Every text file by path, relative with forward slashes. */
  readonly texts: ReadonlyMap<string, string>;
  /** Every .ts file, and the .js files of bin folders. */
  readonly sources: readonly SourceFile[];
  readonly packages: readonly Package[];
  readonly rootDevDependencies: ReadonlySet<string>;
}

const IGNORED_FOLDERS = new Set(["node_modules", ".git", ".cache", "data", "target"]);
const TEXT_ENDINGS = new Set(["", ".ts", ".js", ".json", ".md", ".xml", ".properties", ".sh", ".yml", ".yaml", ".txt"]);

/** Reads the text files below `root`. */
export function readTexts(root: string): Map<string, string> {
  const texts = new Map<string, string>();
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !IGNORED_FOLDERS.has(entry.name)) visit(path);
      if (entry.isFile() && TEXT_ENDINGS.has(extname(entry.name)))
        texts.set(path, readFileSync(join(root, path), "utf8"));
    }
  };
  visit("");
  return texts;
}

export function treeOf(texts: ReadonlyMap<string, string>): Tree {
  const sources: SourceFile[] = [];
  for (const [path, text] of texts) {
    if (path.endsWith(".ts") || /^packages\/[^/]+\/bin\/.*\.js$/.test(path)) sources.push(scanSource(path, text));
  }
  return {
    texts,
    sources,
    packages: packagesOf(texts, sources),
    rootDevDependencies: new Set(Object.keys(manifest(texts, "package.json").devDependencies ?? {})),
  };
}

interface Manifest {
  name?: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

function packagesOf(texts: ReadonlyMap<string, string>, sources: readonly SourceFile[]): Package[] {
  const packages: Package[] = [];
  for (const path of texts.keys()) {
    const folder = /^packages\/([^/]+)\/package\.json$/.exec(path)?.[1];
    if (folder === undefined) continue;
    const { name, dependencies, devDependencies } = manifest(texts, path);
    packages.push({
      folder,
      name: name ?? folder,
      dependencies: new Set(Object.keys(dependencies ?? {})),
      devDependencies: new Set(Object.keys(devDependencies ?? {})),
      files: sources.filter((file) => file.path.startsWith(`packages/${folder}/`)),
    });
  }
  return packages;
}

function manifest(texts: ReadonlyMap<string, string>, path: string): Manifest {
  const text = texts.get(path);
  return text === undefined ? {} : (JSON.parse(text) as Manifest);
}
