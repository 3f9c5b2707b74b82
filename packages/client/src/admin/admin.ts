// The admin client: every call of Java's org.apache.kafka.clients.admin.Admin (4.3) in one class, each a line that leads to its family's
// file beside this one. Which calls are under way, and how it closes, stands in admin-lifecycle.ts.

import type { Metric } from "../metrics.ts";
import type { CallOptions, CommittedOffset, OffsetToCommit, TopicPartition } from "../records.ts";
import { AdminLifecycle } from "./admin-lifecycle.ts";
import * as acls from "./acls.ts";
import * as cluster from "./cluster.ts";
import * as configs from "./configs.ts";
import * as describedGroups from "./describe-groups.ts";
import * as describedTopics from "./describe-topics.ts";
import * as features from "./features.ts";
import * as groupOffsets from "./group-offsets.ts";
import * as groups from "./groups.ts";
import * as logDirs from "./log-dirs.ts";
import * as quotas from "./quotas.ts";
import * as raft from "./raft.ts";
import * as reassignments from "./reassignments.ts";
import * as records from "./records.ts";
import * as scram from "./scram-users.ts";
import * as share from "./share-groups.ts";
import * as streams from "./streams-groups.ts";
import * as tokens from "./tokens.ts";
import * as topics from "./topics.ts";
import * as transactions from "./transactions.ts";

/**
 * Administers a cluster. Calls about one thing resolve with it or reject with a KafkaError. Calls about many things resolve with a Map
 * by item when all of them succeeded, and otherwise reject with an AdminError that holds the `errors` and the `values` by item; `settled`
 * turns that into an answer. Items are named by what they are: a topic, a group, a broker's id, "topic-partition", "TYPE:name" for
 * config resources. Calls that only do something resolve with nothing.
 *
 * Requests go to the broker they belong to; what is retriable is repeated until `timeoutMs`, after which a TimeoutError tells the last
 * reason. What a broker does not serve fails at once with a BrokerError UNSUPPORTED_VERSION.
 */
export class Admin extends AdminLifecycle {
  private instanceId: string | null = null;

  // Topics

  /** Creates topics, given by name or in full. Per topic: TOPIC_ALREADY_EXISTS, INVALID_PARTITIONS, INVALID_CONFIG and so on. */
  createTopics(
    newTopics: readonly (string | topics.NewTopic)[],
    options: topics.CreateTopicsOptions = {},
  ): Promise<Map<string, topics.CreatedTopic>> {
    return this.run("createTopics", options, (call) => topics.createTopics(call, newTopics, options));
  }

  /** Deletes topics, given by name or as `{ topicIds }`. Per topic: UNKNOWN_TOPIC_OR_PARTITION, TOPIC_DELETION_DISABLED. */
  deleteTopics(selection: topics.TopicSelection, options: topics.TopicChangeOptions = {}): Promise<void> {
    return this.run("deleteTopics", options, (call) => topics.deleteTopics(call, selection, options));
  }

  /** The topics that the caller may describe, by name. */
  listTopics(options: topics.ListTopicsOptions = {}): Promise<Map<string, topics.TopicListing>> {
    return this.run("listTopics", options, (call) => topics.listTopics(call, options));
  }

  /** Partitions, replicas and leaders of topics, given by name or as `{ topicIds }`, which are then the keys. */
  describeTopics(
    selection: topics.TopicSelection,
    options: describedTopics.DescribeTopicsOptions = {},
  ): Promise<Map<string, describedTopics.TopicDescription>> {
    return this.run("describeTopics", options, (call) => describedTopics.describeTopics(call, selection, options));
  }

  /** Adds partitions to topics. Per topic: INVALID_PARTITIONS when there are as many already. */
  createPartitions(changes: readonly topics.NewPartitions[], options: topics.CreateTopicsOptions = {}): Promise<void> {
    return this.run("createPartitions", options, (call) => topics.createPartitions(call, changes, options));
  }

  // Configs

  /** Configs of resources, by resourceKey: "TOPIC:orders". Those of a broker come from that broker. */
  describeConfigs(
    resources: readonly configs.ConfigResource[],
    options: configs.DescribeConfigsOptions = {},
  ): Promise<Map<string, configs.ResourceConfigs>> {
    return this.run("describeConfigs", options, (call) => configs.describeConfigs(call, resources, options));
  }

  /** Changes single configs of resources (KIP-339). Per resource: INVALID_CONFIG, UNKNOWN_TOPIC_OR_PARTITION. */
  incrementalAlterConfigs(
    changes: readonly configs.ConfigChanges[],
    options: configs.AlterConfigsOptions = {},
  ): Promise<void> {
    return this.run("incrementalAlterConfigs", options, (call) =>
      configs.incrementalAlterConfigs(call, changes, options),
    );
  }

  /** Resources that can have configs, of these types or of all (KIP-1142). */
  listConfigResources(
    types: readonly configs.ConfigResourceType[] = [],
    options: CallOptions = {},
  ): Promise<configs.ConfigResource[]> {
    return this.run("listConfigResources", options, (call) => configs.listConfigResources(call, types));
  }

  /** Names of the client metrics subscriptions (KIP-714). Java deprecates it for listConfigResources. */
  async listClientMetricsResources(options: CallOptions = {}): Promise<string[]> {
    return (await this.listConfigResources(["CLIENT_METRICS"], options)).map(({ name }) => name);
  }

  // Offsets and records of partitions

  /** Offsets by "topic-partition": latest, earliest, of a time and so on. Per partition: UNKNOWN_TOPIC_OR_PARTITION. */
  listOffsets(
    queries: readonly records.OffsetQuery[],
    options: records.ListOffsetsOptions = {},
  ): Promise<Map<string, records.ListedOffset>> {
    return this.run("listOffsets", options, (call) => records.listOffsets(call, queries, options));
  }

  /** Deletes what lies before an offset (KIP-107). Per partition: OFFSET_OUT_OF_RANGE, POLICY_VIOLATION. */
  deleteRecords(
    deletions: readonly records.RecordsToDelete[],
    options: CallOptions = {},
  ): Promise<Map<string, records.DeletedRecords>> {
    return this.run("deleteRecords", options, (call) => records.deleteRecords(call, deletions));
  }

  // Groups

  /** Groups of all types, by group id (KIP-1043). Brokers that fail are told by their ids. */
  listGroups(options: groups.ListGroupsOptions = {}): Promise<Map<string, groups.GroupListing>> {
    return this.run("listGroups", options, (call) => groups.listGroups(call, options));
  }

  /** Consumer groups of both protocols, and groups that only hold offsets. Java deprecates it for listGroups. */
  listConsumerGroups(
    options: Omit<groups.ListGroupsOptions, "protocolTypes"> = {},
  ): Promise<Map<string, groups.GroupListing>> {
    return this.listGroups({ ...options, protocolTypes: ["consumer", ""] });
  }

  /** Consumer groups of both protocols. Per group: GROUP_ID_NOT_FOUND, GROUP_AUTHORIZATION_FAILED. */
  describeConsumerGroups(
    groupIds: readonly string[],
    options: describedGroups.DescribeGroupsOptions = {},
  ): Promise<Map<string, describedGroups.ConsumerGroupDescription>> {
    return this.run("describeConsumerGroups", options, (call) =>
      describedGroups.describeConsumerGroups(call, groupIds, options),
    );
  }

  /** Groups of the classic protocol, whatever their protocol type (KIP-1043). */
  describeClassicGroups(
    groupIds: readonly string[],
    options: describedGroups.DescribeGroupsOptions = {},
  ): Promise<Map<string, describedGroups.ClassicGroupDescription>> {
    return this.run("describeClassicGroups", options, (call) =>
      describedGroups.describeClassicGroups(call, groupIds, options),
    );
  }

  /** Deletes groups with their offsets. Per group: NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND. */
  deleteConsumerGroups(groupIds: readonly string[], options: CallOptions = {}): Promise<void> {
    return this.run("deleteConsumerGroups", options, (call) => groups.deleteGroups(call, groupIds));
  }

  /** As deleteConsumerGroups. */
  deleteShareGroups(groupIds: readonly string[], options: CallOptions = {}): Promise<void> {
    return this.run("deleteShareGroups", options, (call) => groups.deleteGroups(call, groupIds));
  }

  /** As deleteConsumerGroups. */
  deleteStreamsGroups(groupIds: readonly string[], options: CallOptions = {}): Promise<void> {
    return this.run("deleteStreamsGroups", options, (call) => groups.deleteGroups(call, groupIds));
  }

  /** Takes members out of a classic group, some or all of them (KIP-345). Per member: UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID. */
  removeMembersFromConsumerGroup(
    groupId: string,
    members: readonly groups.MemberToRemove[] | "all",
    options: groups.RemoveMembersOptions = {},
  ): Promise<void> {
    return this.run("removeMembersFromConsumerGroup", options, (call) =>
      groups.removeMembers(call, groupId, members, options),
    );
  }

  /** Committed offsets of groups, by group id (KIP-709). */
  listConsumerGroupOffsets(
    wanted: readonly (string | groupOffsets.GroupPartitions)[],
    options: groupOffsets.ListGroupOffsetsOptions = {},
  ): Promise<Map<string, CommittedOffset[]>> {
    return this.run("listConsumerGroupOffsets", options, (call) =>
      groupOffsets.listGroupOffsets(call, wanted, options),
    );
  }

  /** As listConsumerGroupOffsets (KIP-1071). */
  listStreamsGroupOffsets(
    wanted: readonly (string | groupOffsets.GroupPartitions)[],
    options: groupOffsets.ListGroupOffsetsOptions = {},
  ): Promise<Map<string, CommittedOffset[]>> {
    return this.run("listStreamsGroupOffsets", options, (call) => groupOffsets.listGroupOffsets(call, wanted, options));
  }

  /** Sets committed offsets of a group without members. Per partition: UNKNOWN_MEMBER_ID when the group has members. */
  alterConsumerGroupOffsets(
    groupId: string,
    offsets: readonly OffsetToCommit[],
    options: CallOptions = {},
  ): Promise<void> {
    return this.run("alterConsumerGroupOffsets", options, (call) =>
      groupOffsets.alterGroupOffsets(call, groupId, offsets),
    );
  }

  /** As alterConsumerGroupOffsets (KIP-1071). */
  alterStreamsGroupOffsets(
    groupId: string,
    offsets: readonly OffsetToCommit[],
    options: CallOptions = {},
  ): Promise<void> {
    return this.run("alterStreamsGroupOffsets", options, (call) =>
      groupOffsets.alterGroupOffsets(call, groupId, offsets),
    );
  }

  /** Deletes committed offsets. Per partition: GROUP_SUBSCRIBED_TO_TOPIC (KIP-496). */
  deleteConsumerGroupOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options: CallOptions = {},
  ): Promise<void> {
    return this.run("deleteConsumerGroupOffsets", options, (call) =>
      groupOffsets.deleteGroupOffsets(call, groupId, partitions),
    );
  }

  /** As deleteConsumerGroupOffsets (KIP-1071). */
  deleteStreamsGroupOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options: CallOptions = {},
  ): Promise<void> {
    return this.run("deleteStreamsGroupOffsets", options, (call) =>
      groupOffsets.deleteGroupOffsets(call, groupId, partitions),
    );
  }

  // Share groups (KIP-932) and streams groups (KIP-1071)

  /** Share groups. Per group: GROUP_ID_NOT_FOUND. */
  describeShareGroups(
    groupIds: readonly string[],
    options: describedGroups.DescribeGroupsOptions = {},
  ): Promise<Map<string, share.ShareGroupDescription>> {
    return this.run("describeShareGroups", options, (call) => share.describeShareGroups(call, groupIds, options));
  }

  /** From where partitions are shared, by group id. */
  listShareGroupOffsets(
    wanted: readonly (string | groupOffsets.GroupPartitions)[],
    options: CallOptions = {},
  ): Promise<Map<string, share.ShareOffset[]>> {
    return this.run("listShareGroupOffsets", options, (call) => share.listShareGroupOffsets(call, wanted));
  }

  /** Sets from where partitions are shared. Per partition: NON_EMPTY_GROUP, UNKNOWN_TOPIC_OR_PARTITION. */
  alterShareGroupOffsets(
    groupId: string,
    offsets: readonly share.ShareOffsetToSet[],
    options: CallOptions = {},
  ): Promise<void> {
    return this.run("alterShareGroupOffsets", options, (call) => share.alterShareGroupOffsets(call, groupId, offsets));
  }

  /** Forgets from where topics are shared. Per topic: UNKNOWN_TOPIC_OR_PARTITION; as a whole: NON_EMPTY_GROUP. */
  deleteShareGroupOffsets(groupId: string, topicNames: readonly string[], options: CallOptions = {}): Promise<void> {
    return this.run("deleteShareGroupOffsets", options, (call) =>
      share.deleteShareGroupOffsets(call, groupId, topicNames),
    );
  }

  /** Streams groups. Per group: GROUP_ID_NOT_FOUND. */
  describeStreamsGroups(
    groupIds: readonly string[],
    options: describedGroups.DescribeGroupsOptions = {},
  ): Promise<Map<string, streams.StreamsGroupDescription>> {
    return this.run("describeStreamsGroups", options, (call) => streams.describeStreamsGroups(call, groupIds, options));
  }

  // Transactions

  /** Transactional ids that have been used, by id. Brokers that fail are told by their ids. */
  listTransactions(
    options: transactions.ListTransactionsOptions = {},
  ): Promise<Map<string, transactions.TransactionListing>> {
    return this.run("listTransactions", options, (call) => transactions.listTransactions(call, options));
  }

  /** States of transactional ids. Per id: TRANSACTIONAL_ID_NOT_FOUND. */
  describeTransactions(
    transactionalIds: readonly string[],
    options: CallOptions = {},
  ): Promise<Map<string, transactions.TransactionDescription>> {
    return this.run("describeTransactions", options, (call) =>
      transactions.describeTransactions(call, transactionalIds),
    );
  }

  /** Producers that wrote to partitions lately, by "topic-partition". */
  describeProducers(
    partitions: readonly TopicPartition[],
    options: transactions.DescribeProducersOptions = {},
  ): Promise<Map<string, transactions.PartitionProducers>> {
    return this.run("describeProducers", options, (call) => transactions.describeProducers(call, partitions, options));
  }

  /** Aborts a transaction on one partition that hangs there: its coordinator knows nothing of it (KIP-664). */
  abortTransaction(transaction: transactions.TransactionToAbort, options: CallOptions = {}): Promise<void> {
    return this.run("abortTransaction", options, (call) => transactions.abortTransaction(call, transaction));
  }

  /** Fences the producers of transactional ids; what they have open is aborted. */
  fenceProducers(
    transactionalIds: readonly string[],
    options: CallOptions = {},
  ): Promise<Map<string, transactions.FencedProducer>> {
    return this.run("fenceProducers", options, (call) => transactions.fenceProducers(call, transactionalIds));
  }

  /** Ends the open transaction of one transactional id, whoever has it (KIP-939). */
  async forceTerminateTransaction(transactionalId: string, options: CallOptions = {}): Promise<void> {
    await this.fenceProducers([transactionalId], options);
  }

  // Replicas

  /** Moves partitions to other brokers, or cancels that. Per partition: INVALID_REPLICA_ASSIGNMENT, NO_REASSIGNMENT_IN_PROGRESS. */
  alterPartitionReassignments(
    changes: readonly reassignments.NewReassignment[],
    options: reassignments.AlterReassignmentsOptions = {},
  ): Promise<void> {
    return this.run("alterPartitionReassignments", options, (call) =>
      reassignments.alterPartitionReassignments(call, changes, options),
    );
  }

  /** Partitions that are being moved, by "topic-partition". */
  listPartitionReassignments(
    partitions: readonly TopicPartition[] | "all" = "all",
    options: CallOptions = {},
  ): Promise<Map<string, reassignments.PartitionReassignment>> {
    return this.run("listPartitionReassignments", options, (call) =>
      reassignments.listPartitionReassignments(call, partitions),
    );
  }

  /** Has leaders elected. Per partition: ELECTION_NOT_NEEDED, PREFERRED_LEADER_NOT_AVAILABLE. */
  electLeaders(
    type: reassignments.ElectionType,
    partitions: readonly TopicPartition[] | "all",
    options: CallOptions = {},
  ): Promise<Map<string, TopicPartition>> {
    return this.run("electLeaders", options, (call) => reassignments.electLeaders(call, type, partitions));
  }

  /** Log folders of brokers with what is in them, by broker id. */
  describeLogDirs(
    brokerIds: readonly number[],
    options: CallOptions = {},
  ): Promise<Map<number, logDirs.LogDirDescription[]>> {
    return this.run("describeLogDirs", options, (call) => logDirs.describeLogDirs(call, brokerIds));
  }

  /** In which folders replicas are, by "topic-partition-broker". */
  describeReplicaLogDirs(
    replicas: readonly logDirs.Replica[],
    options: CallOptions = {},
  ): Promise<Map<string, logDirs.ReplicaLogDirs>> {
    return this.run("describeReplicaLogDirs", options, (call) => logDirs.describeReplicaLogDirs(call, replicas));
  }

  /** Moves replicas to other folders of their brokers. Per replica: LOG_DIR_NOT_FOUND, REPLICA_NOT_AVAILABLE. */
  alterReplicaLogDirs(moves: readonly logDirs.ReplicaMove[], options: CallOptions = {}): Promise<void> {
    return this.run("alterReplicaLogDirs", options, (call) => logDirs.alterReplicaLogDirs(call, moves));
  }

  // Security and quotas

  /** Adds access rules. By position: SECURITY_DISABLED without an authorizer, INVALID_REQUEST. */
  createAcls(bindings: readonly acls.AclBinding[], options: CallOptions = {}): Promise<void> {
    return this.run("createAcls", options, (call) => acls.createAcls(call, bindings));
  }

  /** Access rules that pass the filter. */
  describeAcls(filter: acls.AclFilter = {}, options: CallOptions = {}): Promise<acls.Acl[]> {
    return this.run("describeAcls", options, (call) => acls.describeAcls(call, filter));
  }

  /** Deletes the access rules that pass any of the filters; what was deleted, by the filter's position. */
  deleteAcls(filters: readonly acls.AclFilter[], options: CallOptions = {}): Promise<Map<number, acls.Acl[]>> {
    return this.run("deleteAcls", options, (call) => acls.deleteAcls(call, filters));
  }

  /** Quotas of the entities that pass the filter; of all without one. */
  describeClientQuotas(
    components: readonly quotas.QuotaFilterComponent[] = [],
    options: quotas.DescribeClientQuotasOptions = {},
  ): Promise<quotas.ClientQuotas[]> {
    return this.run("describeClientQuotas", options, (call) => quotas.describeClientQuotas(call, components, options));
  }

  /** Sets and takes away quotas. By quotaEntityKey, "user=alice": INVALID_REQUEST. */
  alterClientQuotas(
    changes: readonly quotas.ClientQuotaChanges[],
    options: quotas.AlterClientQuotasOptions = {},
  ): Promise<void> {
    return this.run("alterClientQuotas", options, (call) => quotas.alterClientQuotas(call, changes, options));
  }

  /** Users that have SCRAM credentials, these or all. Per user: RESOURCE_NOT_FOUND. */
  describeUserScramCredentials(
    users: readonly string[] = [],
    options: CallOptions = {},
  ): Promise<Map<string, scram.ScramUser>> {
    return this.run("describeUserScramCredentials", options, (call) => scram.describeScramUsers(call, users));
  }

  /** Sets and deletes SCRAM credentials. Per user: UNACCEPTABLE_CREDENTIAL, RESOURCE_NOT_FOUND. */
  alterUserScramCredentials(changes: readonly scram.ScramChange[], options: CallOptions = {}): Promise<void> {
    return this.run("alterUserScramCredentials", options, (call) => scram.alterScramUsers(call, changes));
  }

  /** A new token (KIP-48). DELEGATION_TOKEN_AUTH_DISABLED, DELEGATION_TOKEN_REQUEST_NOT_ALLOWED on a connection without SASL. */
  createDelegationToken(options: tokens.CreateDelegationTokenOptions = {}): Promise<tokens.DelegationToken> {
    return this.run("createDelegationToken", options, (call) => tokens.createDelegationToken(call, options));
  }

  /** Lets a token live longer; when it expires then, in milliseconds since 1970. */
  renewDelegationToken(hmac: Buffer, options: tokens.RenewDelegationTokenOptions = {}): Promise<number> {
    return this.run("renewDelegationToken", options, (call) => tokens.renewDelegationToken(call, hmac, options));
  }

  /** Has a token expire, at once or later; when, in milliseconds since 1970. */
  expireDelegationToken(hmac: Buffer, options: tokens.ExpireDelegationTokenOptions = {}): Promise<number> {
    return this.run("expireDelegationToken", options, (call) => tokens.expireDelegationToken(call, hmac, options));
  }

  /** The tokens that the caller may see. */
  describeDelegationToken(options: tokens.DescribeDelegationTokenOptions = {}): Promise<tokens.DelegationToken[]> {
    return this.run("describeDelegationToken", options, (call) => tokens.describeDelegationTokens(call, options));
  }

  // Cluster

  /** Levels of the cluster's features and what a broker supports. */
  describeFeatures(options: features.DescribeFeaturesOptions = {}): Promise<features.FeatureDescription> {
    return this.run("describeFeatures", options, (call) => features.describeFeatures(call, options));
  }

  /** Sets levels of features. Per feature: INVALID_UPDATE_VERSION, FEATURE_UPDATE_FAILED. */
  updateFeatures(
    updates: readonly features.FeatureUpdate[],
    options: features.UpdateFeaturesOptions = {},
  ): Promise<void> {
    return this.run("updateFeatures", options, (call) => features.updateFeatures(call, updates, options));
  }

  /** Voters and observers of the metadata quorum (KIP-836). */
  describeMetadataQuorum(options: CallOptions = {}): Promise<raft.QuorumDescription> {
    return this.run("describeMetadataQuorum", options, (call) => raft.describeMetadataQuorum(call));
  }

  /** Adds a controller to the voters (KIP-853). DUPLICATE_VOTER, UNSUPPORTED_VERSION with a quorum of fixed voters. */
  addRaftVoter(voter: raft.NewRaftVoter, options: raft.RaftVoterOptions = {}): Promise<void> {
    return this.run("addRaftVoter", options, (call) => raft.addRaftVoter(call, voter, options));
  }

  /** Takes a controller out of the voters (KIP-853). VOTER_NOT_FOUND. */
  removeRaftVoter(voter: raft.RaftVoter, options: raft.RaftVoterOptions = {}): Promise<void> {
    return this.run("removeRaftVoter", options, (call) => raft.removeRaftVoter(call, voter, options));
  }

  /** Brokers, controller and cluster id. */
  describeCluster(options: cluster.DescribeClusterOptions = {}): Promise<cluster.ClusterDescription> {
    return this.run("describeCluster", options, (call) => cluster.describeCluster(call, options));
  }

  /** Takes a broker out of the metadata, once it is gone for good. BROKER_ID_NOT_REGISTERED when it was not there. */
  unregisterBroker(brokerId: number, options: CallOptions = {}): Promise<void> {
    return this.run("unregisterBroker", options, (call) => cluster.unregisterBroker(call, brokerId));
  }

  /** The id under which brokers know this client in its metrics (KIP-714). UNSUPPORTED_VERSION where they take none. */
  async clientInstanceId(options: CallOptions = {}): Promise<string> {
    this.instanceId ??= await this.run("clientInstanceId", options, (call) => cluster.clientInstanceId(call));
    return this.instanceId;
  }

  /** What the client counts, connections and requests of all its parts. */
  metrics(): Metric[] {
    return this.cluster.metrics.snapshot();
  }
}
