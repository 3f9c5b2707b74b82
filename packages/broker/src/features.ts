// The features that ApiVersions tells (KIP-584): what this broker can run, and the levels that the cluster has finalized.
// The metadata log keeps the levels of a whole Kafka, so that Kafka can take the folder over; clients are told only
// of those whose work is done here, because they act on them (transaction.version, group.version, share.version).

import { supportedFeatures } from "@ottla/metadata";
import type { MetadataImage } from "@ottla/metadata";

export interface FeaturesView {
  supported: { name: string; minVersion: number; maxVersion: number }[];
  finalized: { name: string; minVersionLevel: number; maxVersionLevel: number }[];
  /** The offset of the metadata that was looked at, so that clients can tell older from newer. */
  epoch: number;
}

const TOLD: ReadonlySet<string> = new Set(["metadata.version", "group.version", "transaction.version"]);

export function describeFeatures(image: MetadataImage): FeaturesView {
  const view: FeaturesView = { supported: [], finalized: [], epoch: image.offset };
  for (const { name, minSupportedVersion, maxSupportedVersion } of supportedFeatures) {
    if (!TOLD.has(name)) continue;
    view.supported.push({ name, minVersion: minSupportedVersion, maxVersion: maxSupportedVersion });
    const level = image.feature(name);
    if (level > 0) view.finalized.push({ name, minVersionLevel: level, maxVersionLevel: level });
  }
  return view;
}
