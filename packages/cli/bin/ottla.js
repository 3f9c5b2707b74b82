#!/usr/bin/env node
// The `ottla` command. Plain JavaScript, so that an old Node can say what is wrong instead of failing on syntax.
// Compiled code is kept between runs: without it every start strips the types of all modules anew, which takes longer
// than all the rest of the start and leaves the stripper's 25 MB in memory.
import module from "node:module";
import { fileURLToPath } from "node:url";

const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(`ottla: needs Node 24 or newer, this is ${process.version}\n`);
  process.exit(1);
}
// Where the folder cannot be written nothing is kept, and everything works the same. NODE_COMPILE_CACHE names another one.
module.enableCompileCache(
  process.env.NODE_COMPILE_CACHE ?? fileURLToPath(new URL("../../../node_modules/.cache/ottla", import.meta.url)),
);
await import("../src/main.ts");
