// The commands as processes: every launcher of package.json starts its command, by whatever path it is called, and signals end it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { startBroker } from "@ottla/testkit";
import { kafkaCommands } from "../../src/kafka/main.ts";

const packageFolder = join(import.meta.dirname, "../..");

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function start(path: string, words: readonly string[], input = ""): Promise<Ended> {
  const child = spawn(process.execPath, [path, ...words]);
  const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
  child.stdin.end(input);
  const [code] = (await once(child, "close")) as [number | null];
  const [stdout, stderr] = await outputs;
  return { code, stdout, stderr };
}

test("every command has a launcher under both of its names, and no launcher lacks a command", async () => {
  const manifest = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8")) as {
    bin: Record<string, string>;
  };
  const names = Object.keys(kafkaCommands).flatMap((name) => [name, `${name}.sh`]);
  assert.deepEqual(
    Object.keys(manifest.bin)
      .filter((name) => name.startsWith("kafka-"))
      .sort(),
    names.sort(),
  );
  for (const [name, path] of Object.entries(manifest.bin)) {
    if (name === "ottla") continue;
    const code = await readFile(join(packageFolder, path), "utf8");
    assert.match(code, /^#!\/usr\/bin\/env node\n/);
    assert.ok(code.includes(`launch("${name.replace(/\.sh$/, "")}")`), name);
    assert.ok(((await stat(join(packageFolder, path))).mode & 0o111) !== 0, `${path} can be executed`);
  }
});

test("a launcher works through a link of another name, as npm makes them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "kafka-launchers-"));
  try {
    const link = join(folder, "kafka-topics.sh");
    await symlink(join(packageFolder, "bin/kafka-topics.js"), link);
    assert.deepEqual(await start(link, ["--version"]), { code: 0, stdout: "4.3.1\n", stderr: "" });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("the four lines of every tutorial work as processes", async () => {
  await using broker = await startBroker();
  const bin = (name: string): string => join(packageFolder, "bin", `${name}.js`);
  const line = (text_: string): string[] => text_.replace("localhost:9092", broker.bootstrap).split(" ");
  const created = await start(
    bin("kafka-topics"),
    line("--bootstrap-server localhost:9092 --replication-factor 1 --partitions 1 --topic my-topic --create"),
  );
  assert.deepEqual(created, { code: 0, stdout: "Created topic my-topic.\n", stderr: "" });
  const sent = await start(
    bin("kafka-console-producer"),
    line("--broker-list localhost:9092 --topic my-topic"),
    "hello\nworld\n",
  );
  assert.deepEqual(sent, { code: 0, stdout: "", stderr: "" });
  const reading = spawn(process.execPath, [
    bin("kafka-console-consumer"),
    ...line("--bootstrap-server localhost:9092 --from-beginning --partition 0 --topic my-topic"),
  ]);
  let stdout = "";
  reading.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    if (stdout === "hello\nworld\n") reading.kill("SIGINT");
  });
  const stderr = text(reading.stderr);
  const [code] = (await once(reading, "close")) as [number | null];
  // As a process of Java's that a signal ended after its shutdown hooks.
  assert.deepEqual([code, stdout, await stderr], [130, "hello\nworld\n", "Processed a total of 2 messages\n"]);
  const described = await start(
    bin("kafka-consumer-groups"),
    line("--bootstrap-server localhost:9092 --group g --describe"),
  );
  assert.equal(described.code, 0);
  assert.match(described.stdout, /Group g not found\./);
});
