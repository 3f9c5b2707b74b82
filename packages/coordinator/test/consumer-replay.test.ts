// Replay of the records of consumer groups: what a restart keeps, tombstones of what is not there, records of older coordinators.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { SeededRandom } from "@ottla/base";
import { loadPatternEngine } from "../src/group/consumer/pattern-engine.ts";
import type { GroupRecord } from "../src/group/group-records.ts";
import { ConsumerDriver, GROUP, partitionsOf, topicId } from "./support/consumer-driver.ts";

before(() => loadPatternEngine());

describe("a restart keeps", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    test(`the group as it was, after any sequence of heartbeats, seed ${seed}`, () => {
      const random = new SeededRandom(seed);
      const driver = new ConsumerDriver({ t: 5, u: 3, orders: 2 });
      for (let step = 0; step < 300; step++) {
        randomBeat(driver, random);
        if (step % 20 !== 19) continue;
        const known = snapshot(driver);
        driver.harness.restart();
        assert.deepEqual(snapshot(driver), known, `after step ${step}`);
      }
    });
  }
});

function randomBeat(driver: ConsumerDriver, random: SeededRandom): void {
  const name = `m${random.below(6)}`;
  const isStatic = Number(name.slice(1)) < 2;
  const instance = isStatic ? { instance: `i-${name}` } : {};
  const dice = random.below(20);
  const member = driver.group().members.get(name);
  if (dice < 4) {
    const subscription = random.pick([
      { topics: ["t"] },
      { topics: ["t", "u"] },
      { topics: ["u"] },
      { regex: "ord.*" },
    ]);
    driver.join(name, { ...instance, ...subscription, ...(random.chance(0.3) ? { assignor: "range" } : {}) });
  } else if (dice < 5) {
    driver.leave(name, instance);
  } else if (dice < 6 && isStatic) {
    driver.leave(name, { ...instance, epoch: -2 });
  } else if (dice < 7) {
    driver.setTopics({ t: 5 + random.below(3), u: 3, orders: 2, ...(random.chance(0.5) ? { "orders-eu": 1 } : {}) });
  } else if (dice < 8) {
    driver.advance(random.below(12_000));
  } else if (member !== undefined && member.memberEpoch > 0) {
    const owned = [...member.assigned]
      .map(([id, { partitions }]) => `${nameOf(id)} ${partitions.join(" ")}`)
      .join(" | ");
    driver.beat(name, { ...instance, ...(random.chance(0.6) ? { owns: owned } : {}) });
  }
  driver.advance(0);
}

/** All that records tell of the group, its counts and the owners of partitions included. */
function snapshot(driver: ConsumerDriver): unknown {
  const group = driver.group();
  const sorted = <Value>(map: ReadonlyMap<string, Value>): [string, Value][] =>
    [...map].sort(([left], [right]) => (left < right ? -1 : 1));
  const epochs = ["t", "u", "orders", "orders-eu"].map((name) =>
    Array.from({ length: 8 }, (_, partition) => group.partitionEpoch(topicId(name), partition)),
  );
  return {
    state: group.stateName(),
    epochs: [group.groupEpoch, group.assignmentEpoch, group.assignmentTimestampMs, group.metadataHash],
    members: sorted(group.members),
    targets: sorted(group.targets),
    statics: sorted(group.staticMembers),
    patterns: sorted(group.resolvedPatterns),
    subscribed: [[...group.subscriptions.topicNames()].sort(), sorted(group.subscriptions.patterns)],
    preferred: group.preferredAssignor(null, null),
    partitionEpochs: epochs,
  };
}

function nameOf(id: string): string {
  return Buffer.from(id, "base64url").toString("latin1").replaceAll("\0", "");
}

describe("a tombstone of what is not there is passed over:", () => {
  const key = { groupId: GROUP };
  const ofMember = { groupId: GROUP, memberId: "x" };
  const tombstones: GroupRecord[] = [
    { kind: "ConsumerGroupMemberMetadata", key: ofMember, value: null },
    { kind: "ConsumerGroupMetadata", key, value: null },
    { kind: "ConsumerGroupPartitionMetadata", key, value: null },
    { kind: "ConsumerGroupTargetAssignmentMember", key: ofMember, value: null },
    { kind: "ConsumerGroupTargetAssignmentMetadata", key, value: null },
    { kind: "ConsumerGroupCurrentMemberAssignment", key: ofMember, value: null },
    { kind: "ConsumerGroupRegularExpression", key: { ...key, regularExpression: "x.*" }, value: null },
  ];
  for (const record of tombstones) {
    test(`${record.kind} without a group`, () => {
      const driver = new ConsumerDriver();
      driver.harness.seed([record]);
      assert.equal(driver.harness.shard.context.groups.size, 0);
    });
  }

  for (const record of tombstones.filter(({ key: of }) => "memberId" in of || "regularExpression" in of)) {
    test(`${record.kind} in a group that has no such member or pattern`, () => {
      const driver = new ConsumerDriver();
      driver.join("a");
      driver.harness.seed([record]);
      assert.deepEqual([...driver.group().members.keys()], ["a"]);
    });
  }
});

describe("what must not be in a log is a broken invariant:", () => {
  const cases: [string, GroupRecord][] = [
    [
      "a member forgotten before its assignment",
      { kind: "ConsumerGroupMemberMetadata", key: { groupId: GROUP, memberId: "a" }, value: null },
    ],
    ["a group forgotten before its members", { kind: "ConsumerGroupMetadata", key: { groupId: GROUP }, value: null }],
    [
      "targets forgotten as a whole before each",
      { kind: "ConsumerGroupTargetAssignmentMetadata", key: { groupId: GROUP }, value: null },
    ],
    [
      "a partition with two owners of one epoch",
      {
        kind: "ConsumerGroupCurrentMemberAssignment",
        key: { groupId: GROUP, memberId: "b" },
        value: {
          memberEpoch: 2,
          previousMemberEpoch: 0,
          state: 0,
          assignedPartitions: partitionsOf("t 0").map((each) => ({ ...each, assignmentEpochs: null })),
          partitionsPendingRevocation: [],
        },
      },
    ],
  ];
  for (const [name, record] of cases) {
    test(name, () => {
      const driver = new ConsumerDriver();
      driver.join("a");
      assert.throws(() => driver.harness.seed([record]), { name: "AssertionError" });
    });
  }
});

describe("records of older coordinators:", () => {
  test("the partition metadata of Kafka before 4.1 is removed with the next change of the group", () => {
    const driver = new ConsumerDriver();
    driver.join("a");
    driver.harness.seed([{ kind: "ConsumerGroupPartitionMetadata", key: { groupId: GROUP }, value: { topics: [] } }]);
    driver.records();
    driver.setTopics({ t: 4 });
    driver.beat("a");
    assert.ok(driver.records().includes("forget ConsumerGroupPartitionMetadata"));
    assert.equal(driver.group().hasPartitionMetadata, false);
  });

  test("partitions without assignment epochs are held since the member's epoch", () => {
    const driver = new ConsumerDriver();
    driver.join("a");
    const value = {
      memberEpoch: 4,
      previousMemberEpoch: 3,
      state: 0,
      assignedPartitions: partitionsOf("t 2 0").map((each) => ({ ...each, assignmentEpochs: null })),
      partitionsPendingRevocation: [],
    };
    driver.harness.seed([
      { kind: "ConsumerGroupCurrentMemberAssignment", key: { groupId: GROUP, memberId: "a" }, value },
    ]);
    assert.equal(driver.has("a"), "t 0@4 2@4");
  });

  test("a state that is not known is Unknown, and the member fenced until it has nothing", () => {
    const driver = new ConsumerDriver();
    driver.join("a");
    const value = {
      memberEpoch: 2,
      previousMemberEpoch: 0,
      state: 9,
      assignedPartitions: [],
      partitionsPendingRevocation: [],
    };
    driver.harness.seed([
      { kind: "ConsumerGroupCurrentMemberAssignment", key: { groupId: GROUP, memberId: "a" }, value },
    ]);
    assert.match(driver.beat("a"), /^FENCED_MEMBER_EPOCH: The consumer group member is in a unknown state/);
    assert.equal(driver.join("a"), "a@2 [t 0 1 2]");
  });

  test("an assignor that this broker has not gives way to the default", () => {
    const driver = new ConsumerDriver();
    driver.join("a");
    const value = {
      instanceId: null,
      rackId: null,
      clientId: "app",
      clientHost: "/127.0.0.1",
      subscribedTopicNames: ["t"],
      subscribedTopicRegex: null,
      rebalanceTimeoutMs: 60_000,
      serverAssignor: "custom",
      classicMemberMetadata: null,
    };
    driver.harness.seed([{ kind: "ConsumerGroupMemberMetadata", key: { groupId: GROUP, memberId: "a" }, value }]);
    assert.equal(driver.join("b"), "b@3 []");
    assert.equal(driver.beat("a", { epoch: 2 }), "a@2 [t 0 1]");
  });
});

describe("who may commit", () => {
  const commit = (
    driver: ConsumerDriver,
    memberId: string,
    epoch: number,
    apiVersion = 9,
    partition?: number,
  ): number => {
    const claim = {
      memberId,
      groupInstanceId: null,
      generationIdOrMemberEpoch: epoch,
      isTransactional: false,
      apiVersion,
    };
    const group = driver.group();
    return partition === undefined
      ? group.refuseCommit(claim)
      : group.refuseCommit(claim, { topicId: topicId("t"), partition });
  };
  const NONE = 0;
  const [UNKNOWN_MEMBER_ID, UNSUPPORTED_VERSION, STALE_MEMBER_EPOCH] = [25, 35, 113];

  test("a member at its epoch; nobody else, and nobody newer", () => {
    const driver = new ConsumerDriver();
    driver.join("a");
    assert.equal(commit(driver, "a", 2), NONE);
    assert.equal(commit(driver, "a", 3), STALE_MEMBER_EPOCH);
    assert.equal(commit(driver, "x", 2), UNKNOWN_MEMBER_ID);
    assert.equal(commit(driver, "", -1), UNKNOWN_MEMBER_ID);
    assert.equal(commit(driver, "a", 2, 8), UNSUPPORTED_VERSION);
  });

  test("a member at an older epoch for what it has had since then, be it about to give it up (KIP-1251)", () => {
    const driver = new ConsumerDriver();
    driver.join("a");
    driver.join("b");
    driver.beat("a", { epoch: 2 });
    driver.beat("a", { epoch: 2, owns: "t 0 1" });
    driver.beat("b", { epoch: 3 });
    driver.leave("b");
    driver.beat("a", { epoch: 3 });
    assert.equal(driver.has("a"), "t 0@2 1@2 2@4");
    assert.equal(commit(driver, "a", 3), NONE);
    assert.equal(commit(driver, "a", 3, 9, 0), NONE);
    assert.equal(commit(driver, "a", 2, 9, 1), NONE);
    assert.equal(commit(driver, "a", 3, 9, 2), STALE_MEMBER_EPOCH);
    assert.equal(commit(driver, "a", 1, 9, 0), STALE_MEMBER_EPOCH);
    driver.join("c");
    driver.beat("a", { epoch: 4 });
    assert.match(driver.has("a"), /gives up/);
    assert.equal(commit(driver, "a", 3, 9, 1), NONE);
  });

  test("anybody without a member id into an empty group", () => {
    const driver = new ConsumerDriver();
    driver.join("a");
    driver.leave("a");
    assert.equal(commit(driver, "", -1), NONE);
  });
});
