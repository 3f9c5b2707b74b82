// What a classic group lets offsets and administrators do, by its state (validateOffsetCommit, -OffsetDelete, -DeleteGroup and
// offsetExpirationCondition of Kafka's ClassicGroup).

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errorName } from "@ottla/protocol";
import { keepProtocols } from "../src/group/classic/member.ts";
import type { CommitClaim } from "../src/group/group.ts";
import {
  ClassicDriver,
  completingPair,
  emptiedPair,
  GROUP,
  preparingPair,
  stablePair,
} from "./support/classic-driver.ts";

const states = {
  Empty: (driver: ClassicDriver) => emptiedPair(driver).leader,
  PreparingRebalance: (driver: ClassicDriver) => preparingPair(driver).leader,
  CompletingRebalance: (driver: ClassicDriver) => completingPair(driver).leader,
  Stable: (driver: ClassicDriver) => stablePair(driver).leader,
};
type StateName = keyof typeof states;

function inState(state: StateName): { driver: ClassicDriver; member: string; generation: number } {
  const driver = new ClassicDriver();
  const member = states[state](driver);
  assert.equal(driver.state(), state);
  return { driver, member, generation: driver.group().generationId };
}

describe("a commit", () => {
  /** Who commits: itself a member of this generation, of the last, nobody in particular, and so on. */
  const claims: Record<string, (member: string, generation: number) => Partial<CommitClaim>> = {
    "a member": (memberId, generationIdOrMemberEpoch) => ({ memberId, generationIdOrMemberEpoch }),
    "a member of the last generation": (memberId, generation) => ({
      memberId,
      generationIdOrMemberEpoch: generation - 1,
    }),
    "a stranger": (_, generationIdOrMemberEpoch) => ({ memberId: "stranger", generationIdOrMemberEpoch }),
    "an unknown instance": (memberId, generation) => ({
      memberId,
      groupInstanceId: "i",
      generationIdOrMemberEpoch: generation,
    }),
    "someone with a generation and no id": (_, generationIdOrMemberEpoch) => ({ generationIdOrMemberEpoch }),
    nobody: () => ({}),
    "nobody in a transaction": () => ({ isTransactional: true }),
    "a member in a transaction": (memberId, generation) => ({
      memberId,
      generationIdOrMemberEpoch: generation,
      isTransactional: true,
    }),
  };
  const rows: [keyof typeof claims, Record<StateName, string>][] = [
    [
      "a member",
      {
        Empty: "UNKNOWN_MEMBER_ID",
        PreparingRebalance: "NONE",
        CompletingRebalance: "REBALANCE_IN_PROGRESS",
        Stable: "NONE",
      },
    ],
    [
      "a member of the last generation",
      {
        Empty: "UNKNOWN_MEMBER_ID",
        PreparingRebalance: "ILLEGAL_GENERATION",
        CompletingRebalance: "ILLEGAL_GENERATION",
        Stable: "ILLEGAL_GENERATION",
      },
    ],
    [
      "a stranger",
      {
        Empty: "UNKNOWN_MEMBER_ID",
        PreparingRebalance: "UNKNOWN_MEMBER_ID",
        CompletingRebalance: "UNKNOWN_MEMBER_ID",
        Stable: "UNKNOWN_MEMBER_ID",
      },
    ],
    [
      "an unknown instance",
      {
        Empty: "UNKNOWN_MEMBER_ID",
        PreparingRebalance: "UNKNOWN_MEMBER_ID",
        CompletingRebalance: "UNKNOWN_MEMBER_ID",
        Stable: "UNKNOWN_MEMBER_ID",
      },
    ],
    [
      "someone with a generation and no id",
      {
        Empty: "UNKNOWN_MEMBER_ID",
        PreparingRebalance: "UNKNOWN_MEMBER_ID",
        CompletingRebalance: "UNKNOWN_MEMBER_ID",
        Stable: "UNKNOWN_MEMBER_ID",
      },
    ],
    [
      "nobody",
      {
        Empty: "NONE",
        PreparingRebalance: "UNKNOWN_MEMBER_ID",
        CompletingRebalance: "UNKNOWN_MEMBER_ID",
        Stable: "UNKNOWN_MEMBER_ID",
      },
    ],
    [
      "nobody in a transaction",
      { Empty: "NONE", PreparingRebalance: "NONE", CompletingRebalance: "NONE", Stable: "NONE" },
    ],
    [
      "a member in a transaction",
      { Empty: "UNKNOWN_MEMBER_ID", PreparingRebalance: "NONE", CompletingRebalance: "NONE", Stable: "NONE" },
    ],
  ];
  for (const [who, answers] of rows) {
    for (const [state, answer] of Object.entries(answers) as [StateName, string][]) {
      test(`in ${state} by ${who}: ${answer}`, () => {
        const { driver, member, generation } = inState(state);
        const errorCode = driver.group().refuseCommit({
          memberId: "",
          groupInstanceId: null,
          generationIdOrMemberEpoch: -1,
          isTransactional: false,
          apiVersion: 9,
          ...claims[who]!(member, generation),
        });
        assert.equal(errorName(errorCode), answer);
      });
    }
  }
});

describe("by state", () => {
  const rows: { state: StateName; deletes: string; agesSince: string }[] = [
    { state: "Empty", deletes: "NONE", agesSince: "the group is empty" },
    { state: "PreparingRebalance", deletes: "NON_EMPTY_GROUP", agesSince: "never" },
    { state: "CompletingRebalance", deletes: "NON_EMPTY_GROUP", agesSince: "never" },
    { state: "Stable", deletes: "NON_EMPTY_GROUP", agesSince: "the commit" },
  ];
  for (const { state, deletes, agesSince } of rows) {
    test(`${state}: deleting it gives ${deletes}, its offsets age since ${agesSince}`, () => {
      const { driver } = inState(state);
      const group = driver.group();
      assert.equal(errorName(group.refuseDelete()), deletes);
      const base = group.offsetExpiration()?.baseTimestampMs(5);
      assert.equal(base, { "the group is empty": group.stateSinceMs, never: undefined, "the commit": 5 }[agesSince]);
      assert.equal(errorName(group.refuseOffsetDelete()), "NONE", "consumers' offsets are refused by topic");
      assert.equal(errorName(group.refuseFetch()), "NONE");
    });
  }

  test("offsets of a group that is not of consumers are only deleted when it is empty", () => {
    const driver = new ClassicDriver();
    const call = driver.join({ version: 3, type: "connect" });
    assert.equal(errorName(driver.group().refuseOffsetDelete()), "NON_EMPTY_GROUP");
    driver.advance(0);
    driver.leave(call.answer.memberId);
    assert.equal(errorName(driver.group().refuseOffsetDelete()), "NONE");
  });
});

describe("a group that only holds offsets", () => {
  test("is empty, has no type, and its offsets age since their commit", () => {
    const driver = new ClassicDriver();
    const group = driver.shard.context.createSimpleGroup(GROUP);
    assert.ok(driver.group().isSimple());
    assert.equal(group.stateName(), "Empty");
    assert.equal(group.protocolType(), "");
    assert.equal(group.offsetExpiration()?.baseTimestampMs(5), 5);
    assert.ok(!group.isSubscribedTo("t"));
  });

  test("becomes one with members like any other", () => {
    const driver = new ClassicDriver();
    driver.shard.context.createSimpleGroup(GROUP);
    stablePair(driver);
    assert.equal(driver.state(), "Stable");
    assert.ok(!driver.group().isSimple());
  });

  test("is no longer simple while someone is to join", () => {
    const driver = new ClassicDriver();
    driver.shard.context.createSimpleGroup(GROUP);
    driver.memberId();
    assert.ok(!driver.group().isSimple());
  });
});

test("a hundred thousand protocols in one JoinGroup are read in the time that it takes to copy them", () => {
  const metadata = Buffer.alloc(0);
  const protocols = Array.from({ length: 200_000 }, (_, index) => ({ name: `p${index % 100_000}`, metadata }));
  const start = process.cpuUsage();
  assert.equal(keepProtocols(protocols).length, 100_000);
  const { user } = process.cpuUsage(start);
  assert.ok(user < 2_000_000, `it took ${user} microseconds`);
});
