// useBroker with the runner that this file runs in, and with the names that others give their hooks.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as runner from "node:test";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { useBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import kafkajs from "kafkajs";

async function create(broker: TestBroker, topic: string): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: [broker.bootstrap], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic }] });
  await admin.disconnect();
}

describe("with node:test", () => {
  const broker = useBroker(runner);
  const topics = (): string[] =>
    broker()
      .inspect.topics()
      .map(({ name }) => name);
  let port = 0;

  test("the first test finds an empty broker", async () => {
    ({ port } = broker());
    assert.deepEqual(topics(), []);
    await create(broker(), "left-behind");
    assert.deepEqual(topics(), ["left-behind"]);
  });

  test("and so does the second, on the same port", () => {
    assert.deepEqual([topics(), broker().port], [[], port]);
  });
});

describe("without resets", () => {
  const broker = useBroker(runner, { resetBeforeEach: false });

  test("a test leaves a topic", () => create(broker(), "kept"));

  test("the next one finds it", () => assert.notEqual(broker().inspect.topic("kept"), null));
});

test("other runners' names of the hooks do as well, and outside of tests there is no broker", async () => {
  const hooks: Record<string, () => Promise<void>> = {};
  const register = (name: string) => (hook: () => Promise<void>) => void (hooks[name] = hook);
  const broker = useBroker({
    beforeAll: register("beforeAll"),
    beforeEach: register("beforeEach"),
    afterEach: register("afterEach"),
    afterAll: register("afterAll"),
  });
  assert.throws(broker, /the broker is there inside tests only/);
  await hooks["beforeAll"]!();
  await hooks["beforeEach"]!();
  const { node } = broker();
  await hooks["afterEach"]!();
  await hooks["beforeEach"]!();
  assert.notEqual(broker().node, node);
  await hooks["afterAll"]!();
  assert.throws(broker, /the broker is there inside tests only/);
});

test("a failure is known by what the runner gives to its hooks", async (t) => {
  const hooks: Record<string, (...context: unknown[]) => Promise<void>> = {};
  const register = (name: string) => (hook: () => Promise<void>) => void (hooks[name] = hook);
  const [beforeAll, beforeEach, afterEach, afterAll] = ["all", "each", "failed", "end"].map(register);
  useBroker(
    { beforeAll: beforeAll!, beforeEach: beforeEach!, afterEach: afterEach!, afterAll: afterAll! },
    { seed: 3 },
  );
  const { mock } = t.mock.method(console, "error", () => {});
  await hooks["all"]!();
  const task = (state: string) => Object.assign(() => {}, { task: { result: { state } } });
  const contexts = [undefined, null, { passed: true }, task("pass"), { passed: false }, task("fail")];
  for (const context of contexts) await hooks["failed"]!(context);
  await hooks["end"]!();
  assert.deepEqual(
    mock.calls.map((call) => String(call.arguments[0]).includes("seed 3")),
    [true, true],
  );
  // Jest takes a hook that names a parameter for one that calls it back.
  assert.equal(hooks["failed"]!.length, 0);
});

test("hooks of no runner are refused", () => {
  const nothing = (): void => {};
  assert.throws(() => useBroker({ beforeEach: nothing, afterEach: nothing }), /give it the runner's hooks/);
});

test("a test that fails shows the last requests and the seed", () => {
  const folder = mkdtempSync(join(fileURLToPath(import.meta.url), "..", "failing-"));
  try {
    const file = join(folder, "failing.test.ts");
    writeFileSync(
      file,
      `import * as runner from "node:test";
       import { connect } from "node:net";
       import { useBroker } from "@ottla/testkit";
       const broker = useBroker(runner, { seed: 99 });
       runner.test("fails", async () => {
         const socket = connect(broker().port, "127.0.0.1");
         socket.write(Buffer.from("0000000a0012000000000007ffff", "hex"));
         await broker().until.request("ApiVersions");
         socket.destroy();
         throw new Error("on purpose");
       });`,
    );
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], { env, encoding: "utf8" });
    assert.equal(status, 1);
    assert.match(stdout + stderr, /#1 .* ApiVersions v0 /);
    assert.match(stdout + stderr, /seed 99: the same run again/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
