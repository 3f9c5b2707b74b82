// Features of the cluster and their levels, such as metadata.version (KIP-584, KIP-778). Java: Admin.describeFeatures, updateFeatures.

import { errorCodes } from "@ottla/protocol";
import { apiVersionsApi } from "@ottla/protocol/messages/18-api-versions.ts";
import { updateFeaturesApi } from "@ottla/protocol/messages/57-update-features.ts";
import { brokerError } from "../errors.ts";
import type { CallOptions } from "../records.ts";
import { needsVersion, throwOnError } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";
import { performKeyed } from "./keyed.ts";
import type { Outcome } from "./keyed.ts";
import { controllerOf } from "./lookups.ts";

export interface DescribeFeaturesOptions extends CallOptions {
  /** Which broker's supported levels to tell. Default: any broker. */
  readonly nodeId?: number;
}

/** Levels from `min` to `max`. */
export interface FeatureRange {
  readonly min: number;
  readonly max: number;
}

export interface FeatureDescription {
  /** What the cluster uses, by feature. */
  readonly finalized: ReadonlyMap<string, FeatureRange>;
  /** Rises with every change; null when the broker does not tell. */
  readonly finalizedEpoch: number | null;
  /** What the broker that answered can do, by feature. */
  readonly supported: ReadonlyMap<string, FeatureRange>;
}

/** SAFE_DOWNGRADE loses nothing, UNSAFE_DOWNGRADE may lose metadata. */
export type FeatureUpgradeType = "UPGRADE" | "SAFE_DOWNGRADE" | "UNSAFE_DOWNGRADE";
const upgradeTypes: Readonly<Record<FeatureUpgradeType, number>> = {
  UPGRADE: 1,
  SAFE_DOWNGRADE: 2,
  UNSAFE_DOWNGRADE: 3,
};

export interface FeatureUpdate {
  readonly feature: string;
  /** 0 turns the feature off; that is a downgrade. */
  readonly maxVersionLevel: number;
  /** Default "UPGRADE". */
  readonly upgradeType?: FeatureUpgradeType;
}

export interface UpdateFeaturesOptions extends CallOptions {
  /** Default false. */
  readonly validateOnly?: boolean;
}

/** Java: Admin.describeFeatures. Brokers tell it in ApiVersions. */
export async function describeFeatures(call: AdminCall, options: DescribeFeaturesOptions): Promise<FeatureDescription> {
  const response = await call.retry(async () => {
    const answer = await call.send(options.nodeId ?? null, apiVersionsApi, {
      clientSoftwareName: "ottla",
      clientSoftwareVersion: "admin",
    });
    throwOnError(answer.errorCode);
    return answer;
  });
  return {
    finalized: new Map(
      response.finalizedFeatures.map((each) => [each.name, { min: each.minVersionLevel, max: each.maxVersionLevel }]),
    ),
    finalizedEpoch: response.finalizedFeaturesEpoch < 0 ? null : response.finalizedFeaturesEpoch,
    supported: new Map(
      response.supportedFeatures.map((each) => [each.name, { min: each.minVersion, max: each.maxVersion }]),
    ),
  };
}

/** Java: Admin.updateFeatures. From version 2 on, all updates succeed or fail together. */
export async function updateFeatures(
  call: AdminCall,
  updates: readonly FeatureUpdate[],
  options: UpdateFeaturesOptions,
): Promise<void> {
  const wanted = new Map(updates.map((update) => [update.feature, update]));
  await performKeyed<string, null>(call, {
    keys: wanted.keys(),
    locate: controllerOf,
    perform: async (nodeId, features) => {
      const response = await call.send(nodeId, updateFeaturesApi, (version) => {
        if (options.validateOnly === true) needsVersion(updateFeaturesApi, version, 1, "only validating");
        return {
          timeoutMs: call.requestTimeoutMs,
          featureUpdates: features.map((feature) => {
            const { maxVersionLevel, upgradeType = "UPGRADE" } = wanted.get(feature)!;
            // Version 0 has a flag instead of the type.
            const allowDowngrade = version === 0 && upgradeType !== "UPGRADE";
            return {
              feature,
              maxVersionLevel,
              allowDowngrade,
              ...(version === 0 ? {} : { upgradeType: upgradeTypes[upgradeType] }),
            };
          }),
          validateOnly: options.validateOnly ?? false,
        };
      });
      if (response.errorCode === errorCodes.NOT_CONTROLLER) throwOnError(response.errorCode, response.errorMessage);
      if (response.errorCode !== errorCodes.NONE || response.results.length === 0)
        return new Map(features.map((feature) => [feature, featureOutcome(response)]));
      return new Map(response.results.map((result) => [result.feature, featureOutcome(result)]));
    },
  });
}

function featureOutcome({
  errorCode,
  errorMessage,
}: {
  errorCode: number;
  errorMessage: string | null;
}): Outcome<null> {
  return errorCode === errorCodes.NONE ? { value: null } : { error: brokerError(errorCode, errorMessage) };
}
