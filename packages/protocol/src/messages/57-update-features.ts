// UpdateFeatures: finalizes feature levels such as metadata.version (KIP-584).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const updatableFeatureResult = {
  feature: string("0+"),
  errorCode: int16("0+"),
  errorMessage: string("0+", { nullable: "0+" }),
};

export const updateFeaturesApi = defineApi({
  key: 57,
  name: "UpdateFeatures",
  versions: "0-2",
  flexibleFrom: 0,
  request: {
    timeoutMs: int32("0+", { default: 60000 }),
    featureUpdates: array("0+", {
      feature: string("0+"),
      maxVersionLevel: int16("0+"),
      allowDowngrade: boolean("0"),
      upgradeType: int8("1+", { default: 1 }),
    }),
    validateOnly: boolean("1+", { default: false }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+" }),
    results: array("0-1", updatableFeatureResult, { ignorable: true }),
  },
});

export type UpdateFeaturesRequest = Decoded<typeof updateFeaturesApi.request>;
export type UpdateFeaturesRequestInput = Input<typeof updateFeaturesApi.request>;
export type UpdateFeaturesResponse = Decoded<typeof updateFeaturesApi.response>;
export type UpdateFeaturesResponseInput = Input<typeof updateFeaturesApi.response>;
