// Our client as its tarball has it, unpacked beside the repository's own dependencies: JavaScript in few files, nothing erased at its start.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { pack } from "../../tools/pack.ts";

/** Packs the client as it is now. Answers with what is to be imported. */
export async function packedClient(): Promise<string> {
  const folder = join(import.meta.dirname, "../../.cache/bench/packed-client");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const [tarball] = await pack(join(folder, "tarballs"));
  execFileSync("tar", ["-xzf", tarball!, "-C", folder]);
  const unpacked = join(folder, "package");
  const { exports } = JSON.parse(readFileSync(join(unpacked, "package.json"), "utf8")) as {
    exports: { ".": { default: string } };
  };
  return pathToFileURL(join(unpacked, exports["."].default)).href;
}
