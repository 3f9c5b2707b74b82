// The configs that the group coordinator honours, by Kafka's names in camel case. The broker reads them from its config tables;
// those of one group (resource type GROUP, KIP-848) come before the broker's.

export interface GroupCoordinatorConfig {
  readonly offsetMetadataMaxBytes: number;
  readonly offsetsRetentionMs: number;
  readonly offsetsRetentionCheckIntervalMs: number;
  readonly groupMinSessionTimeoutMs: number;
  readonly groupMaxSessionTimeoutMs: number;
  readonly groupInitialRebalanceDelayMs: number;
  readonly groupMaxSize: number;
  /** The most bytes that the record of one classic group may have: what fits one batch of __consumer_offsets. */
  readonly groupMaxRecordBytes: number;
  readonly consumerGroupMaxSize: number;
  /** Names of server-side assignors, the default first: "uniform", "range". */
  readonly consumerGroupAssignors: readonly string[];
  readonly consumerGroupMigrationPolicy: "disabled" | "upgrade" | "downgrade" | "bidirectional";
  readonly consumerGroupRegexRefreshIntervalMs: number;
  /** Whether "classic" and "consumer" are in group.coordinator.rebalance.protocols. */
  readonly classicProtocolEnabled: boolean;
  readonly consumerProtocolEnabled: boolean;
  /** By group, with its own config where it has one, within the broker's bounds. */
  consumerGroupSessionTimeoutMs(groupId: string): number;
  consumerGroupHeartbeatIntervalMs(groupId: string): number;
  consumerGroupAssignmentIntervalMs(groupId: string): number;
}
