// Writes the reference pages that are generated from tables: `node tools/reference-pages.ts`. With `--check` nothing is written,
// and a page that differs from its table makes it exit 1. `npm run check` runs it so.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { renderApiPage } from "@ottla/broker/api-page.ts";
import { renderMetricsPage } from "@ottla/broker/metrics.ts";
import { renderConfigPage } from "@ottla/metadata/configs/config-page.ts";

interface Page {
  /** From the root of the tree. */
  readonly path: string;
  readonly render: () => string;
}

export const pages: readonly Page[] = [
  { path: "docs/reference/apis.md", render: renderApiPage },
  { path: "docs/reference/configs.md", render: renderConfigPage },
  { path: "docs/reference/metrics.md", render: renderMetricsPage },
];

/** The paths of pages whose content is not what their table says. */
export function stalePages(root: string, all: readonly Page[] = pages): string[] {
  return all.filter(({ path, render }) => read(`${root}/${path}`) !== render()).map(({ path }) => path);
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function main(root: string, checkOnly: boolean): void {
  const stale = stalePages(root);
  for (const path of stale) {
    if (!checkOnly) writeFileSync(`${root}/${path}`, pages.find((page) => page.path === path)!.render());
    console.log(checkOnly ? `${path} is not what its table says; run node tools/reference-pages.ts` : `wrote ${path}`);
  }
  if (checkOnly && stale.length > 0) process.exitCode = 1;
}

if (import.meta.main)
  main(fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, ""), process.argv.includes("--check"));
