// Lays out one tarball: lib/<package>/src/… with the entries and what they reach, a package.json for users, README and LICENSE.
// Imports of our own packages by name become relative ones; those of others stay and become the tarball's dependencies.

import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import { bundle } from "./bundle.ts";

/** Below the staged folder: single modules, until they are bundled. */
const MODULES = "modules";

export interface Product {
  /** Folder under packages/, and under lib/ in the tarball. */
  readonly workspace: string;
  readonly description: string;
}

/** What is published. */
export const products: readonly Product[] = [
  { workspace: "client", description: "The Kafka client for Node: producer, consumer, admin" },
  { workspace: "testkit", description: "A real Kafka broker inside your tests, with faults on demand" },
  { workspace: "cli", description: "Apache Kafka's world in one command: broker and command line" },
];

interface Manifest {
  name: string;
  version: string;
  license: string;
  exports?: Record<string, string>;
  bin?: Record<string, string>;
  dependencies?: Record<string, string>;
}

interface StageOptions {
  readonly root: string;
  /** Where the compiler left the declarations, as packages/<name>/src/….d.ts. */
  readonly declared: string;
  readonly folder: string;
  readonly product: Product;
}

/** Writes the staged folder. */
export async function stage(options: StageOptions): Promise<void> {
  const { root, folder, product } = options;
  const manifest = manifestOf(root, product.workspace);
  const exported = Object.entries(manifest.exports ?? {});
  const bins = Object.values(manifest.bin ?? {});
  const copy = new Copy(options);
  for (const [, path] of exported) copy.module(join(product.workspace, path));
  for (const path of bins) copy.launcher(join(product.workspace, path));
  await bundle({
    modules: join(folder, MODULES),
    target: join(folder, "lib"),
    entries: [...exported.map(([, path]) => path), ...bins].map((path) => join(product.workspace, compiled(path))),
  });
  const reached = [...copy.workspaces].map((workspace) => manifestOf(root, workspace));
  const users = {
    name: manifest.name,
    version: manifest.version,
    description: product.description,
    license: manifest.license,
    type: "module",
    engines: { node: ">=24" },
    ...(exported.length === 0
      ? {}
      : { exports: Object.fromEntries(exported.map(([name, path]) => [name, entry(product.workspace, path)])) }),
    ...(bins.length === 0
      ? {}
      : {
          bin: Object.fromEntries(
            Object.entries(manifest.bin!).map(([name, path]) => [name, `lib/${product.workspace}/${clean(path)}`]),
          ),
        }),
    files: ["lib"],
    dependencies: foreignDependencies(reached),
  };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(users, null, 2)}\n`);
  copyFileSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  copyFileSync(join(root, "packages", product.workspace, "README.md"), join(folder, "README.md"));
}

function manifestOf(root: string, workspace: string): Manifest {
  return JSON.parse(readFileSync(join(root, "packages", workspace, "package.json"), "utf8")) as Manifest;
}

function clean(path: string): string {
  return path.replace(/^\.\//, "");
}

function compiled(path: string): string {
  return clean(path).replace(/\.ts$/, ".js");
}

/** Types that the compiler inferred are imported by the names of the modules to be. */
function source(path: string): string {
  return path.replace(/\.js$/, ".ts");
}

function entry(workspace: string, path: string): { types: string; default: string } {
  const file = `./lib/${workspace}/${compiled(path)}`;
  return { types: file.replace(/\.js$/, ".d.ts"), default: file };
}

function foreignDependencies(manifests: readonly Manifest[]): Record<string, string> {
  const all = manifests.flatMap((manifest) => Object.entries(manifest.dependencies ?? {}));
  return Object.fromEntries(all.filter(([name]) => !name.startsWith("@ottla/") && name !== "ottla"));
}

/** `from "x"`, `import "x"`, `import("x")`, in code and in declarations. */
const SPECIFIERS = /(\bfrom\s*|\bimport\s*\(?\s*)(["'])([^"'\n]+)\2/g;

class Copy {
  readonly workspaces = new Set<string>();
  private readonly done = new Set<string>();
  private readonly options: StageOptions;

  constructor(options: StageOptions) {
    this.options = options;
  }

  /** Copies a module with its declarations, and all that they import. `path` is <package>/src/….ts. */
  module(path: string): void {
    if (this.done.has(path)) return;
    this.done.add(path);
    const workspace = path.split(sep)[0]!;
    this.workspaces.add(workspace);
    if (path.endsWith(".json")) return this.manifest(workspace, path);
    if (existsSync(join(this.options.root, "packages", compiled(path)))) return this.launcher(compiled(path));
    const typed = readFileSync(join(this.options.root, "packages", path), "utf8");
    this.write(compiled(path), this.rewritten(path, stripTypeScriptTypes(typed)));
    const declarations = path.replace(/\.ts$/, ".d.ts");
    const declared = readFileSync(join(this.options.declared, "packages", declarations), "utf8");
    this.write(declarations, this.rewritten(path, declared));
  }

  /** A launcher is JavaScript already; only what it imports has types to be taken away. */
  launcher(path: string): void {
    const text = readFileSync(join(this.options.root, "packages", path), "utf8");
    this.write(path, this.rewritten(path, text));
  }

  /** A package.json that code imports: its name and version are all that is looked at. */
  private manifest(workspace: string, path: string): void {
    const { name, version, license } = manifestOf(this.options.root, workspace);
    this.write(path, `${JSON.stringify({ name, version, license, type: "module" })}\n`);
  }

  private rewritten(file: string, text: string): string {
    return text.replaceAll(SPECIFIERS, (whole, before: string, quote: string, specifier: string) => {
      const target = this.resolve(file, specifier);
      if (target === null) return whole;
      this.module(target);
      const path = compiled(relative(dirname(file), target).split(sep).join("/"));
      return `${before}${quote}${path.startsWith(".") ? path : `./${path}`}${quote}`;
    });
  }

  /** The module behind a specifier as <package>/src/….ts, or null when it is somebody else's. */
  private resolve(file: string, specifier: string): string | null {
    if (specifier.startsWith(".")) return source(relative("/", resolve("/", dirname(file), specifier)));
    const match = /^@ottla\/([\w-]+)(?:\/(.+))?$/.exec(specifier);
    if (match === null) return null;
    const workspace = match[1]!;
    const subpath = match[2] === undefined ? "." : `./${match[2]}`;
    return source(join(workspace, exportedPath(manifestOf(this.options.root, workspace), subpath)));
  }

  private write(path: string, text: string): void {
    const target = join(this.options.folder, MODULES, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}

/** What the exports map of a workspace says of a subpath, patterns included. */
function exportedPath(manifest: Manifest, subpath: string): string {
  const exported = manifest.exports ?? {};
  const exact = exported[subpath];
  if (exact !== undefined) return exact;
  for (const [pattern, path] of Object.entries(exported)) {
    const prefix = pattern.replace(/\*$/, "");
    if (pattern.endsWith("*") && subpath.startsWith(prefix)) return path.replace("*", subpath.slice(prefix.length));
  }
  throw new Error(`${manifest.name} does not export ${subpath}`);
}
