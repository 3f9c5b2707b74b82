// OffsetCommit, OffsetFetch and OffsetDelete on the wire, with the answers of Kafka 4.3, for groups without members.
// What groups with members say to commits is in the group coordinator's own tables and in the tests with whole clients.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { errorCodes, errorName } from "@ottla/protocol";
import { offsetCommitApi } from "@ottla/protocol/messages/08-offset-commit.ts";
import { offsetFetchApi } from "@ottla/protocol/messages/09-offset-fetch.ts";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { deleteTopicsApi } from "@ottla/protocol/messages/20-delete-topics.ts";
import { offsetDeleteApi } from "@ottla/protocol/messages/47-offset-delete.ts";
import { versionsOf, Wire } from "./support/wire.ts";

type Commit = [partition: number, offset: number, metadata?: string | null, leaderEpoch?: number];
type Commits = Readonly<Record<string, readonly Commit[]>>;

interface Claim {
  readonly generation?: number;
  readonly member?: string;
  readonly retentionMs?: number;
}

/** An id that no topic has. */
const NO_TOPIC = "nnnnnnnnnnnnnnnnnnnnng";

describe("committed offsets", () => {
  let wire: Wire;
  let groups = 0;

  before(async () => {
    wire = await Wire.open();
    await wire.createTopics({ a: 3, b: 1 });
    await coordinate("first");
  });
  after(() => wire[Symbol.asyncDispose]());

  /** A group that nobody used. */
  const newGroup = (): string => wire.name(`group-${groups++}`);

  async function coordinate(group: string): Promise<void> {
    for (;;) {
      const { coordinators } = await wire.call(findCoordinatorApi, 4, {
        keyType: 0,
        key: "",
        coordinatorKeys: [group],
      });
      const { errorCode } = coordinators[0]!;
      if (errorCode === errorCodes.NONE && (await fetched(group, null, 9)).join() !== "NOT_COORDINATOR") return;
    }
  }

  const idOf = (topic: string): string => (topic === "nope" ? NO_TOPIC : wire.id(topic));
  const nameOf = (topicId: string): string => ["a", "b"].find((topic) => wire.id(topic) === topicId) ?? "nope";

  /** Answers as `topic-partition ERROR`. */
  async function commit(group: string, version: number, topics: Commits, claim: Claim = {}): Promise<string[]> {
    const response = await wire.call(offsetCommitApi, version, {
      groupId: group,
      generationIdOrMemberEpoch: claim.generation ?? -1,
      memberId: claim.member ?? "",
      groupInstanceId: null,
      retentionTimeMs: claim.retentionMs ?? -1,
      topics: Object.entries(topics).map(([topic, partitions]) => ({
        name: version >= 10 ? "" : wire.name(topic),
        topicId: version >= 10 ? idOf(topic) : ZERO_UUID,
        partitions: partitions.map(
          ([partitionIndex, committedOffset, committedMetadata = "", committedLeaderEpoch = -1]) => ({
            partitionIndex,
            committedOffset,
            committedMetadata,
            committedLeaderEpoch,
          }),
        ),
      })),
    });
    return response.topics.flatMap(({ name, topicId, partitions }) =>
      partitions.map(({ partitionIndex, errorCode }) => {
        const topic = version >= 10 ? nameOf(topicId) : wire.plainName(name);
        return `${topic}-${partitionIndex} ${errorName(errorCode)}`;
      }),
    );
  }

  /** Answers as `topic-partition offset epoch 'metadata'` or `topic-partition ERROR`, or the group's error alone. */
  async function fetched(
    group: string,
    topics: Readonly<Record<string, readonly number[]>> | null,
    version: number,
    requireStable = false,
  ): Promise<string[]> {
    const asked =
      topics === null
        ? null
        : Object.entries(topics).map(([topic, partitionIndexes]) => ({
            name: version >= 10 ? "" : wire.name(topic),
            topicId: version >= 10 ? idOf(topic) : ZERO_UUID,
            partitionIndexes: [...partitionIndexes],
          }));
    const isBatched = version >= 8;
    const response = await wire.call(offsetFetchApi, version, {
      groupId: isBatched ? "" : group,
      topics: isBatched ? [] : (asked?.map(({ name, partitionIndexes }) => ({ name, partitionIndexes })) ?? null),
      groups: isBatched ? [{ groupId: group, memberId: null, memberEpoch: -1, topics: asked }] : [],
      requireStable,
    });
    const answer = isBatched ? response.groups[0]! : { ...response, topics: response.topics.map(withoutId) };
    if (answer.errorCode !== errorCodes.NONE) return [errorName(answer.errorCode)];
    return answer.topics.flatMap(({ name, topicId, partitions }) =>
      partitions.map((each) => {
        const place = `${version >= 10 ? nameOf(topicId) : wire.plainName(name)}-${each.partitionIndex}`;
        if (each.errorCode !== errorCodes.NONE) return `${place} ${errorName(each.errorCode)}`;
        return `${place} ${each.committedOffset} ${each.committedLeaderEpoch} '${each.metadata}'`;
      }),
    );
  }

  const withoutId = <Topic>(topic: Topic): Topic & { topicId: string } => ({ ...topic, topicId: ZERO_UUID });

  it("come back as they were committed, with every version of both", async () => {
    for (const committing of versionsOf(offsetCommitApi)) {
      const group = newGroup();
      assert.deepEqual(await commit(group, committing, { a: [[1, 10, "a note", 0]] }), ["a-1 NONE"]);
      for (const fetching of versionsOf(offsetFetchApi)) {
        const epoch = committing >= 6 && fetching >= 5 ? 0 : -1;
        assert.deepEqual(
          await fetched(group, { a: [0, 1] }, fetching),
          ["a-0 -1 -1 ''", `a-1 10 ${epoch} 'a note'`],
          `committed with version ${committing}, fetched with ${fetching}`,
        );
      }
    }
  });

  const COMMITS: [sentence: string, topics: Commits, answers: string[], claim?: Claim, versions?: number[]][] = [
    [
      "several partitions",
      {
        a: [
          [0, 1],
          [2, 3],
        ],
        b: [[0, 5]],
      },
      ["a-0 NONE", "a-2 NONE", "b-0 NONE"],
    ],
    [
      "partitions that exist and that do not",
      {
        b: [
          [0, 5],
          [1, 6],
        ],
        a: [
          [0, 1],
          [3, 1],
          [-1, 2],
        ],
      },
      [
        "b-1 UNKNOWN_TOPIC_OR_PARTITION",
        "b-0 NONE",
        "a-3 UNKNOWN_TOPIC_OR_PARTITION",
        "a--1 UNKNOWN_TOPIC_OR_PARTITION",
        "a-0 NONE",
      ],
    ],
    [
      "an unknown topic",
      { nope: [[0, 1]], a: [[0, 1]] },
      ["nope-0 UNKNOWN_TOPIC_OR_PARTITION", "a-0 NONE"],
      {},
      versionsOf(offsetCommitApi, 0, 9),
    ],
    ["an unknown topic id", { nope: [[0, 1]], a: [[0, 1]] }, ["nope-0 UNKNOWN_TOPIC_ID", "a-0 NONE"], {}, [10]],
    ["only what does not exist", { a: [[7, 1]] }, ["a-7 UNKNOWN_TOPIC_OR_PARTITION"]],
    ["nothing", {}, []],
    ["null metadata", { a: [[0, 1, null]] }, ["a-0 NONE"]],
    [
      "metadata that is too long",
      {
        a: [
          [0, 1, "x".repeat(4097)],
          [1, 1, "x".repeat(4096)],
        ],
      },
      ["a-0 OFFSET_METADATA_TOO_LARGE", "a-1 NONE"],
    ],
    ["a negative offset", { a: [[0, -5]] }, ["a-0 NONE"]],
    [
      "a generation of a group that does not exist, for older clients",
      { a: [[0, 1]], b: [[3, 1]] },
      ["b-3 UNKNOWN_TOPIC_OR_PARTITION", "a-0 ILLEGAL_GENERATION"],
      { generation: 1, member: "m" },
      versionsOf(offsetCommitApi, 0, 8),
    ],
    [
      "a generation of a group that does not exist",
      { a: [[0, 1]] },
      ["a-0 GROUP_ID_NOT_FOUND"],
      { generation: 1, member: "m" },
      [9, 10],
    ],
    ["a member without a generation", { a: [[0, 1]] }, ["a-0 NONE"], { member: "m" }],
    ["a retention time", { a: [[0, 1]] }, ["a-0 NONE"], { retentionMs: 60_000 }, [2, 3, 4]],
  ];

  for (const [sentence, topics, answers, claim = {}, versions = versionsOf(offsetCommitApi)] of COMMITS) {
    it(`commit ${sentence}`, async () => {
      for (const version of versions) {
        assert.deepEqual(await commit(newGroup(), version, topics, claim), answers, `version ${version}`);
      }
    });
  }

  it("take a member into account once there is a group: one without members knows none", async () => {
    const group = newGroup();
    await commit(group, 9, { a: [[0, 1]] });
    const claim = { generation: 0, member: "m" };
    assert.deepEqual(await commit(group, 9, { a: [[0, 2]] }, claim), ["a-0 UNKNOWN_MEMBER_ID"]);
    assert.deepEqual(await commit(group, 9, { a: [[0, 2]] }, { member: "m" }), ["a-0 NONE"]);
  });

  it("may belong to the group without a name, but not to be deleted", async () => {
    assert.deepEqual(await commit("", 9, { b: [[0, 1]] }), ["b-0 NONE"]);
    assert.deepEqual(await fetched("", { b: [0] }, 9), ["b-0 1 -1 ''"]);
    const response = await wire.call(offsetDeleteApi, 0, { groupId: "", topics: [] });
    assert.equal(errorName(response.errorCode), "INVALID_GROUP_ID");
  });

  it("of all partitions come at once, from version 2 on, stable ones too", async () => {
    const group = newGroup();
    await commit(group, 9, { a: [[2, 3, "x"]], b: [[0, 5]] });
    await commit(group, 9, { a: [[0, 1]] });
    const all = ["a-0 1 -1 ''", "a-2 3 -1 'x'", "b-0 5 -1 ''"];
    for (const version of versionsOf(offsetFetchApi, 2)) {
      for (const stable of version >= 7 ? [false, true] : [false]) {
        assert.deepEqual((await fetched(group, null, version, stable)).sort(), all, `version ${version}`);
      }
    }
  });

  it("of a group that does not exist are none", async () => {
    for (const version of versionsOf(offsetFetchApi)) {
      assert.deepEqual(await fetched(newGroup(), { a: [0], b: [7] }, version), ["a-0 -1 -1 ''", "b-7 -1 -1 ''"]);
      if (version >= 2) assert.deepEqual(await fetched(newGroup(), null, version), []);
    }
  });

  it("of an unknown topic are none, of an unknown topic id an error behind the others", async () => {
    const group = newGroup();
    await commit(group, 9, { a: [[0, 1]] });
    const asked = { nope: [0, 1], a: [0] };
    assert.deepEqual(await fetched(group, asked, 9), ["nope-0 -1 -1 ''", "nope-1 -1 -1 ''", "a-0 1 -1 ''"]);
    assert.deepEqual(await fetched(group, asked, 10), [
      "a-0 1 -1 ''",
      "nope-0 UNKNOWN_TOPIC_ID",
      "nope-1 UNKNOWN_TOPIC_ID",
    ]);
  });

  it("of several groups come in one answer, each with its own", async () => {
    const [one, other, none] = [newGroup(), newGroup(), newGroup()];
    await commit(one, 9, { a: [[0, 1]] });
    await commit(other, 9, { a: [[0, 2]] });
    const topics = [{ name: wire.name("a"), topicId: ZERO_UUID, partitionIndexes: [0] }];
    for (const version of [8, 9]) {
      const response = await wire.call(offsetFetchApi, version, {
        groupId: "",
        topics: [],
        groups: [one, other, none].map((groupId) => ({ groupId, memberId: null, memberEpoch: -1, topics })),
        requireStable: true,
      });
      assert.deepEqual(
        response.groups.map(({ groupId, topics: answers }) => [groupId, answers[0]!.partitions[0]!.committedOffset]),
        [
          [one, 1],
          [other, 2],
          [none, -1],
        ],
      );
    }
  });

  async function deleted(group: string, topics: Readonly<Record<string, readonly number[]>>): Promise<string[]> {
    const response = await wire.call(offsetDeleteApi, 0, {
      groupId: group,
      topics: Object.entries(topics).map(([topic, partitions]) => ({
        name: wire.name(topic),
        partitions: partitions.map((partitionIndex) => ({ partitionIndex })),
      })),
    });
    if (response.errorCode !== errorCodes.NONE) return [errorName(response.errorCode)];
    return response.topics.flatMap(({ name, partitions }) =>
      partitions.map((each) => `${wire.plainName(name)}-${each.partitionIndex} ${errorName(each.errorCode)}`),
    );
  }

  it("are deleted one by one, those that were never committed too; unknown ones first in the answer", async () => {
    const group = newGroup();
    await commit(group, 9, {
      a: [
        [0, 1],
        [1, 2],
      ],
      b: [[0, 3]],
    });
    assert.deepEqual(await deleted(group, { a: [0, 2, 3], nope: [0] }), [
      "a-3 UNKNOWN_TOPIC_OR_PARTITION",
      "a-0 NONE",
      "a-2 NONE",
      "nope-0 UNKNOWN_TOPIC_OR_PARTITION",
    ]);
    assert.deepEqual((await fetched(group, null, 9)).sort(), ["a-1 2 -1 ''", "b-0 3 -1 ''"]);
  });

  it("of a group that does not exist cannot be deleted", async () => {
    assert.deepEqual(await deleted(newGroup(), { a: [0] }), ["GROUP_ID_NOT_FOUND"]);
    assert.deepEqual(await deleted(newGroup(), { nope: [0] }), ["GROUP_ID_NOT_FOUND"]);
  });

  it("of a topic go with it, and a new topic of that name begins without", async () => {
    const group = newGroup();
    await wire.createTopics({ gone: 1 });
    await commit(group, 9, { gone: [[0, 7]], b: [[0, 1]] });
    await wire.call(deleteTopicsApi, 5, { topics: [], topicNames: [wire.name("gone")], timeoutMs: 10_000 });
    while ((await fetched(group, null, 9)).length > 1) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(await fetched(group, null, 9), ["b-0 1 -1 ''"]);
  });
});
