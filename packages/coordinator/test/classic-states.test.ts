// Each command in each state of a classic group, as one table: what it is answered, the state after, what those who wait are answered,
// what is written. The rows are the branches of GroupMetadataManager's classicGroupJoin, -Sync, -Heartbeat and -Leave.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  ClassicDriver,
  completingPair,
  emptiedPair,
  outcomeOf,
  preparingPair,
  stablePair,
} from "./support/classic-driver.ts";
import type { JoinOptions, Pair, SyncOptions } from "./support/classic-driver.ts";
import type { Call } from "./support/shard-harness.ts";

interface Ready extends Pair {
  readonly driver: ClassicDriver;
  /** The request that waits in this state. */
  readonly waiting: Call<{ errorCode: number }> | null;
}

/** A group of two, L the leader and F, in each state. Preparing: L waits with JoinGroup. Completing: F waits with SyncGroup. Empty: both left. */
const states: Record<string, (driver: ClassicDriver) => Ready> = {
  Empty: (driver) => ({ driver, ...emptiedPair(driver), waiting: null }),
  PreparingRebalance: (driver) => {
    const pair = preparingPair(driver);
    return { driver, ...pair, waiting: pair.rejoining };
  },
  CompletingRebalance: (driver) => {
    const pair = completingPair(driver);
    return { driver, ...pair, waiting: driver.sync({ member: pair.follower, generation: 1 }) };
  },
  Stable: (driver) => ({ driver, ...stablePair(driver), waiting: null }),
};

type Command = (ready: Ready) => string;
const anyone =
  (options: JoinOptions): Command =>
  ({ driver }) =>
    outcomeOf(driver.join(options));
const leader =
  (options: JoinOptions): Command =>
  (at) =>
    outcomeOf(at.driver.join({ ...options, member: at.leader }));
const follower =
  (options: JoinOptions): Command =>
  (at) =>
    outcomeOf(at.driver.join({ ...options, member: at.follower }));
const sync =
  (options: (at: Ready) => SyncOptions): Command =>
  (at) =>
    outcomeOf(at.driver.sync(options(at)));
const assigned = ({ leader: first, follower: second }: Pair) => ({ [first]: "a", [second]: "b" });

/** The generation is 1, but for the empty group, which has its second. */
const commands: Record<string, Command> = {
  "JoinGroup of a new member": anyone({}),
  "JoinGroup of a new member, version 3": anyone({ version: 3 }),
  "JoinGroup with a new id": ({ driver }) => outcomeOf(driver.join({ member: driver.memberId() })),
  "JoinGroup of a new static member": anyone({ instance: "i" }),
  "JoinGroup of L": leader({}),
  "JoinGroup of L with other topics": leader({ topics: ["u"] }),
  "JoinGroup of F": follower({}),
  "JoinGroup of F with other protocols": follower({ protocols: ["range", "sticky"] }),
  "JoinGroup of F with other topics": follower({ topics: ["u"] }),
  "JoinGroup of F with an instance id": follower({ instance: "i" }),
  "JoinGroup of a stranger with an id": anyone({ member: "stranger" }),
  "JoinGroup of a stranger with both ids": anyone({ member: "stranger", instance: "i" }),
  "JoinGroup without protocols": anyone({ protocols: [] }),
  "JoinGroup without a protocol type": anyone({ type: "" }),
  "JoinGroup of another protocol type": anyone({ version: 3, type: "connect" }),
  "JoinGroup without a common protocol": anyone({ version: 3, protocols: ["sticky"] }),
  "JoinGroup with a short session": anyone({ sessionMs: 5_999 }),

  "SyncGroup of L with the assignment": sync((at) => ({ member: at.leader, generation: 1, assignments: assigned(at) })),
  "SyncGroup of L for itself": sync((at) => ({ member: at.leader, generation: 1, assignments: { [at.leader]: "a" } })),
  "SyncGroup of L for a stranger too": sync((at) => ({
    member: at.leader,
    generation: 1,
    assignments: { ...assigned(at), stranger: "c" },
  })),
  "SyncGroup of L without protocol": sync((at) => ({
    member: at.leader,
    generation: 1,
    assignments: assigned(at),
    protocol: null,
    type: null,
  })),
  "SyncGroup of L with another protocol": sync((at) => ({ member: at.leader, generation: 1, protocol: "sticky" })),
  "SyncGroup of L with another type": sync((at) => ({ member: at.leader, generation: 1, type: "connect" })),
  "SyncGroup of L with an instance id": sync((at) => ({ member: at.leader, generation: 1, instance: "i" })),
  "SyncGroup of L, old generation": sync((at) => ({ member: at.leader, generation: 0 })),
  "SyncGroup of F": sync((at) => ({ member: at.follower, generation: 1 })),
  "SyncGroup of F with an assignment": sync((at) => ({
    member: at.follower,
    generation: 1,
    assignments: assigned(at),
  })),
  "SyncGroup of a stranger": sync(() => ({ member: "stranger", generation: 1 })),

  "Heartbeat of L": (at) => at.driver.heartbeat(at.leader, 1),
  "Heartbeat of F": (at) => at.driver.heartbeat(at.follower, 1),
  "Heartbeat of F, old generation": (at) => at.driver.heartbeat(at.follower, 0),
  "Heartbeat of F, later generation": (at) => at.driver.heartbeat(at.follower, 2),
  "Heartbeat of F with an instance id": (at) => at.driver.heartbeat(at.follower, 1, "i"),
  "Heartbeat of a stranger": (at) => at.driver.heartbeat("stranger", 1),
  "Heartbeat of nobody": (at) => at.driver.heartbeat("", 1),
  "Heartbeat with a new id": (at) => at.driver.heartbeat(at.driver.memberId(), 1),

  "LeaveGroup of L": (at) => at.driver.leave(at.leader),
  "LeaveGroup of F": (at) => at.driver.leave(at.follower),
  "LeaveGroup of F with an instance id": (at) => at.driver.leave(at.follower, "i"),
  "LeaveGroup of both": ({ driver, leader: first, follower: second }) =>
    driver.leaveAll([{ member: first }, { member: second }]).members[0]!.errorCode === 0 ? "NONE" : "refused",
  "LeaveGroup with a new id": ({ driver }) => driver.leave(driver.memberId()),
  "LeaveGroup of a stranger": ({ driver }) => driver.leave("stranger"),
  "LeaveGroup of an unknown instance": ({ driver }) => driver.leave("", "i"),
  "LeaveGroup of nobody": ({ driver }) => driver.leave(""),
};

// command: state → state after, answer (what the waiting request is answered) records
const table = `
JoinGroup of a new member: Empty → Empty, MEMBER_ID_REQUIRED
JoinGroup of a new member: PreparingRebalance → PreparingRebalance, MEMBER_ID_REQUIRED
JoinGroup of a new member: CompletingRebalance → CompletingRebalance, MEMBER_ID_REQUIRED
JoinGroup of a new member: Stable → Stable, MEMBER_ID_REQUIRED
JoinGroup of a new member, version 3: Empty → PreparingRebalance, waits
JoinGroup of a new member, version 3: PreparingRebalance → PreparingRebalance, waits
JoinGroup of a new member, version 3: CompletingRebalance → PreparingRebalance, waits (REBALANCE_IN_PROGRESS)
JoinGroup of a new member, version 3: Stable → PreparingRebalance, waits
JoinGroup with a new id: Empty → PreparingRebalance, waits
JoinGroup with a new id: PreparingRebalance → PreparingRebalance, waits
JoinGroup with a new id: CompletingRebalance → PreparingRebalance, waits (REBALANCE_IN_PROGRESS)
JoinGroup with a new id: Stable → PreparingRebalance, waits
JoinGroup of a new static member: Empty → PreparingRebalance, waits
JoinGroup of a new static member: PreparingRebalance → PreparingRebalance, waits
JoinGroup of a new static member: CompletingRebalance → PreparingRebalance, waits (REBALANCE_IN_PROGRESS)
JoinGroup of a new static member: Stable → PreparingRebalance, waits
JoinGroup of L: Empty → Empty, UNKNOWN_MEMBER_ID
JoinGroup of L: PreparingRebalance → PreparingRebalance, waits (REBALANCE_IN_PROGRESS)
JoinGroup of L: CompletingRebalance → CompletingRebalance, NONE
JoinGroup of L: Stable → PreparingRebalance, waits
JoinGroup of L with other topics: Empty → Empty, UNKNOWN_MEMBER_ID
JoinGroup of L with other topics: PreparingRebalance → PreparingRebalance, waits (REBALANCE_IN_PROGRESS)
JoinGroup of L with other topics: CompletingRebalance → PreparingRebalance, waits (REBALANCE_IN_PROGRESS)
JoinGroup of L with other topics: Stable → PreparingRebalance, waits
JoinGroup of F: Empty → Empty, UNKNOWN_MEMBER_ID
JoinGroup of F: PreparingRebalance → CompletingRebalance, NONE (NONE)
JoinGroup of F: CompletingRebalance → CompletingRebalance, NONE
JoinGroup of F: Stable → Stable, NONE
JoinGroup of F with other protocols: Empty → Empty, UNKNOWN_MEMBER_ID
JoinGroup of F with other protocols: PreparingRebalance → CompletingRebalance, NONE (NONE)
JoinGroup of F with other protocols: CompletingRebalance → PreparingRebalance, waits (REBALANCE_IN_PROGRESS)
JoinGroup of F with other protocols: Stable → PreparingRebalance, waits
JoinGroup of F with other topics: Empty → Empty, UNKNOWN_MEMBER_ID
JoinGroup of F with other topics: PreparingRebalance → CompletingRebalance, NONE (NONE)
JoinGroup of F with other topics: CompletingRebalance → PreparingRebalance, waits (REBALANCE_IN_PROGRESS)
JoinGroup of F with other topics: Stable → PreparingRebalance, waits
JoinGroup of F with an instance id: Empty → Empty, UNKNOWN_MEMBER_ID
JoinGroup of F with an instance id: PreparingRebalance → PreparingRebalance, UNKNOWN_MEMBER_ID
JoinGroup of F with an instance id: CompletingRebalance → CompletingRebalance, UNKNOWN_MEMBER_ID
JoinGroup of F with an instance id: Stable → Stable, UNKNOWN_MEMBER_ID
JoinGroup of a stranger with an id: Empty → Empty, UNKNOWN_MEMBER_ID
JoinGroup of a stranger with an id: PreparingRebalance → PreparingRebalance, UNKNOWN_MEMBER_ID
JoinGroup of a stranger with an id: CompletingRebalance → CompletingRebalance, UNKNOWN_MEMBER_ID
JoinGroup of a stranger with an id: Stable → Stable, UNKNOWN_MEMBER_ID
JoinGroup of a stranger with both ids: Empty → Empty, UNKNOWN_MEMBER_ID
JoinGroup of a stranger with both ids: PreparingRebalance → PreparingRebalance, UNKNOWN_MEMBER_ID
JoinGroup of a stranger with both ids: CompletingRebalance → CompletingRebalance, UNKNOWN_MEMBER_ID
JoinGroup of a stranger with both ids: Stable → Stable, UNKNOWN_MEMBER_ID
JoinGroup without protocols: Empty → Empty, INCONSISTENT_GROUP_PROTOCOL
JoinGroup without protocols: PreparingRebalance → PreparingRebalance, INCONSISTENT_GROUP_PROTOCOL
JoinGroup without protocols: CompletingRebalance → CompletingRebalance, INCONSISTENT_GROUP_PROTOCOL
JoinGroup without protocols: Stable → Stable, INCONSISTENT_GROUP_PROTOCOL
JoinGroup without a protocol type: Empty → Empty, INCONSISTENT_GROUP_PROTOCOL
JoinGroup without a protocol type: PreparingRebalance → PreparingRebalance, INCONSISTENT_GROUP_PROTOCOL
JoinGroup without a protocol type: CompletingRebalance → CompletingRebalance, INCONSISTENT_GROUP_PROTOCOL
JoinGroup without a protocol type: Stable → Stable, INCONSISTENT_GROUP_PROTOCOL
JoinGroup of another protocol type: Empty → PreparingRebalance, waits
JoinGroup of another protocol type: PreparingRebalance → PreparingRebalance, INCONSISTENT_GROUP_PROTOCOL
JoinGroup of another protocol type: CompletingRebalance → CompletingRebalance, INCONSISTENT_GROUP_PROTOCOL
JoinGroup of another protocol type: Stable → Stable, INCONSISTENT_GROUP_PROTOCOL
JoinGroup without a common protocol: Empty → PreparingRebalance, waits
JoinGroup without a common protocol: PreparingRebalance → PreparingRebalance, INCONSISTENT_GROUP_PROTOCOL
JoinGroup without a common protocol: CompletingRebalance → CompletingRebalance, INCONSISTENT_GROUP_PROTOCOL
JoinGroup without a common protocol: Stable → Stable, INCONSISTENT_GROUP_PROTOCOL
JoinGroup with a short session: Empty → Empty, INVALID_SESSION_TIMEOUT
JoinGroup with a short session: PreparingRebalance → PreparingRebalance, INVALID_SESSION_TIMEOUT
JoinGroup with a short session: CompletingRebalance → CompletingRebalance, INVALID_SESSION_TIMEOUT
JoinGroup with a short session: Stable → Stable, INVALID_SESSION_TIMEOUT
SyncGroup of L with the assignment: Empty → Empty, UNKNOWN_MEMBER_ID
SyncGroup of L with the assignment: PreparingRebalance → PreparingRebalance, REBALANCE_IN_PROGRESS
SyncGroup of L with the assignment: CompletingRebalance → Stable, NONE (NONE) orders generation 1 consumer range [*L=a F=b]
SyncGroup of L with the assignment: Stable → Stable, NONE
SyncGroup of L for itself: Empty → Empty, UNKNOWN_MEMBER_ID
SyncGroup of L for itself: PreparingRebalance → PreparingRebalance, REBALANCE_IN_PROGRESS
SyncGroup of L for itself: CompletingRebalance → Stable, NONE (NONE) orders generation 1 consumer range [*L=a F=]
SyncGroup of L for itself: Stable → Stable, NONE
SyncGroup of L for a stranger too: Empty → Empty, UNKNOWN_MEMBER_ID
SyncGroup of L for a stranger too: PreparingRebalance → PreparingRebalance, REBALANCE_IN_PROGRESS
SyncGroup of L for a stranger too: CompletingRebalance → Stable, NONE (NONE) orders generation 1 consumer range [*L=a F=b]
SyncGroup of L for a stranger too: Stable → Stable, NONE
SyncGroup of L without protocol: Empty → Empty, UNKNOWN_MEMBER_ID
SyncGroup of L without protocol: PreparingRebalance → PreparingRebalance, REBALANCE_IN_PROGRESS
SyncGroup of L without protocol: CompletingRebalance → Stable, NONE (NONE) orders generation 1 consumer range [*L=a F=b]
SyncGroup of L without protocol: Stable → Stable, NONE
SyncGroup of L with another protocol: Empty → Empty, UNKNOWN_MEMBER_ID
SyncGroup of L with another protocol: PreparingRebalance → PreparingRebalance, INCONSISTENT_GROUP_PROTOCOL
SyncGroup of L with another protocol: CompletingRebalance → CompletingRebalance, INCONSISTENT_GROUP_PROTOCOL
SyncGroup of L with another protocol: Stable → Stable, INCONSISTENT_GROUP_PROTOCOL
SyncGroup of L with another type: Empty → Empty, UNKNOWN_MEMBER_ID
SyncGroup of L with another type: PreparingRebalance → PreparingRebalance, INCONSISTENT_GROUP_PROTOCOL
SyncGroup of L with another type: CompletingRebalance → CompletingRebalance, INCONSISTENT_GROUP_PROTOCOL
SyncGroup of L with another type: Stable → Stable, INCONSISTENT_GROUP_PROTOCOL
SyncGroup of L with an instance id: Empty → Empty, UNKNOWN_MEMBER_ID
SyncGroup of L with an instance id: PreparingRebalance → PreparingRebalance, UNKNOWN_MEMBER_ID
SyncGroup of L with an instance id: CompletingRebalance → CompletingRebalance, UNKNOWN_MEMBER_ID
SyncGroup of L with an instance id: Stable → Stable, UNKNOWN_MEMBER_ID
SyncGroup of L, old generation: Empty → Empty, UNKNOWN_MEMBER_ID
SyncGroup of L, old generation: PreparingRebalance → PreparingRebalance, ILLEGAL_GENERATION
SyncGroup of L, old generation: CompletingRebalance → CompletingRebalance, ILLEGAL_GENERATION
SyncGroup of L, old generation: Stable → Stable, ILLEGAL_GENERATION
SyncGroup of F: Empty → Empty, UNKNOWN_MEMBER_ID
SyncGroup of F: PreparingRebalance → PreparingRebalance, REBALANCE_IN_PROGRESS
SyncGroup of F: CompletingRebalance → CompletingRebalance, waits (REBALANCE_IN_PROGRESS)
SyncGroup of F: Stable → Stable, NONE
SyncGroup of F with an assignment: Empty → Empty, UNKNOWN_MEMBER_ID
SyncGroup of F with an assignment: PreparingRebalance → PreparingRebalance, REBALANCE_IN_PROGRESS
SyncGroup of F with an assignment: CompletingRebalance → CompletingRebalance, waits (REBALANCE_IN_PROGRESS)
SyncGroup of F with an assignment: Stable → Stable, NONE
SyncGroup of a stranger: Empty → Empty, UNKNOWN_MEMBER_ID
SyncGroup of a stranger: PreparingRebalance → PreparingRebalance, UNKNOWN_MEMBER_ID
SyncGroup of a stranger: CompletingRebalance → CompletingRebalance, UNKNOWN_MEMBER_ID
SyncGroup of a stranger: Stable → Stable, UNKNOWN_MEMBER_ID
Heartbeat of L: Empty → Empty, UNKNOWN_MEMBER_ID
Heartbeat of L: PreparingRebalance → PreparingRebalance, REBALANCE_IN_PROGRESS
Heartbeat of L: CompletingRebalance → CompletingRebalance, NONE
Heartbeat of L: Stable → Stable, NONE
Heartbeat of F: Empty → Empty, UNKNOWN_MEMBER_ID
Heartbeat of F: PreparingRebalance → PreparingRebalance, REBALANCE_IN_PROGRESS
Heartbeat of F: CompletingRebalance → CompletingRebalance, NONE
Heartbeat of F: Stable → Stable, NONE
Heartbeat of F, old generation: Empty → Empty, UNKNOWN_MEMBER_ID
Heartbeat of F, old generation: PreparingRebalance → PreparingRebalance, ILLEGAL_GENERATION
Heartbeat of F, old generation: CompletingRebalance → CompletingRebalance, ILLEGAL_GENERATION
Heartbeat of F, old generation: Stable → Stable, ILLEGAL_GENERATION
Heartbeat of F, later generation: Empty → Empty, UNKNOWN_MEMBER_ID
Heartbeat of F, later generation: PreparingRebalance → PreparingRebalance, ILLEGAL_GENERATION
Heartbeat of F, later generation: CompletingRebalance → CompletingRebalance, ILLEGAL_GENERATION
Heartbeat of F, later generation: Stable → Stable, ILLEGAL_GENERATION
Heartbeat of F with an instance id: Empty → Empty, UNKNOWN_MEMBER_ID
Heartbeat of F with an instance id: PreparingRebalance → PreparingRebalance, UNKNOWN_MEMBER_ID
Heartbeat of F with an instance id: CompletingRebalance → CompletingRebalance, UNKNOWN_MEMBER_ID
Heartbeat of F with an instance id: Stable → Stable, UNKNOWN_MEMBER_ID
Heartbeat of a stranger: Empty → Empty, UNKNOWN_MEMBER_ID
Heartbeat of a stranger: PreparingRebalance → PreparingRebalance, UNKNOWN_MEMBER_ID
Heartbeat of a stranger: CompletingRebalance → CompletingRebalance, UNKNOWN_MEMBER_ID
Heartbeat of a stranger: Stable → Stable, UNKNOWN_MEMBER_ID
Heartbeat of nobody: Empty → Empty, UNKNOWN_MEMBER_ID
Heartbeat of nobody: PreparingRebalance → PreparingRebalance, UNKNOWN_MEMBER_ID
Heartbeat of nobody: CompletingRebalance → CompletingRebalance, UNKNOWN_MEMBER_ID
Heartbeat of nobody: Stable → Stable, UNKNOWN_MEMBER_ID
Heartbeat with a new id: Empty → Empty, UNKNOWN_MEMBER_ID
Heartbeat with a new id: PreparingRebalance → PreparingRebalance, UNKNOWN_MEMBER_ID
Heartbeat with a new id: CompletingRebalance → CompletingRebalance, UNKNOWN_MEMBER_ID
Heartbeat with a new id: Stable → Stable, UNKNOWN_MEMBER_ID
LeaveGroup of L: Empty → Empty, UNKNOWN_MEMBER_ID
LeaveGroup of L: PreparingRebalance → PreparingRebalance, NONE (UNKNOWN_MEMBER_ID)
LeaveGroup of L: CompletingRebalance → PreparingRebalance, NONE (REBALANCE_IN_PROGRESS)
LeaveGroup of L: Stable → PreparingRebalance, NONE
LeaveGroup of F: Empty → Empty, UNKNOWN_MEMBER_ID
LeaveGroup of F: PreparingRebalance → CompletingRebalance, NONE (NONE)
LeaveGroup of F: CompletingRebalance → PreparingRebalance, NONE (UNKNOWN_MEMBER_ID)
LeaveGroup of F: Stable → PreparingRebalance, NONE
LeaveGroup of F with an instance id: Empty → Empty, UNKNOWN_MEMBER_ID
LeaveGroup of F with an instance id: PreparingRebalance → PreparingRebalance, UNKNOWN_MEMBER_ID
LeaveGroup of F with an instance id: CompletingRebalance → CompletingRebalance, UNKNOWN_MEMBER_ID
LeaveGroup of F with an instance id: Stable → Stable, UNKNOWN_MEMBER_ID
LeaveGroup of both: Empty → Empty, refused
LeaveGroup of both: PreparingRebalance → Empty, NONE (UNKNOWN_MEMBER_ID) orders generation 2 consumer - []
LeaveGroup of both: CompletingRebalance → Empty, NONE (UNKNOWN_MEMBER_ID) orders generation 2 consumer - []
LeaveGroup of both: Stable → Empty, NONE orders generation 2 consumer - []
LeaveGroup with a new id: Empty → Empty, NONE
LeaveGroup with a new id: PreparingRebalance → PreparingRebalance, NONE
LeaveGroup with a new id: CompletingRebalance → PreparingRebalance, NONE (REBALANCE_IN_PROGRESS)
LeaveGroup with a new id: Stable → PreparingRebalance, NONE
LeaveGroup of a stranger: Empty → Empty, UNKNOWN_MEMBER_ID
LeaveGroup of a stranger: PreparingRebalance → PreparingRebalance, UNKNOWN_MEMBER_ID
LeaveGroup of a stranger: CompletingRebalance → CompletingRebalance, UNKNOWN_MEMBER_ID
LeaveGroup of a stranger: Stable → Stable, UNKNOWN_MEMBER_ID
LeaveGroup of an unknown instance: Empty → Empty, UNKNOWN_MEMBER_ID
LeaveGroup of an unknown instance: PreparingRebalance → PreparingRebalance, UNKNOWN_MEMBER_ID
LeaveGroup of an unknown instance: CompletingRebalance → CompletingRebalance, UNKNOWN_MEMBER_ID
LeaveGroup of an unknown instance: Stable → Stable, UNKNOWN_MEMBER_ID
LeaveGroup of nobody: Empty → Empty, UNKNOWN_MEMBER_ID
LeaveGroup of nobody: PreparingRebalance → PreparingRebalance, UNKNOWN_MEMBER_ID
LeaveGroup of nobody: CompletingRebalance → CompletingRebalance, UNKNOWN_MEMBER_ID
LeaveGroup of nobody: Stable → Stable, UNKNOWN_MEMBER_ID
`;

const line = /^(.+): (\w+) → (\w+), (\w+)(?: \((\w+)\))?(?: (orders .+))?$/;

describe("each command in each state", () => {
  const seen = new Set<string>();
  for (const row of table.trim().split("\n")) {
    const [, command, before, after, answer, other = "waits", record] = line.exec(row)!;
    seen.add(`${command} in ${before}`);
    test(row, () => {
      const driver = new ClassicDriver();
      const ready = states[before!]!(driver);
      assert.equal(driver.state(), before);
      driver.harness.takeRecords();
      assert.equal(commands[command!]!(ready), answer);
      assert.equal(driver.state(), after);
      if (ready.waiting !== null) assert.equal(outcomeOf(ready.waiting), other);
      assert.deepEqual(driver.records(), record === undefined ? [] : [record]);
    });
  }

  test("is in the table", () => {
    const missing = Object.keys(commands).flatMap((command) =>
      Object.keys(states)
        .filter((state) => !seen.has(`${command} in ${state}`))
        .map((state) => `${command} in ${state}`),
    );
    assert.deepEqual(missing, []);
  });
});

describe("without a group", () => {
  const CREATED = "orders generation 0 - - []";
  const rows: [string, (driver: ClassicDriver) => string, string, string[]][] = [
    ["a stranger joins with an id", (driver) => outcomeOf(driver.join({ member: "m" })), "UNKNOWN_MEMBER_ID", []],
    ["a new member asks for an id", (driver) => outcomeOf(driver.join()), "MEMBER_ID_REQUIRED", [CREATED]],
    ["an old client joins", (driver) => outcomeOf(driver.join({ version: 3 })), "waits", [CREATED]],
    [
      "one joins without protocols",
      (driver) => outcomeOf(driver.join({ protocols: [] })),
      "INCONSISTENT_GROUP_PROTOCOL",
      [CREATED],
    ],
    ["a session is too short", (driver) => outcomeOf(driver.join({ sessionMs: 5_999 })), "INVALID_SESSION_TIMEOUT", []],
    [
      "a session is the shortest",
      (driver) => outcomeOf(driver.join({ sessionMs: 6_000 })),
      "MEMBER_ID_REQUIRED",
      [CREATED],
    ],
    [
      "a session is the longest",
      (driver) => outcomeOf(driver.join({ sessionMs: 1_800_000 })),
      "MEMBER_ID_REQUIRED",
      [CREATED],
    ],
    [
      "a session is too long",
      (driver) => outcomeOf(driver.join({ sessionMs: 1_800_001 })),
      "INVALID_SESSION_TIMEOUT",
      [],
    ],
    ["someone syncs", (driver) => outcomeOf(driver.sync({ member: "m", generation: 1 })), "UNKNOWN_MEMBER_ID", []],
    ["someone is alive", (driver) => driver.heartbeat("m", 1), "UNKNOWN_MEMBER_ID", []],
    ["someone leaves", (driver) => driver.leave("m"), "UNKNOWN_MEMBER_ID", []],
  ];
  for (const [when, does, answer, writes] of rows) {
    test(`${when}: ${answer}`, () => {
      const driver = new ClassicDriver();
      assert.equal(does(driver), answer);
      assert.deepEqual(driver.records(), writes);
      assert.equal(driver.state() === "none", writes.length === 0, "a group is created with its record or not at all");
    });
  }
});
