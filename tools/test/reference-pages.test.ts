// The check of generated pages: a page that differs from its table, or is missing, is named.

import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pages, stalePages } from "../reference-pages.ts";

test("stale and missing pages are named, others are not", () => {
  const root = mkdtempSync(join(tmpdir(), "pages-"));
  try {
    writeFileSync(join(root, "same.md"), "text");
    writeFileSync(join(root, "stale.md"), "old text");
    const page = (path: string) => ({ path, render: () => "text" });
    assert.deepEqual(stalePages(root, [page("same.md"), page("stale.md"), page("missing.md")]), [
      "stale.md",
      "missing.md",
    ]);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("the page of configs says of each its type, default, bounds and what overrides it", () => {
  const page = pages.find(({ path }) => path === "docs/reference/configs.md")!.render();
  assert.match(
    page,
    /### num\.partitions\n\n.+\n\ntype int; default `1`; values \[1,\.\.\.\]; importance medium; update mode read-only\n/,
  );
  assert.match(
    page,
    /### retention\.ms\n\n.+\n\ntype long; .*broker configs `log\.retention\.ms`, `log\.retention\.minutes`, `log\.retention\.hours`\n/,
  );
});
