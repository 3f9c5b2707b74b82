// What users of @ottla/client import.

export * from "./errors.ts";
export { Kafka } from "./kafka.ts";
export type { ClientOptions, OAuthBearerToken, SaslOptions } from "./options.ts";
export type { Metric, MetricName } from "./metrics.ts";
export type * from "./records.ts";
export { bytesSerde, integerSerde, jsonSerde, stringSerde } from "./serdes.ts";
export type { Deserializer, Serde, SerdeContext, SerdeHeaders, Serializer, TopicSerdes } from "./serdes.ts";
export { Admin } from "./admin/admin.ts";
export { AdminError, settled } from "./admin/admin-error.ts";
export type { ItemKey, Settled } from "./admin/admin-error.ts";
export type { AclOperation, AclPatternType, AclPermissionType, AclResourceType } from "./admin/acl-names.ts";
export type * from "./admin/cluster.ts";
export type * from "./admin/configs.ts";
export { resourceKey } from "./admin/configs.ts";
export type * from "./admin/describe-groups.ts";
export type * from "./admin/describe-topics.ts";
export type * from "./admin/group-offsets.ts";
export type * from "./admin/groups.ts";
export { partitionKey } from "./admin/lookups.ts";
export type * from "./admin/records.ts";
export type * from "./admin/topics.ts";
export { Producer } from "./producer/producer.ts";
export type { CloseOptions } from "./producer/producer.ts";
export type { ProducerOptions } from "./producer/producer-options.ts";
export type { ProducerInterceptor } from "./producer/interceptors.ts";
export type { PartitionChoice, PartitionFunction } from "./producer/partitioner.ts";
export { SendError } from "./producer/send-error.ts";
