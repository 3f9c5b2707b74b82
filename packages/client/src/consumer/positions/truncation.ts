// What the end of an epoch on the leader says about a position (KIP-320): it stands, the log was cut before it, or nobody knows.
// Pure; Kafka's SubscriptionState.maybeCompleteValidation is the model. There is one position there; here what was fetched ahead is
// checked, and it may be cut off without touching what the application has.

import { KafkaError } from "../../errors.ts";
import type { ResetTarget } from "../offset-reset.ts";
import type { PartitionState } from "../partition-state.ts";

/** Changes the state to what the answer says. An error is for the application: records that it may have read do not exist any more. */
export function applyEpochEnd(
  state: PartitionState,
  end: { readonly offset: number; readonly leaderEpoch: number },
  reset: ResetTarget | null,
): void {
  const isUnknown = end.offset < 0 || end.leaderEpoch < 0;
  if (!isUnknown && end.offset >= state.fetchOffset) {
    state.validated();
    return;
  }
  // What was fetched ahead is not in the log any more; what the application has still is.
  if (!isUnknown && end.offset >= state.position && state.fetchOffset > state.position) {
    state.refetch();
    state.validated();
    return;
  }
  if (reset === null) {
    state.error = truncationError(state, isUnknown ? null : end.offset);
    return;
  }
  if (isUnknown) state.reset(reset);
  else state.seek({ offset: end.offset, leaderEpoch: end.leaderEpoch }, { validate: false });
}

function truncationError(state: PartitionState, endOffset: number | null): KafkaError {
  const { topic, partition, position: offset } = state;
  const where = endOffset === null ? "" : `; it parts from what was read at offset ${endOffset}`;
  return new KafkaError(
    `the log of ${state.name} was cut before the position ${offset}${where}, and autoOffsetReset is "none"`,
    { code: "LOG_TRUNCATION", context: { topic, partition, offset } },
  );
}
