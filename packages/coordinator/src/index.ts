// What the broker uses of the coordinators.

export type { Now, Outcome, Pending, Reply, RequestClient, TransactionalProducer } from "./runtime/outcome.ts";
export { answered, NOTHING } from "./runtime/outcome.ts";
export { partitionFor } from "./runtime/partition-for.ts";
export { errorForClients, ShardRuntime } from "./runtime/shard-runtime.ts";
export type { ShardLog, ShardRuntimeOptions } from "./runtime/shard-runtime.ts";
export type { CoordinatorRecordCodec, CoordinatorShard } from "./runtime/shard.ts";
export type { DeletedGroup, ListedGroup } from "./group/admin.ts";
export { heartbeatAnswer, joinRefused, syncRefused } from "./group/classic/answers.ts";
export {
  joinAnswerFor,
  leaveAnswerFor,
  normalizedJoin,
  normalizedLeave,
  refuseSyncGroup,
} from "./group/classic/by-version.ts";
export type { DescribedGroup } from "./group/classic/classic-groups.ts";
export type { GroupCoordinatorConfig } from "./group/group-config.ts";
export { GroupCounters } from "./group/group-counters.ts";
export { groupRecordCodec } from "./group/group-records.ts";
export type { GroupRecord } from "./group/group-records.ts";
export { GroupShard } from "./group/group-shard.ts";
export type { DescribedConsumerGroup } from "./group/consumer/consumer-groups.ts";
export { loadPatternEngine } from "./group/consumer/pattern-engine.ts";
export { refusedCommits } from "./group/offsets/commit-answers.ts";
export type { OffsetFetchGroup, OffsetFetchGroupAnswer } from "./group/offsets/fetch-offsets.ts";
export type { CommittedOffset } from "./group/offsets/offset-table.ts";
export type { TopicsView, TopicView } from "./group/topics-view.ts";
export { TransactionShard } from "./transaction/transaction-shard.ts";
export type { TransactionClaim } from "./transaction/transaction-shard.ts";
export type { TopicPartitions } from "./transaction/add-partitions.ts";
export type { TransactionContext, TransactionCoordinatorConfig } from "./transaction/transaction-context.ts";
export { TransactionCounters } from "./transaction/transaction-counters.ts";
export { filterableStates, undescribed } from "./transaction/transaction-listing.ts";
export type {
  TransactionDescription,
  TransactionFilter,
  TransactionListing,
} from "./transaction/transaction-listing.ts";
export type { MarkerPartition, TransactionMarkers } from "./transaction/transaction-markers.ts";
export { transactionRecordCodec } from "./transaction/transaction-records.ts";
export type { TransactionRecord } from "./transaction/transaction-records.ts";
