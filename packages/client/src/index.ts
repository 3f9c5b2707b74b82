// What users of @ottla/client import.

export * from "./errors.ts";
export { Kafka } from "./kafka.ts";
export type { ClientOptions, OAuthBearerToken, SaslOptions } from "./options.ts";
export type { Metric, MetricName } from "./metrics.ts";
export type { AnswerMessage, ConnectionMessage, MetadataMessage, RequestMessage } from "./diagnostics.ts";
export type * from "./records.ts";
export { bytesSerde, jsonSerde, stringSerde } from "./serdes.ts";
export {
  bigintSerde,
  booleanSerde,
  doubleSerde,
  floatSerde,
  integerSerde,
  listSerde,
  longSerde,
  shortSerde,
  uuidSerde,
  voidSerde,
} from "./fixed-serdes.ts";
export type { FixedSerde } from "./fixed-serdes.ts";
export type { Deserializer, Serde, SerdeContext, SerdeHeaders, Serializer, TopicSerdes } from "./serdes.ts";
export { Admin } from "./admin/admin.ts";
export { AdminError, settled } from "./admin/admin-error.ts";
export type { ItemKey, Settled } from "./admin/admin-error.ts";
export type { AclOperation, AclPatternType, AclPermissionType, AclResourceType } from "./admin/acl-names.ts";
export type { AclBinding, AclFilter, Acl } from "./admin/acls.ts";
export type { DescribeClusterOptions, ClusterNode, ClusterDescription } from "./admin/cluster.ts";
export type {
  ConfigResourceType,
  ConfigSource,
  ConfigType,
  ConfigValue,
  ConfigResource,
  ConfigSynonym,
  ConfigEntry,
  ResourceConfigs,
  DescribeConfigsOptions,
  ConfigChanges,
  AlterConfigsOptions,
} from "./admin/configs.ts";
export { resourceKey } from "./admin/configs.ts";
export type {
  DescribeGroupsOptions,
  GroupMember,
  ConsumerGroupDescription,
  ClassicGroupMember,
  ClassicGroupDescription,
} from "./admin/describe-groups.ts";
export type { DescribeTopicsOptions, PartitionDescription, TopicDescription } from "./admin/describe-topics.ts";
export type {
  DescribeFeaturesOptions,
  FeatureRange,
  FeatureDescription,
  FeatureUpgradeType,
  FeatureUpdate,
  UpdateFeaturesOptions,
} from "./admin/features.ts";
export type { GroupPartitions, ListGroupOffsetsOptions } from "./admin/group-offsets.ts";
export type {
  GroupType,
  GroupState,
  ListGroupsOptions,
  GroupListing,
  MemberToRemove,
  RemoveMembersOptions,
} from "./admin/groups.ts";
export type {
  Replica,
  ReplicaMove,
  LogDirReplica,
  LogDirDescription,
  ReplicaPlace,
  ReplicaLogDirs,
} from "./admin/log-dirs.ts";
export { replicaKey } from "./admin/log-dirs.ts";
export { partitionKey } from "./admin/lookups.ts";
export type {
  QuotaEntity,
  QuotaFilterComponent,
  DescribeClientQuotasOptions,
  ClientQuotas,
  ClientQuotaChanges,
  AlterClientQuotasOptions,
} from "./admin/quotas.ts";
export { quotaEntityKey } from "./admin/quotas.ts";
export type {
  QuorumReplica,
  RaftEndpoint,
  QuorumDescription,
  RaftVoter,
  NewRaftVoter,
  RaftVoterOptions,
} from "./admin/raft.ts";
export type {
  NewReassignment,
  AlterReassignmentsOptions,
  PartitionReassignment,
  ElectionType,
} from "./admin/reassignments.ts";
export type {
  OffsetSpec,
  OffsetQuery,
  ListOffsetsOptions,
  ListedOffset,
  RecordsToDelete,
  DeletedRecords,
} from "./admin/records.ts";
export type {
  ScramMechanism,
  ScramCredential,
  ScramUser,
  ScramUpsertion,
  ScramDeletion,
  ScramChange,
} from "./admin/scram-users.ts";
export type { ShareGroupMember, ShareGroupDescription, ShareOffset, ShareOffsetToSet } from "./admin/share-groups.ts";
export type {
  StreamsTopic,
  StreamsSubtopology,
  StreamsTasks,
  StreamsAssignment,
  StreamsTaskOffset,
  StreamsGroupMember,
  StreamsGroupDescription,
} from "./admin/streams-groups.ts";
export type {
  CreateDelegationTokenOptions,
  RenewDelegationTokenOptions,
  ExpireDelegationTokenOptions,
  DescribeDelegationTokenOptions,
  DelegationToken,
} from "./admin/tokens.ts";
export type {
  NewTopic,
  TopicChangeOptions,
  CreateTopicsOptions,
  CreatedTopic,
  TopicSelection,
  NewPartitions,
  TopicListing,
  ListTopicsOptions,
} from "./admin/topics.ts";
export type {
  TransactionState,
  ListTransactionsOptions,
  TransactionListing,
  TransactionDescription,
  DescribeProducersOptions,
  ProducerState,
  PartitionProducers,
  TransactionToAbort,
  FencedProducer,
} from "./admin/transactions.ts";
export { Producer } from "./producer/producer.ts";
export type { CloseOptions } from "./producer/producer.ts";
export type { ProducerOptions } from "./producer/producer-options.ts";
export { withHeaders } from "./producer/interceptors.ts";
export type { ProducerInterceptor } from "./producer/interceptors.ts";
export { Transaction } from "./producer/transaction.ts";
export type { PartitionChoice, PartitionFunction } from "./producer/partitioner.ts";
export { SendError } from "./producer/send-error.ts";
export { Consumer } from "./consumer/consumer.ts";
export type { ConsumerOptions, RebalanceHook } from "./consumer/consumer-options.ts";
export type * from "./consumer/consumer-types.ts";
export type { ConsumerBatch } from "./consumer/delivery/consumer-batch.ts";
export type {
  DeadLetter,
  DeadLetterProducer,
  DeserializationPolicy,
  DeserializationVerdict,
  RawRecord,
} from "./consumer/delivery/deserialization.ts";
export type { PollOptions } from "./consumer/delivery/polling.ts";
export type { RunContext } from "./consumer/delivery/run.ts";
export type { AutoOffsetReset } from "./consumer/offset-reset.ts";
export type {
  AssignablePartition,
  Assignor,
  AssignorContext,
  GroupAssignment,
  AssignorMember,
  GroupToAssign,
  RebalanceProtocol,
} from "./consumer/group/assignors/assignor.ts";
