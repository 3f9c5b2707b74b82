// The assignors by themselves: every partition once, balanced, and sticky, in random groups; and what a list of assignors comes to.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SeededRandom } from "@ottla/base";
import type { Assignor, AssignorMember } from "../src/consumer/group/assignors/assignor.ts";
import { resolveAssignors } from "../src/consumer/group/assignors/resolve-assignors.ts";
import { keyOf } from "../src/consumer/group/partition-set.ts";
import type { TopicPartition } from "../src/records.ts";

const names = ["range", "roundrobin", "sticky", "cooperative-sticky"] as const;
const SEEDS = 60;

interface RandomMember {
  readonly memberId: string;
  readonly topics: readonly string[];
  owned: readonly TopicPartition[];
  generationId: number;
}

/** A group that lives: its members keep what they were assigned. */
class LivingGroup {
  readonly assignor: Assignor;
  readonly random: SeededRandom;
  readonly topics = new Map<string, number>();
  members: RandomMember[] = [];
  private generationId = 0;
  private born = 0;
  private readonly sameTopics: boolean;

  constructor(name: (typeof names)[number], seed: number) {
    this.assignor = resolveAssignors([name]).assignors[0]!;
    this.random = new SeededRandom(seed);
    this.sameTopics = seed % 2 === 0;
    for (let topic = this.random.below(4); topic >= 0; topic--) this.topics.set(`t${topic}`, 1 + this.random.below(9));
    for (let count = this.random.below(6); count >= 0; count--) this.join();
  }

  join(): void {
    const all = [...this.topics.keys()];
    const some = all.filter(() => this.sameTopics || this.random.chance(0.6));
    const topics = some.length === 0 ? [all[0]!] : some;
    this.members.push({ memberId: `m${this.born++}`, topics, owned: [], generationId: -1 });
  }

  rebalance(): void {
    const members = this.members.map((member): AssignorMember => {
      const context = { ...member, lastAssignment: member.owned, lastGenerationId: member.generationId };
      return {
        memberId: member.memberId,
        groupInstanceId: null,
        topics: member.topics,
        ownedPartitions: this.isCooperative ? member.owned : [],
        generationId: member.generationId,
        rack: null,
        userData: this.assignor.subscriptionUserData?.(context) ?? null,
      };
    });
    const subscribed = new Set(members.flatMap(({ topics }) => topics));
    const topics = new Map(
      [...this.topics]
        .filter(([topic]) => subscribed.has(topic))
        .map(([topic, count]) => [topic, Array.from({ length: count }, (_, partition) => ({ partition, racks: [] }))]),
    );
    const assigned = this.assignor.assign({ topics, members });
    this.generationId++;
    const stolen = this.isCooperative ? this.taken(assigned) : [];
    assert.deepEqual(stolen, [], "a cooperative assignor takes nothing that is owned");
    for (const member of this.members) {
      member.owned = assigned.get(member.memberId) ?? [];
      member.generationId = this.generationId;
    }
  }

  get isCooperative(): boolean {
    return this.assignor.name === "cooperative-sticky";
  }

  /** All that can be assigned. */
  all(): string[] {
    const subscribed = new Set(this.members.flatMap(({ topics }) => topics));
    return [...this.topics]
      .filter(([topic]) => subscribed.has(topic))
      .flatMap(([topic, count]) => Array.from({ length: count }, (_, partition) => keyOf({ topic, partition })));
  }

  private taken(assigned: ReadonlyMap<string, readonly TopicPartition[]>): string[] {
    const owner = new Map(this.members.flatMap(({ memberId, owned }) => owned.map((each) => [keyOf(each), memberId])));
    return [...assigned].flatMap(([memberId, partitions]) =>
      partitions.map(keyOf).filter((key) => (owner.get(key) ?? memberId) !== memberId),
    );
  }
}

describe("assignors", () => {
  for (const name of names) {
    test(`${name} gives each partition to one member that subscribes to it`, () => {
      for (let seed = 0; seed < SEEDS; seed++) {
        const group = new LivingGroup(name, seed);
        for (let change = 0; change < 5; change++) {
          group.rebalance();
          // What has to be given back first comes with the rebalance that follows.
          if (group.isCooperative) group.rebalance();
          const given = group.members.flatMap(({ owned }) => owned.map(keyOf));
          assert.deepEqual(given.toSorted(), group.all().toSorted(), `seed ${seed}`);
          for (const { owned, topics } of group.members)
            assert.ok(
              owned.every(({ topic }) => topics.includes(topic)),
              `seed ${seed}`,
            );
          changeMembers(group);
        }
      }
    });
  }

  for (const name of ["roundrobin", "sticky", "cooperative-sticky"] as const) {
    test(`${name} gives members of the same topics the same number, or one more`, () => {
      for (let seed = 0; seed < SEEDS; seed += 2) {
        const group = new LivingGroup(name, seed);
        for (let change = 0; change < 5; change++) {
          group.rebalance();
          if (group.isCooperative) group.rebalance();
          const sizes = group.members.map(({ owned }) => owned.length);
          assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `seed ${seed}: ${sizes.join()}`);
          changeMembers(group);
        }
      }
    });
  }

  for (const name of ["sticky", "cooperative-sticky"] as const) {
    test(`${name} leaves everything where it is when nothing changes`, () => {
      for (let seed = 0; seed < SEEDS; seed++) {
        const group = new LivingGroup(name, seed);
        group.rebalance();
        if (group.isCooperative) group.rebalance();
        const before = group.members.map(({ owned }) => owned.map(keyOf).toSorted());
        group.rebalance();
        assert.deepEqual(
          group.members.map(({ owned }) => owned.map(keyOf).toSorted()),
          before,
          `seed ${seed}`,
        );
      }
    });

    test(`${name} takes nothing from those who stay when a member of the same topics leaves`, () => {
      for (let seed = 0; seed < SEEDS; seed += 2) {
        const group = new LivingGroup(name, seed);
        group.rebalance();
        if (group.isCooperative) group.rebalance();
        if (group.members.length < 2) continue;
        group.members.splice(group.random.below(group.members.length), 1);
        const before = group.members.map(({ owned }) => owned.map(keyOf));
        group.rebalance();
        for (const [at, { owned }] of group.members.entries()) {
          const now = new Set(owned.map(keyOf));
          assert.ok(
            before[at]!.every((key) => now.has(key)),
            `seed ${seed}`,
          );
        }
      }
    });
  }

  test("a partition that two members claim for one generation is left to the next rebalance by cooperative-sticky", () => {
    const assignor = resolveAssignors(["cooperative-sticky"]).assignors[0]!;
    const claim = (memberId: string, generationId: number): AssignorMember => ({
      memberId,
      groupInstanceId: null,
      topics: ["t"],
      ownedPartitions: [{ topic: "t", partition: 0 }],
      generationId,
      rack: null,
      userData: null,
    });
    const topics = new Map([["t", [{ partition: 0, racks: [] }]]]);
    const both = assignor.assign({ topics, members: [claim("a", 4), claim("b", 4)] });
    assert.deepEqual([...both.values()], [[], []]);
    const older = assignor.assign({ topics, members: [claim("a", 3), claim("b", 4)] });
    assert.deepEqual(older.get("b")?.map(keyOf), ["t-0"]);
  });

  test("two members without a common topic share nothing with roundrobin", () => {
    const group = new LivingGroup("roundrobin", 1);
    group.members = [
      { memberId: "a", topics: ["t0"], owned: [], generationId: -1 },
      { memberId: "b", topics: ["t9"], owned: [], generationId: -1 },
    ];
    group.rebalance();
    assert.deepEqual(group.members[1]!.owned, []);
  });
});

describe("the list of assignors", () => {
  const custom = (protocols: Assignor["protocols"]): Assignor => ({
    name: "mine",
    ...(protocols === undefined ? {} : { protocols }),
    assign: () => new Map(),
  });
  const cases = [
    { name: "Java's default is eager", listed: ["range", "cooperative-sticky"], protocol: "eager" },
    { name: "cooperative-sticky alone is cooperative", listed: ["cooperative-sticky"], protocol: "cooperative" },
    { name: "an object says nothing and is eager", listed: [custom(undefined)], protocol: "eager" },
    {
      name: "an object may be cooperative",
      listed: ["cooperative-sticky", custom(["cooperative"])],
      protocol: "cooperative",
    },
  ] as const;
  for (const { name, listed, protocol } of cases) {
    test(name, () => assert.equal(resolveAssignors(listed).protocol, protocol));
  }

  const refused = [
    { name: "nothing", listed: [], message: /names none/ },
    { name: "an unknown name", listed: ["best"], message: /best is none of range/ },
    { name: "one twice", listed: ["range", "range"], message: /range is there twice/ },
    { name: "no common protocol", listed: ["range", custom(["cooperative"])], message: /no rebalance protocol/ },
  ];
  for (const { name, listed, message } of refused) {
    test(`${name} is refused`, () =>
      assert.throws(() => resolveAssignors(listed as Parameters<typeof resolveAssignors>[0]), message));
  }
});

function changeMembers(group: LivingGroup): void {
  if (group.members.length > 1 && group.random.chance(0.5))
    group.members.splice(group.random.below(group.members.length), 1);
  else group.join();
  const [topic] = group.topics.keys();
  if (group.random.chance(0.3)) group.topics.set(topic!, group.topics.get(topic!)! + 1);
}
