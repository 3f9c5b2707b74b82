// The admin client: every call of Java's org.apache.kafka.clients.admin.Admin (4.3) in one class, each a line that leads to its family's
// file beside this one. The class knows calls under way, so that it can close; what a call does, it leaves to the families.

import { ClosedError } from "../errors.ts";
import type { Metric } from "../metrics.ts";
import type { Cluster } from "../network/cluster.ts";
import { wholeNumber } from "../options.ts";
import type { CallOptions, CommittedOffset, OffsetToCommit, TopicPartition } from "../records.ts";
import { AdminCall } from "./admin-call.ts";
import * as cluster from "./cluster.ts";
import * as configs from "./configs.ts";
import * as describedGroups from "./describe-groups.ts";
import * as describedTopics from "./describe-topics.ts";
import * as groupOffsets from "./group-offsets.ts";
import * as groups from "./groups.ts";
import * as records from "./records.ts";
import * as topics from "./topics.ts";

export interface AdminOptions {
  /** Called once it is closed. */
  readonly onClosed?: () => void;
}

/** Admins of one process use connections of their own, told apart by this. */
let made = 0;

/**
 * Administers a cluster. Calls about one thing resolve with it or reject with a KafkaError. Calls about many things resolve with a Map
 * by item when all of them succeeded, and otherwise reject with an AdminError that holds the `errors` and the `values` by item; `settled`
 * turns that into an answer. Items are named by what they are: a topic, a group, a broker's id, "topic-partition", "TYPE:name" for
 * config resources. Calls that only do something resolve with nothing.
 *
 * Requests go to the broker they belong to; what is retriable is repeated until `timeoutMs`, after which a TimeoutError tells the last
 * reason. What a broker does not serve fails at once with a BrokerError UNSUPPORTED_VERSION.
 */
export class Admin {
  private readonly cluster: Cluster;
  private readonly lane = `admin-${++made}`;
  private readonly onClosed: (() => void) | null;
  private readonly calls = new Set<AdminCall>();
  private closing: Promise<void> | null = null;
  private idle: (() => void) | null = null;
  private instanceId: string | null = null;

  constructor(client: Cluster, options: AdminOptions = {}) {
    this.cluster = client;
    this.onClosed = options.onClosed ?? null;
  }

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

  /** Offsets by "topic-partition": latest, earliest, of a time and so on. Per partition: UNKNOWN_TOPIC_OR_PARTITION at once. */
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

  // Cluster

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

  /**
   * Takes no more calls and waits for those under way, at most `timeoutMs` (default: the client's `defaultApiTimeoutMs`); those that are
   * left then reject with a ClosedError. A second call waits for the first. Never rejects.
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.closing ??= this.closeWithin(
      wholeNumber("timeoutMs", options.timeoutMs, 0, this.cluster.options.defaultApiTimeoutMs),
    );
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async closeWithin(timeoutMs: number): Promise<void> {
    if (this.calls.size > 0) {
      const ended = new Promise<void>((resolve) => (this.idle = resolve));
      const timer = this.cluster.clock.schedule(timeoutMs, () => {
        for (const call of this.calls) call.abort(new ClosedError("admin"));
      });
      await ended;
      timer.cancel();
    }
    this.cluster.closeLane(this.lane);
    this.onClosed?.();
  }

  private async run<T>(what: string, options: CallOptions, body: (call: AdminCall) => Promise<T>): Promise<T> {
    if (this.closing !== null) throw new ClosedError("admin");
    const { signal, timeoutMs } = options;
    const call = new AdminCall(this.cluster, {
      what,
      lane: this.lane,
      ...(signal === undefined ? {} : { signal }),
      ...(timeoutMs === undefined ? {} : { timeoutMs: wholeNumber("timeoutMs", timeoutMs, 0, 0) }),
    });
    this.calls.add(call);
    try {
      call.throwIfEnded();
      return await body(call);
    } finally {
      call.finish();
      this.calls.delete(call);
      if (this.calls.size === 0) this.idle?.();
    }
  }
}
