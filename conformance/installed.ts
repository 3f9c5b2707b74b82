// Programs and packages that are installed into the project's .cache folder, each once per content of the files that say what it is.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../tools/reference.ts";

export const installLimitMs = 420_000;

/** Runs `install` on an empty folder of the cache, once per content of `files`; a mark says that it came to its end. */
export async function installed(
  name: string,
  files: string[],
  install: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files) hash.update(await readFile(file));
  const folder = cacheFolder("conformance", `${name}-${hash.digest("hex").slice(0, 12)}`);
  const mark = join(folder, ".installed");
  if (!existsSync(mark)) {
    await mkdir(folder, { recursive: true });
    await install(folder);
    await writeFile(mark, "");
  }
  return folder;
}
