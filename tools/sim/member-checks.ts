// Fault 12: the checks of groups: committed offsets, who may commit, who owns what. The simulation of groups in
// packages/coordinator/test/support/groups checks the same at each step, with hundreds of members; these check what clients were told.

import type { OffsetReading, TransactionHistory } from "./transaction-history.ts";

/** Offsets go on, but for resets; and each is one that somebody committed and whose transaction was asked to commit. */
export function checkOffsetsTold(history: TransactionHistory): string[] {
  const sentences: string[] = [];
  const readings = [...history.offsetReadings, ...history.finalOffsets];
  for (const [place, ofPlace] of Map.groupBy(readings, placeOf)) {
    const resets = history.resets.filter((reset) => placeOf(reset) === place);
    const byEnd = ofPlace.toSorted((one, other) => one.ended - other.ended);
    let furthest: OffsetReading | null = null;
    let next = 0;
    for (const reading of ofPlace.toSorted((one, other) => one.begun - other.begun)) {
      for (; next < byEnd.length && byEnd[next]!.ended < reading.begun; next++)
        if (furthest === null || byEnd[next]!.offset >= furthest.offset) furthest = byEnd[next]!;
      const isReset = resets.some(({ begun }) => begun < reading.ended);
      if (furthest !== null && reading.offset < furthest.offset && !isReset)
        sentences.push(`${place} was committed up to ${furthest.offset}, and then up to ${reading.offset}`);
      if (resets.length === 0 && reading.offset !== -1 && !wasAskedFor(history, reading))
        sentences.push(`${place} is committed up to ${reading.offset}, which nobody had committed`);
    }
  }
  return sentences;
}

function wasAskedFor(history: TransactionHistory, reading: OffsetReading): boolean {
  return history.transactions.some(
    ({ offsets, end }) =>
      end !== null &&
      end.committed &&
      end.asked < reading.ended &&
      offsets.some((commit) => placeOf(commit) === placeOf(reading) && commit.offset === reading.offset),
  );
}

/** Who was replaced, or belongs to a generation before the one that members were told of, may not commit. */
export function checkStaleCommits(history: TransactionHistory): string[] {
  return history.memberCommits.flatMap(({ group, generation, member, instance, begun, told }) => {
    if (told !== "yes") return [];
    const before = history.members.filter((one) => one.group === group && one.ended < begun);
    const newest = Math.max(-1, ...before.map((one) => one.generation));
    if (generation < newest)
      return [`${member} of ${group} committed in generation ${generation}, when there was ${newest}`];
    const holder = before.findLast((one) => instance !== null && one.instance === instance);
    if (holder === undefined || holder.member === member) return [];
    return [`${member} of ${group} committed as ${instance}, which ${holder.member} had become`];
  });
}

export function checkMembers(history: TransactionHistory): string[] {
  const owners = new Map<string, string>();
  return history.members.flatMap(({ group, generation, member, instance, partitions }) =>
    (partitions ?? []).flatMap((partition) => {
      const key = `${partition} of ${group} in generation ${generation}`;
      // A static member that comes back owns what the one before it did.
      const name = instance ?? member;
      const owner = owners.get(key) ?? name;
      owners.set(key, owner);
      return owner === name ? [] : [`${key} is owned by ${owner} and by ${name}`];
    }),
  );
}

function placeOf({ group, partition }: { group: string; partition: string }): string {
  return `${partition} of ${group}`;
}
