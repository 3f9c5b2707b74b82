// The records that make an image, for a snapshot: replayed in this order into nothing, they give the same image.
// Their versions follow metadata.version, so that the Kafka that a folder came from can still read the snapshot.

import { METADATA_VERSION, recordVersions } from "../records/feature-levels.ts";
import type { RecordVersions } from "../records/feature-levels.ts";
import { makeRecord } from "../records/metadata-record.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";
import type { BrokerImage, PartitionImage } from "./image-types.ts";
import { parseResourceKey } from "./metadata-image.ts";
import type { MetadataImage } from "./metadata-image.ts";

/** metadata.version comes first: it says how to read the rest. */
export function* imageRecords(image: MetadataImage): Generator<MetadataRecord> {
  const versions = recordVersions(image.feature(METADATA_VERSION));
  yield* featureRecords(image);
  for (const broker of image.brokers()) yield brokerRecord(broker, versions);
  for (const topic of image.topics()) {
    yield makeRecord("topic", { name: topic.name, topicId: topic.id });
    for (const [index, partition] of topic.partitions.entries()) {
      yield partitionRecord(topic.id, index, partition, versions);
    }
  }
  for (const [key, configs] of image.parts.configs.entries()) {
    const { type: resourceType, name: resourceName } = parseResourceKey(key);
    for (const [name, value] of configs) yield makeRecord("config", { resourceType, resourceName, name, value });
  }
  if (image.parts.nextProducerId >= 0) {
    yield makeRecord("producerIds", { brokerId: -1, brokerEpoch: -1, nextProducerId: image.parts.nextProducerId });
  }
  yield* image.parts.verbatim;
}

function* featureRecords(image: MetadataImage): Generator<MetadataRecord> {
  const names = [...image.features().keys()].filter((name) => name !== METADATA_VERSION).sort();
  for (const name of [METADATA_VERSION, ...names]) {
    const featureLevel = image.feature(name);
    if (featureLevel > 0) yield makeRecord("featureLevel", { name, featureLevel });
  }
}

function brokerRecord(broker: BrokerImage, versions: RecordVersions): MetadataRecord {
  const value = {
    brokerId: broker.id,
    isMigratingZkBroker: false,
    incarnationId: broker.incarnationId,
    brokerEpoch: broker.epoch,
    endPoints: [...broker.endPoints],
    features: [...broker.features],
    rack: broker.rack,
    fenced: broker.fenced,
    inControlledShutdown: broker.inControlledShutdown,
    logDirs: [...broker.logDirs],
    cordonedLogDirs: broker.cordonedLogDirs === null ? null : [...broker.cordonedLogDirs],
  };
  return makeRecord("registerBroker", value, versions.registerBroker);
}

function partitionRecord(
  topicId: string,
  partitionId: number,
  partition: PartitionImage,
  versions: RecordVersions,
): MetadataRecord {
  const { eligibleLeaderReplicas, lastKnownElr } = partition;
  const value = {
    partitionId,
    topicId,
    replicas: [...partition.replicas],
    isr: [...partition.isr],
    removingReplicas: [...partition.removingReplicas],
    addingReplicas: [...partition.addingReplicas],
    leader: partition.leader,
    leaderRecoveryState: partition.leaderRecoveryState,
    leaderEpoch: partition.leaderEpoch,
    partitionEpoch: partition.partitionEpoch,
    directories: versions.directories ? [...partition.directories] : [],
    eligibleLeaderReplicas: eligibleLeaderReplicas.length === 0 ? null : [...eligibleLeaderReplicas],
    lastKnownElr: lastKnownElr.length === 0 ? null : [...lastKnownElr],
  };
  return makeRecord("partition", value, versions.partition);
}
