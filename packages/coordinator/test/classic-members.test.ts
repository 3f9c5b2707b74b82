// Who may stay in a classic group and who may come in: sessions that end, members that are given an id and vanish, group.max.size,
// records that are too large, and what versions of JoinGroup and LeaveGroup carry.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errorName } from "@ottla/protocol";
import type { GroupRecord } from "../src/group/group-records.ts";
import {
  ClassicDriver,
  completingPair,
  joinAsSent,
  outcomeOf,
  REBALANCE_MS,
  SESSION_MS,
  stablePair,
  subscription,
} from "./support/classic-driver.ts";

const NEW_MEMBER_MS = 300_000;

function groupOf(group: string, memberId: string): GroupRecord {
  const member = {
    memberId,
    groupInstanceId: null,
    clientId: "c",
    clientHost: "/h",
    rebalanceTimeout: REBALANCE_MS,
    sessionTimeout: SESSION_MS,
    subscription: subscription(["t"]),
    assignment: Buffer.alloc(0),
  };
  const value = {
    protocolType: "consumer",
    generation: 1,
    protocol: "range",
    leader: memberId,
    currentStateTimestamp: -1,
  };
  return { kind: "GroupMetadata", key: { group }, value: { ...value, members: [member] } };
}

describe("a session", () => {
  const rows = [
    { what: "ends after its timeout", keep: () => undefined, alive: false },
    {
      what: "is extended by a heartbeat",
      keep: (driver: ClassicDriver, member: string) => void driver.heartbeat(member, 1),
      alive: true,
    },
    {
      what: "is not extended by a heartbeat of another generation",
      keep: (driver: ClassicDriver, member: string) => void driver.heartbeat(member, 7),
      alive: false,
    },
    {
      what: "is extended by a commit",
      keep: (driver: ClassicDriver, member: string) => driver.group().commitAccepted(member, driver.harness.now),
      alive: true,
    },
  ];
  for (const { what, keep, alive } of rows) {
    test(what, () => {
      const driver = new ClassicDriver();
      const { leader, follower } = stablePair(driver);
      driver.advance(SESSION_MS - 1);
      keep(driver, leader);
      driver.heartbeat(follower, 1);
      driver.advance(SESSION_MS - 1);
      assert.equal(driver.group().members.has(leader), alive);
      assert.equal(driver.state(), alive ? "Stable" : "PreparingRebalance");
    });
  }

  test("is not needed while a request waits, and begins anew when it is answered", () => {
    const driver = new ClassicDriver();
    const { leader, follower } = completingPair(driver);
    const waiting = driver.sync({ member: follower, generation: 1 });
    for (let second = 0; second < 55; second++) {
      driver.advance(1_000);
      driver.heartbeat(leader, 1);
    }
    driver.sync({ member: leader, generation: 1 });
    assert.equal(outcomeOf(waiting), "NONE");
    driver.advance(SESSION_MS - 1);
    assert.equal(driver.heartbeat(follower, 1), "NONE");
  });

  test("of the last member leaves an empty group, of which the record tells", () => {
    const driver = new ClassicDriver();
    stablePair(driver);
    driver.records();
    driver.advance(SESSION_MS);
    assert.equal(driver.state(), "Empty");
    assert.deepEqual(driver.records(), ["orders generation 2 consumer - []"]);
    assert.equal(driver.shard.context.deadlines.size, 0);
  });

  test("is one member's own, however group and member are called", () => {
    const driver = new ClassicDriver();
    // Joined by a slash, both names would be alike.
    driver.harness.seed([groupOf("a/b", "c"), groupOf("a", "b/c")]);
    driver.harness.restart();
    assert.equal(driver.shard.context.deadlines.size, 2);
  });
});

describe("someone who is given an id and vanishes", () => {
  test("is forgotten after the session timeout", () => {
    const driver = new ClassicDriver();
    const member = driver.memberId();
    driver.advance(SESSION_MS - 1);
    assert.ok(driver.group().isPendingJoin(member));
    driver.advance(1);
    assert.equal(outcomeOf(driver.join({ member })), "UNKNOWN_MEMBER_ID");
  });

  test("holds up a rebalance until then", () => {
    const driver = new ClassicDriver();
    const { leader, follower } = stablePair(driver);
    driver.memberId();
    const calls = [driver.join({ member: leader }), driver.join({ member: follower })];
    driver.advance(SESSION_MS - 1);
    assert.deepEqual(calls.map(outcomeOf), ["waits", "waits"]);
    driver.advance(1);
    assert.deepEqual(calls.map(outcomeOf), ["NONE", "NONE"]);
  });

  test("does not hold it up after it left", () => {
    const driver = new ClassicDriver();
    const { leader, follower } = stablePair(driver);
    const pending = driver.memberId();
    const calls = [driver.join({ member: leader }), driver.join({ member: follower })];
    driver.leave(pending);
    assert.deepEqual(calls.map(outcomeOf), ["NONE", "NONE"]);
  });

  test("joins in a long rebalance and is let go after five minutes, not before", () => {
    const driver = new ClassicDriver({ groupInitialRebalanceDelayMs: 3_000 });
    driver.join({ version: 3, rebalanceMs: 1_000_000 });
    driver.advance(3_000);
    const leader = driver.group().leaderId!;
    driver.sync({ member: leader, generation: 1 });
    const vanished = driver.join({ version: 3, rebalanceMs: 1_000_000 });
    for (let at = 0; at < NEW_MEMBER_MS - 1_000; at += 1_000) {
      driver.advance(1_000);
      driver.heartbeat(leader, 1);
    }
    assert.equal(outcomeOf(vanished), "waits");
    driver.advance(1_000);
    assert.equal(outcomeOf(vanished), "UNKNOWN_MEMBER_ID");
    assert.equal(vanished.answer.memberId, "");
    assert.equal(driver.group().members.size, 1);
  });

  test("is removed with those whose JoinGroup was answered while nobody was there: its session ends", () => {
    const driver = new ClassicDriver();
    driver.join({ version: 3 });
    driver.advance(0);
    assert.equal(driver.state(), "CompletingRebalance");
    driver.advance(SESSION_MS);
    assert.equal(driver.state(), "Empty");
  });
});

describe("a group that is full (group.max.size 2)", () => {
  const full = () => {
    const driver = new ClassicDriver({ groupMaxSize: 2 });
    return { driver, ...stablePair(driver) };
  };

  test("takes nobody else", () => {
    const { driver } = full();
    const call = driver.join();
    assert.equal(outcomeOf(call), "GROUP_MAX_SIZE_REACHED");
    assert.equal(call.answer.memberId, "");
    assert.equal(driver.state(), "Stable");
  });

  test("takes its own members again", () => {
    const { driver, leader, follower } = full();
    const calls = [driver.join({ member: leader }), driver.join({ member: follower })];
    assert.deepEqual(calls.map(outcomeOf), ["NONE", "NONE"]);
  });

  test("loses who rejoins last while it is too large", () => {
    const driver = new ClassicDriver();
    const { leader, follower } = stablePair(driver);
    driver.world.config = { ...driver.world.config, groupMaxSize: 1 };
    const first = driver.join({ member: leader });
    const second = driver.join({ member: follower });
    assert.equal(outcomeOf(second), "GROUP_MAX_SIZE_REACHED");
    driver.advance(REBALANCE_MS);
    assert.equal(first.answer.members.length, 1);
  });

  test("refuses even someone who was given an id", () => {
    const driver = new ClassicDriver({ groupMaxSize: 2 });
    const third = driver.memberId();
    stablePair(driver);
    driver.advance(0);
    assert.equal(outcomeOf(driver.join({ member: third })), "GROUP_MAX_SIZE_REACHED");
  });
});

describe("a group too large to be kept", () => {
  test("rebalances again and tells its members that the server failed", () => {
    const driver = new ClassicDriver({ groupMaxRecordBytes: 500 });
    const { leader, follower } = completingPair(driver);
    driver.records();
    const waiting = driver.sync({ member: follower, generation: 1 });
    const own = driver.sync({ member: leader, generation: 1, assignments: { [leader]: "x".repeat(300) } });
    assert.deepEqual([outcomeOf(own), outcomeOf(waiting)], ["UNKNOWN_SERVER_ERROR", "UNKNOWN_SERVER_ERROR"]);
    assert.equal(driver.state(), "PreparingRebalance");
    assert.deepEqual(driver.records(), []);
    driver.join({ member: leader });
    driver.join({ member: follower });
    const second = driver.sync({ member: leader, generation: 2, assignments: { [leader]: "x" } });
    assert.equal(outcomeOf(second), "NONE");
  });
});

describe("answers by version", () => {
  test("JoinGroup 0 uses the session timeout for rebalances", () => {
    const driver = new ClassicDriver();
    driver.join({ version: 0, sessionMs: 30_000 });
    assert.equal(driver.group().rebalanceTimeoutMs(), 30_000);
  });

  for (let version = 0; version <= 9; version++) {
    test(`JoinGroup ${version} is answered in a shape that it can carry, refused or not`, () => {
      const driver = new ClassicDriver();
      const refused = driver.join({ version, sessionMs: 1 });
      assert.equal(joinAsSent(refused, version).protocolName, version < 7 ? "" : null);
      const asked = driver.join({ version });
      const joined = version >= 4 ? driver.join({ version, member: asked.answer.memberId }) : asked;
      driver.advance(0);
      const sent = joinAsSent(joined, version);
      assert.equal(errorName(sent.errorCode), "NONE");
      assert.equal(sent.protocolName, "range");
      assert.equal(sent.protocolType, version < 7 ? null : "consumer");
      assert.equal(sent.members.length, 1);
    });
  }

  for (let version = 0; version <= 5; version++) {
    test(`LeaveGroup ${version} ${version < 3 ? "has one error" : "has an error for each member"}`, () => {
      const driver = new ClassicDriver();
      const { leader, follower } = stablePair(driver);
      const stranger = driver.leaveAll([{ member: "stranger" }], { version });
      assert.equal(errorName(version < 3 ? stranger.errorCode : stranger.members[0]!.errorCode), "UNKNOWN_MEMBER_ID");
      assert.equal(driver.leaveAll([{ member: follower }], { version }).errorCode, 0);
      assert.deepEqual([...driver.group().members.keys()], [leader]);
    });
  }
});
