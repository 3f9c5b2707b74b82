// What the metadata image holds: Kafka's TopicImage, PartitionRegistration and BrokerRegistration as plain, frozen-by-convention values.
// Nobody changes one of these after it was made; a change makes a new one, so a holder keeps a consistent view.

/** No replica leads the partition now. */
export const NO_LEADER = -1;

export interface PartitionImage {
  /** In order of preference. */
  readonly replicas: readonly number[];
  /** The log directory of each replica, in the order of `replicas` (KIP-858). */
  readonly directories: readonly string[];
  readonly isr: readonly number[];
  readonly removingReplicas: readonly number[];
  readonly addingReplicas: readonly number[];
  /** KIP-966: replicas that left the ISR while it was below min.insync.replicas and may still be elected. */
  readonly eligibleLeaderReplicas: readonly number[];
  readonly lastKnownElr: readonly number[];
  /** A broker id, or NO_LEADER. */
  readonly leader: number;
  /** 0 recovered, 1 recovering from an unclean election. */
  readonly leaderRecoveryState: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
}

export interface TopicImage {
  readonly name: string;
  readonly id: string;
  /** By partition index; there are no holes. */
  readonly partitions: readonly PartitionImage[];
}

export interface BrokerEndPoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Kafka's SecurityProtocol id; 0 is PLAINTEXT. */
  readonly securityProtocol: number;
}

export interface SupportedFeature {
  readonly name: string;
  readonly minSupportedVersion: number;
  readonly maxSupportedVersion: number;
}

export interface BrokerImage {
  readonly id: number;
  /** The offset of the record that registered it, so a later registration has a higher one. */
  readonly epoch: number;
  /** New with every start of the broker process. */
  readonly incarnationId: string;
  readonly endPoints: readonly BrokerEndPoint[];
  readonly features: readonly SupportedFeature[];
  readonly rack: string | null;
  /** A fenced broker is registered but leads nothing and is not told to clients. */
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
  readonly logDirs: readonly string[];
  readonly cordonedLogDirs: readonly string[] | null;
}

/** What configs hang on: Kafka's ConfigResource.Type. */
export const configResource = { TOPIC: 2, BROKER: 4, BROKER_LOGGER: 8, CLIENT_METRICS: 16, GROUP: 32 } as const;
