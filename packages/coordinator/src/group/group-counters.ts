// What group coordinators count while they run: whole numbers that only grow, shared by all shards of a node, so that a shard that is loaded
// again goes on counting. As Kafka's GroupCoordinatorMetrics: counted when decided, a moment before it is kept. Loading counts nothing.

export class GroupCounters {
  /** Classic groups that became Stable. */
  completedRebalances = 0;
  /** Epochs of consumer groups that grew because of a heartbeat, a pattern or a topic; not those of members that were fenced, as in Kafka. */
  consumerGroupRebalances = 0;
  /** By OffsetCommit and TxnOffsetCommit, whatever became of the transaction. */
  committedOffsets = 0;
  expiredOffsets = 0;
  /** By OffsetDelete; not with their group or topic, as in Kafka. */
  deletedOffsets = 0;
}
