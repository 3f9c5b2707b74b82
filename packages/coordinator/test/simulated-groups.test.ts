// The seeded simulation of groups, and the proof that its checks find what they are there for.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { simulateGroups } from "./support/groups/simulate-groups.ts";
import type { Plant } from "./support/groups/simulated-world.ts";

const STEPS = 25_000;

describe("groups hold their rules for 100,000 random steps", () => {
  for (const seed of [1, 2, 3, Date.now() % 0x7fff_ffff]) {
    test(`npm run sim -- --group-steps ${STEPS} --seed ${seed}`, () => {
      assert.deepEqual(simulateGroups(seed, STEPS), []);
    });
  }
});

describe("the checks of the simulation find", () => {
  const plants: [Plant, RegExp][] = [
    ["zombies may commit", /^member-\d+ commits .*, which member-\d+ owns$/],
    ["an assignment goes to two", /is owned by .* and given to/],
    ["a commit is forgotten", /was the last that was taken$/],
    ["a partition is left out", /^orders-5 of .* has 0 owners when the group is quiet$/],
  ];
  for (const [plant, violation] of plants) {
    test(plant, () => {
      const [first] = simulateGroups(1, STEPS, plant);
      assert.match(first ?? "nothing", violation);
    });
  }
});
