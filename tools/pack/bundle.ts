// Joins the modules of a tarball into few files: some hundred modules take a tenth of a second to load, their bundle a fraction. What code imports
// when it needs it stays a file of its own. Names and lines stay readable, and the declarations stay where they were.

import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

export interface BundleOptions {
  /** The modules, as staged. Removed afterwards. */
  readonly modules: string;
  /** Where the files go, by the same paths. */
  readonly target: string;
  /** Paths below `modules`, of JavaScript. */
  readonly entries: readonly string[];
}

export async function bundle({ modules, target, entries }: BundleOptions): Promise<void> {
  await build({
    entryPoints: entries.map((entry) => join(modules, entry)),
    outbase: modules,
    outdir: target,
    bundle: true,
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    packages: "external",
    platform: "node",
    target: "node24",
    format: "esm",
    logLevel: "warning",
  });
  cpSync(modules, target, { recursive: true, filter: (path) => !path.endsWith(".js") && !path.endsWith(".json") });
  rmSync(modules, { recursive: true });
}
