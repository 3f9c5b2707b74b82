// Static members (KIP-345): they come back under a new member id, in each state, and whoever still uses the old one is fenced.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errorName } from "@ottla/protocol";
import { ClassicDriver, outcomeOf, REBALANCE_MS, subscription } from "./support/classic-driver.ts";
import type { JoinOptions } from "./support/classic-driver.ts";

interface StaticPair {
  readonly driver: ClassicDriver;
  /** Member ids of instances "l", the leader, and "f". */
  readonly leader: string;
  readonly follower: string;
}

function completing(): StaticPair {
  const driver = new ClassicDriver();
  const first = driver.join({ instance: "l" });
  const second = driver.join({ instance: "f" });
  driver.advance(0);
  const [leader, follower] = [first.answer.memberId, second.answer.memberId];
  driver.names.set(leader, "L").set(follower, "F");
  return { driver, leader, follower };
}

function stable(): StaticPair {
  const pair = completing();
  const { driver, leader, follower } = pair;
  driver.sync({ member: follower, instance: "f", generation: 1 });
  driver.sync({ member: leader, instance: "l", generation: 1, assignments: { [leader]: "a", [follower]: "b" } });
  driver.harness.takeRecords();
  assert.equal(driver.state(), "Stable");
  return pair;
}

describe("a static member that joins", () => {
  test("needs no second request for its id, which begins with its instance id", () => {
    const driver = new ClassicDriver();
    const call = driver.join({ instance: "i", client: "app" });
    driver.advance(0);
    assert.match(call.answer.memberId, /^i-[0-9a-f-]{36}$/);
    assert.deepEqual(
      call.answer.members.map(({ groupInstanceId }) => groupInstanceId),
      ["i"],
    );
  });

  test("may not join a group that is full", () => {
    const driver = new ClassicDriver({ groupMaxSize: 1 });
    driver.join({ instance: "i" });
    assert.equal(outcomeOf(driver.join({ instance: "j" })), "GROUP_MAX_SIZE_REACHED");
  });
});

describe("a static member that is back in a Stable group", () => {
  test("gets its place without a rebalance, and the record has its new id", () => {
    const { driver, follower } = stable();
    const back = driver.join({ instance: "f" });
    const { answer } = back;
    driver.names.set(answer.memberId, "F2");
    assert.equal(outcomeOf(back), "NONE");
    assert.notEqual(answer.memberId, follower);
    assert.equal(answer.generationId, 1);
    assert.equal(answer.skipAssignment, false);
    assert.equal(driver.state(), "Stable");
    assert.deepEqual(driver.records(), ["orders generation 1 consumer range [*L=a F2=b]"]);
    const synced = driver.sync({ member: answer.memberId, instance: "f", generation: 1 });
    assert.equal(synced.answer.assignment.toString(), "b");
  });

  const leaders = [
    { version: 9, skip: true, members: 2, isTold: true },
    { version: 8, skip: false, members: 0, isTold: false },
    { version: 5, skip: false, members: 0, isTold: false },
  ];
  for (const { version, skip, members, isTold } of leaders) {
    test(`JoinGroup ${version}: a leader ${isTold ? "learns that it leads and skips assigning (KIP-814)" : "does not learn that it leads"}`, () => {
      const { driver, leader } = stable();
      const { answer } = driver.join({ instance: "l", version });
      assert.equal(answer.skipAssignment, skip);
      assert.equal(answer.members.length, members);
      assert.equal(answer.leader, isTold ? answer.memberId : leader);
      assert.equal(driver.group().leaderId, answer.memberId);
    });
  }

  test("with other topics does not disturb either: the leader learns of them in the next generation", () => {
    const { driver, leader } = stable();
    const { memberId } = driver.join({ instance: "f", topics: ["u"] }).answer;
    assert.equal(driver.state(), "Stable");
    const rejoining = driver.join({ member: leader, instance: "l" });
    driver.join({ member: memberId, instance: "f", topics: ["u"] });
    const metadata = rejoining.answer.members.find((member) => member.memberId === memberId)?.metadata;
    assert.deepEqual(metadata, subscription(["u"]));
  });

  test("with another common protocol rebalances", () => {
    const driver = new ClassicDriver();
    const only = driver.join({ instance: "i", protocols: ["range", "sticky"] });
    driver.advance(0);
    driver.sync({ member: only.answer.memberId, instance: "i", generation: 1 });
    const back = driver.join({ instance: "i", protocols: ["sticky", "range"] });
    assert.equal(outcomeOf(back), "NONE");
    assert.equal(back.answer.generationId, 2);
    assert.equal(back.answer.protocolName, "sticky");
    assert.equal(driver.state(), "CompletingRebalance");
  });

  test("has its new session timeout from now", () => {
    const { driver, leader } = stable();
    const { memberId } = driver.join({ instance: "f", sessionMs: 30_000 }).answer;
    for (let second = 0; second < 29; second++) {
      driver.advance(1_000);
      driver.heartbeat(leader, 1, "l");
    }
    assert.ok(driver.group().members.has(memberId));
    driver.advance(1_000);
    assert.ok(!driver.group().members.has(memberId));
  });

  test("too large to be kept is refused, and the group stays as it was", () => {
    const { driver } = stable();
    driver.world.config = { ...driver.world.config, groupMaxRecordBytes: 600 };
    const back = driver.join({ instance: "f", topics: ["u".repeat(200), "v".repeat(200)] });
    assert.equal(outcomeOf(back), "UNKNOWN_SERVER_ERROR");
    assert.equal(driver.state(), "Stable");
    assert.deepEqual(driver.records(), []);
    assert.equal(outcomeOf(driver.join({ instance: "f" })), "NONE");
  });
});

describe("a static member that is back during a rebalance", () => {
  test("PreparingRebalance: it has joined, and the others wait no longer", () => {
    const { driver, leader } = stable();
    const rejoining = driver.join({ member: leader, instance: "l" });
    const back = driver.join({ instance: "f" });
    assert.deepEqual([outcomeOf(rejoining), outcomeOf(back)], ["NONE", "NONE"]);
    assert.equal(back.answer.generationId, 2);
  });

  test("PreparingRebalance: the JoinGroup of its old id is fenced", () => {
    const { driver, leader } = stable();
    const waiting = driver.join({ member: leader, instance: "l" });
    const back = driver.join({ instance: "l" });
    assert.equal(outcomeOf(waiting), "FENCED_INSTANCE_ID");
    assert.equal(waiting.answer.memberId, leader);
    assert.equal(outcomeOf(back), "waits");
  });

  test("CompletingRebalance: all join again, because the leader assigns to the old id", () => {
    const { driver, leader, follower } = completing();
    const waiting = driver.sync({ member: follower, instance: "f", generation: 1 });
    const back = driver.join({ instance: "f" });
    assert.equal(outcomeOf(waiting), "FENCED_INSTANCE_ID");
    assert.equal(driver.state(), "PreparingRebalance");
    assert.equal(driver.heartbeat(leader, 1, "l"), "REBALANCE_IN_PROGRESS");
    assert.equal(outcomeOf(back), "waits");
  });

  test("the initial one: it takes its own place and the delay goes on", () => {
    const driver = new ClassicDriver({ groupInitialRebalanceDelayMs: 3_000 });
    const first = driver.join({ instance: "i" });
    driver.advance(1_000);
    const back = driver.join({ instance: "i" });
    assert.equal(outcomeOf(first), "FENCED_INSTANCE_ID");
    driver.advance(2_000);
    assert.equal(outcomeOf(back), "NONE");
    assert.equal(back.answer.members.length, 1);
  });
});

describe("the old member id of a static member that is back", () => {
  type Use = (driver: ClassicDriver, old: string) => string;
  const join =
    (options: JoinOptions): Use =>
    (driver, old) =>
      outcomeOf(driver.join({ ...options, member: old }));
  const rows: { what: string; use: Use; answer: string }[] = [
    { what: "heartbeat", use: (driver, old) => driver.heartbeat(old, 1, "f"), answer: "FENCED_INSTANCE_ID" },
    {
      what: "heartbeat without the instance id",
      use: (driver, old) => driver.heartbeat(old, 1),
      answer: "UNKNOWN_MEMBER_ID",
    },
    { what: "join", use: join({ instance: "f" }), answer: "FENCED_INSTANCE_ID" },
    { what: "join without the instance id", use: join({}), answer: "UNKNOWN_MEMBER_ID" },
    {
      what: "sync",
      use: (driver, old) => outcomeOf(driver.sync({ member: old, instance: "f", generation: 1 })),
      answer: "FENCED_INSTANCE_ID",
    },
    { what: "leave", use: (driver, old) => driver.leave(old, "f"), answer: "FENCED_INSTANCE_ID" },
    {
      what: "commit",
      use: (driver, old) =>
        errorName(
          driver.group().refuseCommit({
            memberId: old,
            groupInstanceId: "f",
            generationIdOrMemberEpoch: 1,
            isTransactional: false,
            apiVersion: 9,
          }),
        ),
      answer: "FENCED_INSTANCE_ID",
    },
  ];
  for (const { what, use, answer } of rows) {
    test(`${what}: ${answer}`, () => {
      const { driver, follower } = stable();
      driver.join({ instance: "f" });
      assert.equal(use(driver, follower), answer);
      assert.equal(driver.state(), "Stable");
    });
  }
});

describe("a static member that stays away", () => {
  test("keeps its place in a rebalance until its session ends", () => {
    const { driver, leader } = stable();
    driver.join({ instance: "f", sessionMs: 120_000 });
    const rejoining = driver.join({ member: leader, instance: "l", sessionMs: 120_000 });
    driver.advance(REBALANCE_MS);
    assert.equal(outcomeOf(rejoining), "NONE");
    assert.equal(rejoining.answer.members.length, 2);
  });

  test("leaves the rebalance waiting when nobody else is there either", () => {
    const { driver, leader } = stable();
    for (const instance of ["l", "f"]) driver.join({ instance, sessionMs: 200_000 });
    const members = [...driver.group().members.values()];
    const call = driver.join({
      member: members[0]!.memberId,
      instance: members[0]!.groupInstanceId!,
      sessionMs: 200_000,
    });
    assert.ok(call.waits);
    assert.equal(driver.leave("", members[0]!.groupInstanceId!), "NONE");
    driver.advance(REBALANCE_MS);
    assert.equal(driver.state(), "PreparingRebalance");
    driver.advance(REBALANCE_MS);
    assert.equal(driver.state(), "PreparingRebalance");
    driver.advance(200_000 - 2 * REBALANCE_MS);
    assert.equal(driver.state(), "Empty");
    assert.equal(driver.heartbeat(leader, 1, "l"), "UNKNOWN_MEMBER_ID");
  });

  test("can be removed by its instance id alone", () => {
    const { driver, leader } = stable();
    const answer = driver.leaveAll([
      { member: "", instance: "f" },
      { member: "", instance: "gone" },
    ]);
    assert.deepEqual(
      answer.members.map(({ memberId, groupInstanceId, errorCode }) => [
        memberId,
        groupInstanceId,
        errorName(errorCode),
      ]),
      [
        ["", "f", "NONE"],
        ["", "gone", "UNKNOWN_MEMBER_ID"],
      ],
    );
    assert.deepEqual([...driver.group().members.keys()], [leader]);
    assert.equal(driver.state(), "PreparingRebalance");
  });

  test("leaves with its own id too", () => {
    const { driver, follower } = stable();
    assert.equal(driver.leave(follower, "f"), "NONE");
    assert.equal(driver.group().members.size, 1);
  });
});
