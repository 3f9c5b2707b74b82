// What the simulated members saw of their groups, and the rules that it must keep: one owner of a partition at a time among those whom the
// group still has, commits only from who owns the partition or while nobody else does, committed offsets that are the last accepted ones.
// Every breach becomes a sentence in `violations`.

/** One member as the rules see it. */
export interface Owner {
  readonly name: string;
  /** Whether the coordinator still has it in its group: one that it removed may believe what it likes. */
  isInGroup(): boolean;
}

export class GroupHistory {
  readonly violations: string[] = [];
  private readonly owners = new Map<string, Set<Owner>>();
  private readonly accepted = new Map<string, number>();

  /** A member believes that it owns a partition from now on. An answer that it reads too late, when the group went on without it, gives it nothing. */
  owns(group: string, partition: string, owner: Owner): void {
    const key = `${group} ${partition}`;
    const owners = this.owners.get(key) ?? new Set();
    this.owners.set(key, owners);
    const counts = owner.isInGroup();
    for (const other of owners) {
      if (counts && other !== owner && other.isInGroup())
        this.violations.push(`${partition} of ${group} is owned by ${other.name} and given to ${owner.name}`);
    }
    owners.add(owner);
  }

  releases(group: string, partition: string, owner: Owner): void {
    this.owners.get(`${group} ${partition}`)?.delete(owner);
  }

  /** The coordinator took a commit. */
  committed(commit: { group: string; partition: string; offset: number; owner: Owner }): void {
    const { group, partition, offset, owner } = commit;
    const key = `${group} ${partition}`;
    for (const other of this.owners.get(key) ?? []) {
      if (other !== owner && other.isInGroup())
        this.violations.push(`${owner.name} commits ${partition} of ${group}, which ${other.name} owns`);
    }
    this.accepted.set(key, offset);
  }

  /** What a group has committed as a client reads it; -1 for nothing. */
  fetched(group: string, partition: string, offset: number): void {
    const expected = this.lastCommitted(group, partition);
    if (offset !== expected)
      this.violations.push(`${partition} of ${group} has ${offset} committed, ${expected} was the last that was taken`);
  }

  lastCommitted(group: string, partition: string): number {
    return this.accepted.get(`${group} ${partition}`) ?? -1;
  }

  /** The group is quiet: each of its partitions has one owner. */
  settled(group: string, partitions: Iterable<string>, members: readonly Owner[]): void {
    for (const partition of partitions) {
      const owners = [...(this.owners.get(`${group} ${partition}`) ?? [])].filter((owner) => members.includes(owner));
      if (owners.length !== 1)
        this.violations.push(`${partition} of ${group} has ${owners.length} owners when the group is quiet`);
    }
  }
}
