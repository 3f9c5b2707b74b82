// A whole broker over files that fail, crash and lose power. A few hundred steps here, many with `npm run sim -- --broker-steps N`.
// What the simulation would not see of a broken broker is tested by breaking it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { batchFormat } from "@ottla/protocol";
import type { FaultyFileSystem } from "@ottla/storage/faulty";
import { BrokerSimulation, simulateBroker } from "../sim/simulate-broker.ts";

const FOLDER = "/data/sim-0";

describe("a broker over files that fail", () => {
  // Even seeds cut the power, odd ones kill the process.
  for (const seed of [1, 2, 3, 4, Date.now() % 1_000_000_000]) {
    it(`keeps its promises, seed ${seed}`, async () => {
      const repeat = `repeat with: npm run sim -- --broker-steps 200 --seed ${seed}`;
      assert.deepEqual(await simulateBroker(seed, 200), [], repeat);
    });
  }
});

/** The newest segment of the damaged partition that holds something. */
function lastSegment(system: FaultyFileSystem): { path: string; bytes: Buffer } | null {
  const names = system.list(FOLDER).flatMap(({ name }) => (name.endsWith(".log") ? [name] : []));
  for (const name of names.toSorted().toReversed()) {
    const bytes = system.readFile(`${FOLDER}/${name}`)!;
    if (bytes.length > 0) return { path: `${FOLDER}/${name}`, bytes };
  }
  return null;
}

function positionsOf(bytes: Buffer): number[] {
  const positions: number[] = [];
  batchFormat.forEachBatch(bytes, (position) => void positions.push(position));
  return positions;
}

const damages: { name: string; fault: RegExp; damage: (bytes: Buffer) => Buffer }[] = [
  {
    name: "loses its last batch",
    fault: /^fault 1: |the log says: an index is not usable/m,
    damage: (bytes) => bytes.subarray(0, positionsOf(bytes).at(-1)),
  },
  {
    name: "has its last batch twice",
    fault: /^fault 3: /m,
    damage(bytes) {
      const last = positionsOf(bytes).at(-1)!;
      const twice = Buffer.concat([bytes, bytes.subarray(last)]);
      batchFormat.setBaseOffset(twice, bytes.length, batchFormat.lastOffset(bytes, last) + 1);
      return twice;
    },
  },
  {
    name: "changes a byte of its last batch and its checksum",
    fault: /^fault 2: /m,
    damage(bytes) {
      const changed = Buffer.from(bytes);
      const last = positionsOf(changed).at(-1)!;
      // The byte before the last is the end of a value: the last is the number of headers.
      changed[changed.length - 2] = changed[changed.length - 2]! ^ 1;
      batchFormat.writeCrc(changed, last);
      return changed;
    },
  },
  {
    name: "numbers its last batch anew",
    fault: /^fault 1: |the log says: an index is not usable/m,
    damage(bytes) {
      const changed = Buffer.from(bytes);
      const last = positionsOf(changed).at(-1)!;
      batchFormat.setBaseOffset(changed, last, batchFormat.baseOffset(bytes, last) + 1);
      return changed;
    },
  },
];

describe("the simulation sees a broker that", () => {
  for (const { name, fault, damage } of damages) {
    it(name, async () => {
      let done = false;
      const simulation = new BrokerSimulation(1, (system) => {
        const segment = done ? null : lastSegment(system);
        if (segment === null) return;
        done = true;
        system.writeFile(segment.path, damage(segment.bytes));
      });
      const sentences = await simulation.run(60);
      assert.ok(done, "there was something to damage");
      assert.match(sentences.join("\n"), fault);
    });
  }
});
