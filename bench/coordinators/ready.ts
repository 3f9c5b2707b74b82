// Waits until a broker's coordinators serve: their topics are there and every partition of __consumer_offsets is loaded.

import { partitionFor } from "@ottla/coordinator";
import { askOnce } from "../connection.ts";
import { pause } from "../load-produce.ts";
import {
  findCoordinatorErrorCode,
  findCoordinatorFrame,
  GROUP_KEY_TYPE,
  isComing,
  offsetFetchFrame,
  readOffsetFetch,
  TRANSACTION_KEY_TYPE,
} from "./frames-offsets.ts";
import { filledGroup } from "./load-commits.ts";

const READY_LIMIT_MS = 120_000;
const POLL_MS = 5;
/** offsets.topic.num.partitions. */
const OFFSETS_PARTITIONS = 50;

/** Has the coordinators' topics created, and resolves when requests about any group are answered. */
export async function coordinatorsReady(port: number): Promise<void> {
  for (const keyType of [GROUP_KEY_TYPE, TRANSACTION_KEY_TYPE]) {
    await until(async () => {
      const errorCode = findCoordinatorErrorCode(await askOnce(port, findCoordinatorFrame(keyType, "any")));
      return !isComing("FindCoordinator", errorCode);
    });
  }
  await offsetsAnswered(port, { topic: "any", partition: 0, offset: -1 });
}

/** Resolves when a group of every partition of __consumer_offsets was answered, with this offset. */
export async function offsetsAnswered(
  port: number,
  committed: { topic: string; partition: number; offset: number },
): Promise<void> {
  const request = offsetFetchFrame({ groups: oneGroupEach, ...committed });
  await until(async () => {
    const answers = await askOnce(port, request).then(readOffsetFetch, () => null); // nobody listens yet
    if (answers === null) return false;
    if (answers.some(({ errorCode }) => isComing("OffsetFetch", errorCode))) return false;
    const wrong = answers.find(({ offset }) => offset !== committed.offset);
    if (wrong !== undefined) throw new Error(`offset ${wrong.offset} was loaded for ${committed.offset}`);
    return true;
  });
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + READY_LIMIT_MS;
  while (!(await isDone())) {
    if (performance.now() > deadlineMs) throw new Error("the coordinators are not ready in time");
    await pause(POLL_MS);
  }
}

// For each partition the first of the filled groups that is kept there.
const oneGroupEach: readonly string[] = (() => {
  const groups = new Map<number, string>();
  for (let index = 0; groups.size < OFFSETS_PARTITIONS; index++) {
    const group = filledGroup(index);
    const partition = partitionFor(group, OFFSETS_PARTITIONS);
    if (!groups.has(partition)) groups.set(partition, group);
  }
  return [...groups.values()];
})();
