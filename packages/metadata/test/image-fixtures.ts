// Small metadata for tests: brokers, topics, images made of records, and the context that deciders look at.

import { SeededRandom } from "@ottla/base";
import { readBrokerProperties } from "../src/configs/broker-config.ts";
import type { BrokerConfig } from "../src/configs/broker-config.ts";
import { effectiveConfig } from "../src/controller/decision.ts";
import type { DecisionContext } from "../src/controller/decision.ts";
import { ImageDraft } from "../src/image/image-draft.ts";
import { MetadataImage } from "../src/image/metadata-image.ts";
import { replay } from "../src/image/replay.ts";
import { newClusterRecords } from "../src/records/feature-levels.ts";
import { makeRecord } from "../src/records/metadata-record.ts";
import type { MetadataRecord, RecordValue } from "../src/records/metadata-record.ts";

/** The log directory of broker `id`. */
export function directoryOf(id: number): string {
  return Buffer.alloc(16, 100 + id).toString("base64url");
}

export interface BrokerTraits {
  readonly rack?: string | null;
  readonly fenced?: boolean;
  readonly inControlledShutdown?: boolean;
  readonly epoch?: number;
  readonly logDirs?: string[];
  readonly cordonedLogDirs?: string[] | null;
}

export function broker(id: number, traits: BrokerTraits = {}): MetadataRecord {
  const value = {
    brokerId: id,
    isMigratingZkBroker: false,
    incarnationId: Buffer.alloc(16, id).toString("base64url"),
    brokerEpoch: traits.epoch ?? 100 + id,
    endPoints: [{ name: "PLAINTEXT", host: `host${id}`, port: 9092, securityProtocol: 0 }],
    features: [],
    rack: traits.rack ?? null,
    fenced: traits.fenced ?? false,
    inControlledShutdown: traits.inControlledShutdown ?? false,
    logDirs: traits.logDirs ?? [directoryOf(id)],
    cordonedLogDirs: traits.cordonedLogDirs ?? null,
  };
  return makeRecord("registerBroker", value, 4);
}

/** A topic id that shows its name's number. */
export function topicId(number: number): string {
  return Buffer.alloc(16, 0x40 + number).toString("base64url");
}

export function topic(number: number, name: string): MetadataRecord {
  return makeRecord("topic", { name, topicId: topicId(number) });
}

export function partition(
  number: number,
  partitionId: number,
  replicas: number[],
  traits: Partial<RecordValue<"partition">> = {},
): MetadataRecord {
  const value = {
    partitionId,
    topicId: topicId(number),
    replicas,
    isr: replicas,
    removingReplicas: [],
    addingReplicas: [],
    leader: replicas[0]!,
    leaderRecoveryState: 0,
    leaderEpoch: 0,
    partitionEpoch: 0,
    directories: replicas.map(directoryOf),
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
    ...traits,
  };
  return makeRecord("partition", value, 2);
}

export function config(type: number, name: string, key: string, value: string | null): MetadataRecord {
  return makeRecord("config", { resourceType: type, resourceName: name, name: key, value });
}

/** A new cluster with these records behind its features. */
export function imageOf(...records: MetadataRecord[]): MetadataImage {
  return extend(MetadataImage.empty(), ...newClusterRecords(), ...records);
}

export function extend(image: MetadataImage, ...records: readonly MetadataRecord[]): MetadataImage {
  const draft = new ImageDraft(image);
  for (const record of records) replay(draft, record);
  return draft.finish(image.offset + records.length, 1).image;
}

/** What a decider sees on node 1 with these lines of server.properties. */
export function contextOf(image: MetadataImage, properties: Record<string, string> = {}): DecisionContext {
  const { config: given } = readBrokerProperties(new Map(Object.entries(properties)));
  return {
    image,
    config: effectiveConfig(given, 1, image),
    nodeId: 1,
    random: new SeededRandom(7),
    nextOffset: 1000,
  };
}

export function brokerConfigOf(properties: Record<string, string> = {}): BrokerConfig {
  return readBrokerProperties(new Map(Object.entries(properties))).config;
}

/** Records as one line each, for tables: the kind and what was given. */
export function lines(records: readonly MetadataRecord[]): string[] {
  return records.map(
    (record) => `${record.kind} ${JSON.stringify("value" in record ? meaningful(record.value) : record.apiKey)}`,
  );
}

/** Without what says nothing: nulls, "did not change", lists that are nearly always empty. */
function meaningful(value: object): Record<string, unknown> {
  const oftenEmpty = ["removingReplicas", "addingReplicas", "logDirs"];
  const entries = Object.entries(value).filter(([key, field]) => {
    if (field === null || (Array.isArray(field) && field.length === 0 && oftenEmpty.includes(key))) return false;
    if (key === "leader" && field === -2) return false;
    return !(key === "leaderRecoveryState" && field === -1);
  });
  return Object.fromEntries(entries);
}
