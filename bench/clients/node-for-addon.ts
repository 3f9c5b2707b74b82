// A native addon runs in the Node whose headers it was compiled against, which need not be the one that runs this benchmark: then its
// process is that Node, and the load's modules are given to it as JavaScript.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { delimiter, join } from "node:path";

export interface NodeForAddon {
  program: string;
  script: string;
  environment: Record<string, string>;
  /** "v24.21.0". */
  version: string;
}

const MODULES = ["bench-client", "jobs", "confluent", "client-process"];

/** @throws Error when no Node of the PATH can load the addon in `addonFolder` */
export function nodeForAddon(scratch: string, addonFolder: string): NodeForAddon {
  const entry = join(addonFolder, "node_modules/@confluentinc/kafka-javascript/lib/index.js");
  const programs = [process.execPath, ...(process.env.PATH ?? "").split(delimiter).map((each) => join(each, "node"))];
  for (const program of programs) {
    const tried = spawnSync(program, ["-e", `require(${JSON.stringify(entry)});console.log(process.version)`]);
    if (tried.status !== 0) continue;
    const environment = { CONFLUENT_FOLDER: addonFolder };
    return { program, script: javascript(scratch), environment, version: tried.stdout.toString().trim() };
  }
  throw new Error(`no Node of the PATH can load ${entry}`);
}

function javascript(scratch: string): string {
  const folder = join(scratch, "clients");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  for (const name of MODULES) {
    const source = stripTypeScriptTypes(readFileSync(join(import.meta.dirname, `${name}.ts`), "utf8"));
    writeFileSync(join(folder, `${name}.js`), source.replaceAll(/(from "\.\/[\w-]+)\.ts"/g, '$1.js"'));
  }
  return join(folder, "client-process.js");
}
