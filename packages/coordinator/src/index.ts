// What the broker uses of the coordinators.

export type { Now, Outcome, Pending, Reply, RequestClient, TransactionalProducer } from "./runtime/outcome.ts";
export type { CoordinatorRecordCodec, CoordinatorShard } from "./runtime/shard.ts";
export type { GroupCoordinatorConfig } from "./group/group-config.ts";
export type { TopicsView, TopicView } from "./group/topics-view.ts";
