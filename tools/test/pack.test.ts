// The tarballs install in an empty folder and work there, from TypeScript and from JavaScript, with types that hold.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { pack } from "../pack.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

const typescript = `
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { Kafka, KafkaError, stringSerde } from "@ottla/client";
import type { RecordToSend } from "@ottla/client";

await using broker: TestBroker = await startBroker();
await using kafka = new Kafka({ bootstrapServers: broker.bootstrap });
const sent = await kafka.producer().send({ topic: "orders", value: "first" });
const record: RecordToSend<{ orders: { value: typeof stringSerde } }, "orders"> = { topic: "orders", value: "first" };
// @ts-expect-error the topic's values are text
export const wrong: RecordToSend<{ orders: { value: typeof stringSerde } }, "orders"> = { topic: "orders", value: 1 };
console.log(sent.offset, record.value, new KafkaError("no", { code: "NO" }) instanceof Error);
`;

const javascript = `
import { startBroker } from "@ottla/testkit";
import { KafkaError } from "@ottla/client";
const broker = await startBroker();
console.log(broker.port > 0, new KafkaError("no", { code: "NO" }).code);
await broker.close();
`;

test("the tarballs install and run in an empty folder", { timeout: 240_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "ottla-pack-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const tarballs = await pack(join(folder, "tarballs"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }\n');
  writeFileSync(join(folder, "typed.ts"), typescript);
  writeFileSync(join(folder, "plain.js"), javascript);
  const options = { cwd: folder, timeout: 120_000 };
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...tarballs], options);

  const node = async (...args: string[]): Promise<string> => (await run(process.execPath, args, options)).stdout.trim();
  assert.equal(await node("typed.ts"), "0 first true");
  assert.equal(await node("plain.js"), "true NO");
  assert.match(await node("node_modules/ottla/lib/cli/bin/ottla.js", "--version"), /^\d+\.\d+\.\d+$/);
  assert.equal(await node("node_modules/ottla/lib/cli/bin/kafka-topics.js", "--version"), "4.3.1");
  // Code compiled for the next run is kept inside the package, and goes with it.
  assert.equal(existsSync(join(folder, "node_modules/node_modules")), false);
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const types = ["--types", "node", "--typeRoots", join(root, "node_modules/@types")];
  const strict = ["--noEmit", "--strict", "--module", "nodenext", "--target", "esnext", ...types, "typed.ts"];
  assert.equal(await node(compiler, ...strict), "");
});
