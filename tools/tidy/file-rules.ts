// Rules about single files: a header, a length, a name that says something, no barrels, no traces of one machine,
// and links in the documentation that lead somewhere. Function lengths are oxlint's (max-lines-per-function).

import { posix } from "node:path";
import type { Finding } from "./rule.ts";
import { lineOf } from "./source.ts";
import { barrels, emptyNames, fileLines, longFiles, machineTraces } from "./tables.ts";
import type { Tree } from "./tree.ts";

/** A file opens with a comment that says what it is. */
export function filesOpenWithAHeader(tree: Tree): Finding[] {
  return tree.sources
    .filter((file) => !/^(?:#!.*\n)?\/[/*]/.test(file.text))
    .map(({ path }) => ({ path, line: 1, sentence: "does not open with a comment that says what it is" }));
}

/** No file is longer than the limit, unless tables.ts says why. */
export function filesAreShort(tree: Tree): Finding[] {
  const findings: Finding[] = [];
  for (const { path, text } of tree.sources) {
    const lines = countLines(text);
    if (lines > fileLines.tooLong && longFiles[path] === undefined) {
      findings.push({ path, line: fileLines.tooLong, sentence: `has ${lines} lines, more than ${fileLines.tooLong}` });
    }
    if (lines <= fileLines.tooLong && longFiles[path] !== undefined) {
      findings.push({ path, line: 1, sentence: "is allowed to be long in tools/tidy/tables.ts, but is not" });
    }
  }
  for (const path of Object.keys(longFiles)) {
    if (!tree.texts.has(path))
      findings.push({ path, line: 1, sentence: "is in tools/tidy/tables.ts, but not in the tree" });
  }
  return findings;
}

/** The files that are worth splitting before they grow on, longest first. */
export function longishFiles(tree: Tree): { path: string; lines: number }[] {
  return tree.sources
    .map(({ path, text }) => ({ path, lines: countLines(text) }))
    .filter(({ lines }) => lines > fileLines.worthALook)
    .sort((left, right) => right.lines - left.lines);
}

/** A name says what is inside. */
export function fileNamesSaySomething(tree: Tree): Finding[] {
  return tree.sources
    .filter(({ path }) => emptyNames.test(posix.basename(path)))
    .map(({ path }) => ({ path, line: 1, sentence: "has a name that does not say what is in it" }));
}

/** Only a package's index lists the exports of other files. */
export function onlyIndexesAreBarrels(tree: Tree): Finding[] {
  const findings: Finding[] = [];
  for (const { path, imports } of tree.sources) {
    if (!/^packages\/[^/]+\/src\//.test(path) || path.endsWith("/src/index.ts") || barrels[path] !== undefined)
      continue;
    const line = imports.find(({ kind }) => kind === "export")?.line;
    if (line !== undefined)
      findings.push({ path, line, sentence: "exports from another file: only a package's index does" });
  }
  return findings;
}

/** Nothing in the tree tells whose machine it was written on, or where that machine gets its packages. */
export function noTracesOfOneMachine(tree: Tree): Finding[] {
  const findings: Finding[] = [];
  for (const [path, text] of tree.texts) {
    const match = machineTraces.exec(text);
    if (match === null) continue;
    findings.push({
      path,
      line: lineOf(text, match.index),
      sentence: `contains ${match[0]}, which belongs to one machine`,
    });
  }
  return findings;
}

/** A relative link in a .md file leads to a file or folder of the tree. */
export function linksLeadSomewhere(tree: Tree): Finding[] {
  const findings: Finding[] = [];
  const paths = [...tree.texts.keys()];
  for (const [path, text] of tree.texts) {
    if (!path.endsWith(".md")) continue;
    for (const match of text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)) {
      const link = match[1]!;
      if (/^[a-z]+:/.test(link)) continue;
      const target = posix.join(posix.dirname(path), link).replace(/\/$/, "");
      if (tree.texts.has(target) || paths.some((each) => each.startsWith(`${target}/`))) continue;
      findings.push({ path, line: lineOf(text, match.index), sentence: `links to ${link}, which is not there` });
    }
  }
  return findings;
}

function countLines(text: string): number {
  return lineOf(text, text.length) - (text.endsWith("\n") ? 1 : 0);
}
