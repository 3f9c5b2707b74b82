#!/usr/bin/env node
// The `ottla` command. Plain JavaScript, so that an old Node can say what is wrong instead of failing on syntax.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(`ottla: needs Node 24 or newer, this is ${process.version}\n`);
  process.exit(1);
}
await import("../src/main.ts");
