// The features that ApiVersions tells (KIP-584): what this broker could run, and the levels that the cluster has finalized.
// Only metadata.version is finalized by Ottla; a folder that Kafka wrote can hold others, which are told when they are supported here.

import type { MetadataImage } from "@ottla/metadata";

export interface FeaturesView {
  supported: { name: string; minVersion: number; maxVersion: number }[];
  finalized: { name: string; minVersionLevel: number; maxVersionLevel: number }[];
  /** The offset of the metadata that was looked at, so that clients can tell older from newer. */
  epoch: number;
}

/** The features of this release, with the range of levels that it understands. */
export function describeFeatures(image: MetadataImage): FeaturesView {
  const supported = supportedFeatures.map(({ name, minSupportedVersion, maxSupportedVersion }) => ({
    name, minVersion: minSupportedVersion, maxVersion: maxSupportedVersion,
  }));
  const finalized = [];
  for (const { name } of supportedFeatures) {
    const level = image.feature(name);
    if (level > 0) finalized.push({ name, minVersionLevel: level, maxVersionLevel: level });
  }
  return { supported, finalized, epoch: image.offset };
}
