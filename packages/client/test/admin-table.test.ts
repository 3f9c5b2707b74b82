// docs/reference/client-admin.md against the code: every method of Admin is in its table, and every test that it names exists.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Admin } from "../src/admin/admin.ts";
import { AdminLifecycle } from "../src/admin/admin-lifecycle.ts";

const page = readFileSync(new URL("../../../docs/reference/client-admin.md", import.meta.url), "utf8");
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| Java") && !line.startsWith("| behaviour"))
  .map((line) => line.split("|").map((cell) => cell.trim()));

/** Private ones: what they are for is in the others. */
const inner = ["constructor", "run", "closeWithin"];

test("every method of Admin is in the table, and every method in the table is one of Admin's", () => {
  const methods = [Admin.prototype, AdminLifecycle.prototype]
    .flatMap((prototype) => Object.getOwnPropertyNames(prototype))
    .filter((name) => !inner.includes(name));
  const told = rows.flatMap((cells) => /^`(\w+)`/.exec(cells.length > 4 ? cells[2]! : "")?.[1] ?? []);
  assert.deepEqual(told.sort(), methods.sort());
});

test("every test that the page names exists", () => {
  const named = rows.map((cells) => cells.at(-2)!).filter((cell) => cell.startsWith("admin-"));
  assert.equal(named.length > 70, true);
  for (const cell of named) {
    const [, file, title] = /^([a-z-]+): (.*)$/.exec(cell)!;
    const text = readFileSync(new URL(`${file}.test.ts`, import.meta.url), "utf8");
    assert.equal(text.includes(`test("${title}"`), true, cell);
  }
});
