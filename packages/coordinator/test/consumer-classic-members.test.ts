// Members that speak the classic protocol in a group of the consumer protocol (KIP-848): how they come in, hear of changes, and are fenced.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errorName } from "@ottla/protocol";
import { ClassicClient } from "./support/classic-client.ts";
import { Consumer, ConsumerDriver, GROUP } from "./support/consumer-driver.ts";
import { mixedGroup } from "./support/migrating-group.ts";

describe("a classic member of a consumer group", () => {
  test("is first given an id, then an assignment of its own, without waiting for anybody", () => {
    const driver = new ConsumerDriver();
    const consumer = new Consumer(driver, "c");
    consumer.poll();
    const client = new ClassicClient(driver);
    const asked = client.join();
    assert.equal(errorName(asked.answer.errorCode), "MEMBER_ID_REQUIRED");
    client.memberId = asked.answer.memberId;
    const { answer } = client.join();
    assert.deepEqual(
      { ...answer, memberId: answer.memberId === client.memberId },
      {
        throttleTimeMs: 0,
        errorCode: 0,
        generationId: 3,
        protocolType: "consumer",
        protocolName: "cooperative-sticky",
        leader: "",
        skipAssignment: false,
        memberId: true,
        members: [],
      },
    );
    client.generation = 3;
    assert.equal(client.sync(), "");
    assert.equal(client.heartbeat(), "NONE");
    consumer.poll();
    consumer.poll();
    assert.equal(client.heartbeat(), "REBALANCE_IN_PROGRESS");
    assert.equal(client.enter(), "generation 3");
    assert.equal(client.sync(), "t 2");
  });

  test("before version 4 is in with its first JoinGroup", () => {
    const driver = new ConsumerDriver();
    new Consumer(driver, "c").poll();
    const client = new ClassicClient(driver);
    assert.equal(client.joined(client.join({ version: 3 })), "generation 3");
  });

  const joins = [
    { name: "with a session timeout out of bounds", change: { sessionMs: 1 }, error: "INVALID_SESSION_TIMEOUT" },
    { name: "with no protocol", change: { protocols: [] }, error: "INCONSISTENT_GROUP_PROTOCOL" },
    {
      name: "with bytes that are no subscription",
      change: { metadata: Buffer.from([0]) },
      error: "UNKNOWN_SERVER_ERROR",
    },
  ];
  for (const { name, change, error } of joins) {
    test(`is refused ${name}`, () => {
      const driver = new ConsumerDriver();
      new Consumer(driver, "c").poll();
      driver.records();
      assert.equal(new ClassicClient(driver).enter(change), error);
      assert.deepEqual(driver.records(), []);
    });
  }

  test("is refused when migration is disabled, when the group is full, and when it has no protocol in common", () => {
    const { driver } = mixedGroup();
    assert.equal(new ClassicClient(driver).enter({ protocols: ["range"] }), "INCONSISTENT_GROUP_PROTOCOL");
    driver.world.config = { ...driver.world.config, consumerGroupMaxSize: 3 };
    assert.equal(new ClassicClient(driver).enter(), "GROUP_MAX_SIZE_REACHED");
    driver.world.config = { ...driver.world.config, consumerGroupMigrationPolicy: "disabled" };
    assert.equal(new ClassicClient(driver).enter(), "INCONSISTENT_GROUP_PROTOCOL");
  });

  test("is told by its requests what does not fit", () => {
    const { driver, first } = mixedGroup();
    assert.equal(first.heartbeat(first.generation + 1), "ILLEGAL_GENERATION");
    assert.equal(first.sync(new Map(), "range"), "INCONSISTENT_GROUP_PROTOCOL");
    const stranger = new ClassicClient(driver);
    stranger.memberId = "stranger";
    assert.deepEqual([stranger.heartbeat(), stranger.sync(), stranger.leave()], Array(3).fill("UNKNOWN_MEMBER_ID"));
    const wrong = new ClassicClient(driver);
    wrong.memberId = "c";
    assert.deepEqual([wrong.heartbeat(2), wrong.sync()], Array(2).fill("UNKNOWN_MEMBER_ID"));
  });

  test("that does not join when it is told to is fenced after its rebalance timeout", () => {
    const { driver, first, second } = mixedGroup();
    driver.setTopics({ t: 6 });
    driver.beat("c");
    for (let spent = 0; spent < 60_000; spent += 5000) {
      assert.equal(first.heartbeat(), "REBALANCE_IN_PROGRESS");
      assert.equal(driver.group().members.has(first.memberId), true);
      second.poll();
      driver.beat("c");
      driver.advance(5000);
    }
    assert.equal(first.heartbeat(), "UNKNOWN_MEMBER_ID");
  });

  test("that does not sync is fenced after its rebalance timeout", () => {
    const driver = new ConsumerDriver();
    driver.join("c");
    const client = new ClassicClient(driver);
    client.enter({ rebalanceMs: 8000 });
    driver.advance(7999);
    assert.equal(client.heartbeat(), "NONE");
    driver.advance(1);
    assert.equal(client.heartbeat(), "UNKNOWN_MEMBER_ID");
  });

  test("whose session ends is fenced, others are not", () => {
    const { driver, first, second } = mixedGroup();
    for (let spent = 0; spent < 12_000; spent += 4000) {
      driver.advance(4000);
      second.poll();
      driver.beat("c");
    }
    assert.equal(first.heartbeat(), "UNKNOWN_MEMBER_ID");
    assert.equal(driver.group().members.size, 2);
  });

  test("becomes one of the consumer protocol with its first heartbeat as a static member", () => {
    const driver = new ConsumerDriver();
    driver.join("c");
    const client = new ClassicClient(driver, { instance: "i" });
    assert.equal(client.enter(), "generation 3");
    client.sync();
    const upgraded = driver.join("i2", { instance: "i" });
    assert.match(upgraded, /^i2@3 /);
    assert.equal(client.heartbeat(), "FENCED_INSTANCE_ID");
    assert.equal(driver.group().classicProtocols.memberCount, 0);
  });

  test("is described with its type", () => {
    const { driver } = mixedGroup();
    const { members } = driver.harness.shard.consumer.describe(GROUP);
    assert.deepEqual(
      members.map(({ memberType }) => memberType),
      [0, 0, 1],
    );
  });
});
