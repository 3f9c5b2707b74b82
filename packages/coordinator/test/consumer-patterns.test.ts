// Subscriptions by pattern (SubscribedTopicRegex): RE2's language in linear time, when patterns are matched again, and what members get.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { loadPatternEngine, patternEngine } from "../src/group/consumer/pattern-engine.ts";
import { Consumer, ConsumerDriver, settle } from "./support/consumer-driver.ts";

const TOPICS = { orders: 1, "orders-eu": 1, payments: 1 };

/** Patterns of a group are matched again at most this often. */
const MIN_INTERVAL_MS = 10_000;

before(() => loadPatternEngine());

describe("a pattern", () => {
  const cases: [string, string, boolean][] = [
    ["orders", "orders", true],
    ["orders", "orders-eu", false],
    ["orders.*", "orders-eu", true],
    ["orders|payments", "payments", true],
    ["^orders$", "orders", true],
    ["(?i)ORDERS", "orders", true],
    ["[[:alpha:]]+", "orders", true],
    ["\\Qa.b\\E", "a.b", true],
    ["\\Qa.b\\E", "axb", false],
    ["\\p{L}{6}", "orders", true],
    ["", "orders", false],
  ];
  for (const [pattern, topic, matches] of cases) {
    test(`${JSON.stringify(pattern)} ${matches ? "matches" : "does not match"} ${topic}`, () => {
      const compiled = patternEngine()!.compile(pattern);
      assert.ok("matches" in compiled);
      assert.equal(compiled.matches(topic), matches);
    });
  }

  const wrong: [string, string][] = [
    ["(a", "missing closing )"],
    ["a**", "invalid nested repetition operator"],
    ["*a", "missing argument to repetition operator"],
    ["[z-a]", "invalid character class range"],
    ["(?=a)b", "invalid or unsupported Perl syntax"],
    ["(a)\\1", "invalid escape sequence"],
    ["a\\", "trailing backslash at end of expression"],
    ["a{2000}", "invalid repeat count"],
    ["a{1000}".repeat(100), "expression too large"],
    ["(a?){0,100}(b{10}){2}".repeat(100), "expression too large"],
  ];
  for (const [pattern, description] of wrong) {
    test(`${pattern.slice(0, 40)} is refused: ${description}`, () => {
      const driver = new ConsumerDriver(TOPICS);
      const sentence = `SubscribedTopicRegex \`${pattern}\` is not a valid regular expression: ${description}.`;
      assert.equal(driver.join("a", { regex: pattern }), `INVALID_REGULAR_EXPRESSION: ${sentence}`);
      assert.deepEqual(driver.records(), []);
    });
  }

  test("that makes backtracking engines run for ages takes its time by the length of the name", () => {
    for (const pattern of ["(a+)+b", "(a|a)*b", "(.*)*(.*)*x", "(a?){200}a{200}"]) {
      const compiled = patternEngine()!.compile(pattern);
      assert.ok("matches" in compiled);
      const start = process.cpuUsage();
      assert.equal(compiled.matches("a".repeat(199)), false);
      const { user } = process.cpuUsage(start);
      assert.ok(user < 500_000, `${pattern} took ${user} µs`);
    }
  });
});

describe("a member that subscribes by a pattern", () => {
  test("gets the topics that match with the heartbeat after its first", () => {
    const driver = new ConsumerDriver(TOPICS);
    assert.equal(driver.join("a", { regex: "orders.*" }), "a@1 []");
    assert.deepEqual(driver.records(), ["member a of  /orders.*/", "target a []", "targets 1", "a@1<0 Stable []"]);
    driver.advance(0);
    assert.deepEqual(driver.records(), ["pattern orders.* [orders orders-eu]", "epoch 2"]);
    assert.equal(driver.beat("a"), "a@2 [orders 0 | orders-eu 0]");
  });

  test("that is known already gets its topics at once", () => {
    const driver = resolved();
    assert.equal(driver.join("b", { regex: "orders.*" }), "b@3 []");
    assert.equal(driver.group().subscriptions.isHomogeneous(2), true);
    assert.equal(driver.beat("a", { epoch: 2 }), "a@2 [orders 0]");
  });

  test("and by names gets both", () => {
    const driver = new ConsumerDriver(TOPICS);
    driver.join("a", { regex: "orders", topics: ["payments"] });
    driver.advance(0);
    assert.equal(driver.beat("a"), "a@3 [payments 0 | orders 0]");
  });

  test("that matches nothing has nothing, until a topic comes that it matches", () => {
    const driver = new ConsumerDriver({ other: 1 });
    driver.join("a", { regex: "orders.*" });
    driver.advance(0);
    assert.equal(driver.beat("a"), "a@1");
    driver.advance(MIN_INTERVAL_MS + 1);
    driver.setTopics({ other: 1, orders: 2 });
    assert.equal(driver.beat("a"), "a@1");
    driver.advance(0);
    assert.equal(driver.beat("a"), "a@2 [orders 0 1]");
  });

  test("and changes it gives up what the old one had at once, and gets the new one's topics once it is resolved", () => {
    const driver = resolved();
    driver.advance(MIN_INTERVAL_MS + 1);
    driver.records();
    assert.equal(driver.beat("a", { regex: "pay.*", owns: "orders 0 | orders-eu 0" }), "a@2 []");
    driver.advance(0);
    assert.deepEqual(driver.records(), [
      "member a of  /pay.*/",
      "forget pattern orders.*",
      "a@2<2 UnrevokedPartitions [] gives up orders 0@2 | orders-eu 0@2",
      "pattern pay.* [payments]",
      "epoch 3",
    ]);
    assert.equal(driver.beat("a", { owns: "" }), "a@3 [payments 0]");
  });

  test("and changes to names forgets it", () => {
    const driver = resolved();
    driver.records();
    assert.equal(driver.beat("a", { regex: "", topics: ["orders"], owns: "orders 0" }), "a@3 [orders 0]");
    assert.deepEqual(driver.records().slice(0, 3), ["member a of orders", "forget pattern orders.*", "epoch 3"]);
    assert.equal(driver.group().resolvedPatterns.size, 0);
  });

  test("and leaves as its last subscriber makes it be forgotten", () => {
    const driver = resolved();
    driver.join("b", { regex: "orders.*" });
    driver.leave("b");
    assert.equal(driver.group().resolvedPatterns.size, 1);
    driver.records();
    driver.leave("a");
    assert.deepEqual(driver.records(), [
      "forget assignment a",
      "forget target a",
      "forget member a",
      "forget pattern orders.*",
      "epoch 5",
    ]);
    assert.equal(driver.group().isSubscribedTo("orders"), false);
  });
});

describe("the patterns of a group are matched again", () => {
  test("when there are new topics, at most every 10 s", () => {
    const driver = resolved();
    driver.setTopics({ ...TOPICS, "orders-us": 1 });
    assert.equal(driver.beat("a"), "a@2");
    driver.advance(MIN_INTERVAL_MS);
    assert.equal(driver.beat("a"), "a@2");
    driver.advance(1);
    assert.equal(driver.beat("a"), "a@2");
    driver.advance(0);
    assert.equal(driver.beat("a"), "a@3 [orders 0 | orders-eu 0 | orders-us 0]");
  });

  test("not when topics only grow or go, which counts by itself", () => {
    const driver = resolved();
    driver.advance(MIN_INTERVAL_MS + 1);
    driver.setTopics({ orders: 2, payments: 1 });
    driver.records();
    assert.equal(driver.beat("a"), "a@2 [orders 0]");
    driver.advance(0);
    assert.equal(
      driver.records().some((record) => record.startsWith("pattern")),
      false,
    );
    assert.equal(driver.beat("a", { owns: "orders 0" }), "a@3 [orders 0 1]");
  });

  test("after group.consumer.regex.refresh.interval.ms, which forgets topics that are gone", () => {
    const driver = resolved();
    driver.setTopics({ orders: 1 });
    settleAlone(driver);
    for (let spent = 0; spent <= 600_000; spent += 30_000) {
      driver.advance(30_000);
      driver.beat("a");
    }
    driver.advance(0);
    assert.ok(driver.records().includes("pattern orders.* [orders]"));
  });

  test("after a restart, without an epoch when they give the same", () => {
    const driver = resolved();
    driver.harness.restart();
    driver.advance(MIN_INTERVAL_MS + 1);
    driver.records();
    assert.equal(driver.beat("a"), "a@2");
    driver.advance(0);
    assert.deepEqual(driver.records(), ["pattern orders.* [orders orders-eu]"]);
    assert.equal(driver.beat("a"), "a@2");
  });

  test("all together, when one is new", () => {
    const driver = resolved();
    driver.advance(MIN_INTERVAL_MS + 1);
    driver.records();
    driver.join("b", { regex: "pay.*" });
    driver.advance(0);
    const written = driver.records().filter((record) => record.startsWith("pattern"));
    assert.deepEqual(written, ["pattern orders.* [orders orders-eu]", "pattern pay.* [payments]"]);
  });

  test("not for a group that is gone, or has no subscribers of it any more", () => {
    const driver = new ConsumerDriver(TOPICS);
    driver.join("a", { regex: "orders.*" });
    driver.leave("a");
    driver.records();
    driver.advance(0);
    assert.deepEqual(driver.records(), []);
  });
});

/** Member a of pattern orders.*, which has its two topics. */
function resolved(): ConsumerDriver {
  const driver = new ConsumerDriver(TOPICS);
  driver.join("a", { regex: "orders.*" });
  driver.advance(0);
  assert.equal(driver.beat("a"), "a@2 [orders 0 | orders-eu 0]");
  return driver;
}

function settleAlone(driver: ConsumerDriver): void {
  const consumer = new Consumer(driver, "a", { topics: [], regex: "orders.*" });
  consumer.epoch = 2;
  consumer.owned = new Set(["orders/0"]);
  for (let round = 0; round < 3; round++) consumer.poll();
  assert.equal(settle(driver, [consumer]), 1);
}
