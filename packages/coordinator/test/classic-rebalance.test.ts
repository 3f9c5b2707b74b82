// How a classic group comes from one generation to the next in time: votes for a protocol, the initial delay, the rebalance timeout,
// members that never sync.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  ClassicDriver,
  completingPair,
  outcomeOf,
  preparingPair,
  SESSION_MS,
  stablePair,
  subscription,
} from "./support/classic-driver.ts";

describe("a generation", () => {
  test("tells the leader all members and the others nobody", () => {
    const driver = new ClassicDriver();
    const leader = driver.memberId({ client: "a" });
    const follower = driver.memberId({ client: "b" });
    const first = driver.join({ member: leader, topics: ["t"] });
    const second = driver.join({ member: follower, topics: ["u"] });
    assert.ok(first.waits && second.waits, "both wait for the initial delay, even one of 0 ms");
    driver.advance(0);
    assert.deepEqual(first.answer, {
      throttleTimeMs: 0,
      errorCode: 0,
      generationId: 1,
      protocolType: "consumer",
      protocolName: "range",
      leader,
      skipAssignment: false,
      memberId: leader,
      members: [
        { memberId: leader, groupInstanceId: null, metadata: subscription(["t"]) },
        { memberId: follower, groupInstanceId: null, metadata: subscription(["u"]) },
      ],
    });
    assert.deepEqual(
      { ...second.answer, leader: "" },
      { ...first.answer, leader: "", memberId: follower, members: [] },
    );
    assert.match(leader, /^a-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test("hands each member its own part, whatever bytes it is", () => {
    const driver = new ClassicDriver();
    const { leader, follower, generation } = completingPair(driver);
    const waiting = driver.sync({ member: follower, generation });
    const own = driver.sync({ member: leader, generation, assignments: { [leader]: "\u0000\u00ff", [follower]: "" } });
    assert.deepEqual(own.answer, {
      throttleTimeMs: 0,
      errorCode: 0,
      protocolType: "consumer",
      protocolName: "range",
      assignment: Buffer.from("\u0000\u00ff"),
    });
    assert.equal(waiting.answer.assignment.length, 0);
  });

  test("keeps what it was told, not the request's buffers", () => {
    const driver = new ClassicDriver();
    const metadata = subscription(["t"]);
    const leader = driver.memberId();
    const joined = driver.join({ member: leader, metadata });
    metadata.fill(0xff);
    driver.advance(0);
    assert.deepEqual(joined.answer.members[0]!.metadata, subscription(["t"]));
  });

  test("is one more each time, and empty groups have one too", () => {
    const driver = new ClassicDriver();
    const { leader, follower } = stablePair(driver);
    driver.leave(follower);
    const again = driver.join({ member: leader });
    assert.equal(again.answer.generationId, 2);
    driver.leave(leader);
    assert.deepEqual(driver.records(), [
      "orders generation 0 - - []",
      "orders generation 1 consumer range [*L=a F=b]",
      "orders generation 3 consumer - []",
    ]);
  });
});

describe("the protocol of a generation", () => {
  const rows = [
    { who: [["range"]], chosen: "range" },
    {
      who: [
        ["range", "sticky"],
        ["sticky", "range"],
        ["sticky", "range"],
      ],
      chosen: "sticky",
    },
    { who: [["range", "sticky"], ["sticky"]], chosen: "sticky" },
    {
      who: [
        ["a", "b", "c"],
        ["c", "b"],
        ["c", "b", "a"],
      ],
      chosen: "c",
    },
    {
      who: [
        ["range", "sticky"],
        ["sticky", "range"],
      ],
      chosen: "range",
    },
    { who: [["range", "range", "sticky"]], chosen: "range" },
  ];
  for (const { who, chosen } of rows) {
    test(`${who.map((names) => names.join(">")).join(" and ")} agree on ${chosen}`, () => {
      const driver = new ClassicDriver();
      const calls = who.map((protocols) => driver.join({ version: 3, protocols }));
      driver.advance(0);
      assert.deepEqual(
        calls.map(({ answer }) => answer.protocolName),
        who.map(() => chosen),
      );
    });
  }

  test("follows a member that changed what it can", () => {
    const driver = new ClassicDriver();
    const { leader, follower } = stablePair(driver);
    driver.join({ member: follower, protocols: ["sticky", "range"] });
    const joined = driver.join({ member: leader, protocols: ["sticky", "range"] });
    assert.equal(joined.answer.protocolName, "sticky");
  });

  test("is not left by one member alone, even one that could follow another", () => {
    const driver = new ClassicDriver();
    const { leader, follower } = stablePair(driver);
    driver.join({ member: follower, protocols: ["sticky", "range"] });
    const refused = driver.join({ member: leader, protocols: ["sticky"] });
    assert.equal(outcomeOf(refused), "INCONSISTENT_GROUP_PROTOCOL");
  });
});

describe("the initial delay", () => {
  const delayed = () => new ClassicDriver({ groupInitialRebalanceDelayMs: 3_000 });

  test("is waited once when nobody else comes", () => {
    const driver = delayed();
    const call = driver.join({ version: 3 });
    driver.advance(2_999);
    assert.equal(outcomeOf(call), "waits");
    driver.advance(1);
    assert.equal(outcomeOf(call), "NONE");
  });

  test("begins again while members come", () => {
    const driver = delayed();
    const first = driver.join({ version: 3 });
    driver.advance(2_000);
    driver.join({ version: 3 });
    driver.advance(3_999);
    assert.equal(outcomeOf(first), "waits");
    driver.advance(1);
    assert.equal(outcomeOf(first), "NONE");
  });

  test("is never longer than the rebalance timeout", () => {
    const driver = delayed();
    const first = driver.join({ version: 3, rebalanceMs: 7_000 });
    for (let second = 0; second < 6; second++) {
      driver.advance(1_000);
      driver.join({ version: 3, rebalanceMs: 7_000 });
    }
    driver.advance(999);
    assert.equal(outcomeOf(first), "waits");
    driver.advance(1);
    assert.equal(outcomeOf(first), "NONE");
    assert.equal(first.answer.members.length, 7);
  });

  test("is not waited when the group was there before", () => {
    const driver = delayed();
    driver.join({ version: 3 });
    driver.advance(3_000);
    const leader = driver.group().leaderId!;
    driver.sync({ member: leader, generation: 1 });
    const second = driver.join({ version: 3 });
    assert.equal(outcomeOf(driver.join({ member: leader })), "NONE");
    assert.equal(outcomeOf(second), "NONE");
  });

  test("is over when someone who was to join gives up and all others are there", () => {
    const driver = delayed();
    const call = driver.join({ version: 3 });
    const pending = driver.memberId({ sessionMs: 6_000 });
    driver.advance(3_000);
    assert.equal(outcomeOf(call), "NONE");
    assert.equal(driver.leave(pending), "NONE");
    assert.equal(driver.state(), "PreparingRebalance");
  });
});

describe("the rebalance timeout", () => {
  test("ends the membership of dynamic members that do not rejoin", () => {
    const driver = new ClassicDriver();
    const { rejoining, follower } = preparingPair(driver);
    // It stays alive and still has to rejoin in time.
    for (let second = 0; second < 59; second += 1) {
      driver.advance(1_000);
      driver.heartbeat(follower, 1);
    }
    assert.equal(outcomeOf(rejoining), "waits");
    driver.advance(1_000);
    assert.equal(outcomeOf(rejoining), "NONE");
    assert.equal(rejoining.answer.members.length, 1);
    assert.equal(driver.heartbeat(follower, 1), "UNKNOWN_MEMBER_ID");
  });

  test("is the longest that a member asks for", () => {
    const driver = new ClassicDriver();
    const { leader, follower } = stablePair(driver);
    driver.join({ member: follower, topics: ["u"], rebalanceMs: 5_000, sessionMs: 400_000 });
    driver.join({ member: leader, rebalanceMs: 90_000, sessionMs: 400_000 });
    driver.sync({ member: leader, generation: 2 });
    driver.sync({ member: follower, generation: 2 });
    const rejoining = driver.join({ member: leader, rebalanceMs: 5_000, sessionMs: 400_000 });
    // The old 90 seconds were replaced by what the leader says now; the follower's 5 seconds stand.
    driver.advance(4_999);
    assert.equal(outcomeOf(rejoining), "waits");
    driver.advance(1);
    assert.equal(outcomeOf(rejoining), "NONE");
  });

  test("makes one who is here the leader when the leader does not rejoin", () => {
    const driver = new ClassicDriver();
    const { follower, leader } = stablePair(driver);
    const rejoining = driver.join({ member: follower, topics: ["u"] });
    for (let second = 0; second < 60; second++) {
      driver.advance(1_000);
      driver.heartbeat(leader, 1);
    }
    assert.equal(rejoining.answer.leader, follower);
  });

  test("counts the session too: a member that is silent is gone sooner", () => {
    const driver = new ClassicDriver();
    const { rejoining } = preparingPair(driver);
    driver.advance(SESSION_MS - 1);
    assert.equal(outcomeOf(rejoining), "waits");
    driver.advance(1);
    assert.equal(outcomeOf(rejoining), "NONE");
  });
});

describe("members that never sync", () => {
  test("are removed, with the leader first of all", () => {
    const driver = new ClassicDriver();
    const { leader, follower } = completingPair(driver);
    const waiting = driver.sync({ member: follower, generation: 1 });
    for (let second = 0; second < 59; second++) {
      driver.advance(1_000);
      driver.heartbeat(leader, 1);
    }
    assert.equal(outcomeOf(waiting), "waits");
    driver.advance(1_000);
    assert.equal(outcomeOf(waiting), "REBALANCE_IN_PROGRESS");
    assert.equal(driver.heartbeat(leader, 1), "UNKNOWN_MEMBER_ID");
    assert.equal(driver.join({ member: follower }).answer.leader, follower);
  });

  test("are removed from a Stable group that they hold up no more", () => {
    const driver = new ClassicDriver();
    const { leader, follower } = completingPair(driver);
    driver.sync({ member: leader, generation: 1, assignments: { [leader]: "a" } });
    assert.equal(driver.state(), "Stable");
    for (let second = 0; second < 60; second++) {
      driver.advance(1_000);
      driver.heartbeat(leader, 1);
      driver.heartbeat(follower, 1);
    }
    assert.equal(driver.state(), "PreparingRebalance");
    assert.equal(driver.heartbeat(follower, 1), "UNKNOWN_MEMBER_ID");
    assert.equal(driver.heartbeat(leader, 1), "REBALANCE_IN_PROGRESS");
  });

  test("leave an empty group when nobody syncs", () => {
    const driver = new ClassicDriver();
    const { leader, follower } = completingPair(driver);
    driver.records();
    for (let second = 0; second < 60; second++) {
      driver.advance(1_000);
      driver.heartbeat(leader, 1);
      driver.heartbeat(follower, 1);
    }
    assert.equal(driver.state(), "Empty");
    assert.deepEqual(driver.records(), ["orders generation 2 consumer - []"]);
  });

  test("matter only in their own generation", () => {
    const driver = new ClassicDriver();
    const { leader, follower } = completingPair(driver);
    driver.advance(5_000);
    driver.join({ member: leader, topics: ["u"] });
    driver.join({ member: follower });
    for (let second = 0; second < 59; second++) {
      driver.advance(1_000);
      driver.heartbeat(leader, 2);
      driver.heartbeat(follower, 2);
    }
    assert.equal(driver.state(), "CompletingRebalance");
    driver.advance(1_000);
    assert.equal(driver.state(), "Empty");
  });

  test("no longer matter once all have synced", () => {
    const driver = new ClassicDriver();
    const { leader } = stablePair(driver);
    driver.leaveAll([{ member: driver.group().members.keys().toArray()[1]! }]);
    driver.join({ member: leader });
    driver.sync({ member: leader, generation: 2, assignments: { [leader]: "all" } });
    for (let second = 0; second < 120; second++) {
      driver.advance(1_000);
      assert.equal(driver.heartbeat(leader, 2), "NONE");
    }
  });
});
