// 200,000 random and mutated frames; `npm run sim -- --frames N` sends more.

import assert from "node:assert/strict";
import { it } from "node:test";
import { fuzzBroker } from "../../../tools/sim/fuzz-broker.ts";

const FRAMES = 200_000;

it(`serves its clients as before after ${FRAMES} random and mutated frames, in no more than 50 MB more`, async (test) => {
  const seed = Date.now() % 0x7fff_ffff;
  test.diagnostic(`seed ${seed}`);
  const violations = await fuzzBroker({ seed, count: FRAMES, log: (line) => test.diagnostic(line) });
  assert.deepEqual(violations, [], `repeat with: npm run sim -- --frames ${FRAMES} --seed ${seed}`);
});
