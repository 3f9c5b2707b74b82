// The features that a cluster finalizes (KIP-584) and the record versions that follow from them, as of Kafka 4.3.
// A new cluster gets the levels that `kafka-storage format` of 4.3 writes; an older folder keeps its own, and records are written so that
// the Kafka it came from can still read them.

import type { SupportedFeature } from "../image/image-types.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { makeRecord } from "./metadata-record.ts";
import type { MetadataRecord } from "./metadata-record.ts";

export const METADATA_VERSION = "metadata.version";
export const ELIGIBLE_LEADER_REPLICAS_VERSION = "eligible.leader.replicas.version";

/** Levels of metadata.version at which something changed that matters here. */
const IBP_3_6_IV1 = 13;
const IBP_3_7_IV2 = 17;
const IBP_4_0_IV1 = 23;
const IBP_4_3_IV0 = 30;

/** The oldest level that Kafka 4 reads: 3.3-IV3. */
export const MINIMUM_METADATA_VERSION = 7;
export const LATEST_METADATA_VERSION = IBP_4_3_IV0;

/** What a node of this release can work with; a broker registers with it, and ApiVersions tells clients. */
export const supportedFeatures: readonly SupportedFeature[] = [
  { name: ELIGIBLE_LEADER_REPLICAS_VERSION, minSupportedVersion: 0, maxSupportedVersion: 1 },
  { name: "group.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
  { name: "kraft.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
  {
    name: METADATA_VERSION,
    minSupportedVersion: MINIMUM_METADATA_VERSION,
    maxSupportedVersion: LATEST_METADATA_VERSION,
  },
  { name: "share.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
  { name: "streams.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
  { name: "transaction.version", minSupportedVersion: 0, maxSupportedVersion: 2 },
];

/** In the order in which Kafka's formatter writes them. */
const newClusterLevels: readonly (readonly [string, number])[] = [
  [METADATA_VERSION, LATEST_METADATA_VERSION],
  [ELIGIBLE_LEADER_REPLICAS_VERSION, 1],
  ["group.version", 1],
  ["share.version", 1],
  ["streams.version", 1],
  ["transaction.version", 2],
];

/** What `kafka-storage format` puts into bootstrap.checkpoint. */
export function newClusterRecords(): MetadataRecord[] {
  return newClusterLevels.map(([name, featureLevel]) => makeRecord("featureLevel", { name, featureLevel }));
}

/** The versions in which records are written at a level of metadata.version. */
export interface RecordVersions {
  readonly registerBroker: number;
  readonly partition: number;
  readonly partitionChange: number;
  /** KIP-868: whether Begin and EndTransactionRecord may be written. */
  readonly transactions: boolean;
  /** KIP-858: whether replicas have directories. */
  readonly directories: boolean;
}

export function recordVersions(metadataVersion: number): RecordVersions {
  const directories = metadataVersion >= IBP_3_7_IV2;
  const partition = metadataVersion >= IBP_4_0_IV1 ? 2 : Number(directories);
  return {
    registerBroker: registerBrokerVersion(metadataVersion),
    partition,
    partitionChange: partition,
    transactions: metadataVersion >= IBP_3_6_IV1,
    directories,
  };
}

/** KIP-966: whether ELRs are kept. */
export function keepsEligibleLeaderReplicas(image: MetadataImage): boolean {
  return image.feature(ELIGIBLE_LEADER_REPLICAS_VERSION) > 0;
}

function registerBrokerVersion(metadataVersion: number): number {
  if (metadataVersion >= IBP_4_3_IV0) return 4;
  if (metadataVersion >= IBP_3_7_IV2) return 3;
  return metadataVersion >= 8 ? 2 : 1;
}
