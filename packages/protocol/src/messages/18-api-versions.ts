// ApiVersions: which APIs and versions the broker serves. The response header stays at version 0 for ever, so that a
// client of any age can read it; an unsupported request version is answered in version 0 (KIP-511). Version 5 checks
// who is called (KIP-1242).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const supportedFeatureKey = {
  name: string("3+"),
  minVersion: int16("3+"),
  maxVersion: int16("3+"),
};

const finalizedFeatureKey = {
  name: string("3+"),
  maxVersionLevel: int16("3+"),
  minVersionLevel: int16("3+"),
};

export const apiVersionsApi = defineApi({
  key: 18,
  name: "ApiVersions",
  versions: "0-5",
  flexibleFrom: 3,
  request: {
    clientSoftwareName: string("3+", { ignorable: true }),
    clientSoftwareVersion: string("3+", { ignorable: true }),
    clusterId: string("5+", { nullable: "5+", default: null, ignorable: true }),
    nodeId: int32("5+", { default: -1, ignorable: true }),
  },
  response: {
    errorCode: int16("0+"),
    apiKeys: array("0+", {
      apiKey: int16("0+"),
      minVersion: int16("0+"),
      maxVersion: int16("0+"),
    }),
    throttleTimeMs: int32("1+", { ignorable: true }),
    supportedFeatures: array("3+", supportedFeatureKey, { tag: 0, ignorable: true }),
    finalizedFeaturesEpoch: int64("3+", { default: -1, tag: 1, ignorable: true }),
    finalizedFeatures: array("3+", finalizedFeatureKey, { tag: 2, ignorable: true }),
    zkMigrationReady: boolean("3+", { default: false, tag: 3, ignorable: true }),
  },
});

export type ApiVersionsRequest = Decoded<typeof apiVersionsApi.request>;
export type ApiVersionsRequestInput = Input<typeof apiVersionsApi.request>;
export type ApiVersionsResponse = Decoded<typeof apiVersionsApi.response>;
export type ApiVersionsResponseInput = Input<typeof apiVersionsApi.response>;
