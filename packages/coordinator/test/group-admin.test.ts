// ListGroups, DescribeGroups and DeleteGroups over one shard.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errorName, errorCodes } from "@ottla/protocol";
import { describeGroupsApi } from "@ottla/protocol/messages/15-describe-groups.ts";
import { listGroupsApi } from "@ottla/protocol/messages/16-list-groups.ts";
import type { DeletedGroup, ListedGroup } from "../src/group/admin.ts";
import type { DescribedGroup } from "../src/group/classic/classic-groups.ts";
import type { GroupRecord } from "../src/group/group-records.ts";
import type { Group } from "../src/group/group.ts";
import { asSent, ClassicDriver, emptiedPair, GROUP, stablePair, subscription } from "./support/classic-driver.ts";

/** A group of the consumer protocol, as far as administrators see one. */
function consumerGroup(groupId: string, memberCount: number): Group {
  return {
    type: "consumer",
    groupId,
    stateName: () => (memberCount === 0 ? "Empty" : "Reconciling"),
    protocolType: () => "consumer",
    isEmpty: () => memberCount === 0,
    memberCount: () => memberCount,
    refuseCommit: () => errorCodes.NONE,
    refuseFetch: () => errorCodes.NONE,
    refuseOffsetDelete: () => errorCodes.NONE,
    refuseDelete: () => (memberCount === 0 ? errorCodes.NONE : errorCodes.NON_EMPTY_GROUP),
    isSubscribedTo: () => false,
    offsetExpiration: () => null,
    tombstones: () => [{ kind: "ConsumerGroupMetadata", key: { groupId }, value: null }],
  };
}

function list(driver: ClassicDriver, statesFilter: string[] = [], typesFilter: string[] = []): ListedGroup[] {
  return driver.shard.admin.list({ statesFilter, typesFilter });
}

function describeGroup(driver: ClassicDriver, version: number, groupId = GROUP): DescribedGroup {
  const described = driver.shard.admin.describe(groupId, version);
  return asSent(describeGroupsApi, version, { throttleTimeMs: 0, groups: [described] }).groups[0]!;
}

function deleteGroup(driver: ClassicDriver, groupId = GROUP): DeletedGroup {
  return driver.harness.ask<DeletedGroup>((shard, pending) => shard.admin.delete(groupId, pending));
}

describe("ListGroups", () => {
  const driver = new ClassicDriver();
  stablePair(driver);
  driver.memberId({ group: "forming" });
  driver.shard.context.createSimpleGroup("offsets");
  for (const [name, members] of [
    ["new", 1],
    ["old", 0],
  ] as const) {
    driver.shard.context.groups.set(name, consumerGroup(name, members));
  }
  const rows: { states?: string[]; types?: string[]; groups: string[] }[] = [
    { groups: ["orders", "forming", "offsets", "new", "old"] },
    { states: ["Stable"], groups: ["orders"] },
    { states: ["stable", " RECONCILING "], groups: ["orders", "new"] },
    { states: ["Empty"], groups: ["forming", "offsets", "old"] },
    { states: ["Nowhere"], groups: [] },
    { types: ["classic"], groups: ["orders", "forming", "offsets"] },
    { types: ["Consumer"], groups: ["new", "old"] },
    { types: ["classic", "consumer"], groups: ["orders", "forming", "offsets", "new", "old"] },
    { types: ["unheard-of"], groups: [] },
    { states: ["Empty"], types: ["consumer"], groups: ["old"] },
  ];
  for (const { states = [], types = [], groups } of rows) {
    test(`states [${states.join()}] and types [${types.join()}] give ${groups.join(", ") || "none"}`, () => {
      assert.deepEqual(
        list(driver, states, types).map(({ groupId }) => groupId),
        groups,
      );
    });
  }

  test("tells state and type to clients that know them", () => {
    const listed = list(driver)[0]!;
    assert.deepEqual(listed, {
      groupId: "orders",
      protocolType: "consumer",
      groupState: "Stable",
      groupType: "classic",
    });
    const sent = [0, 3, 4, 5].map((version) =>
      asSent(listGroupsApi, version, { throttleTimeMs: 0, errorCode: 0, groups: [listed] }),
    );
    assert.deepEqual(
      sent.map(({ groups }) => [groups[0]!.groupState, groups[0]!.groupType]),
      [
        ["", ""],
        ["", ""],
        ["Stable", ""],
        ["Stable", "classic"],
      ],
    );
  });
});

describe("DescribeGroups", () => {
  test("tells all of a Stable group", () => {
    const driver = new ClassicDriver();
    const { leader, follower } = stablePair(driver);
    const described = describeGroup(driver, 6);
    assert.deepEqual(
      { ...described, members: described.members.length },
      {
        errorCode: 0,
        errorMessage: null,
        groupId: GROUP,
        groupState: "Stable",
        protocolType: "consumer",
        protocolData: "range",
        members: 2,
        authorizedOperations: -0x8000_0000,
      },
    );
    assert.deepEqual(
      described.members.map(({ memberId }) => memberId),
      [leader, follower],
    );
    assert.deepEqual(described.members[0], {
      memberId: leader,
      groupInstanceId: null,
      clientId: "app",
      clientHost: "/127.0.0.1",
      memberMetadata: subscription(["t"]),
      memberAssignment: Buffer.from("a"),
    });
  });

  test("tells only who is there while a group rebalances", () => {
    const driver = new ClassicDriver();
    const { follower } = stablePair(driver);
    driver.join({ member: follower, topics: ["u"] });
    const described = describeGroup(driver, 6);
    assert.equal(described.groupState, "PreparingRebalance");
    assert.equal(described.protocolData, "");
    assert.deepEqual(
      described.members.map(({ memberMetadata }) => memberMetadata.length),
      [0, 0],
    );
  });

  const missing = [
    { version: 0, error: "NONE", message: null },
    { version: 5, error: "NONE", message: null },
    { version: 6, error: "GROUP_ID_NOT_FOUND", message: "Group orders not found." },
  ];
  for (const { version, error, message } of missing) {
    test(`${version}: a group that does not exist is Dead, ${error}`, () => {
      const described = describeGroup(new ClassicDriver(), version);
      assert.equal(described.groupState, "Dead");
      assert.equal(errorName(described.errorCode), error);
      assert.equal(described.errorMessage, message);
    });
  }

  test("does not describe groups of the consumer protocol", () => {
    const driver = new ClassicDriver();
    driver.shard.context.groups.set(GROUP, consumerGroup(GROUP, 1));
    const described = describeGroup(driver, 6);
    assert.equal(errorName(described.errorCode), "GROUP_ID_NOT_FOUND");
    assert.equal(described.errorMessage, "Group orders is not a classic group.");
  });
});

describe("DeleteGroups", () => {
  const offset: GroupRecord = { kind: "OffsetCommit", key: { group: GROUP, topic: "t", partition: 0 }, value: null };

  test("removes an empty group and its offsets, the group last", () => {
    const driver = new ClassicDriver();
    emptiedPair(driver);
    driver.shard.committed.set(GROUP, [offset]);
    driver.records();
    assert.deepEqual(deleteGroup(driver), { groupId: GROUP, errorCode: 0, errorMessage: null });
    assert.deepEqual(driver.records(), ["OffsetCommit", "tombstone orders"]);
    assert.equal(driver.state(), "none");
    assert.equal(errorName(deleteGroup(driver).errorCode), "GROUP_ID_NOT_FOUND");
  });

  test("removes a group that only holds offsets", () => {
    const driver = new ClassicDriver();
    driver.shard.context.createSimpleGroup(GROUP);
    driver.shard.committed.set(GROUP, [offset]);
    assert.equal(deleteGroup(driver).errorCode, 0);
    assert.equal(driver.state(), "none");
  });

  test("leaves a group that has members", () => {
    const driver = new ClassicDriver();
    stablePair(driver);
    driver.records();
    assert.equal(errorName(deleteGroup(driver).errorCode), "NON_EMPTY_GROUP");
    assert.deepEqual(driver.records(), []);
    assert.equal(driver.state(), "Stable");
  });

  test("writes a consumer group's own tombstones", () => {
    const driver = new ClassicDriver();
    driver.shard.context.groups.set("old", consumerGroup("old", 0));
    assert.equal(deleteGroup(driver, "old").errorCode, 0);
    assert.deepEqual(driver.records(), ["ConsumerGroupMetadata"]);
  });
});

describe("an empty group of the consumer protocol", () => {
  test("gives way to a classic member", () => {
    const driver = new ClassicDriver();
    driver.shard.context.groups.set(GROUP, consumerGroup(GROUP, 0));
    driver.memberId();
    assert.deepEqual(driver.records(), ["ConsumerGroupMetadata", "orders generation 0 - - []"]);
    assert.equal(driver.group().type, "classic");
  });

  test("stays when a stranger asks, who only brings an old id", () => {
    const driver = new ClassicDriver();
    driver.shard.context.groups.set(GROUP, consumerGroup(GROUP, 0));
    const call = driver.join({ member: "stranger" });
    assert.equal(errorName(call.answer.errorCode), "UNKNOWN_MEMBER_ID");
    assert.equal(driver.shard.context.groups.get(GROUP)!.type, "consumer");
  });
});
