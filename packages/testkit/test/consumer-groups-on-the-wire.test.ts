// The consumer protocol on the wire (KIP-848): scripts of heartbeats in both versions with the whole answers that Kafka 4.3 gives, and
// ConsumerGroupDescribe. With REFERENCE_PORT set the same scripts ask Kafka, which has to run with
// --override group.consumer.assignment.interval.ms=0 --override offsets.topic.num.partitions=1.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { errorCodes, errorName } from "@ottla/protocol";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { consumerGroupHeartbeatApi } from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import type {
  ConsumerGroupHeartbeatRequestInput,
  ConsumerGroupHeartbeatResponse,
} from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import { consumerGroupDescribeApi } from "@ottla/protocol/messages/69-consumer-group-describe.ts";
import { versionsOf, Wire } from "./support/wire.ts";

interface Beat {
  readonly epoch: number;
  readonly instance?: string;
  readonly topics?: readonly string[];
  readonly regex?: string;
  readonly owns?: string;
  readonly rebalanceMs?: number;
  readonly assignor?: string;
  readonly rack?: string;
}

/** Who, with what, and the answer: "a@2 [t 0 1]", "a@2" without an assignment, or the error with its sentence. */
type Step = readonly [member: string, beat: Beat, answer: string];

interface Script {
  readonly name: string;
  readonly steps: readonly Step[];
}

const JOIN = { epoch: 0, rebalanceMs: 60_000, owns: "", topics: ["t"] };
const FENCED = "The member must abandon all its partitions and rejoin.";

const scripts: Script[] = [
  {
    name: "a second member gets what the first has given up",
    steps: [
      ["a", JOIN, "a@2 [t 0 1 2]"],
      ["a", { epoch: 2, owns: "t 0 1 2" }, "a@2"],
      ["b", { ...JOIN, topics: ["t", "not-there"] }, "b@3 []"],
      ["b", { epoch: 3 }, "b@3"],
      ["a", { epoch: 2 }, "a@2 [t 0 1]"],
      ["a", { epoch: 2, owns: "t 0 1 2" }, "a@2"],
      ["a", { epoch: 2, owns: "t 0 1" }, "a@3"],
      ["b", { epoch: 3 }, "b@3 [t 2]"],
      ["b", { epoch: 3, owns: "t 2", topics: ["t", "not-there"], rebalanceMs: 60_000 }, "b@3 [t 2]"],
      ["a", { epoch: -1 }, "a@-1"],
      ["b", { epoch: 3 }, "b@4 [t 0 1 2]"],
      ["b", { epoch: -1 }, "b@-1"],
      ["b", { epoch: 4 }, "UNKNOWN_MEMBER_ID: Member b is not a member of group GROUP."],
    ],
  },
  {
    name: "epochs that do not fit",
    steps: [
      ["a", { epoch: 1 }, "GROUP_ID_NOT_FOUND: Consumer group GROUP not found."],
      ["a", { epoch: -1 }, "GROUP_ID_NOT_FOUND: Group GROUP not found."],
      ["a", JOIN, "a@2 [t 0 1 2]"],
      ["x", { epoch: 2 }, "UNKNOWN_MEMBER_ID: Member x is not a member of group GROUP."],
      ["x", { epoch: -1 }, "UNKNOWN_MEMBER_ID: Member x is not a member of group GROUP."],
      [
        "a",
        { epoch: 3 },
        `FENCED_MEMBER_EPOCH: The consumer group member has a greater member epoch (3) than the one known by the group coordinator (2). ${FENCED}`,
      ],
      [
        "a",
        { epoch: 1 },
        `FENCED_MEMBER_EPOCH: The consumer group member has a smaller member epoch (1) than the one known by the group coordinator (2). ${FENCED}`,
      ],
      ["a", JOIN, "a@2 [t 0 1 2]"],
      ["a", { epoch: -3 }, "INVALID_REQUEST: MemberEpoch is invalid."],
    ],
  },
  {
    name: "requests that are wrong by themselves",
    steps: [
      ["a", { ...JOIN, rebalanceMs: -1 }, "INVALID_REQUEST: RebalanceTimeoutMs must be provided in first request."],
      ["a", { ...JOIN, owns: "t 0" }, "INVALID_REQUEST: TopicPartitions must be empty when (re-)joining."],
      ["a", { epoch: 0, rebalanceMs: 1000 }, "INVALID_REQUEST: TopicPartitions must be empty when (re-)joining."],
      [
        "a",
        { epoch: 0, rebalanceMs: 1000, owns: "" },
        "INVALID_REQUEST: Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
      ],
      ["", { epoch: 1 }, "INVALID_REQUEST: MemberId can't be empty."],
      ["a", { ...JOIN, instance: "" }, "INVALID_REQUEST: InstanceId can't be empty."],
      ["a", { ...JOIN, rack: " " }, "INVALID_REQUEST: RackId can't be empty."],
      ["a", { epoch: -2 }, "INVALID_REQUEST: InstanceId can't be null."],
      [
        "a",
        { ...JOIN, assignor: "best" },
        "UNSUPPORTED_ASSIGNOR: ServerAssignor best is not supported. Supported assignors: uniform, range.",
      ],
    ],
  },
  {
    name: "a static member that leaves for a while and is replaced",
    steps: [
      ["a", { ...JOIN, instance: "i" }, "a@2 [t 0 1 2]"],
      [
        "b",
        { ...JOIN, instance: "i" },
        "UNRELEASED_INSTANCE_ID: Static member b with instance id i cannot join the group because the instance id is owned by a member.",
      ],
      ["a", { epoch: -2, instance: "i" }, "a@-2"],
      ["b", { ...JOIN, instance: "i" }, "b@2 [t 0 1 2]"],
      [
        "a",
        { epoch: 2, instance: "i" },
        "FENCED_INSTANCE_ID: Static member a with instance id i was fenced by member b.",
      ],
      ["a", { epoch: 2, instance: "j" }, "UNKNOWN_MEMBER_ID: Instance id j is unknown."],
      ["b", { epoch: 2, instance: "i" }, "b@2"],
      ["b", { epoch: -1, instance: "i" }, "b@-1"],
    ],
  },
  {
    name: "the range assignor, and a subscription that changes",
    steps: [
      ["a", { ...JOIN, assignor: "range", topics: ["t", "u"] }, "a@2 [t 0 1 2 | u 0 1 2]"],
      ["b", { ...JOIN, assignor: "range", topics: ["t", "u"] }, "b@3 []"],
      ["a", { epoch: 2, owns: "t 0 1 2 | u 0 1 2" }, "a@2 [t 0 1 | u 0 1]"],
      ["a", { epoch: 2, owns: "t 0 1 | u 0 1" }, "a@3"],
      ["b", { epoch: 3 }, "b@3 [t 2 | u 2]"],
      ["b", { epoch: 3, topics: ["u"], owns: "t 2 | u 2" }, "b@3 [u 2]"],
      ["b", { epoch: 3, owns: "u 2" }, "b@4"],
      ["a", { epoch: 3 }, "a@4 [t 0 1 2 | u 0 1]"],
      ["a", { epoch: 4, topics: [], owns: "" }, "a@5 []"],
    ],
  },
];

const patternScript: Script = {
  name: "patterns that cannot be read",
  steps: [
    [
      "a",
      { ...JOIN, topics: [], regex: "(a" },
      "INVALID_REGULAR_EXPRESSION: SubscribedTopicRegex `(a` is not a valid regular expression: missing closing ).",
    ],
    [
      "a",
      { ...JOIN, topics: [], regex: "(?=a)" },
      "INVALID_REGULAR_EXPRESSION: SubscribedTopicRegex `(?=a)` is not a valid regular expression: invalid or unsupported Perl syntax.",
    ],
    ["a", { ...JOIN, topics: [], regex: "" }, "a@1 []"],
  ],
};

describe("consumer groups on the wire", () => {
  let wire: Wire;
  let groups = 0;

  before(async () => {
    wire = await Wire.open({ "group.consumer.assignment.interval.ms": "0" });
    await wire.createTopics({ t: 3, u: 3 });
    const request = { key: "", keyType: 0, coordinatorKeys: [wire.name("any")] };
    // Kafka creates the coordinator's topic behind our back and refuses until it is there and loaded.
    for (let ready = false; !ready;) {
      const found = await wire.call(findCoordinatorApi, 6, request);
      ready = found.coordinators[0]!.errorCode === errorCodes.NONE && (await isLoaded());
    }
  });
  after(() => wire[Symbol.asyncDispose]());

  const newGroup = (): string => wire.name(`group-${groups++}`);

  async function isLoaded(): Promise<boolean> {
    const { errorCode } = await beat(newGroup(), 1, "a", { epoch: 1 });
    return errorCode === errorCodes.GROUP_ID_NOT_FOUND;
  }

  function beat(groupId: string, version: number, member: string, said: Beat): Promise<ConsumerGroupHeartbeatResponse> {
    const request: ConsumerGroupHeartbeatRequestInput = {
      groupId,
      memberId: member,
      memberEpoch: said.epoch,
      instanceId: said.instance ?? null,
      rackId: said.rack ?? null,
      rebalanceTimeoutMs: said.rebalanceMs ?? -1,
      subscribedTopicNames: said.topics?.map((topic) => wire.name(topic)) ?? null,
      ...(said.regex === undefined ? {} : { subscribedTopicRegex: said.regex }),
      serverAssignor: said.assignor ?? null,
      topicPartitions: said.owns === undefined ? null : partitionsOf(said.owns),
    };
    return wire.call(consumerGroupHeartbeatApi, version, request);
  }

  function partitionsOf(text: string): { topicId: string; partitions: number[] }[] {
    if (text === "") return [];
    return text.split(" | ").map((each) => {
      const [topic, ...partitions] = each.split(" ");
      return { topicId: wire.id(topic!), partitions: partitions.map(Number) };
    });
  }

  function textOf(answer: ConsumerGroupHeartbeatResponse, groupId: string): string {
    const { errorCode, errorMessage, memberId, memberEpoch, heartbeatIntervalMs, assignment, ...rest } = answer;
    assert.deepEqual(rest, { throttleTimeMs: 0 });
    if (errorCode !== errorCodes.NONE) {
      assert.deepEqual([memberId, memberEpoch, heartbeatIntervalMs, assignment], [null, 0, 0, null]);
      return `${errorName(errorCode)}: ${errorMessage?.replace(groupId, "GROUP")}`;
    }
    assert.equal(errorMessage, null);
    assert.equal(heartbeatIntervalMs, memberEpoch < 0 ? 0 : 5000);
    const stand = `${memberId}@${memberEpoch}`;
    if (assignment === null) return stand;
    const topics = ["t", "u"].flatMap((topic) => {
      const found = assignment.topicPartitions.find(({ topicId }) => topicId === wire.id(topic));
      return found === undefined ? [] : [`${topic} ${found.partitions.join(" ")}`];
    });
    assert.equal(topics.length, assignment.topicPartitions.length);
    return `${stand} [${topics.join(" | ")}]`;
  }

  async function perform({ steps }: Script, version: number): Promise<void> {
    const groupId = newGroup();
    for (const [member, said, answer] of steps) {
      const text = textOf(await beat(groupId, version, member, said), groupId);
      assert.equal(text, answer, `${member} ${JSON.stringify(said)}`);
    }
  }

  for (const version of versionsOf(consumerGroupHeartbeatApi)) {
    for (const script of scripts) {
      it(`ConsumerGroupHeartbeat ${version}: ${script.name}`, () => perform(script, version));
    }
  }
  it(`ConsumerGroupHeartbeat 1: ${patternScript.name}`, () => perform(patternScript, 1));

  it("ConsumerGroupHeartbeat 0 gives a member id, 1 wants one", async () => {
    const asked = await beat(newGroup(), 0, "", JOIN);
    assert.match(asked.memberId ?? "", /^[\w-]{22}$/);
    assert.equal(asked.memberEpoch, 2);
    const groupId = newGroup();
    assert.equal(textOf(await beat(groupId, 1, "", JOIN), groupId), "INVALID_REQUEST: MemberId can't be empty.");
  });

  for (const version of versionsOf(consumerGroupDescribeApi)) {
    it(`ConsumerGroupDescribe ${version}: a group between two assignments, one that is not there, and none`, async () => {
      const groupId = newGroup();
      await beat(groupId, 1, "a", { ...JOIN, rack: "r" });
      await beat(groupId, 1, "b", { ...JOIN, instance: "i" });
      await beat(groupId, 1, "a", { epoch: 2 });
      const missing = newGroup();
      const { groups: described } = await wire.call(consumerGroupDescribeApi, version, {
        groupIds: [groupId, missing, ""],
        includeAuthorizedOperations: false,
      });
      const byId = new Map(described.map((group) => [group.groupId, group]));
      const common = { authorizedOperations: -0x8000_0000 };
      const none = { groupState: "", groupEpoch: 0, assignmentEpoch: 0, assignorName: "", members: [], ...common };
      assert.deepEqual(byId.get(missing), {
        ...none,
        errorCode: errorCodes.GROUP_ID_NOT_FOUND,
        errorMessage: `Group ${missing} not found.`,
        groupId: missing,
      });
      assert.deepEqual(byId.get(""), {
        ...none,
        errorCode: errorCodes.INVALID_GROUP_ID,
        errorMessage: null,
        groupId: "",
      });
      const { members, ...rest } = byId.get(groupId)!;
      assert.deepEqual(rest, {
        errorCode: errorCodes.NONE,
        errorMessage: null,
        groupId,
        groupState: "Reconciling",
        groupEpoch: 3,
        assignmentEpoch: 3,
        assignorName: "uniform",
        ...common,
      });
      const shown = members
        .sort((left, right) => (left.memberId < right.memberId ? -1 : 1))
        .map((member) => ({
          ...member,
          clientId: "",
          assignment: assignmentText(member.assignment),
          targetAssignment: assignmentText(member.targetAssignment),
        }));
      const member = {
        clientId: "",
        clientHost: "/127.0.0.1",
        subscribedTopicNames: [wire.name("t")],
        subscribedTopicRegex: "",
        memberType: version >= 1 ? 1 : -1,
      };
      const a = { ...member, memberId: "a", instanceId: null, rackId: "r", memberEpoch: 2 };
      const b = { ...member, memberId: "b", instanceId: "i", rackId: null, memberEpoch: 3 };
      assert.deepEqual(shown, [
        { ...a, assignment: "t 0 1 2", targetAssignment: "t 0 1" },
        { ...b, assignment: "", targetAssignment: "t 2" },
      ]);
    });
  }

  function assignmentText({
    topicPartitions,
  }: {
    topicPartitions: { topicId: string; topicName: string; partitions: number[] }[];
  }): string {
    return topicPartitions
      .map(({ topicId, topicName, partitions }) => {
        assert.equal(wire.id(wire.plainName(topicName)!), topicId);
        return `${wire.plainName(topicName)} ${partitions.join(" ")}`;
      })
      .join(" | ");
  }
});
