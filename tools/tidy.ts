// Keeps the tree in the shape that ARCHITECTURE.md describes: `node tools/tidy.ts` prints every breach and exits 1 if there is one.
// The rules are pure functions over the tree (tools/tidy/*-rules.ts), what they allow is data (tools/tidy/tables.ts).
// Not here: types (tsc), faults inside a function and its length (oxlint), layout (oxfmt). `npm run check` runs all of them.

import { fileURLToPath } from "node:url";
import {
  fileNamesSaySomething,
  filesAreShort,
  filesOpenWithAHeader,
  linksLeadSomewhere,
  longishFiles,
  noTracesOfOneMachine,
  onlyIndexesAreBarrels,
} from "./tidy/file-rules.ts";
import {
  dependenciesAreDeclaredAndUsed,
  filesHaveNoCycles,
  importsGoDown,
  packagesAreKnown,
  sealedPackagesStaySealed,
} from "./tidy/package-rules.ts";
import type { Finding, Rule } from "./tidy/rule.ts";
import { fileLines } from "./tidy/tables.ts";
import { readTexts, treeOf } from "./tidy/tree.ts";
import type { Tree } from "./tidy/tree.ts";

export const rules: readonly Rule[] = [
  packagesAreKnown,
  importsGoDown,
  dependenciesAreDeclaredAndUsed,
  sealedPackagesStaySealed,
  filesHaveNoCycles,
  filesOpenWithAHeader,
  filesAreShort,
  fileNamesSaySomething,
  onlyIndexesAreBarrels,
  noTracesOfOneMachine,
  linksLeadSomewhere,
];

/** Every breach of every rule, in the order of the rules. */
export function tidy(tree: Tree): Finding[] {
  return rules.flatMap((rule) => rule(tree));
}

function main(root: string): void {
  const tree = treeOf(readTexts(root));
  const findings = tidy(tree);
  for (const { path, line, sentence } of findings) console.log(`${path}:${line} ${sentence}`);
  const longish = longishFiles(tree);
  console.log(`tidy: ${findings.length} breaches in ${tree.sources.length} files of ${tree.packages.length} packages`);
  if (longish.length > 0) {
    const names = longish.map(({ path, lines }) => `${path} ${lines}`);
    console.log(`over ${fileLines.worthALook} lines, worth a look: ${names.join(", ")}`);
  }
  if (findings.length > 0) process.exitCode = 1;
}

if (import.meta.main) main(process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url)));
