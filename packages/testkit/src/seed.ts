// The seed of a test broker: all that is random in it (the ids that it makes up, which requests a fault hits) is drawn from it,
// and messages of failures name it, so that the same run can be had again.

import { randomBytes } from "node:crypto";
import { SeededRandom } from "@ottla/base";
import { refuseUnlessWhole } from "./options.ts";

/** The environment variable that says the seed where the test does not. */
const SEED_VARIABLE = "OTTLA_SEED";
/** Keeps what faults draw apart from what the broker draws: one request more does not change which are hit. */
const FAULT_STREAM = 0x5eed_fa17;

export interface Seed {
  readonly value: number;
  /** For the broker's ids. */
  readonly ids: SeededRandom;
  /** For the probabilities of faults. */
  readonly faults: SeededRandom;
}

/** @throws TypeError when what is given is no whole number from 0 on. */
export function seedOf(given: number | undefined): Seed {
  const named = process.env[SEED_VARIABLE];
  const value = given ?? (named === undefined ? randomBytes(4).readUInt32LE() : Number(named));
  refuseUnlessWhole("a test broker", given === undefined ? SEED_VARIABLE : "seed", value, 0);
  return { value, ids: new SeededRandom(value), faults: new SeededRandom(value + FAULT_STREAM) };
}

/** How to have the same run again, for messages. */
export function replayHint({ value }: Seed): string {
  return `seed ${value}: the same run again with startBroker({ seed: ${value} }) or ${SEED_VARIABLE}=${value}`;
}
