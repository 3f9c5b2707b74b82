// --state and --type of `kafka-consumer-groups --list`: words to the states and types that groups of consumers can have. Pure.

import type { GroupState, GroupType } from "@ottla/client";
import { CommandFailure } from "../../command-failure.ts";

/** In the order in which Kafka names them. */
const states: readonly GroupState[] = [
  "PreparingRebalance",
  "CompletingRebalance",
  "Stable",
  "Dead",
  "Empty",
  "Assigning",
  "Reconciling",
];
const types: readonly GroupType[] = ["Classic", "Consumer"];

/** @throws CommandFailure */
export function parseStates(text: string): GroupState[] {
  const found = words(text).map((word) => states.find((state) => state.toLowerCase() === word));
  if (found.every((state) => state !== undefined)) return [...new Set(found)];
  throw new CommandFailure(`Invalid state list '${text}'. Valid states are: ${states.join(", ")}`);
}

/** @throws CommandFailure */
export function parseTypes(text: string): GroupType[] {
  const found = words(text).map((word) => types.find((type) => type.toLowerCase() === word));
  if (found.every((type) => type !== undefined)) return [...new Set(found)];
  throw new CommandFailure(`Invalid types list '${text}'. Valid types are: ${types.join(", ")}`);
}

function words(text: string): string[] {
  return text.split(",").map((word) => word.trim().toLowerCase());
}
