// `ottla start` as a user has it: a process, its screen, its signals, its folder, and the one line when it cannot start.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readyScreen } from "../src/start/ready-screen.ts";
import { ottla, program, startOttla, temporaryFolder } from "./run-ottla.ts";

test("one screen tells address, cluster, folder, time and what to try", async (context) => {
  const folder = temporaryFolder(context);
  const broker = await startOttla(context, ["--data-dir", join(folder, "data")]);
  assert.match(broker.stdout(), /^ {2}Ottla is ready after \d+ ms$/m);
  assert.match(broker.stdout(), new RegExp(`^ {2}Address {3}127\\.0\\.0\\.1:${broker.port}$`, "m"));
  assert.match(broker.stdout(), /^ {2}Cluster {3}[\w-]{22}$/m);
  assert.match(broker.stdout(), new RegExp(`^ {2}Data {6}${join(folder, "data")}$`, "m"));
  assert.match(broker.stdout(), new RegExp(`kcat -b 127\\.0\\.0\\.1:${broker.port} -P -t first$`, "m"));
  assert.ok(broker.stdout().split("\n").length < 20);
  const { stdout, code } = await ottla(["api-versions", `127.0.0.1:${broker.port}`]);
  assert.match(stdout, /^ {2}0 {2}Produce +0-13$/m);
  assert.equal(code, 0);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends it with 0 within 5 seconds, and the next start is the same cluster`, async (context) => {
    const folder = temporaryFolder(context);
    const first = await startOttla(context, ["--data-dir", folder]);
    const cluster = /Cluster +(\S+)/.exec(first.stdout())![1];
    const begunMs = performance.now();
    const ended = await first.stop(signal);
    assert.equal(ended.code, 0);
    assert.equal(ended.stderr, "");
    assert.ok(performance.now() - begunMs < 5000);
    assert.ok(existsSync(join(folder, ".kafka_cleanshutdown")), "a clean stop leaves Kafka's marker");
    const second = await startOttla(context, ["--data-dir", folder]);
    assert.equal(/Cluster +(\S+)/.exec(second.stdout())![1], cluster);
  });
}

test("under a shell of npm's that is killed, it stops cleanly instead of living on alone", async (context) => {
  const folder = temporaryFolder(context);
  const command = `"${process.execPath}" "${program}" start --port 0 --data-dir "${folder}" & wait`;
  const shell = spawn("sh", ["-c", command], {
    env: { ...process.env, npm_command: "exec" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  context.after(() => shell.kill("SIGKILL"));
  let printed = "";
  const closed = once(shell.stdout, "close");
  await new Promise<void>((resolve) => {
    shell.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (printed.includes("Ctrl-C stops it")) resolve();
    });
  });
  shell.kill("SIGKILL");
  await closed;
  assert.match(printed, /stopped/);
  assert.ok(existsSync(join(folder, ".kafka_cleanshutdown")));
});

test("a second signal ends the process at once with 1, however long the close takes", async () => {
  const script = `
    import { untilStopSignal } from ${JSON.stringify(import.meta.resolve("../src/start/stop-signals.ts"))};
    setInterval(() => {}, 60_000);
    const signal = untilStopSignal();
    console.log("ready");
    console.log("closing after", await signal);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, "ready");
  child.kill("SIGINT");
  assert.equal((await lines.next()).value, "closing after SIGINT");
  child.kill("SIGTERM");
  assert.deepEqual(await ended, [1, null]);
});

// One Ctrl-C reaches a broker under `npm start` twice where sh is bash: from the terminal, and passed on by npm.
test("the same signal twice in a row is one wish, and the stop is clean", async (context) => {
  const folder = temporaryFolder(context);
  const broker = await startOttla(context, ["--data-dir", folder]);
  const ended = broker.stop("SIGINT");
  while (!broker.stdout().includes("stopping")) await sleep(1);
  void broker.stop("SIGINT");
  assert.equal((await ended).code, 0);
  assert.ok(existsSync(join(folder, ".kafka_cleanshutdown")), "the stop was clean");
});

test("--memory writes nothing", async (context) => {
  const folder = temporaryFolder(context);
  const broker = await startOttla(context, ["--memory"], folder);
  assert.match(broker.stdout(), /^ {2}Data {6}in memory/m);
  assert.equal((await broker.stop("SIGTERM")).code, 0);
  assert.deepEqual(readdirSync(folder), []);
});

test("with --log-format json, stdout is JSON line by line, the ready line among them whatever the level", async (context) => {
  const broker = await startOttla(context, ["--memory", "--log-format", "json", "--log-level", "error"]);
  const { stdout, code } = await broker.stop("SIGTERM");
  assert.equal(code, 0);
  const lines = stdout.trimEnd().split("\n");
  const [ready, ...others] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(others, []);
  assert.deepEqual(ready!["addresses"], [`127.0.0.1:${broker.port}`]);
  assert.equal(ready!["msg"], "ready");
  assert.equal(ready!["dataDir"], null);
  assert.equal(ready!["pid"], broker.pid);
  assert.equal(typeof ready!["startedInMs"], "number");
});

test("properties come from the file, and overrides win", async (context) => {
  const folder = temporaryFolder(context);
  const file = join(folder, "server.properties");
  writeFileSync(
    file,
    `# Kafka's own syntax\nlog.dirs = ${join(folder, "from-file")}\nlisteners=PLAINTEXT://127.0.0.1:1\n`,
  );
  const broker = await startOttla(context, [
    "--config",
    file,
    "--override",
    `log.dirs=${join(folder, "from-override")}`,
  ]);
  assert.notEqual(broker.port, 1);
  assert.match(broker.stdout(), /Data +\S+from-override$/m);
  assert.equal(existsSync(join(folder, "from-file")), false);
});

test("a folder that another broker has is refused", async (context) => {
  const folder = temporaryFolder(context);
  await startOttla(context, ["--data-dir", folder]);
  const { code, stdout, stderr } = await ottla(["start", "--port", "0", "--data-dir", folder]);
  assert.match(stderr, new RegExp(`^ottla: [^\\n]*${folder}[^\\n]*\\n$`));
  assert.match(stderr, /in use|locked/);
  assert.equal(stdout, "");
  assert.equal(code, 1);
});

test("a port in use is refused, and the folder is free again", async (context) => {
  const folder = temporaryFolder(context);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const { code, stderr } = await ottla(["start", "--port", String(port), "--data-dir", folder]);
  assert.match(stderr, new RegExp(`^ottla: port ${port} on 127\\.0\\.0\\.1 is in use[^\\n]*\\n$`));
  assert.equal(code, 1);
  await startOttla(context, ["--data-dir", folder]);
});

const isRoot = process.getuid?.() === 0;

test(
  "a folder that cannot be made is refused",
  { skip: process.platform !== "linux" && "only Linux has /proc" },
  async () => {
    const { code, stderr } = await ottla(["start", "--port", "0", "--data-dir", "/proc/ottla/data"]);
    assert.match(stderr, /^ottla: \/proc\/ottla cannot be [^\n]*\n$/);
    assert.equal(code, 1);
  },
);

test("a folder that cannot be written is refused", { skip: isRoot && "root may write everywhere" }, async (context) => {
  const folder = join(temporaryFolder(context), "locked");
  mkdirSync(folder, { mode: 0o500 });
  const { code, stderr } = await ottla(["start", "--port", "0", "--data-dir", join(folder, "data")]);
  assert.match(stderr, /^ottla: [^\n]*cannot be read and written by this user\n$/);
  assert.equal(code, 1);
});

const refusals: { name: string; words: string[]; stderr: RegExp }[] = [
  {
    name: "a data folder that is a file",
    words: ["--data-dir", import.meta.filename],
    stderr: /start\.test\.ts is not a folder/,
  },
  {
    name: "a config value out of bounds",
    words: ["--memory", "--override", "num.partitions=0"],
    stderr: /num\.partitions/,
  },
  {
    name: "a config value of another type",
    words: ["--memory", "--override", "num.partitions=many"],
    stderr: /num\.partitions/,
  },
  {
    name: "an override without a value",
    words: ["--memory", "--override", "num.partitions"],
    stderr: /--override wants name=value, not num\.partitions/,
  },
  {
    name: "a config file that is not there",
    words: ["--config", "none.properties"],
    stderr: /cannot read none\.properties: .*no such file/,
  },
  {
    name: "a host that is not of this machine",
    words: ["--memory", "--host", "192.0.2.1"],
    stderr: /192\.0\.2\.1 is not an address of this machine/,
  },
  {
    name: "memory and a folder at once",
    words: ["--memory", "--data-dir", "x"],
    stderr: /--memory keeps nothing on disk/,
  },
];

for (const { name, words, stderr } of refusals) {
  test(`${name} is one clear line and exit code 1`, async () => {
    const result = await ottla(["start", "--port", "0", ...words]);
    assert.match(result.stderr, stderr);
    assert.match(result.stderr, /^ottla: [^\n]+\n$/);
    assert.equal(result.stdout, "");
    assert.equal(result.code, 1);
  });
}

test("a listener on all addresses is tried at localhost", () => {
  const screen = readyScreen({ addresses: ["0.0.0.0:9092"], clusterId: "c", dataDir: null, startedInMs: 1 });
  assert.match(screen, /Address {3}0\.0\.0\.0:9092$/m);
  assert.match(screen, /kcat -b localhost:9092 -P/);
});
