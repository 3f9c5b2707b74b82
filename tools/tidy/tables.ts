// What the tidy rules enforce, as data: the layers of the packages, what each may not reach, limits and their exceptions.
// An exception carries its reason, and the rules complain about an exception that is no longer needed.

/** A package imports only packages of a lower layer. Equal layers never import each other. */
export const layers: Readonly<Record<string, number>> = {
  base: 0,
  protocol: 1,
  net: 2,
  storage: 2,
  metadata: 3,
  coordinator: 3,
  client: 3,
  broker: 4,
  cli: 7,
  testkit: 8,
};

/** Packages that only the named ones may import, whatever the layers say. */
export const onlyImportedBy: Readonly<Record<string, readonly string[]>> = {
  broker: ["cli", "testkit"],
};

/** Where tests and benchmarks may reach by a relative path: what serves tests and is no part of a package. */
export const openToTests = ["tools/", "packages/testkit/captures/"];

/** What reaches the operating system: time, randomness and files are parameters below the shell. */
export const systemModules = [
  "node:child_process",
  "node:dgram",
  "node:dns",
  "node:fs",
  "node:http",
  "node:http2",
  "node:https",
  "node:net",
  "node:os",
  "node:perf_hooks",
  "node:timers",
  "node:tls",
  "node:worker_threads",
];

/** Names of code that ask the system for time or randomness, each with what to use instead. */
export const systemGlobals: readonly (readonly [RegExp, string])[] = [
  [/\bnew\s+Date\b|(?<![.\w$])Date\s*[.(]/g, "Date: take a Clock"],
  [/(?<![.\w$])(?:setTimeout|setInterval|setImmediate)\b/g, "a timer: take a Clock and use schedule()"],
  [/(?<![.\w$])performance\s*\.\s*now\b|\bprocess\s*\.\s*hrtime\b/g, "a stopwatch: take a Clock and use monotonicMs()"],
  [/\bMath\s*\.\s*random\b|\brandom(?:Bytes|UUID|FillSync|Int)\s*\(|\bgetRandomValues\b/g, "randomness: take a Random"],
];

/** Which packages may not reach the system, and the files of theirs that are the shell. */
export const sealed: Readonly<Record<string, { modules: boolean; globals: boolean; shell: readonly string[] }>> = {
  base: { modules: true, globals: true, shell: [] },
  protocol: { modules: true, globals: true, shell: [] },
  metadata: { modules: true, globals: true, shell: [] },
  coordinator: { modules: true, globals: true, shell: [] },
  storage: { modules: true, globals: true, shell: ["packages/storage/src/disk-file-system.ts"] },
  client: { modules: false, globals: true, shell: ["packages/client/src/network/system-clock.ts"] },
  net: { modules: false, globals: true, shell: ["packages/net/src/turn-scheduler.ts"] },
};

/** Over the first a file is named, over the second it fails. */
export const fileLines = { worthALook: 300, tooLong: 500 };

/** Files that are longer than the limit, and why that is right. */
export const longFiles: Readonly<Record<string, string>> = {};

/** Files besides a package's index that list the exports of others, and why. */
export const barrels: Readonly<Record<string, string>> = {
  "packages/protocol/src/compression/index.ts": "the package's index passes the folder on as a whole",
  "packages/protocol/src/records/index.ts": "the package's index passes the folder on as a whole",
};

/** Words that say nothing about what is in a file. */
export const emptyNames = /(?:^|[-.])(?:utils?|misc|helpers?|managers?|common|stuff|queue)(?:[-.]|$)/;

/**
 * Folders of one person's machine, and hosts of package registries: neither belongs into the tree.
 * The last letters stand in brackets so that this file does not contain what it looks for.
 */
export const machineTraces =
  /(?<![\w.-])\/(?:wor[k]|far[m]|roo[t]|home\/\w+|Users\/\w+)\/|registry\.npmj[s]|deb\.debia[n]|repo1?\.mave[n]|pypi\.or[g]|proxy\.golan[g]/;
