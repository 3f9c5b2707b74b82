// What is said of a group's state before its table, and whether there is a table. Pure.

import type { GroupState } from "@ottla/client";
import type { CommandIo } from "../../command-io.ts";
import { CommandFailure } from "../../command-failure.ts";

/** Whether the group has rows to show. @throws CommandFailure for a state that a consumer group cannot have */
export function tellState(
  io: CommandIo,
  groupId: string,
  { state, rows }: { state: GroupState; rows: number },
): boolean {
  switch (state) {
    case "Dead":
      io.out(`\nError: Consumer group '${groupId}' does not exist.`);
      return false;
    case "Empty":
      io.error(`\nConsumer group '${groupId}' has no active members.`);
      break;
    case "PreparingRebalance":
    case "CompletingRebalance":
    case "Assigning":
    case "Reconciling":
      io.error(`\nWarning: Consumer group '${groupId}' is rebalancing.`);
      break;
    case "Stable":
      break;
    case "Unknown":
    case "NotReady":
      throw new CommandFailure(`Expected a valid consumer group state, but found '${state}'.`);
  }
  return rows > 0;
}
