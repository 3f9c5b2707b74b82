// What both sticky algorithms begin with: who owned what in the generation before, without what two members claim at once, and the racks.
// Members are visited by id, where Java visits them in the order of a hash table; results differ in who keeps the surplus, not in quality.

import type { TopicPartition } from "../../../records.ts";
import { compareText, keyOf } from "../partition-set.ts";
import type { AssignorMember, GroupToAssign } from "./assignor.ts";
import { racksMatter } from "./assignor.ts";

/** What a member says it had, and in which generation; null when it does not say which. */
export interface Possession {
  readonly partitions: readonly TopicPartition[];
  readonly generationId: number | null;
}

export interface StickyInput {
  readonly topics: GroupToAssign["topics"];
  /** By id. */
  readonly members: readonly AssignorMember[];
  readonly claims: ReadonlyMap<string, Possession>;
  /** What each member owned, of topics that are there, without what a newer generation gave to another. */
  readonly owned: ReadonlyMap<string, readonly TopicPartition[]>;
  /** Keys of partitions that two members claim for the same generation: nobody may keep them. */
  readonly claimedTwice: ReadonlySet<string>;
  readonly maxGenerationId: number;
  readonly sameTopics: boolean;
  readonly racks: Racks;
}

const NO_GENERATION = -1;

export function stickyInput(group: GroupToAssign, possessionOf: (member: AssignorMember) => Possession): StickyInput {
  const members = group.members.toSorted((one, other) => compareText(one.memberId, other.memberId));
  const claims = new Map(members.map((member) => [member.memberId, possessionOf(member)]));
  const owned = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]));
  const owners = new Map<string, { memberId: string; generationId: number }>();
  const claimedTwice = new Set<string>();
  let maxGenerationId = NO_GENERATION;
  for (const [memberId, claim] of claims) {
    const generationId = claim.generationId ?? NO_GENERATION;
    maxGenerationId = Math.max(maxGenerationId, generationId);
    for (const partition of claim.partitions) {
      if (!group.topics.has(partition.topic)) continue;
      const key = keyOf(partition);
      const owner = owners.get(key);
      if (owner !== undefined && owner.generationId > generationId) continue;
      if (owner !== undefined) take(owned.get(owner.memberId)!, key);
      if (owner?.generationId === generationId) claimedTwice.add(key);
      else owned.get(memberId)!.push(partition);
      owners.set(key, { memberId, generationId });
    }
  }
  return {
    topics: group.topics,
    members,
    claims,
    owned,
    claimedTwice,
    maxGenerationId,
    sameTopics: haveSameTopics(members),
    racks: new Racks(group, members),
  };
}

function take(list: TopicPartition[], key: string): void {
  const at = list.findIndex((partition) => keyOf(partition) === key);
  if (at >= 0) list.splice(at, 1);
}

function haveSameTopics(members: readonly AssignorMember[]): boolean {
  const first = new Set(members[0]?.topics);
  return members.every(({ topics }) => {
    const names = new Set(topics);
    return names.size === first.size && [...names].every((name) => first.has(name));
  });
}

/** The racks of members and replicas (KIP-881); empty when they do not matter. */
export class Racks {
  readonly matter: boolean;
  private readonly ofMember = new Map<string, string>();
  private readonly ofPartition = new Map<string, readonly string[]>();
  private readonly membersPerRack = new Map<string, number>();

  constructor({ topics }: GroupToAssign, members: readonly AssignorMember[]) {
    const racked = members.filter(({ rack }) => rack !== null && rack !== "");
    this.matter = racksMatter(new Set(racked.map(({ rack }) => rack!)), [...topics.values()].flat());
    if (!this.matter) return;
    for (const { memberId, rack } of racked) {
      this.ofMember.set(memberId, rack!);
      this.membersPerRack.set(rack!, (this.membersPerRack.get(rack!) ?? 0) + 1);
    }
    for (const [topic, partitions] of topics) {
      for (const { partition, racks } of partitions)
        this.ofPartition.set(keyOf({ topic, partition }), [...new Set(racks)]);
    }
  }

  /** The member is on a rack where the partition has no replica. */
  mismatch(memberId: string, partition: TopicPartition): boolean {
    const rack = this.ofMember.get(memberId);
    return rack !== undefined && !(this.ofPartition.get(keyOf(partition))?.includes(rack) ?? false);
  }

  /** Both are on one rack, and the member's is known. */
  match(memberId: string, partition: TopicPartition): boolean {
    const rack = this.ofMember.get(memberId);
    return rack !== undefined && (this.ofPartition.get(keyOf(partition))?.includes(rack) ?? false);
  }

  /** Those that few members are near come first. */
  sort(partitions: readonly TopicPartition[]): TopicPartition[] {
    if (!this.matter) return [...partitions];
    const near = (partition: TopicPartition): number =>
      (this.ofPartition.get(keyOf(partition)) ?? []).reduce(
        (sum, rack) => sum + (this.membersPerRack.get(rack) ?? 0),
        0,
      );
    return partitions.toSorted((one, other) => near(one) - near(other));
  }
}
