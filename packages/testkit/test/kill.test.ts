// kill -9 under load, in a few rounds; `npm run sim -- --kill-rounds N` runs many.

import assert from "node:assert/strict";
import { it } from "node:test";
import { killRounds } from "../../../tools/sim/kill-rounds.ts";

const ROUNDS = 4;

it("keeps every acknowledged record through kill -9, once and in order for idempotent producers", async () => {
  const seed = Date.now() % 0x7fff_ffff;
  const report = await killRounds({ rounds: ROUNDS, seed });
  assert.deepEqual(report.violations, [], `repeat with: npm run sim -- --kill-rounds ${ROUNDS} --seed ${seed}`);
  assert.ok(report.records > 0);
});
