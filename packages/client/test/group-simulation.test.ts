// Members against the real pure coordinator, in simulated time, with everything going wrong that can: at rest every partition is read by exactly
// one member, nobody is stuck, nothing is ever given to two, no commit goes back, closing keeps its bound. `node
// packages/client/test/group-simulation.test.ts KIND SEED` replays one seed.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SimulatedGroup } from "./support/simulated-group.ts";
import type { GroupKind } from "./support/simulated-group.ts";

const SEEDS = 2;
const STEPS = 200;
const kinds: readonly GroupKind[] = ["eager", "cooperative", "consumer", "mixed"];

const [kind, seed] = process.argv.slice(2);
if (kind !== undefined && seed !== undefined) {
  test(`${kind} group, seed ${seed}`, () => simulate(kind as GroupKind, Number(seed)));
} else {
  describe("members and the coordinator", () => {
    for (const each of kinds) {
      test(`${each} group: one owner each, all owned at rest, nobody stuck`, async () => {
        for (let number = 1; number <= SEEDS; number++) await simulate(each, number);
      });
    }
  });
}

async function simulate(groupKind: GroupKind, number: number): Promise<void> {
  const group = new SimulatedGroup(groupKind, number);
  await group.run(STEPS);
  assert.deepEqual(group.violations, [], `${groupKind}, seed ${number}`);
  const { commits, assigned } = group.counts;
  assert.ok(commits > 20 && assigned > 20, `the simulation does something: ${JSON.stringify(group.counts)}`);
}
