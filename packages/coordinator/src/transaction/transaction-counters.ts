// What transaction coordinators count while they run: whole numbers that only grow, shared by all shards of a node. Counted when decided,
// a moment before it is kept. Loading counts nothing: what was decided before the restart was counted before it.

export class TransactionCounters {
  committed = 0;
  /** By the producer, after a timeout, or because a new producer took the transactional id over. */
  aborted = 0;
  /** Those of `aborted` that took longer than their timeout. */
  timedOut = 0;
}
