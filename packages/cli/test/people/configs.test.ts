// `ottla config …` against a broker; quotas, which Ottla does not serve yet, by what is asked and said.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { useBroker } from "@ottla/testkit";
import { ottlaCommand } from "./run-people.ts";
import type { PeopleResult } from "./run-people.ts";

const { test } = runner;
const broker = useBroker(runner);

function config(line: string): Promise<PeopleResult> {
  return ottlaCommand(["config", ...line.split(" "), "-b", broker().bootstrap]);
}

async function json(line: string): Promise<Record<string, unknown>[]> {
  return JSON.parse((await config(`${line} -o json`)).stdout) as Record<string, unknown>[];
}

async function own(line: string): Promise<unknown[]> {
  return (await json(line)).map(({ name, value }) => `${String(name)}=${String(value)}`);
}

async function withOrders(): Promise<void> {
  await ottlaCommand(`topic create orders -b ${broker().bootstrap}`);
}

test("configs are set, shown with where they are set, and taken away again", async () => {
  await withOrders();
  const set = await config("set topic orders retention.ms=5 segment.bytes=2000000");
  assert.equal(
    set.stdout,
    [
      "CONFIG         BEFORE                AFTER",
      "retention.ms   604800000 (default)   5",
      "segment.bytes  1073741824 (default)  2000000",
      "",
    ].join("\n"),
  );
  const [row] = (await json("get topic orders")).filter(({ name }) => name === "retention.ms");
  assert.deepEqual(row, {
    name: "retention.ms",
    value: "5",
    source: "DYNAMIC_TOPIC_CONFIG",
    isSensitive: false,
    isReadOnly: false,
  });
  assert.deepEqual(await json("unset topic orders retention.ms"), [
    {
      config: "retention.ms",
      before: "5",
      after: "604800000",
      isDefaultBefore: false,
      isDefaultAfter: true,
      isDryRun: false,
    },
  ]);
  assert.deepEqual(
    (await own("get topic orders")).filter((each) => !String(each).startsWith("min.insync")),
    ["segment.bytes=2000000"],
  );
});

test("a dry run has the broker check and changes nothing", async () => {
  await withOrders();
  const { stdout } = await config("set topic orders retention.ms=5 --dry-run");
  assert.match(stdout, /^would change:\nCONFIG +BEFORE +AFTER\nretention\.ms +604800000 \(default\) +5\n$/);
  assert.deepEqual(await own("get topic orders retention.ms"), ["retention.ms=604800000"]);
  const bad = await config("set topic orders retention.ms=soon --dry-run");
  assert.match(bad.stderr, /^ottla: topic orders: .*retention\.ms.* \(INVALID_CONFIG\)\n$/);
  assert.deepEqual([bad.code, bad.stdout], [1, ""]);
});

test("defaults are shown with --all or by name, and what they mean with --docs", async () => {
  await withOrders();
  const shown = await json("get topic orders");
  const all = await json("get topic orders --all");
  assert.equal(all.length > shown.length + 10, true);
  assert.equal(
    shown.some(({ source }) => source === "DEFAULT_CONFIG"),
    false,
  );
  const docs = await config("get topic orders cleanup.policy --docs");
  assert.match(docs.stdout, /^cleanup\.policy +delete +default +yes\n {4}\w.+\n$/m);
  assert.equal((await json("get topic orders cleanup.policy --docs")).length, 1);
  const missing = await config("get topic orders foo");
  assert.deepEqual([missing.code, missing.stderr], [1, "ottla: topic orders has no config foo\n"]);
});

test("brokers have configs by id and for all of them, groups too", async () => {
  await config("set broker default message.max.bytes=2000000");
  assert.equal((await own("get broker default")).includes("message.max.bytes=2000000"), true);
  await config("set broker 1 message.max.bytes=3000000");
  assert.deepEqual(await own("get broker 1 message.max.bytes"), ["message.max.bytes=3000000"]);
  const unset = await json("unset broker 1 message.max.bytes");
  assert.equal(unset[0]!["after"], "2000000");
  assert.equal((await config("set group billing consumer.session.timeout.ms=50000")).code, 0);
  assert.deepEqual(await own("get group billing"), ["consumer.session.timeout.ms=50000"]);
  assert.equal((await config("get group other")).stdout, "nothing is set: --all shows the defaults\n");
});

test("a secret that is set is not shown", async () => {
  const { stdout } = await config("set broker default listener.name.x.ssl.keystore.password=geheim --dry-run -o json");
  assert.doesNotMatch(stdout, /geheim/);
});

const failures: readonly (readonly [line: string, code: number, message: RegExp])[] = [
  ["get topic nowhere", 1, /^ottla: topic nowhere: \S.*\(UNKNOWN_TOPIC_OR_PARTITION\)\n$/],
  ["set topic nowhere a=b", 1, /^ottla: topic nowhere: \S.*\(UNKNOWN_TOPIC_OR_PARTITION\)\n$/],
  ["set topic orders foo=1", 1, /^ottla: topic orders: .*foo.*\(INVALID_CONFIG\)\n$/],
  ["unset topic orders foo", 1, /^ottla: nothing was changed: topic orders has no config foo\n$/],
  ["unset broker 1 retention.ms", 1, /^ottla: nothing was changed: broker 1 has no config retention\.ms\n$/],
  ["get broker 7", 1, /^ottla: there is no broker 7; there are 1 \(BROKER_NOT_AVAILABLE\)\n$/],
  ["set broker 7 message.max.bytes=1", 1, /^ottla: there is no broker 7; there are 1 \(BROKER_NOT_AVAILABLE\)\n$/],
  ["get user alice", 1, /DescribeClientQuotas.*\(UNSUPPORTED_VERSION\)\n$/],
  ["set client x producer_byte_rate=1", 1, /DescribeClientQuotas.*\(UNSUPPORTED_VERSION\)\n$/],
  ["set ip default connection_creation_rate=fast", 2, /connection_creation_rate=fast: a quota is a number/],
  ["get broker one", 2, /one is no broker's id; default is what holds for all brokers/],
  ["get broker-logger default", 2, /default is no broker's id\n$/],
  ["set topic orders retention.ms", 2, /retention\.ms is not CONFIG=VALUE/],
  ["get planet earth", 2, /Allowed choices are topic, broker, broker-logger, group, client-metrics, user, client, ip/],
  ["unset topic orders", 2, /missing required argument 'config'/],
];
for (const [line, code, message] of failures) {
  test(`\`ottla config ${line}\` is one line and exit code ${code}`, async () => {
    await withOrders();
    const result = await config(line);
    assert.match(result.stderr, message);
    assert.match(result.stderr, /^ottla: [^\n]+\n$/);
    assert.deepEqual([result.code, result.stdout], [code, ""]);
  });
}
