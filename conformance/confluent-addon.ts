// @confluentinc/kafka-javascript with its native addon. It comes without a binary for this place, so librdkafka and the addon are
// compiled, against the system's libraries (dynamic), since the static build would download their sources.

import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { installed, installLimitMs } from "./installed.ts";
import { runInstaller } from "./processes.ts";

/** Without optimisation compiling takes a third of the time; to compare speeds it takes "fast". */
const flags = { quickly: "-O0 -g0", fast: "-O3 -g0" };

/** The folder whose node_modules holds it, compiled with the first call. */
export async function confluentFolder(compile: keyof typeof flags): Promise<string> {
  const source = join(import.meta.dirname, "node-confluent");
  const manifests = ["package.json", "package-lock.json"];
  const files = manifests.map((file) => join(source, file));
  const name = compile === "fast" ? "fast-confluent" : "node-confluent";
  return await installed(name, files, async (target) => {
    for (const file of manifests) await copyFile(join(source, file), join(target, file));
    const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    await runInstaller({ program: "npm", words: ["ci", ...quiet], folder: target }, installLimitMs);
    const addon = join(target, "node_modules", "@confluentinc", "kafka-javascript");
    const words = ["exec", "--no", "--", "node-pre-gyp", "install", "--build-from-source"];
    const environment = { CKJS_LINKING: "dynamic", CFLAGS: flags[compile], CXXFLAGS: flags[compile] };
    await runInstaller({ program: "npm", words, folder: addon, environment }, installLimitMs);
  });
}
