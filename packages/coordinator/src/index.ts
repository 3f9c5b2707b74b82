// What the broker uses of the coordinators.

export type { Now, Outcome, Pending, Reply, RequestClient, TransactionalProducer } from "./runtime/outcome.ts";
export { ShardRuntime } from "./runtime/shard-runtime.ts";
export type { ShardLog, ShardRuntimeOptions } from "./runtime/shard-runtime.ts";
export type { CoordinatorRecordCodec, CoordinatorShard } from "./runtime/shard.ts";
export type { GroupCoordinatorConfig } from "./group/group-config.ts";
export { groupRecordCodec } from "./group/group-records.ts";
export type { GroupRecord } from "./group/group-records.ts";
export { GroupShard } from "./group/group-shard.ts";
export type { TopicsView, TopicView } from "./group/topics-view.ts";
