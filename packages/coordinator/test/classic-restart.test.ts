// What a classic group is after its shard was loaded again from the records that it wrote, through their real bytes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  ClassicDriver,
  emptiedPair,
  outcomeOf,
  preparingPair,
  SESSION_MS,
  stablePair,
  subscription,
} from "./support/classic-driver.ts";

describe("after a restart", () => {
  test("a Stable group has its members, who go on as if nothing had been", () => {
    const driver = new ClassicDriver();
    const { leader, follower } = stablePair(driver);
    driver.harness.restart();
    assert.equal(driver.state(), "Stable");
    assert.equal(driver.heartbeat(leader, 1), "NONE");
    const synced = driver.sync({ member: follower, generation: 1 });
    assert.equal(synced.answer.assignment.toString(), "b");
    assert.equal(outcomeOf(driver.join({ member: follower })), "NONE", "the metadata it said is known");
    assert.equal(driver.group().leaderId, leader);
    assert.ok(driver.group().isSubscribedTo("t") && !driver.group().isSubscribedTo("u"));
  });

  test("members have their session timeout from then on", () => {
    const driver = new ClassicDriver();
    const { leader } = stablePair(driver);
    driver.advance(SESSION_MS - 1);
    driver.harness.restart();
    driver.advance(SESSION_MS - 1);
    assert.equal(driver.heartbeat(leader, 1), "NONE");
    driver.advance(1);
    assert.equal(driver.group().members.size, 1);
  });

  test("a rebalance that was not finished has never been, and members rejoin", () => {
    const driver = new ClassicDriver();
    const { leader, follower } = preparingPair(driver);
    driver.harness.restart();
    assert.equal(driver.state(), "Stable");
    const calls = [driver.join({ member: leader }), driver.join({ member: follower })];
    assert.deepEqual(calls.map(outcomeOf), ["NONE", "NONE"]);
    assert.equal(calls[0]!.answer.generationId, 2);
  });

  test("a group that was being formed is there and empty, and its members are strangers", () => {
    const driver = new ClassicDriver();
    const member = driver.memberId();
    driver.join({ member });
    driver.harness.restart();
    assert.equal(driver.state(), "Empty");
    assert.equal(outcomeOf(driver.join({ member })), "UNKNOWN_MEMBER_ID");
  });

  test("an empty group keeps its generation and since when it is empty", () => {
    const driver = new ClassicDriver();
    emptiedPair(driver);
    const { generationId, stateSinceMs } = driver.group();
    driver.advance(1_000_000);
    driver.harness.restart();
    assert.equal(driver.group().generationId, generationId);
    assert.equal(driver.group().stateSinceMs, stateSinceMs);
    assert.equal(driver.shard.context.deadlines.size, 0);
  });

  test("a static member keeps its instance id", () => {
    const driver = new ClassicDriver();
    const joined = driver.join({ instance: "i" });
    driver.advance(0);
    const { memberId } = joined.answer;
    driver.sync({ member: memberId, instance: "i", generation: 1, assignments: { [memberId]: "a" } });
    driver.harness.restart();
    assert.equal(driver.heartbeat(memberId, 1, "i"), "NONE");
    const back = driver.join({ instance: "i" });
    assert.equal(outcomeOf(back), "NONE");
    assert.equal(driver.heartbeat(memberId, 1, "i"), "FENCED_INSTANCE_ID");
    driver.harness.restart();
    assert.equal(driver.heartbeat(back.answer.memberId, 1, "i"), "NONE", "the new id was kept too");
  });

  test("a group larger than group.max.size rebalances", () => {
    const driver = new ClassicDriver();
    const { leader, follower } = stablePair(driver);
    driver.world.config = { ...driver.world.config, groupMaxSize: 1 };
    driver.harness.restart();
    assert.equal(driver.heartbeat(leader, 1), "REBALANCE_IN_PROGRESS");
    assert.equal(outcomeOf(driver.join({ member: follower })), "waits");
    assert.equal(outcomeOf(driver.join({ member: leader })), "GROUP_MAX_SIZE_REACHED");
  });

  test("a deleted group is gone", () => {
    const driver = new ClassicDriver();
    emptiedPair(driver);
    driver.harness.seed(driver.group().tombstones());
    assert.equal(driver.state(), "none");
    driver.harness.restart();
    assert.equal(driver.state(), "none");
  });
});

describe("records of other brokers", () => {
  const member = {
    memberId: "m",
    groupInstanceId: null,
    clientId: "c",
    clientHost: "/h",
    rebalanceTimeout: -1,
    sessionTimeout: 9_000,
    subscription: subscription(["t"]),
    assignment: Buffer.from("x"),
  };
  const value = {
    protocolType: "consumer",
    generation: 4,
    protocol: "range",
    leader: "m",
    currentStateTimestamp: -1,
    members: [member],
  };
  const load = (changed: Partial<typeof value>) => {
    const driver = new ClassicDriver();
    driver.harness.seed([{ kind: "GroupMetadata", key: { group: "orders" }, value: { ...value, ...changed } }]);
    driver.harness.restart();
    return driver;
  };

  test("an old record without a rebalance timeout uses the session timeout", () => {
    assert.equal(load({}).group().rebalanceTimeoutMs(), 9_000);
  });

  test("a leader that is no member gives way to one that is", () => {
    const driver = load({ leader: "gone" });
    const call = driver.join({ member: "m", topics: ["u"] });
    assert.equal(call.answer.leader, "m");
  });

  test("a group without a leader has one", () => {
    assert.equal(load({ leader: null as never }).group().leaderId, "m");
  });

  test("metadata that cannot be read leaves the topics unknown: the group counts as subscribed to all", () => {
    const garbage = load({ members: [{ ...member, subscription: Buffer.from([0, 1, 0xff, 0xff, 0xff]) }] });
    assert.ok(garbage.group().isSubscribedTo("anything"));
    assert.equal(garbage.group().offsetExpiration(), null);
  });

  test("a group of another protocol type subscribes to nothing", () => {
    assert.ok(!load({ protocolType: "connect" }).group().isSubscribedTo("t"));
  });
});
