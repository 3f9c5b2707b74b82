// ApiVersions: which API keys and versions this broker serves, and its features. Versions 0 to 4; the list is derived
// from the list of handlers, so a key that is not served cannot be told. The response header is version 0 always (KIP-511).

import { advertisedVersions, apiKeyEntry, errorCodes } from "@ottla/protocol";
import type { Input } from "@ottla/protocol";
import { apiVersionsApi } from "@ottla/protocol/messages/18-api-versions.ts";
import type { ApiVersionsRequest } from "@ottla/protocol/messages/18-api-versions.ts";
import type { Handler } from "../handler.ts";

type Answer = Input<typeof apiVersionsApi.response>;

export const API_VERSIONS_KEY = 18;

// Letters, digits, dots and dashes, beginning and ending with a letter or digit, as KIP-511 asks of a client's name and version.
const SOFTWARE_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

export const apiVersionsHandler: Handler<ApiVersionsRequest, Answer> = {
  api: apiVersionsApi,
  handle(request, context) {
    const { apiVersion, broker } = context;
    if (
      apiVersion >= 3 &&
      !(SOFTWARE_NAME.test(request.clientSoftwareName) && SOFTWARE_NAME.test(request.clientSoftwareVersion))
    ) {
      return { errorCode: errorCodes.INVALID_REQUEST, apiKeys: [], throttleTimeMs: 0 };
    }
    const features = broker.features();
    return {
      errorCode: errorCodes.NONE,
      apiKeys: broker.servedKeys.map(versionRange),
      throttleTimeMs: 0,
      // KAFKA-17011: clients of versions below 4 refuse a feature that begins at level 0.
      supportedFeatures:
        apiVersion < 4 ? features.supported.filter(({ minVersion }) => minVersion > 0) : features.supported,
      finalizedFeaturesEpoch: features.epoch,
      finalizedFeatures: features.finalized,
    };
  },
};

/** The answer to an ApiVersions version that this broker does not know. */
export function unsupportedApiVersions(): Answer {
  return { errorCode: errorCodes.UNSUPPORTED_VERSION, apiKeys: [versionRange(API_VERSIONS_KEY)], throttleTimeMs: 0 };
}

function versionRange(apiKey: number): { apiKey: number; minVersion: number; maxVersion: number } {
  const { from, to } = advertisedVersions(apiKeyEntry(apiKey)!);
  return { apiKey, minVersion: from, maxVersion: to };
}
