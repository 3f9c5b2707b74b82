// The first records of a metadata log, and the last of one whose former controller stopped inside a transaction:
// Kafka's ActivationRecordsGenerator.

import { configResource } from "../image/image-types.ts";
import {
  ELIGIBLE_LEADER_REPLICAS_VERSION,
  METADATA_VERSION,
  newClusterRecords,
  recordVersions,
} from "../records/feature-levels.ts";
import { makeRecord } from "../records/metadata-record.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";

/**
 * For an empty log: the formatted records (a new cluster's when null) in one transaction. With eligible leader replicas (KIP-966) the
 * cluster gets its one min.insync.replicas, from the properties file as it is now; a later change of the file does not count.
 */
export function bootstrapRecords(
  formatted: readonly MetadataRecord[] | null,
  minInsyncReplicas: number,
): MetadataRecord[] {
  const records = [...(formatted ?? newClusterRecords())];
  if (levelIn(records, ELIGIBLE_LEADER_REPLICAS_VERSION) > 0) {
    const resource = { resourceType: configResource.BROKER, resourceName: "" };
    records.push(makeRecord("config", { ...resource, name: "min.insync.replicas", value: String(minInsyncReplicas) }));
  }
  if (!recordVersions(levelIn(records, METADATA_VERSION)).transactions) return records;
  const begin = makeRecord("beginTransaction", { name: "Bootstrap records" });
  return [begin, ...records, makeRecord("endTransaction", {})];
}

export function abortRecord(): MetadataRecord {
  return makeRecord("abortTransaction", { reason: "Controller failover" });
}

function levelIn(records: readonly MetadataRecord[], feature: string): number {
  let level = 0;
  for (const record of records) {
    if (record.kind === "featureLevel" && record.value.name === feature) level = record.value.featureLevel;
  }
  return level;
}
