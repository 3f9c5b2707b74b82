// ConsumerGroupHeartbeat (KIP-848): what it must look like, and each kind of heartbeat against each stand of a member.
// Expected errors and sentences are Kafka 4.3's (GroupCoordinatorService, GroupMetadataManager).

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ConsumerGroupHeartbeatRequest } from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import {
  answerText,
  Consumer,
  ConsumerDriver,
  HEARTBEAT_MS,
  REBALANCE_MS,
  settle,
  topicId,
} from "./support/consumer-driver.ts";
import type { BeatOptions } from "./support/consumer-driver.ts";

describe("a heartbeat is refused", () => {
  interface Case {
    readonly name: string;
    readonly change: Partial<ConsumerGroupHeartbeatRequest>;
    readonly version?: number;
    readonly answer: string;
  }
  const cases: Case[] = [
    {
      name: "without member id, from version 1 on",
      change: { memberId: "" },
      answer: "INVALID_REQUEST: MemberId can't be empty.",
    },
    {
      name: "with a blank member id",
      change: { memberId: " \t" },
      answer: "INVALID_REQUEST: MemberId can't be empty.",
    },
    {
      name: "in version 0 without member id, when it does not join",
      change: { memberId: "", memberEpoch: 1 },
      version: 0,
      answer: "INVALID_REQUEST: MemberId can't be empty.",
    },
    {
      name: "in version 0 without member id, when it leaves",
      change: { memberId: "", memberEpoch: -1 },
      version: 0,
      answer: "INVALID_REQUEST: MemberId can't be empty.",
    },
    { name: "without group id", change: { groupId: "" }, answer: "INVALID_REQUEST: GroupId can't be empty." },
    {
      name: "with an empty instance id",
      change: { instanceId: "" },
      answer: "INVALID_REQUEST: InstanceId can't be empty.",
    },
    { name: "with an empty rack", change: { rackId: "" }, answer: "INVALID_REQUEST: RackId can't be empty." },
    {
      name: "joining without rebalance timeout",
      change: { rebalanceTimeoutMs: -1 },
      answer: "INVALID_REQUEST: RebalanceTimeoutMs must be provided in first request.",
    },
    {
      name: "joining with partitions",
      change: { topicPartitions: [{ topicId: "AAAAAAAAAAAAAAAAAAAAAA", partitions: [0] }] },
      answer: "INVALID_REQUEST: TopicPartitions must be empty when (re-)joining.",
    },
    {
      name: "joining without saying that it has no partitions",
      change: { topicPartitions: null },
      answer: "INVALID_REQUEST: TopicPartitions must be empty when (re-)joining.",
    },
    {
      name: "joining without a subscription",
      change: { subscribedTopicNames: null },
      answer:
        "INVALID_REQUEST: Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
    },
    {
      name: "leaving for a while without instance id",
      change: { memberEpoch: -2 },
      answer: "INVALID_REQUEST: InstanceId can't be null.",
    },
    {
      name: "with an epoch that means nothing",
      change: { memberEpoch: -3 },
      answer: "INVALID_REQUEST: MemberEpoch is invalid.",
    },
    {
      name: "with an assignor that is not there",
      change: { serverAssignor: "best" },
      answer: "UNSUPPORTED_ASSIGNOR: ServerAssignor best is not supported. Supported assignors: uniform, range.",
    },
  ];
  for (const { name, change, version = 1, answer } of cases) {
    test(name, () => {
      const driver = new ConsumerDriver();
      const request = { ...driver.request("a", { epoch: 0, topics: ["t"], rebalanceMs: 1000, owns: "" }), ...change };
      assert.equal(answerText(driver.answer(request, { version })), answer);
      assert.deepEqual(driver.records(), []);
      assert.equal(driver.harness.shard.context.groups.size, 0);
    });
  }

  test("when the group is not there", () => {
    const driver = new ConsumerDriver();
    assert.equal(driver.beat("a", { epoch: 1 }), "GROUP_ID_NOT_FOUND: Consumer group orders not found.");
    assert.equal(driver.leave("a"), "GROUP_ID_NOT_FOUND: Group orders not found.");
  });

  test("when the group is full, but for those who are in it", () => {
    const driver = new ConsumerDriver({ t: 3 }, { consumerGroupMaxSize: 2 });
    driver.join("a");
    driver.join("b");
    const full = "GROUP_MAX_SIZE_REACHED: The consumer group has reached its maximum capacity of 2 members.";
    assert.equal(driver.join("c"), full);
    assert.equal(driver.join("", { version: 0 }), full);
    assert.equal(driver.join("b"), "b@3 []");
  });
});

describe("a member that joins", () => {
  test("as the first gets all partitions with its first heartbeat", () => {
    const driver = new ConsumerDriver({ t: 3, u: 1 });
    const answer = driver.answer(driver.request("a", { epoch: 0, topics: ["u", "t"], rebalanceMs: 1000, owns: "" }));
    assert.equal(answerText(answer), "a@2 [t 0 1 2 | u 0]");
    assert.equal(answer.heartbeatIntervalMs, HEARTBEAT_MS);
    assert.deepEqual(driver.records(), [
      "member a of t,u",
      "epoch 2",
      "target a [t 0 1 2 | u 0]",
      "targets 2",
      "a@2<0 Stable [t 0@2 1@2 2@2 | u 0@2]",
    ]);
    assert.equal(driver.state(), "Stable");
  });

  test("in version 0 without a member id is given one", () => {
    const driver = new ConsumerDriver();
    assert.match(driver.join("", { version: 0 }), /^[\w-]{22}@2 \[t 0 1 2\]$/);
  });

  test("as the second waits until the first has given up what it shall have", () => {
    const driver = stableWith("a");
    assert.equal(driver.join("b"), "b@3 []");
    assert.deepEqual(driver.records(), [
      "member b of t",
      "epoch 3",
      "target a [t 0 1]",
      "target b [t 2]",
      "targets 3",
      "b@3<0 UnreleasedPartitions []",
    ]);
    assert.equal(driver.state(), "Reconciling");
    assert.equal(driver.beat("a", { epoch: 2 }), "a@2 [t 0 1]");
    assert.deepEqual(driver.records(), ["a@2<2 UnrevokedPartitions [t 0@2 1@2] gives up t 2@2"]);
    assert.equal(driver.beat("b", { epoch: 3 }), "b@3");
    assert.deepEqual(driver.records(), ["b@3<3 UnreleasedPartitions []"]);
    assert.equal(driver.beat("b", { epoch: 3 }), "b@3");
    assert.equal(driver.beat("a", { epoch: 2 }), "a@2");
    assert.deepEqual(driver.records(), []);
    assert.equal(driver.beat("a", { epoch: 2, owns: "t 0 1" }), "a@3");
    assert.deepEqual(driver.records(), ["a@3<2 Stable [t 0@2 1@2]"]);
    assert.equal(driver.beat("b", { epoch: 3 }), "b@3 [t 2]");
    assert.deepEqual(driver.records(), ["b@3<3 Stable [t 2@3]"]);
    assert.equal(driver.state(), "Stable");
  });

  test("to no topic has an epoch and no partitions", () => {
    const driver = new ConsumerDriver();
    assert.equal(driver.join("a", { topics: [] }), "a@1 []");
    assert.deepEqual(driver.records(), ["member a of ", "target a []", "targets 1", "a@1<0 Stable []"]);
    assert.equal(driver.join("b", { topics: [] }), "b@1 []");
    assert.deepEqual(driver.records(), ["member b of ", "b@1<0 Stable []"]);
  });

  test("to a topic that is not there yet gets it when it is", () => {
    const driver = new ConsumerDriver({});
    assert.equal(driver.join("a"), "a@2 []");
    driver.setTopics({ t: 2 });
    assert.equal(driver.beat("a"), "a@3 [t 0 1]");
  });

  test("again keeps what it has, and is told all of it", () => {
    const driver = stableWith("a");
    assert.equal(driver.join("a"), "a@2 [t 0 1 2]");
    assert.deepEqual(driver.records(), []);
  });

  test("into an empty classic group that only has offsets turns it into a consumer group", () => {
    const driver = new ConsumerDriver();
    const { context } = driver.harness.shard;
    context.groups.set("orders", context.createSimpleGroup("orders"));
    assert.equal(driver.join("a"), "a@2 [t 0 1 2]");
    assert.equal(driver.records()[0], "forget GroupMetadata");
    assert.equal(context.groups.get("orders")!.type, "consumer");
  });
});

describe("an epoch", () => {
  interface Case {
    readonly name: string;
    readonly beat: BeatOptions;
    readonly answer: string;
  }
  // Member a was at epoch 2 with partitions 0, 1, 2 and is at epoch 3 with 0 and 1.
  const FENCED = "The member must abandon all its partitions and rejoin.";
  const greater = `FENCED_MEMBER_EPOCH: The consumer group member has a greater member epoch (4) than the one known by the group coordinator (3). ${FENCED}`;
  const smaller = (epoch: number): string =>
    `FENCED_MEMBER_EPOCH: The consumer group member has a smaller member epoch (${epoch}) than the one known by the group coordinator (3). ${FENCED}`;
  const cases: Case[] = [
    { name: "that is the member's passes", beat: { epoch: 3 }, answer: "a@3" },
    { name: "of 0 joins again", beat: { epoch: 0, rebalanceMs: 1, topics: ["t"], owns: "" }, answer: "a@3 [t 0 1]" },
    { name: "that is greater is fenced", beat: { epoch: 4 }, answer: greater },
    {
      name: "before the last passes with partitions that the member has",
      beat: { epoch: 2, owns: "t 0 1" },
      answer: "a@3",
    },
    { name: "before the last passes with some of them", beat: { epoch: 2, owns: "t 1" }, answer: "a@3" },
    { name: "before the last passes with none", beat: { epoch: 2, owns: "" }, answer: "a@3" },
    {
      name: "before the last is fenced with a partition that it has no more",
      beat: { epoch: 2, owns: "t 0 2" },
      answer: smaller(2),
    },
    { name: "before the last is fenced with another topic", beat: { epoch: 2, owns: "u 0" }, answer: smaller(2) },
    { name: "before the last is fenced when it does not say what it has", beat: { epoch: 2 }, answer: smaller(2) },
    { name: "before that is fenced", beat: { epoch: 1, owns: "" }, answer: smaller(1) },
  ];
  for (const { name, beat, answer } of cases) {
    test(name, () => {
      const driver = stableWith("a", "b");
      assert.equal(driver.has("a"), "t 0@2 1@2");
      assert.equal(driver.beat("a", beat), answer);
    });
  }

  test("of somebody who is not in the group is refused", () => {
    const driver = stableWith("a");
    assert.equal(driver.beat("x", { epoch: 2 }), "UNKNOWN_MEMBER_ID: Member x is not a member of group orders.");
    assert.equal(driver.leave("x"), "UNKNOWN_MEMBER_ID: Member x is not a member of group orders.");
  });
});

describe("a heartbeat of a member that is at its target", () => {
  interface Case {
    readonly name: string;
    readonly beat: BeatOptions;
    readonly answer: string;
    readonly records: readonly string[];
  }
  const cases: Case[] = [
    { name: "says nothing and changes nothing", beat: {}, answer: "a@2", records: [] },
    { name: "says what the member has", beat: { owns: "t 0 1 2" }, answer: "a@2", records: [] },
    {
      name: "says everything again, and is answered with everything",
      beat: { topics: ["t"], rebalanceMs: REBALANCE_MS, owns: "t 0 1 2" },
      answer: "a@2 [t 0 1 2]",
      records: [],
    },
    {
      name: "brings another rebalance timeout, which is written and no reason for an epoch",
      beat: { rebalanceMs: 5 },
      answer: "a@2",
      records: ["member a of t"],
    },
    {
      name: "brings a rack, which is written and no reason for an epoch",
      beat: { rack: "r" },
      answer: "a@2",
      records: ["member a of t"],
    },
    {
      name: "brings an assignor, which counts from the next assignment on",
      beat: { assignor: "range" },
      answer: "a@2",
      records: ["member a of t"],
    },
    { name: "comes from another address", beat: { host: "/10.0.0.1" }, answer: "a@2", records: ["member a of t"] },
    { name: "comes from another client", beat: { client: "other" }, answer: "a@2", records: ["member a of t"] },
    {
      name: "names one topic more, and gets it",
      beat: { topics: ["u", "t"], owns: "t 0 1 2" },
      answer: "a@3 [t 0 1 2 | u 0]",
      records: [
        "member a of t,u",
        "epoch 3",
        "target a [t 0 1 2 | u 0]",
        "targets 3",
        "a@3<2 Stable [t 0@2 1@2 2@2 | u 0@3]",
      ],
    },
    {
      name: "names the same topic twice, which changes nothing",
      beat: { topics: ["t", "t"] },
      answer: "a@2",
      records: [],
    },
    {
      name: "names other topics, and first has to give up the old one",
      beat: { topics: ["u"], owns: "t 0 1 2" },
      answer: "a@2 []",
      records: [
        "member a of u",
        "epoch 3",
        "target a [u 0]",
        "targets 3",
        "a@2<2 UnrevokedPartitions [] gives up t 0@2 1@2 2@2",
      ],
    },
    {
      name: "names other topics and has given up the old one already",
      beat: { topics: ["u"], owns: "" },
      answer: "a@3 [u 0]",
      records: ["member a of u", "epoch 3", "target a [u 0]", "targets 3", "a@3<2 Stable [u 0@3]"],
    },
    {
      name: "names no topic any more",
      beat: { topics: [], owns: "" },
      answer: "a@3 []",
      records: ["member a of ", "epoch 3", "target a []", "targets 3", "a@3<2 Stable []"],
    },
  ];
  for (const { name, beat, answer, records } of cases) {
    test(name, () => {
      const driver = stableWith("a");
      driver.setTopics({ t: 3, u: 1 });
      assert.equal(driver.beat("a", beat), answer);
      assert.deepEqual(driver.records(), records);
    });
  }
});

describe("a member that leaves", () => {
  test("is forgotten, and the others get what it had with their next heartbeats", () => {
    const driver = stableWith("a", "b");
    assert.equal(driver.leave("a"), "a@-1");
    assert.deepEqual(driver.records(), ["forget assignment a", "forget target a", "forget member a", "epoch 4"]);
    assert.equal(driver.state(), "Assigning");
    assert.equal(driver.beat("b", { epoch: 3 }), "b@4 [t 0 1 2]");
    assert.deepEqual(driver.records(), ["target b [t 0 1 2]", "targets 4", "b@4<3 Stable [t 0@4 1@4 2@3]"]);
  });

  test("as the last leaves an empty group, whose epoch goes on", () => {
    const driver = stableWith("a");
    driver.leave("a");
    assert.equal(driver.state(), "Empty");
    assert.equal(driver.beat("a", { epoch: 2 }), "UNKNOWN_MEMBER_ID: Member a is not a member of group orders.");
    assert.equal(driver.join("b"), "b@4 [t 0 1 2]");
  });

  test("may be in the midst of giving something up", () => {
    const driver = stableWith("a");
    driver.join("b");
    driver.beat("a", { epoch: 2 });
    assert.equal(driver.has("a"), "t 0@2 1@2, gives up t 2@2");
    driver.leave("a");
    assert.equal(driver.beat("b", { epoch: 3 }), "b@4 [t 0 1 2]");
    assert.equal(driver.state(), "Stable");
  });
});

describe("topics that change", () => {
  test("give new partitions to members with their next heartbeats", () => {
    const driver = stableWith("a", "b");
    driver.setTopics({ t: 5 });
    assert.equal(driver.beat("b", { epoch: 3 }), "b@4 [t 2 3 4]");
    assert.deepEqual(driver.records(), ["epoch 4", "target b [t 2 3 4]", "targets 4", "b@4<3 Stable [t 2@3 3@4 4@4]"]);
    assert.equal(driver.beat("a", { epoch: 3 }), "a@4");
  });

  test("take a deleted topic away from members", () => {
    const driver = stableWith("a");
    driver.setTopics({});
    assert.equal(driver.beat("a"), "a@2 []");
    assert.equal(driver.beat("a", { owns: "" }), "a@3");
    assert.equal(driver.state(), "Stable");
  });

  test("that nobody subscribes to change nothing", () => {
    const driver = stableWith("a");
    driver.setTopics({ t: 3, u: 7 });
    assert.equal(driver.beat("a"), "a@2");
    assert.deepEqual(driver.records(), []);
  });
});

test("members that keep what they have notice nothing of a rebalance", () => {
  const driver = stableWith("a", "b", "c");
  const before = driver.has("c");
  driver.join("d", { topics: [] });
  assert.equal(driver.beat("c"), "c@4");
  assert.equal(driver.has("c"), before);
  assert.deepEqual(
    driver.records().filter((record) => record.startsWith("c@")),
    [],
  );
});

test("a group is described with its members, what they have and shall have", () => {
  const driver = stableWith("a");
  driver.join("b", { client: "second", rack: "r1", topics: ["t", "gone"] });
  driver.beat("a", { epoch: 2 });
  const group = driver.harness.shard.consumer.describe("orders");
  const { members, ...rest } = group;
  assert.deepEqual(rest, {
    errorCode: 0,
    errorMessage: null,
    groupId: "orders",
    groupState: "Reconciling",
    groupEpoch: 3,
    assignmentEpoch: 3,
    assignorName: "uniform",
  });
  const partitions = (list: readonly number[]): unknown => ({
    topicPartitions: list.length === 0 ? [] : [{ topicId: topicId("t"), topicName: "t", partitions: list }],
  });
  const common = { instanceId: null, clientHost: "/127.0.0.1", subscribedTopicRegex: "", memberType: 1 };
  assert.deepEqual(members, [
    {
      ...common,
      memberId: "a",
      memberEpoch: 2,
      rackId: null,
      clientId: "app",
      subscribedTopicNames: ["t"],
      assignment: partitions([0, 1, 2]),
      targetAssignment: partitions([0, 1]),
    },
    {
      ...common,
      memberId: "b",
      memberEpoch: 3,
      rackId: "r1",
      clientId: "second",
      subscribedTopicNames: ["gone", "t"],
      assignment: partitions([]),
      targetAssignment: partitions([2]),
    },
  ]);
  assert.equal(driver.harness.shard.consumer.describe("other").errorMessage, "Group other not found.");
});

/** A group of these members, each with all that it shall have; the records of it are taken. */
function stableWith(...names: readonly string[]): ConsumerDriver {
  const driver = new ConsumerDriver();
  const consumers: Consumer[] = [];
  for (const name of names) {
    consumers.push(new Consumer(driver, name));
    settle(driver, consumers);
  }
  driver.records();
  return driver;
}
