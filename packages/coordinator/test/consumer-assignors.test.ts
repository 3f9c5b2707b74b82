// The server-side assignors: tables of small groups with the targets that Kafka 4.3's assignors give, and what holds for any group:
// one owner for each partition, who subscribes to it; as even as can be; nothing moves without need.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SeededRandom } from "@ottla/base";
import type { AssignedTopic, AssigneeSpec, Assignor } from "../src/group/consumer/assignors/assignor.ts";
import { assignRanges } from "../src/group/consumer/assignors/range.ts";
import { assignUniformly } from "../src/group/consumer/assignors/uniform.ts";
import { assignmentOf, NO_PARTITIONS, toTopicPartitions } from "../src/group/consumer/assignment.ts";
import type { Assignment } from "../src/group/consumer/assignment.ts";
import { partitionsOf, topicId } from "./support/consumer-driver.ts";

interface MemberCase {
  readonly topics: string;
  readonly had?: string;
  readonly instance?: string;
  readonly gets: string;
}

interface Case {
  readonly name: string;
  readonly topics: Readonly<Record<string, number>>;
  readonly members: Readonly<Record<string, MemberCase>>;
}

const uniform: Case[] = [
  { name: "one member gets all", topics: { t: 3, u: 1 }, members: { a: { topics: "t u", gets: "t 0 1 2 | u 0" } } },
  {
    name: "an uneven number: the last member gets one more",
    topics: { t: 3 },
    members: { a: { topics: "t", gets: "t 0" }, b: { topics: "t", gets: "t 1 2" } },
  },
  {
    name: "more members than partitions: the last get one each",
    topics: { t: 2 },
    members: { a: { topics: "t", gets: "" }, b: { topics: "t", gets: "t 0" }, c: { topics: "t", gets: "t 1" } },
  },
  {
    name: "a new member gets what is over the quota of the others, and nothing else moves",
    topics: { t: 6 },
    members: {
      a: { topics: "t", had: "t 0 1 2", gets: "t 0 1" },
      b: { topics: "t", had: "t 3 4 5", gets: "t 3 4" },
      c: { topics: "t", gets: "t 2 5" },
    },
  },
  {
    name: "what a member that left had goes to those with room",
    topics: { t: 6 },
    members: { a: { topics: "t", had: "t 0 1", gets: "t 0 1 4" }, b: { topics: "t", had: "t 2 3", gets: "t 2 3 5" } },
  },
  {
    name: "a member that has one more than the others keeps it",
    topics: { t: 3 },
    members: { a: { topics: "t", had: "t 0 1", gets: "t 0 1" }, b: { topics: "t", had: "t 2", gets: "t 2" } },
  },
  {
    name: "a topic that nobody subscribes to any more is taken away",
    topics: { t: 2 },
    members: {
      a: { topics: "t", had: "t 0 | gone 0 1", gets: "t 0" },
      b: { topics: "t", had: "t 1 | gone 2", gets: "t 1" },
    },
  },
  {
    name: "new partitions go to those with room",
    topics: { t: 4 },
    members: { a: { topics: "t", had: "t 0", gets: "t 0 2" }, b: { topics: "t", had: "t 1", gets: "t 1 3" } },
  },
  {
    name: "a partition that a damaged log gives to two stays with the first",
    topics: { t: 2 },
    members: { a: { topics: "t", had: "t 0", gets: "t 0" }, b: { topics: "t", had: "t 0", gets: "t 1" } },
  },
  {
    name: "different topics: each topic goes to its subscribers",
    topics: { t: 3, u: 3 },
    members: { a: { topics: "t", gets: "t 0 1 2" }, b: { topics: "u", gets: "u 0 1 2" } },
  },
  {
    name: "different topics: who has a topic to itself gets less of the common one",
    topics: { t: 4, u: 2 },
    members: { a: { topics: "t", gets: "t 0 1 2" }, b: { topics: "t u", gets: "t 3 | u 0 1" } },
  },
  {
    name: "different topics: what was even stays",
    topics: { t: 3, u: 3 },
    members: {
      a: { topics: "t u", had: "t 0 | u 1", gets: "t 0 | u 1" },
      b: { topics: "t", had: "t 1 2", gets: "t 1 2" },
      c: { topics: "t u", had: "u 0 2", gets: "u 0 2" },
    },
  },
  {
    name: "different topics: who has too much gives to who has too little",
    topics: { t: 3, u: 3 },
    members: {
      a: { topics: "t u", had: "t 0 | u 1 2", gets: "u 1 2" },
      b: { topics: "t", had: "t 1", gets: "t 0 1" },
      c: { topics: "t u", had: "t 2 | u 0", gets: "t 2 | u 0" },
    },
  },
  {
    name: "different topics: a new subscriber takes from the fullest",
    topics: { t: 4, u: 1 },
    members: { a: { topics: "t", had: "t 0 1 2 3", gets: "t 0 1 2" }, b: { topics: "t u", gets: "t 3 | u 0" } },
  },
  {
    name: "a member without topics gets nothing, and the others share",
    topics: { t: 2 },
    members: { a: { topics: "", gets: "" }, b: { topics: "t", gets: "t 0 1" } },
  },
  { name: "nobody subscribes to anything", topics: {}, members: { a: { topics: "", had: "t 0", gets: "" } } },
];

const range: Case[] = [
  {
    name: "the first members get one more",
    topics: { t: 3 },
    members: { a: { topics: "t", gets: "t 0 1" }, b: { topics: "t", gets: "t 2" } },
  },
  {
    name: "topics of one size are cut alike",
    topics: { t: 3, u: 3 },
    members: { a: { topics: "t u", gets: "t 0 1 | u 0 1" }, b: { topics: "t u", gets: "t 2 | u 2" } },
  },
  {
    name: "by member id, whatever the order they came in",
    topics: { t: 3 },
    members: { b: { topics: "t", gets: "t 2" }, a: { topics: "t", gets: "t 0 1" } },
  },
  {
    name: "static members come first, by instance id, whatever their member ids are",
    topics: { t: 4 },
    members: {
      a: { topics: "t", gets: "t 3" },
      x: { topics: "t", instance: "i2", gets: "t 1" },
      y: { topics: "t", instance: "i1", gets: "t 0" },
      b: { topics: "t", gets: "" },
      z: { topics: "t", instance: "i3", gets: "t 2" },
    },
  },
  {
    name: "more members than partitions",
    topics: { t: 1 },
    members: { a: { topics: "t", gets: "t 0" }, b: { topics: "t", gets: "" } },
  },
  {
    name: "different topics: each is cut for its own subscribers",
    topics: { t: 4, u: 2 },
    members: {
      a: { topics: "t", gets: "t 0 1" },
      b: { topics: "t u", gets: "t 2 3 | u 0" },
      c: { topics: "u", gets: "u 1" },
    },
  },
  {
    name: "what members had does not count",
    topics: { t: 2 },
    members: { a: { topics: "t", had: "t 1", gets: "t 0" }, b: { topics: "t", had: "t 0", gets: "t 1" } },
  },
];

for (const [name, assignor, cases] of [
  ["uniform", assignUniformly, uniform],
  ["range", assignRanges, range],
] as const) {
  describe(name, () => {
    for (const each of cases) {
      test(each.name, () => {
        const specs = specsOf(each);
        const targets = assignor({ members: specs, homogeneous: isHomogeneous(specs) });
        const given = Object.fromEntries(specs.map(({ memberId }, index) => [memberId, text(targets[index]!)]));
        assert.deepEqual(given, Object.fromEntries(Object.entries(each.members).map(([id, { gets }]) => [id, gets])));
      });
    }
  });
}

describe("any group, while members and topics come and go", () => {
  for (const [name, assignor] of [
    ["uniform", assignUniformly],
    ["range", assignRanges],
  ] as const) {
    for (const subscriptions of ["the same topics", "different topics"] as const) {
      for (const seed of [1, 2, 3]) {
        test(`${name}, ${subscriptions}, seed ${seed}`, () => randomGroup(assignor, subscriptions, seed));
      }
    }
  }
});

function randomGroup(assignor: Assignor, subscriptions: "the same topics" | "different topics", seed: number): void {
  const random = new SeededRandom(seed);
  const topics: { id: string; partitionCount: number }[] = [];
  let members: AssigneeSpec[] = [];
  for (let step = 0; step < 120; step++) {
    const dice = random.below(10);
    if (topics.length < 2 || (dice === 0 && topics.length < 8)) {
      topics.push({ id: topicId(`topic${topics.length}`), partitionCount: 1 + random.below(12) });
    } else if (dice === 1) {
      topics[random.below(topics.length)]!.partitionCount += random.below(4);
    } else if (dice < 6 || members.length === 0) {
      const chosen = subscriptions === "the same topics" ? topics : topics.filter(() => random.chance(0.5));
      const memberId = `m${String(step).padStart(3, "0")}`;
      members = [...members, { memberId, instanceId: null, topics: chosen, previous: NO_PARTITIONS }];
    } else {
      members.splice(random.below(members.length), 1);
    }
    if (members.length === 0) continue;
    if (subscriptions === "the same topics") members = members.map((member) => ({ ...member, topics }));
    const homogeneous = isHomogeneous(members);
    const targets = assignor({ members, homogeneous });
    checkOwners(members, targets);
    if (assignor === assignUniformly) checkUniform(members, targets, homogeneous);
    members = members.map((member, index) => ({ ...member, previous: targets[index]! }));
    const again = assignor({ members, homogeneous });
    again.forEach((target, index) => assert.equal(target, targets[index], "nothing moves when nothing changed"));
  }
}

function checkOwners(members: readonly AssigneeSpec[], targets: readonly Assignment[]): void {
  const owned = new Set<string>();
  targets.forEach((target, index) => {
    const subscribed = new Map(members[index]!.topics.map(({ id, partitionCount }) => [id, partitionCount]));
    for (const [id, partitions] of target) {
      assert.ok(partitions.length > 0, "no topic with an empty list");
      for (const partition of partitions) {
        assert.ok(partition < (subscribed.get(id) ?? 0), "the member subscribes to what it gets");
        assert.ok(!owned.has(`${id}/${partition}`), "a partition has one owner");
        owned.add(`${id}/${partition}`);
      }
    }
  });
  const wanted = new Map(members.flatMap(({ topics }) => topics.map(({ id, partitionCount }) => [id, partitionCount])));
  assert.equal(
    owned.size,
    [...wanted.values()].reduce((sum, count) => sum + count, 0),
    "every partition has an owner",
  );
}

function checkUniform(members: readonly AssigneeSpec[], targets: readonly Assignment[], homogeneous: boolean): void {
  const sizes = targets.map(sizeOf);
  if (homogeneous) {
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, "all have the same, or one more");
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const quota = Math.ceil(total / members.length);
    members.forEach(({ topics, previous }, index) => {
      const stillThere = new Set(topics.map(({ id }) => id));
      const had = sizeOf(new Map([...previous].filter(([id]) => stillThere.has(id))));
      const kept = [...previous].flatMap(([id, list]) =>
        list.filter((each) => targets[index]!.get(id)?.includes(each)),
      );
      assert.ok(kept.length >= Math.min(had, quota) - 1, "what fits the quota stays");
    });
    return;
  }
  // No move of one partition between two subscribers of its topic would even them out.
  targets.forEach((target, giver) => {
    for (const id of target.keys()) {
      members.forEach(({ topics }, taker) => {
        if (!topics.some((topic) => topic.id === id)) return;
        assert.ok(sizes[giver]! - sizes[taker]! <= 1, "the subscribers of a topic are even");
      });
    }
  });
}

test("500 members get 500 partitions in well under 100 ms", () => {
  const topics = [{ id: topicId("t"), partitionCount: 500 }];
  const members = Array.from({ length: 500 }, (_, index) => ({
    memberId: `member-${index}`,
    instanceId: null,
    topics,
    previous: NO_PARTITIONS,
  }));
  for (const homogeneous of [true, false]) {
    const before = process.cpuUsage();
    const targets = assignUniformly({ members, homogeneous });
    const { user, system } = process.cpuUsage(before);
    assert.deepEqual([...new Set(targets.map(sizeOf))], [1]);
    assert.ok((user + system) / 1000 < 100, `took ${(user + system) / 1000} ms of CPU`);
  }
});

function specsOf({ topics, members }: Case): AssigneeSpec[] {
  return Object.entries(members).map(([memberId, { topics: names, had = "", instance = null }]) => ({
    memberId,
    instanceId: instance,
    topics: names === "" ? [] : names.split(" ").map((name) => ({ id: topicId(name), partitionCount: topics[name]! })),
    previous: assignmentOf(partitionsOf(had)),
  }));
}

function isHomogeneous(members: readonly { topics: readonly AssignedTopic[] }[]): boolean {
  const names = members.map(({ topics }) => topics.map(({ id }) => id).join());
  return new Set(names).size === 1;
}

function text(assignment: Assignment): string {
  const sorted = toTopicPartitions(assignment).sort((left, right) => (left.topicId < right.topicId ? -1 : 1));
  return sorted.map(({ topicId: id, partitions }) => `${nameOf(id)} ${partitions.join(" ")}`).join(" | ");
}

function nameOf(id: string): string {
  return Buffer.from(id, "base64url").toString("latin1").replaceAll("\0", "");
}

function sizeOf(assignment: Assignment): number {
  return [...assignment.values()].reduce((sum, { length }) => sum + length, 0);
}
