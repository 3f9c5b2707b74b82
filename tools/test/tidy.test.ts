// Every tidy rule against a breach that is planted for it in an otherwise clean tree, held in memory.
// The one rule on sizes that is oxlint's (function length) is tested with the project's own configuration.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { blank, scanSource } from "../tidy/source.ts";
import { layers } from "../tidy/tables.ts";
import { readTexts, treeOf } from "../tidy/tree.ts";
import { tidy } from "../tidy.ts";

// Put together here, so that this file does not contain what the rule looks for.
const oneMachine = ["", "root", ""].join("/");
const registryHost = ["registry", "npmjs"].join(".");
const root = fileURLToPath(new URL("../..", import.meta.url));

/** A clean tree with every package of the layers table, each with one file. */
function cleanTree(): Map<string, string> {
  const texts = new Map([["package.json", JSON.stringify({ devDependencies: { kafkajs: "1" } })]]);
  for (const folder of Object.keys(layers)) {
    texts.set(`packages/${folder}/package.json`, JSON.stringify({ name: `@ottla/${folder}` }));
    texts.set(`packages/${folder}/README.md`, "What it is.\n");
    texts.set(`packages/${folder}/src/index.ts`, "// The package's exports.\nexport const nothing = null;\n");
  }
  return texts;
}

function declare(texts: Map<string, string>, folder: string, fields: object): void {
  texts.set(`packages/${folder}/package.json`, JSON.stringify({ name: `@ottla/${folder}`, ...fields }));
}

function findingsOf(texts: Map<string, string>): string[] {
  return tidy(treeOf(texts)).map(({ path, line, sentence }) => `${path}:${line} ${sentence}`);
}

/** A file of a package with these lines below its header; returns the clean tree with it. */
function withFile(path: string, ...lines: string[]): Map<string, string> {
  return cleanTree().set(path, `// A header.\n${lines.join("\n")}\n`);
}

test("a clean tree has no findings", () => {
  assert.deepEqual(findingsOf(cleanTree()), []);
});

const breaches: { name: string; texts: () => Map<string, string>; finding: string }[] = [
  {
    name: "a package without a layer",
    texts: () => cleanTree().set("packages/extra/package.json", "{}").set("packages/extra/README.md", ""),
    finding: "packages/extra/package.json:1 has no layer in tools/tidy/tables.ts",
  },
  {
    name: "a package without a README",
    texts() {
      const texts = cleanTree();
      texts.delete("packages/net/README.md");
      return texts;
    },
    finding: "packages/net/package.json:1 has no README.md beside it",
  },
  {
    name: "a layer without a package",
    texts() {
      const texts = cleanTree();
      for (const path of texts.keys()) if (path.startsWith("packages/net/")) texts.delete(path);
      return texts;
    },
    finding: "tools/tidy/tables.ts:1 has a layer for net, which is no package",
  },
  {
    name: "an import up the layers",
    texts() {
      const texts = withFile("packages/base/src/up.ts", 'import type { Thing } from "@ottla/protocol";');
      declare(texts, "base", { dependencies: { "@ottla/protocol": "1" } });
      return texts;
    },
    finding: "packages/base/src/up.ts:2 imports @ottla/protocol: base is layer 0, protocol is layer 1",
  },
  {
    name: "an import of a deep path of an equal layer, by import()",
    texts() {
      const texts = withFile("packages/net/src/side.ts", 'const lazy = () => import("@ottla/storage/src/log.ts");');
      declare(texts, "net", { dependencies: { "@ottla/storage": "1" } });
      return texts;
    },
    finding: "packages/net/src/side.ts:2 imports @ottla/storage/src/log.ts: net is layer 2, storage is layer 2",
  },
  {
    name: "a relative path into another package",
    texts: () => withFile("packages/net/src/path.ts", 'import { a } from "../../base/src/index.ts";'),
    finding: "packages/net/src/path.ts:2 imports ../../base/src/index.ts: other packages are imported by name",
  },
  {
    name: "an import of the own package by name",
    texts() {
      const texts = withFile("packages/net/src/own.ts", "", 'import { nothing } from "@ottla/net";');
      declare(texts, "net", { dependencies: { "@ottla/net": "1" } });
      return texts;
    },
    finding: "packages/net/src/own.ts:3 imports its own package as @ottla/net: use a relative path",
  },
  {
    name: "an import that is not declared",
    texts: () => withFile("packages/cli/src/use.ts", 'import {\n  one,\n} from "commander";'),
    finding: "packages/cli/src/use.ts:2 imports commander, which packages/cli/package.json does not declare",
  },
  {
    name: "a root devDependency outside tests",
    texts: () => withFile("packages/cli/src/use.ts", 'import { Kafka } from "kafkajs";'),
    finding: "packages/cli/src/use.ts:2 imports kafkajs, which packages/cli/package.json does not declare",
  },
  {
    name: "a dependency that only a comment and a string mention",
    texts() {
      const texts = withFile(
        "packages/cli/src/use.ts",
        '// import { a } from "pino";',
        "const text = `import 'pino'`;",
      );
      declare(texts, "cli", { dependencies: { pino: "1" } });
      return texts;
    },
    finding: "packages/cli/package.json:1 declares pino, which nothing in it imports",
  },
  {
    name: "a devDependency that no test imports",
    texts() {
      const texts = cleanTree();
      declare(texts, "cli", { devDependencies: { leftover: "1" } });
      return texts;
    },
    finding: "packages/cli/package.json:1 declares leftover for tests, which none imports",
  },
  {
    name: "files in a sealed package",
    texts: () => withFile("packages/metadata/src/read.ts", 'import { readFile } from "node:fs/promises";'),
    finding: "packages/metadata/src/read.ts:2 imports node:fs/promises in a sealed package",
  },
  {
    name: "sockets in a sealed package",
    texts: () => withFile("packages/protocol/src/dial.ts", 'import { connect } from "node:net";'),
    finding: "packages/protocol/src/dial.ts:2 imports node:net in a sealed package",
  },
  {
    name: "the wall clock in a sealed package",
    texts: () => withFile("packages/storage/src/now.ts", "export const now = () => Date.now();"),
    finding: "packages/storage/src/now.ts:2 uses Date: take a Clock",
  },
  {
    name: "a timer in a sealed package",
    texts: () => withFile("packages/net/src/wait.ts", "setTimeout(() => {}, 1);"),
    finding: "packages/net/src/wait.ts:2 uses a timer: take a Clock and use schedule()",
  },
  {
    name: "a stopwatch in a sealed package",
    texts: () => withFile("packages/base/src/watch.ts", "export const start = performance.now();"),
    finding: "packages/base/src/watch.ts:2 uses a stopwatch: take a Clock and use monotonicMs()",
  },
  {
    name: "randomness in a sealed package",
    texts: () => withFile("packages/base/src/dice.ts", "export const dice = () => Math.random();"),
    finding: "packages/base/src/dice.ts:2 uses randomness: take a Random",
  },
  {
    name: "a cycle of files",
    texts: () =>
      withFile("packages/base/src/one.ts", 'import { two } from "./two.ts";').set(
        "packages/base/src/two.ts",
        '// A header.\nimport { one } from "./one.ts";\n',
      ),
    finding: "packages/base/src/one.ts:1 is in a cycle: one.ts -> two.ts -> one.ts",
  },
  {
    name: "a file without a header",
    texts: () => cleanTree().set("tools/bare.ts", "export const bare = 1;\n"),
    finding: "tools/bare.ts:1 does not open with a comment that says what it is",
  },
  {
    name: "a file that is too long",
    texts: () => withFile("packages/base/src/long.ts", ...Array.from({ length: 500 }, () => "//")),
    finding: "packages/base/src/long.ts:500 has 501 lines, more than 500",
  },
  {
    name: "a name that says nothing",
    texts: () => withFile("packages/base/src/string-utils.ts"),
    finding: "packages/base/src/string-utils.ts:1 has a name that does not say what is in it",
  },
  {
    name: "a barrel",
    texts: () => withFile("packages/base/src/all.ts", 'export * from "./index.ts";'),
    finding: "packages/base/src/all.ts:2 exports from another file: only a package's index does",
  },
  {
    name: "a folder of one machine",
    texts: () => cleanTree().set("docs/notes.md", `Run it in\n${oneMachine}ottla\n`),
    finding: `docs/notes.md:2 contains ${oneMachine}, which belongs to one machine`,
  },
  {
    name: "the host of a package registry",
    texts: () => cleanTree().set(".npmrc", `registry=https://${registryHost}.org\n`),
    finding: `.npmrc:1 contains ${registryHost}, which belongs to one machine`,
  },
  {
    name: "a link that leads nowhere",
    texts: () => cleanTree().set("docs/page.md", "See [this](./missing.md#part) and [that](../packages/base/).\n"),
    finding: "docs/page.md:1 links to ./missing.md, which is not there",
  },
];

for (const { name, texts, finding } of breaches) {
  test(`${name} is found, and nothing else`, () => {
    assert.deepEqual(findingsOf(texts()), [finding]);
  });
}

test("types, lazy imports and tests may do what running code may not", () => {
  const texts = withFile("packages/base/src/one.ts", 'import type { two } from "./two.ts";');
  texts.set("packages/base/src/two.ts", '// A header.\nimport { one } from "./one.ts";\nimport("./three.ts");\n');
  texts.set("packages/base/src/three.ts", '// A header.\nimport "./two.ts";\n');
  texts.set(
    "packages/base/test/all.test.ts",
    '// A header.\nimport "kafkajs";\nimport "@ottla/base";\nimport "../../../tools/a.ts";\nDate.now();\n',
  );
  texts.set("tools/a.ts", "// A header.\n");
  assert.deepEqual(findingsOf(texts), []);
});

const scans: { text: string; code: string }[] = [
  { text: 'a("b // c"); // d', code: 'a("      ");     ' },
  { text: "a /* b\n' */ + 1", code: "a     \n  */ + 1" },
  { text: "`x ${ f(`y ${1}`, '}') } z` + 1", code: "`  ${ f(`  ${1}`, ' ') }  ` + 1" },
  { text: "x = /[/\"']/g; y = a / b / c", code: "x = /     /g; y = a / b / c" },
  { text: "return /'/.test(a)", code: "return / /.test(a)" },
];

for (const { text, code } of scans) {
  test(`${JSON.stringify(text)} is blanked to its code`, () => {
    assert.equal(blank(text).trimEnd(), code.trimEnd());
    assert.equal(blank(text).length, text.length);
  });
}

test("every form of import is seen with its line and kind", () => {
  const { imports } = scanSource(
    "a.ts",
    [
      'import a, { b } from "one";',
      'import type { C } from "two";',
      'import {\n  d,\n} from "three";',
      'import "four";',
      'export { e } from "five";',
      'export type { F } from "six";',
      'const g = await import("seven");',
      'const j = require("ten") as typeof import("ten");',
      'type H = typeof import("eight");',
      'import * as i from "nine";',
      'createRequire(import.meta.url)("eleven");',
    ].join("\n"),
  );
  assert.deepEqual(
    imports.map(({ specifier, line, kind, typeOnly }) => `${specifier} ${line} ${kind}${typeOnly ? " type" : ""}`),
    [
      "one 1 import",
      "two 2 import type",
      "three 3 import",
      "five 7 export",
      "six 8 export type",
      "nine 12 import",
      "four 6 import",
      "seven 9 dynamic",
      "ten 10 dynamic",
      "ten 10 dynamic type",
      "eight 11 dynamic type",
      "eleven 13 dynamic",
    ],
  );
});

test("the files of a folder are read without what is not part of the tree", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "ottla-tidy-"));
  context.after(() => rmSync(folder, { recursive: true }));
  for (const path of ["src", "node_modules/x", "data"]) mkdirSync(join(folder, path), { recursive: true });
  for (const path of ["src/a.ts", "node_modules/x/b.ts", "data/c.json", "LICENSE", "d.bin"])
    writeFileSync(join(folder, path), path);
  assert.deepEqual(
    [...readTexts(folder)].sort((left, right) => left[0].localeCompare(right[0])),
    [
      ["LICENSE", "LICENSE"],
      ["src/a.ts", "src/a.ts"],
    ],
  );
});

test("oxlint refuses a function of more than 70 lines, and takes one of 70", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "ottla-lint-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const ofLines = (name: string, lines: number): string =>
    `export function ${name}(a: number): number {\n${"  a += 1;\n".repeat(lines - 3)}  return a;\n}\n`;
  writeFileSync(join(folder, "a.ts"), ofLines("fits", 70) + ofLines("tooLong", 71));
  const result = spawnSync(
    process.execPath,
    [join(root, "node_modules/oxlint/bin/oxlint"), "-c", join(root, ".oxlintrc.json"), "-f", "unix", folder],
    { encoding: "utf8" },
  );
  assert.match(result.stdout, /tooLong.*71.*max-lines-per-function/);
  assert.doesNotMatch(result.stdout, /fits/);
  assert.equal(result.status, 1);
});
