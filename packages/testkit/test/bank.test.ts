// Transfers in transactions under kill -9, in one short round; `npm run sim -- --bank-rounds N` runs many.

import assert from "node:assert/strict";
import { it } from "node:test";
import { bankRounds } from "../../../tools/sim/bank-rounds.ts";

const ROUNDS = 1;

it("moves amounts between accounts once each, while producers and the broker are killed", async () => {
  const seed = Date.now() % 0x7fff_ffff;
  const report = await bankRounds({ rounds: ROUNDS, seed, tellers: 4, requests: 20 });
  assert.deepEqual(report.violations, [], `repeat with: npm run sim -- --bank-rounds 3 --seed ${seed}`);
  assert.ok(report.committed > 0);
});
