// What must hold of consumers in every history of a soak: each record is handled, by one owner at a time, in order; nothing is committed that
// was not handled; nothing aborted or open is shown at read_committed. Pure, as the checks of producers in soak-checks.ts.

import type {
  Handling,
  LoggedRecord,
  Ownership,
  SentRecord,
  SoakCheck,
  SoakGroup,
  SoakHistory,
} from "./soak-history.ts";
import { valueOf } from "./soak-history.ts";

export const groupChecks: readonly SoakCheck[] = [
  { promise: "each record is handled by each group, with the value that is there", check: checkHandled },
  { promise: "a partition has one owner at a time", check: checkOwners },
  { promise: "only the owner gets records, and is done with them when it gives them back", check: checkHolders },
  { promise: "an owner gets records in order, each once", check: checkLanes },
  { promise: "nothing is committed that was not handled", check: checkCommitted },
  { promise: "committed offsets do not go back", check: checkCommittedForward },
  { promise: "at read_committed nothing aborted or open is shown", check: checkShown },
];

function checkHandled(history: SoakHistory): string[] {
  return everyPlace(history).flatMap(({ group, partition, records, handlings }) => {
    const values = new Map(records.map(({ offset, value }) => [offset, value]));
    const wrong = handlings.filter(({ offset, value }) => values.get(offset) !== value);
    const done = new Set(handlings.filter(({ isDone }) => isDone).map(({ offset }) => offset));
    const missed = visibleTo(group, records).filter(({ offset }) => !done.has(offset));
    return [
      ...wrong.map(({ offset, value }) => `${group.id} got ${value} at ${partition}@${offset}, where there is another`),
      ...missed.map(({ offset, value }) => `${group.id} never handled ${value} at ${partition}@${offset}`),
    ];
  });
}

function checkOwners({ ownerships }: SoakHistory): string[] {
  const sentences: string[] = [];
  for (const [place, ofPlace] of Map.groupBy(ownerships, placeOf)) {
    let before: Ownership | null = null;
    for (const ownership of ofPlace.toSorted((one, other) => one.begun - other.begun)) {
      // Who lost a partition hears of it late: the next one may have it by then. Who hears nothing at all may give it back even later.
      const isExcused = before === null || before.how === "lost" || before.isSilent === true;
      if (!isExcused && (before!.ended ?? Infinity) > ownership.begun)
        sentences.push(
          `${place} was given to ${ownership.member} while ${before!.member} had it, which was ${before!.how ?? "never told"}`,
        );
      before = ownership;
    }
  }
  return sentences;
}

function checkHolders(history: SoakHistory): string[] {
  const owned = Map.groupBy(history.ownerships, placeOf);
  return everyPlace(history).flatMap(({ group, partition, handlings }) => {
    const place = placeOf({ group: group.id, partition });
    const byMember = Map.groupBy(owned.get(place) ?? [], ({ member }) => member);
    return handlings.flatMap((handling) => {
      const { member, delivered, offset } = handling;
      const holding = byMember.get(member)?.findLast((ownership) => ownership.begun < delivered);
      if (holding === undefined) return [`${member} got ${partition}@${offset} and never had the partition`];
      const { ended, how } = holding;
      if (ended === null) return [];
      if (ended < delivered) return [`${member} got ${partition}@${offset} after the partition was ${how}`];
      const isLate = how === "revoked" && (handling.ended === null || handling.ended > ended);
      return isLate ? [`${member} had ${partition}@${offset} in work when it gave the partition back`] : [];
    });
  });
}

function checkLanes(history: SoakHistory): string[] {
  return everyPlace(history).flatMap(({ group, partition, handlings }) => {
    const last = new Map<string, Handling>();
    return handlings.flatMap((handling) => {
      const before = last.get(handling.lane);
      last.set(handling.lane, handling);
      if (before === undefined) return [];
      const what = `${handling.member} of ${group.id} got ${partition}@${handling.offset}`;
      if (handling.offset <= before.offset) return [`${what} after ${before.offset}`];
      const isEarly = before.ended === null || before.ended > handling.begun;
      return isEarly ? [`${what} while ${before.offset} was in work`] : [];
    });
  });
}

function checkCommitted(history: SoakHistory): string[] {
  const readings = Map.groupBy(history.readings, placeOf);
  return everyPlace(history).flatMap(({ group, partition, records, handlings }) => {
    const done = new Map<number, number>();
    for (const { offset, ended, isDone } of handlings)
      if (isDone && ended! < (done.get(offset) ?? Infinity)) done.set(offset, ended!);
    const visible = visibleTo(group, records);
    const sentences: string[] = [];
    let next = 0;
    let latest: { ended: number; offset: number } = { ended: -1, offset: -1 };
    const ofPlace = readings.get(placeOf({ group: group.id, partition })) ?? [];
    for (const { offset, answered } of ofPlace.toSorted((one, other) => one.offset - other.offset)) {
      for (; next < visible.length && visible[next]!.offset < offset; next++) {
        const ended = done.get(visible[next]!.offset) ?? Infinity;
        if (ended > latest.ended) latest = { ended, offset: visible[next]!.offset };
      }
      if (latest.ended > answered)
        sentences.push(`${group.id} had committed ${partition}@${offset}, and ${latest.offset} was not handled`);
    }
    return sentences;
  });
}

function checkCommittedForward({ readings }: SoakHistory): string[] {
  const sentences: string[] = [];
  for (const [place, ofPlace] of Map.groupBy(readings, placeOf)) {
    let furthest = -1;
    for (const { offset } of ofPlace.toSorted((one, other) => one.asked - other.asked)) {
      if (offset < furthest) sentences.push(`${place} was committed up to ${furthest}, and then up to ${offset}`);
      furthest = Math.max(furthest, offset);
    }
  }
  return sentences;
}

function checkShown(history: SoakHistory): string[] {
  const sent = new Map<string, SentRecord>(history.sent.map((record) => [valueOf(record), record]));
  return everyPlace(history).flatMap(({ group, partition, records, handlings }) => {
    if (!group.readCommitted) return [];
    const aborted = new Set(records.filter(({ isCommitted }) => !isCommitted).map(({ offset }) => offset));
    return handlings.flatMap(({ offset, value, begun }) => {
      const shown = `${group.id} was shown ${value} at ${partition}@${offset}`;
      if (aborted.has(offset)) return [`${shown}, which was aborted`];
      const transaction = sent.get(value)?.transaction ?? null;
      if (transaction === null) return [];
      return (transaction.commitAsked ?? Infinity) > begun ? [`${shown}, which was open`] : [];
    });
  });
}

interface Place {
  readonly group: SoakGroup;
  readonly partition: string;
  readonly records: readonly LoggedRecord[];
  readonly handlings: readonly Handling[];
}

function everyPlace({ groups, log, handlings }: SoakHistory): Place[] {
  return groups.flatMap((group) =>
    [...log].flatMap(([partition, records]) => {
      if (!group.topics.includes(partition.slice(0, partition.lastIndexOf("-")))) return [];
      return [{ group, partition, records, handlings: handlings.get(group.id)?.get(partition) ?? [] }];
    }),
  );
}

function visibleTo({ readCommitted }: SoakGroup, records: readonly LoggedRecord[]): readonly LoggedRecord[] {
  return readCommitted ? records.filter(({ isCommitted }) => isCommitted) : records;
}

function placeOf({ group, partition }: { readonly group: string; readonly partition: string }): string {
  return `${partition} of ${group}`;
}
