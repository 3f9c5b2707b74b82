// What every simulated member does, whatever its protocol: owns partitions, commits, lives and dies.

import { errorCodes, errorName } from "@ottla/protocol";
import type { OffsetCommitResponse } from "@ottla/protocol/messages/08-offset-commit.ts";
import type { Owner } from "./group-history.ts";
import type { SimulatedWorld } from "./simulated-world.ts";
import { splitPartition } from "./simulated-world.ts";

export abstract class SimulatedMember implements Owner {
  readonly group: string;
  readonly name: string;
  readonly instanceId: string | null;
  memberId = "";
  /** Generation or member epoch. */
  epoch = -1;
  /** A dead member only wakes as a zombie, to commit what it once owned. */
  alive = true;
  readonly owned = new Set<string>();
  protected readonly world: SimulatedWorld;

  constructor(world: SimulatedWorld, identity: { group: string; name: string; instanceId: string | null }) {
    this.world = world;
    this.group = identity.group;
    this.name = identity.name;
    this.instanceId = identity.instanceId;
  }

  isInGroup(): boolean {
    return this.memberId !== "" && this.world.hasMember(this.group, this.memberId);
  }

  /** Does the next thing that a client would do now. */
  abstract poll(): void;

  abstract leave(): void;

  /** The coordinator forgot all requests that waited. */
  abstract coordinatorRestarted(): void;

  /** Stops without a word. */
  die(): void {
    this.alive = false;
  }

  /** Commits one partition; the coordinator decides whether the member may. */
  commit(partition: string): void {
    const { topic, index } = splitPartition(partition);
    const { history, harness } = this.world;
    const offset = history.lastCommitted(this.group, partition) + 1;
    const claimed = this.world.plant === "zombies may commit" ? this.world.anyMember(this.group) : null;
    const request = {
      groupId: this.group,
      generationIdOrMemberEpoch: claimed?.epoch ?? this.epoch,
      memberId: claimed?.memberId ?? this.memberId,
      groupInstanceId: claimed === null ? this.instanceId : null,
      retentionTimeMs: -1,
      topics: [
        {
          name: topic,
          topicId: "AAAAAAAAAAAAAAAAAAAAAA",
          partitions: [
            { partitionIndex: index, committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: "" },
          ],
        },
      ],
    };
    const client = { clientId: this.name, clientHost: "/127.0.0.1", apiVersion: 9 };
    const answer = harness.ask<OffsetCommitResponse>((shard, pending, now) =>
      shard.offsets.commit(request, client, pending, now),
    );
    const { errorCode } = answer.topics[0]!.partitions[0]!;
    if (errorCode === errorCodes.NONE) history.committed({ group: this.group, partition, offset, owner: this });
    else this.commitRefused(errorName(errorCode));
  }

  protected commitRefused(_error: string): void {}

  protected own(partitions: Iterable<string>): void {
    for (const partition of partitions) {
      if (this.owned.has(partition)) continue;
      this.owned.add(partition);
      this.world.history.owns(this.group, partition, this);
    }
  }

  protected release(partitions: Iterable<string>): void {
    // oxlint-disable-next-line unicorn/no-useless-spread -- the caller may give the set that shrinks here
    for (const partition of [...partitions]) {
      this.owned.delete(partition);
      this.world.history.releases(this.group, partition, this);
    }
  }
}
