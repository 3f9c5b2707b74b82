// Time and consumer groups: sessions, the time to give partitions up, the interval between assignments.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Consumer, ConsumerDriver, REBALANCE_MS, SESSION_MS, settle } from "./support/consumer-driver.ts";

describe("a session", () => {
  test("ends after its timeout without a heartbeat, and the member is fenced", () => {
    const driver = new ConsumerDriver();
    driver.join("a");
    driver.records();
    driver.advance(SESSION_MS - 1);
    assert.equal(driver.group().members.size, 1);
    driver.advance(1);
    assert.deepEqual(driver.records(), ["forget assignment a", "forget target a", "forget member a", "epoch 3"]);
    assert.equal(driver.beat("a", { epoch: 2 }), "UNKNOWN_MEMBER_ID: Member a is not a member of group orders.");
  });

  test("begins again with every heartbeat that is let in", () => {
    const driver = new ConsumerDriver();
    driver.join("a");
    for (let round = 0; round < 10; round++) {
      driver.advance(SESSION_MS - 1);
      assert.equal(driver.beat("a"), "a@2");
    }
  });

  test("does not begin again with one that is refused", () => {
    const driver = new ConsumerDriver();
    driver.join("a");
    driver.advance(SESSION_MS - 1);
    assert.match(driver.beat("a", { epoch: 7 }), /^FENCED_MEMBER_EPOCH/);
    driver.advance(1);
    assert.equal(driver.group().members.size, 0);
  });

  test("is not ended by whoever has left", () => {
    const driver = new ConsumerDriver();
    driver.join("a");
    driver.leave("a");
    driver.join("b");
    driver.advance(SESSION_MS - 1);
    driver.beat("b");
    driver.records();
    driver.advance(1);
    assert.deepEqual(driver.records(), []);
  });

  test("is as long as the group's config says when the heartbeat comes", () => {
    const driver = new ConsumerDriver();
    driver.join("a");
    driver.world.config = { ...driver.world.config, consumerGroupSessionTimeoutMs: () => 10_000 };
    driver.beat("a");
    driver.advance(10_000);
    assert.equal(driver.group().members.size, 0);
  });

  test("does not mind the wall clock", () => {
    const driver = new ConsumerDriver();
    driver.join("a");
    driver.harness.jumpWallClock(10 * SESSION_MS);
    driver.advance(1);
    assert.equal(driver.beat("a"), "a@2");
  });
});

describe("the time to give partitions up", () => {
  test("ends in the member being fenced, however alive it is", () => {
    const driver = new ConsumerDriver();
    driver.join("a");
    driver.join("b");
    assert.equal(driver.beat("a", { epoch: 2 }), "a@2 [t 0 1]");
    for (let spent = 0; spent < REBALANCE_MS - 10_000; spent += 10_000) {
      driver.advance(10_000);
      assert.equal(driver.beat("a", { epoch: 2, owns: "t 0 1 2" }), "a@2");
      driver.beat("b", { epoch: 3 });
    }
    driver.records();
    driver.advance(10_000);
    assert.deepEqual(driver.records(), ["forget assignment a", "forget target a", "forget member a", "epoch 4"]);
    assert.equal(driver.beat("b", { epoch: 3 }), "b@4 [t 0 1 2]");
  });

  test("is over when the member has given them up", () => {
    const driver = new ConsumerDriver();
    const consumers = [new Consumer(driver, "a"), new Consumer(driver, "b")];
    settle(driver, consumers.slice(0, 1));
    settle(driver, consumers);
    for (let spent = 0; spent < 2 * REBALANCE_MS; spent += 5000) {
      driver.advance(5000);
      for (const consumer of consumers) consumer.poll();
    }
    assert.equal(driver.group().members.size, 2);
  });

  test("is that of the member, as it said it last", () => {
    const driver = new ConsumerDriver();
    driver.join("a", { rebalanceMs: 5000 });
    driver.join("b");
    driver.beat("a", { epoch: 2 });
    driver.advance(5000);
    assert.equal(driver.group().members.has("a"), false);
  });
});

describe("the interval between assignments", () => {
  const interval = { consumerGroupAssignmentIntervalMs: () => 1000 };

  test("lets the first assignment pass and keeps the next back", () => {
    const driver = new ConsumerDriver({ t: 4 }, interval);
    assert.equal(driver.join("a"), "a@2 [t 0 1 2 3]");
    driver.records();
    driver.advance(999);
    assert.equal(driver.join("b"), "b@2 []");
    assert.equal(driver.join("c"), "c@2 []");
    assert.deepEqual(driver.records(), [
      "member b of t",
      "epoch 3",
      "b@2<0 Stable []",
      "member c of t",
      "epoch 4",
      "c@2<0 Stable []",
    ]);
    assert.equal(driver.state(), "Assigning");
  });

  test("makes one assignment for all who came meanwhile, with the first heartbeat after it", () => {
    const driver = new ConsumerDriver({ t: 4 }, interval);
    driver.join("a");
    driver.join("b");
    driver.join("c");
    driver.advance(1000);
    driver.records();
    assert.equal(driver.beat("a"), "a@2 [t 0 1]");
    const records = driver.records();
    assert.deepEqual(
      records.filter((record) => record.startsWith("target")),
      ["target a [t 0 1]", "target b [t 2]", "target c [t 3]", "targets 4"],
    );
  });

  test("of 0 waits for nothing, and neither does a group that Kafka wrote before there was an interval", () => {
    const driver = new ConsumerDriver({ t: 4 });
    driver.join("a");
    assert.equal(driver.join("b"), "b@3 []");
    const older = new ConsumerDriver({ t: 4 }, interval);
    older.join("a");
    older.group().assignmentTimestampMs = 0;
    assert.equal(older.join("b"), "b@3 []");
  });
});

describe("after a restart", () => {
  test("sessions begin again", () => {
    const driver = new ConsumerDriver();
    driver.join("a");
    driver.advance(SESSION_MS - 1);
    driver.harness.restart();
    driver.advance(SESSION_MS - 1);
    assert.equal(driver.group().members.size, 1);
    driver.advance(1);
    assert.equal(driver.group().members.size, 0);
  });

  test("so does the time to give partitions up", () => {
    const driver = new ConsumerDriver();
    driver.join("a", { rebalanceMs: 30_000 });
    driver.join("b");
    driver.beat("a", { epoch: 2 });
    driver.advance(29_000);
    driver.harness.restart();
    driver.advance(29_999);
    assert.equal(driver.group().members.has("a"), true);
    driver.advance(1);
    assert.equal(driver.group().members.has("a"), false);
  });
});
