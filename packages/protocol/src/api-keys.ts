// The table of API keys: what Apache Kafka 4.3 serves, without loading a single schema.
// Schemas may know newer versions than this table (they follow Kafka's trunk), never older ones; a test compares the two.

/** One API as a 4.3 broker or controller serves it. */
export interface ApiKeyEntry {
  readonly key: number;
  readonly name: string;
  /** The versions served. `advertisedVersions` says where ApiVersions tells clients something else. */
  readonly versions: { readonly from: number; readonly to: number };
  /** The first version with compact lengths and tagged fields (KIP-482); null when there is none. */
  readonly flexibleFrom: number | null;
  readonly audience: Audience;
}

/**
 * Whom an API is for.
 * - clients: a broker advertises it on its listeners. There are 75 of these.
 * - telemetry: likewise, but only where a receiver of client metrics is installed (KIP-714).
 * - controllers: on the controllers' listener only.
 * - later: newer than 4.3.
 */
export type Audience = "clients" | "telemetry" | "controllers" | "later";

/** All entries by rising key. */
export const apiKeys: readonly ApiKeyEntry[] = [
  api(0, "Produce", [3, 13], 9, "clients"),
  api(1, "Fetch", [4, 18], 12, "clients"),
  api(2, "ListOffsets", [1, 11], 6, "clients"),
  api(3, "Metadata", [0, 13], 9, "clients"),
  api(8, "OffsetCommit", [2, 10], 8, "clients"),
  api(9, "OffsetFetch", [1, 10], 6, "clients"),
  api(10, "FindCoordinator", [0, 6], 3, "clients"),
  api(11, "JoinGroup", [0, 9], 6, "clients"),
  api(12, "Heartbeat", [0, 4], 4, "clients"),
  api(13, "LeaveGroup", [0, 5], 4, "clients"),
  api(14, "SyncGroup", [0, 5], 4, "clients"),
  api(15, "DescribeGroups", [0, 6], 5, "clients"),
  api(16, "ListGroups", [0, 5], 3, "clients"),
  api(17, "SaslHandshake", [0, 1], null, "clients"),
  api(18, "ApiVersions", [0, 4], 3, "clients"),
  api(19, "CreateTopics", [2, 7], 5, "clients"),
  api(20, "DeleteTopics", [1, 6], 4, "clients"),
  api(21, "DeleteRecords", [0, 2], 2, "clients"),
  api(22, "InitProducerId", [0, 5], 2, "clients"),
  api(23, "OffsetForLeaderEpoch", [2, 4], 4, "clients"),
  api(24, "AddPartitionsToTxn", [0, 5], 3, "clients"),
  api(25, "AddOffsetsToTxn", [0, 4], 3, "clients"),
  api(26, "EndTxn", [0, 5], 3, "clients"),
  api(27, "WriteTxnMarkers", [1, 2], 1, "clients"),
  api(28, "TxnOffsetCommit", [0, 5], 3, "clients"),
  api(29, "DescribeAcls", [1, 3], 2, "clients"),
  api(30, "CreateAcls", [1, 3], 2, "clients"),
  api(31, "DeleteAcls", [1, 3], 2, "clients"),
  api(32, "DescribeConfigs", [1, 4], 4, "clients"),
  api(33, "AlterConfigs", [0, 2], 2, "clients"),
  api(34, "AlterReplicaLogDirs", [1, 2], 2, "clients"),
  api(35, "DescribeLogDirs", [1, 5], 2, "clients"),
  api(36, "SaslAuthenticate", [0, 2], 2, "clients"),
  api(37, "CreatePartitions", [0, 3], 2, "clients"),
  api(38, "CreateDelegationToken", [1, 3], 2, "clients"),
  api(39, "RenewDelegationToken", [1, 2], 2, "clients"),
  api(40, "ExpireDelegationToken", [1, 2], 2, "clients"),
  api(41, "DescribeDelegationToken", [1, 3], 2, "clients"),
  api(42, "DeleteGroups", [0, 2], 2, "clients"),
  api(43, "ElectLeaders", [0, 2], 2, "clients"),
  api(44, "IncrementalAlterConfigs", [0, 1], 1, "clients"),
  api(45, "AlterPartitionReassignments", [0, 1], 0, "clients"),
  api(46, "ListPartitionReassignments", [0, 0], 0, "clients"),
  api(47, "OffsetDelete", [0, 0], null, "clients"),
  api(48, "DescribeClientQuotas", [0, 1], 1, "clients"),
  api(49, "AlterClientQuotas", [0, 1], 1, "clients"),
  api(50, "DescribeUserScramCredentials", [0, 0], 0, "clients"),
  api(51, "AlterUserScramCredentials", [0, 0], 0, "clients"),
  api(52, "Vote", [0, 2], 0, "controllers"),
  api(53, "BeginQuorumEpoch", [0, 1], 1, "controllers"),
  api(54, "EndQuorumEpoch", [0, 1], 1, "controllers"),
  api(55, "DescribeQuorum", [0, 2], 0, "clients"),
  api(56, "AlterPartition", [2, 3], 0, "controllers"),
  api(57, "UpdateFeatures", [0, 2], 0, "clients"),
  api(58, "Envelope", [0, 0], 0, "controllers"),
  api(59, "FetchSnapshot", [0, 1], 0, "controllers"),
  api(60, "DescribeCluster", [0, 2], 0, "clients"),
  api(61, "DescribeProducers", [0, 0], 0, "clients"),
  api(62, "BrokerRegistration", [0, 4], 0, "controllers"),
  api(63, "BrokerHeartbeat", [0, 2], 0, "controllers"),
  api(64, "UnregisterBroker", [0, 0], 0, "clients"),
  api(65, "DescribeTransactions", [0, 0], 0, "clients"),
  api(66, "ListTransactions", [0, 2], 0, "clients"),
  api(67, "AllocateProducerIds", [0, 0], 0, "controllers"),
  api(68, "ConsumerGroupHeartbeat", [0, 1], 0, "clients"),
  api(69, "ConsumerGroupDescribe", [0, 1], 0, "clients"),
  api(70, "ControllerRegistration", [0, 0], 0, "controllers"),
  api(71, "GetTelemetrySubscriptions", [0, 0], 0, "telemetry"),
  api(72, "PushTelemetry", [0, 0], 0, "telemetry"),
  api(73, "AssignReplicasToDirs", [0, 0], 0, "controllers"),
  api(74, "ListConfigResources", [0, 1], 0, "clients"),
  api(75, "DescribeTopicPartitions", [0, 0], 0, "clients"),
  api(76, "ShareGroupHeartbeat", [1, 1], 0, "clients"),
  api(77, "ShareGroupDescribe", [1, 1], 0, "clients"),
  api(78, "ShareFetch", [1, 2], 0, "clients"),
  api(79, "ShareAcknowledge", [1, 2], 0, "clients"),
  api(80, "AddRaftVoter", [0, 1], 0, "clients"),
  api(81, "RemoveRaftVoter", [0, 0], 0, "clients"),
  api(82, "UpdateRaftVoter", [0, 0], 0, "controllers"),
  api(83, "InitializeShareGroupState", [0, 0], 0, "clients"),
  api(84, "ReadShareGroupState", [0, 0], 0, "clients"),
  api(85, "WriteShareGroupState", [0, 1], 0, "clients"),
  api(86, "DeleteShareGroupState", [0, 0], 0, "clients"),
  api(87, "ReadShareGroupStateSummary", [0, 1], 0, "clients"),
  api(88, "StreamsGroupHeartbeat", [0, 0], 0, "clients"),
  api(89, "StreamsGroupDescribe", [0, 0], 0, "clients"),
  api(90, "DescribeShareGroupOffsets", [0, 1], 0, "clients"),
  api(91, "AlterShareGroupOffsets", [0, 0], 0, "clients"),
  api(92, "DeleteShareGroupOffsets", [0, 0], 0, "clients"),
  api(93, "StreamsGroupTopologyDescriptionUpdate", [0, 0], 0, "later"),
  api(94, "UnregisterController", [0, 0], 0, "later"),
];

const byKey: (ApiKeyEntry | undefined)[] = [];
for (const entry of apiKeys) byKey[entry.key] = entry;

/** Undefined for a key that never was or is no more (4 to 7 went with ZooKeeper). */
export function apiKeyEntry(key: number): ApiKeyEntry | undefined {
  return byKey[key];
}

/**
 * What ApiVersions says: Produce begins at 0 although 3 is the first version served, because librdkafka
 * takes the absence of 0 for the absence of message format 2 (KAFKA-18659).
 */
export function advertisedVersions(entry: ApiKeyEntry): { from: number; to: number } {
  return { from: entry.key === 0 ? 0 : entry.versions.from, to: entry.versions.to };
}

/** Whether a version is flexible, be it served or not: what the form of the header depends on. */
export function isFlexible(entry: ApiKeyEntry, version: number): boolean {
  return entry.flexibleFrom !== null && version >= entry.flexibleFrom;
}

function api(
  key: number,
  name: string,
  versions: readonly [from: number, to: number],
  flexibleFrom: number | null,
  audience: Audience,
): ApiKeyEntry {
  return { key, name, versions: { from: versions[0], to: versions[1] }, flexibleFrom, audience };
}
