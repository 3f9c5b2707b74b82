// A seeded simulation of groups: members join, leave, die, come back as the same static instance, commit, and act as zombies; the coordinator
// restarts; the wall clock jumps. The rules are checked at each step and, from time to time, when all was left alone until it was quiet.
// `simulateGroups` returns the violations; the same seed gives the same run.

import { SeededRandom } from "@ottla/base";
import { ConsumerSimulatedMember } from "./simulated-consumer-member.ts";
import { ClassicSimulatedMember } from "./simulated-classic-member.ts";
import type { SimulatedMember } from "./simulated-member.ts";
import { byTopic, SimulatedWorld } from "./simulated-world.ts";
import type { Plant } from "./simulated-world.ts";

interface GroupKind {
  readonly id: string;
  member(world: SimulatedWorld, identity: { group: string; name: string; instanceId: string | null }): SimulatedMember;
}

const KINDS: readonly GroupKind[] = [
  { id: "eager", member: (world, identity) => new ClassicSimulatedMember(world, identity, { cooperative: false }) },
  {
    id: "cooperative",
    member: (world, identity) => new ClassicSimulatedMember(world, identity, { cooperative: true }),
  },
  { id: "consumer", member: (world, identity) => new ConsumerSimulatedMember(world, identity) },
  // Members of both protocols: the group changes its kind and back while it lives.
  {
    id: "mixed",
    member: (world, identity) =>
      world.random.chance(0.5)
        ? new ConsumerSimulatedMember(world, identity)
        : new ClassicSimulatedMember(world, identity, { cooperative: true }),
  },
];

const MEMBERS_MAX = 6;
const SETTLE_EVERY_STEPS = 500;
const ZOMBIES_MAX = 4;

export function simulateGroups(seed: number, steps: number, plant: Plant | null = null): string[] {
  const world = new SimulatedWorld(new SeededRandom(seed), plant);
  const groups = KINDS.map((kind) => new SimulatedGroup(world, kind));
  for (let step = 1; step <= steps && world.history.violations.length === 0; step++) {
    const group = world.random.pick(groups);
    if (world.random.chance(0.004)) restart(world, groups);
    else if (world.random.chance(0.15)) world.harness.advance(world.random.below(4000));
    else if (world.random.chance(0.01)) world.harness.jumpWallClock(world.random.below(7_200_000) - 3_600_000);
    else group.step();
    world.harness.takeRecords();
    if (step % SETTLE_EVERY_STEPS === 0) for (const each of groups) each.settle();
  }
  return world.history.violations;
}

function restart(world: SimulatedWorld, groups: readonly SimulatedGroup[]): void {
  world.restart();
  for (const group of groups) for (const member of group.members) member.coordinatorRestarted();
}

class SimulatedGroup {
  members: SimulatedMember[] = [];
  private zombies: SimulatedMember[] = [];
  private readonly world: SimulatedWorld;
  private readonly kind: GroupKind;
  private born = 0;

  constructor(world: SimulatedWorld, kind: GroupKind) {
    this.world = world;
    this.kind = kind;
  }

  step(): void {
    const { random } = this.world;
    const member = this.members.length === 0 ? null : random.pick(this.members);
    const dice = random.below(1000);
    if (member === null || (dice < 15 && this.members.length < MEMBERS_MAX)) this.add(null);
    else if (dice < 22) this.add(`instance-${random.below(3)}`);
    else if (dice < 30) this.remove(member, () => member.die());
    else if (dice < 40) this.remove(member, () => member.leave());
    else if (dice < 60 && this.zombies.length > 0) commitOne(this.world, random.pick(this.zombies));
    else if (dice < 250) commitOne(this.world, member);
    else if (dice < 280) this.fetchOne();
    else member.poll();
    this.buryDead();
  }

  /** Leaves the members alone, each doing what it must, until nothing should change any more; then all must be in order. */
  settle(): void {
    for (let round = 0; round < 60; round++) {
      for (const member of this.members) for (let count = 0; count < 4; count++) member.poll();
      this.buryDead();
      this.world.harness.advance(2000);
    }
    if (this.members.length > 0) this.world.history.settled(this.kind.id, this.world.allPartitions(), this.members);
    for (const partition of this.world.allPartitions()) this.fetch(partition);
  }

  // A new process of a static instance replaces the old one, which does not know.
  private add(instanceId: string | null): void {
    const known = this.members.find((member) => instanceId !== null && member.instanceId === instanceId);
    if (known !== undefined) this.remove(known, () => known.die());
    else if (this.members.length >= MEMBERS_MAX) return;
    const name = `member-${this.born++}`;
    this.members.push(this.kind.member(this.world, { group: this.kind.id, name, instanceId }));
  }

  private remove(member: SimulatedMember, how: () => void): void {
    how();
    this.members = this.members.filter((each) => each !== member);
    this.zombies.push(member);
    if (this.zombies.length > ZOMBIES_MAX) this.zombies.shift();
  }

  private buryDead(): void {
    for (const member of this.members.filter(({ alive }) => !alive)) this.remove(member, () => {});
  }

  private fetchOne(): void {
    this.fetch(this.world.random.pick(this.world.allPartitions()));
  }

  private fetch(partition: string): void {
    const [[topic, indexes]] = [...byTopic([partition])] as [[string, number[]]];
    const { topics } = this.world.harness.shard.offsets.fetch(
      {
        groupId: this.kind.id,
        memberId: null,
        memberEpoch: -1,
        topics: [{ name: topic, topicId: "AAAAAAAAAAAAAAAAAAAAAA", partitionIndexes: indexes }],
      },
      { requireStable: false },
    );
    this.world.history.fetched(this.kind.id, partition, topics[0]!.partitions[0]!.committedOffset);
  }
}

function commitOne(world: SimulatedWorld, member: SimulatedMember): void {
  if (member.owned.size > 0) member.commit(world.random.pick([...member.owned]));
}
