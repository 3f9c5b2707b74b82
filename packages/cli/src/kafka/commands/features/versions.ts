// Which levels of features go with which metadata.version, as of Kafka 4.3 (MetadataVersion, Feature and its versions). Pure.

import { CommandFailure } from "../../command-failure.ts";

/** By level, from MINIMUM_LEVEL on. */
const names = [
  "3.3-IV3",
  "3.4-IV0",
  "3.5-IV0",
  "3.5-IV1",
  "3.5-IV2",
  "3.6-IV0",
  "3.6-IV1",
  "3.6-IV2",
  "3.7-IV0",
  "3.7-IV1",
  "3.7-IV2",
  "3.7-IV3",
  "3.7-IV4",
  "3.8-IV0",
  "3.9-IV0",
  "4.0-IV0",
  "4.0-IV1",
  "4.0-IV2",
  "4.0-IV3",
  "4.1-IV0",
  "4.1-IV1",
  "4.2-IV0",
  "4.2-IV1",
  "4.3-IV0",
  "4.4-IV0",
] as const;
type MetadataVersionName = (typeof names)[number];

const MINIMUM_LEVEL = 7;
export const LATEST_PRODUCTION: MetadataVersionName = "4.3-IV0";
export const METADATA_VERSION = "metadata.version";

/** For each level of a feature, the first metadata.version that has it by default, and what it needs besides. */
interface FeatureLevel {
  readonly from: MetadataVersionName;
  readonly needs?: Readonly<Record<string, number>>;
}

export const features: Readonly<Record<string, readonly FeatureLevel[]>> = {
  "kraft.version": [{ from: "3.3-IV3" }, { from: "3.9-IV0" }],
  "transaction.version": [{ from: "3.3-IV3" }, { from: "4.0-IV2" }, { from: "4.0-IV2" }],
  "group.version": [{ from: "3.3-IV3" }, { from: "4.0-IV0" }],
  "eligible.leader.replicas.version": [{ from: "3.3-IV3" }, { from: "4.1-IV0", needs: { [METADATA_VERSION]: 23 } }],
  "share.version": [{ from: "3.3-IV3" }, { from: "4.2-IV0" }],
  "streams.version": [{ from: "3.3-IV3" }, { from: "4.2-IV1" }],
};

const levelOf = (name: MetadataVersionName): number => names.indexOf(name) + MINIMUM_LEVEL;

/** Undefined for a level that Kafka 4.3 does not know. */
export function metadataVersionName(level: number): string | undefined {
  return names[level - MINIMUM_LEVEL];
}

/** Of a name such as 4.0-IV1, or of a release such as 4.0 or 4.0.2, its last one. @throws CommandFailure */
export function metadataVersionLevel(text: string): number {
  const key = text.split(".").slice(0, 2).join(".");
  const last = names.findLast((name) => name === key || name.split("-")[0] === key);
  if (last !== undefined) return levelOf(last);
  throw new CommandFailure(`Unknown metadata.version '${text}'. Supported metadata.version are: ${names.join(", ")}`);
}

/** The level that a feature has by default with this metadata.version. */
export function defaultLevel(feature: string, metadataLevel: number): number {
  return features[feature]!.findLastIndex(({ from }) => levelOf(from) <= metadataLevel);
}

/** As kafka-features shows a level: metadata.version by its name. */
export function levelText(feature: string, level: number): string {
  return feature === METADATA_VERSION ? (metadataVersionName(level) ?? `UNKNOWN ${level}`) : String(level);
}
