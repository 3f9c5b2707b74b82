// Producer ids: blocks are shared by those who wait, used up before the next, and a failed allocation is tried again.

import assert from "node:assert/strict";
import { it } from "node:test";
import { errorCodes } from "@ottla/protocol";
import { ProducerIds } from "../src/producer-ids.ts";

it("ids come in order from blocks, and callers at once share one allocation", async () => {
  let allocations = 0;
  const ids = new ProducerIds(async () => ({ errorCode: errorCodes.NONE, first: 1000 * allocations++, size: 2 }));
  const given = await Promise.all([ids.next(), ids.next(), ids.next()]);
  assert.deepEqual(
    given.map(({ producerId }) => producerId).toSorted((a, b) => a - b),
    [0, 1, 1000],
  );
  assert.equal(allocations, 2);
});

it("a block that cannot be allocated is an error that a producer retries, and the next call asks again", async () => {
  let broken = true;
  const ids = new ProducerIds(async () => {
    if (broken) throw new Error("disk full");
    return { errorCode: errorCodes.NONE, first: 7, size: 1 };
  });
  assert.deepEqual(await ids.next(), { errorCode: errorCodes.COORDINATOR_NOT_AVAILABLE, producerId: -1 });
  broken = false;
  assert.deepEqual(await ids.next(), { errorCode: errorCodes.NONE, producerId: 7 });
});

it("ids are taken without waiting, and one that is missing has the next block allocated", async () => {
  let allocations = 0;
  const ids = new ProducerIds(async () => ({ errorCode: errorCodes.NONE, first: 10 * allocations++, size: 2 }));
  assert.equal(ids.take(), null);
  await ids.ready();
  assert.deepEqual([ids.take(), ids.take(), ids.take()], [0, 1, null]);
  await ids.ready();
  assert.equal(ids.take(), 10);
  assert.equal(allocations, 2);
});
