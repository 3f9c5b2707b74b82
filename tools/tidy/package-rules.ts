// Rules about how packages and files depend on each other: layers, who may import whom, declared dependencies, cycles.
// What is allowed stands in tables.ts; here is only how it is found out.

import { isBuiltin } from "node:module";
import { posix } from "node:path";
import type { Finding } from "./rule.ts";
import type { Import, SourceFile } from "./source.ts";
import { layers, onlyImportedBy, openToTests, sealed, systemGlobals, systemModules } from "./tables.ts";
import { lineOf } from "./source.ts";
import type { Package, Tree } from "./tree.ts";

/** Every package has a row in the layers table and a README, and every row has a package. */
export function packagesAreKnown(tree: Tree): Finding[] {
  const findings: Finding[] = [];
  for (const { folder } of tree.packages) {
    const path = `packages/${folder}/package.json`;
    if (layers[folder] === undefined)
      findings.push({ path, line: 1, sentence: "has no layer in tools/tidy/tables.ts" });
    if (!tree.texts.has(`packages/${folder}/README.md`))
      findings.push({ path, line: 1, sentence: "has no README.md beside it" });
  }
  for (const folder of Object.keys(layers)) {
    if (tree.packages.some((each) => each.folder === folder)) continue;
    findings.push({
      path: "tools/tidy/tables.ts",
      line: 1,
      sentence: `has a layer for ${folder}, which is no package`,
    });
  }
  return findings;
}

/** Imports between packages go down the layers, by name, and never by a path out of the package. */
export function importsGoDown(tree: Tree): Finding[] {
  const byName = new Map(tree.packages.map((each) => [each.name, each]));
  return eachImport(tree, (from, file, { specifier, line }) => {
    const found = (sentence: string): Finding => ({ path: file.path, line, sentence });
    if (specifier.startsWith(".")) {
      const target = posix.join(posix.dirname(file.path), specifier);
      if (isTest(file) && openToTests.some((folder) => target.startsWith(folder))) return null;
      return target.startsWith(`packages/${from.folder}/`)
        ? null
        : found(`imports ${specifier}: other packages are imported by name`);
    }
    const to = byName.get(packageName(specifier));
    if (to === undefined || isTest(file)) return null;
    if (to === from) return found(`imports its own package as ${specifier}: use a relative path`);
    const fromLayer = layers[from.folder] ?? Infinity;
    const toLayer = layers[to.folder] ?? Infinity;
    if (toLayer >= fromLayer) {
      return found(`imports ${specifier}: ${from.folder} is layer ${fromLayer}, ${to.folder} is layer ${toLayer}`);
    }
    const importers = onlyImportedBy[to.folder];
    if (importers === undefined || importers.includes(from.folder)) return null;
    return found(`imports ${specifier}: only ${importers.join(" and ")} may`);
  });
}

/** What a package imports is in its package.json, and what is in there is imported. */
export function dependenciesAreDeclaredAndUsed(tree: Tree): Finding[] {
  const used = new Set<string>();
  const findings = eachImport(tree, (from, file, { specifier, line }) => {
    if (specifier.startsWith(".") || isBuiltin(specifier)) return null;
    const name = packageName(specifier);
    const test = isTest(file);
    used.add(`${from.folder} ${test ? "test" : "src"} ${name}`);
    if (from.dependencies.has(name)) return null;
    if (test && (from.devDependencies.has(name) || tree.rootDevDependencies.has(name) || name === from.name))
      return null;
    return {
      path: file.path,
      line,
      sentence: `imports ${name}, which packages/${from.folder}/package.json does not declare`,
    };
  });
  for (const { folder, dependencies, devDependencies } of tree.packages) {
    const path = `packages/${folder}/package.json`;
    for (const name of dependencies) {
      if (!used.has(`${folder} src ${name}`))
        findings.push({ path, line: 1, sentence: `declares ${name}, which nothing in it imports` });
    }
    for (const name of devDependencies) {
      if (!used.has(`${folder} test ${name}`))
        findings.push({ path, line: 1, sentence: `declares ${name} for tests, which none imports` });
    }
  }
  return findings;
}

/** Sealed packages take time, randomness, files and sockets as parameters. */
export function sealedPackagesStaySealed(tree: Tree): Finding[] {
  const findings: Finding[] = [];
  for (const { folder, files } of tree.packages) {
    const seal = sealed[folder];
    if (seal === undefined) continue;
    for (const file of files) {
      if (isTest(file) || seal.shell.includes(file.path)) continue;
      if (seal.modules) findings.push(...reachedModules(file));
      if (seal.globals) findings.push(...reachedGlobals(file));
    }
  }
  return findings;
}

function reachedModules(file: SourceFile): Finding[] {
  return file.imports
    .filter(({ specifier }) => systemModules.includes(specifier.split("/")[0]!))
    .map(({ specifier, line }) => ({ path: file.path, line, sentence: `imports ${specifier} in a sealed package` }));
}

function reachedGlobals(file: SourceFile): Finding[] {
  return systemGlobals.flatMap(([pattern, instead]) =>
    Array.from(file.code.matchAll(pattern), (match) => ({
      path: file.path,
      line: lineOf(file.code, match.index),
      sentence: `uses ${instead}`,
    })),
  );
}

/** No file imports itself, by however many steps. Types and import() do not count: they are not there while modules load. */
export function filesHaveNoCycles(tree: Tree): Finding[] {
  const files = new Map(tree.sources.map((file) => [file.path, file]));
  const done = new Set<string>();
  const findings: Finding[] = [];
  const visit = (file: SourceFile, trail: string[]): void => {
    const start = trail.indexOf(file.path);
    if (start !== -1) {
      const names = [...trail.slice(start), file.path].map((path) => posix.basename(path));
      findings.push({ path: file.path, line: 1, sentence: `is in a cycle: ${names.join(" -> ")}` });
    }
    if (start !== -1 || done.has(file.path)) return;
    trail.push(file.path);
    for (const { specifier, typeOnly, kind } of file.imports) {
      if (typeOnly || kind === "dynamic" || !specifier.startsWith(".")) continue;
      const target = files.get(posix.join(posix.dirname(file.path), specifier));
      if (target !== undefined) visit(target, trail);
    }
    trail.pop();
    done.add(file.path);
  };
  for (const file of tree.sources) visit(file, []);
  return findings;
}

function eachImport(tree: Tree, rule: (from: Package, file: SourceFile, found: Import) => Finding | null): Finding[] {
  return tree.packages.flatMap((from) =>
    from.files.flatMap((file) =>
      file.imports.map((found) => rule(from, file, found)).filter((finding) => finding !== null),
    ),
  );
}

/** Tests and benchmarks: what a package's users never load. */
function isTest(file: SourceFile): boolean {
  return !/^packages\/[^/]+\/(?:src|bin)\//.test(file.path);
}

function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
