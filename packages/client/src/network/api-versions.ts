// Which versions both sides know. The table is made once per connection from the broker's ApiVersions answer and api-keys.ts.
// Asking begins with version 4; a broker that is older answers in version 0 with UNSUPPORTED_VERSION and says what it knows (KIP-511).

import type { ByteReader } from "@ottla/base";
import { apiKeyEntry, errorCodes } from "@ottla/protocol";
import { apiVersionsApi } from "@ottla/protocol/messages/18-api-versions.ts";
import type { ApiVersionsResponse } from "@ottla/protocol/messages/18-api-versions.ts";
import type { AnyApi } from "./cluster.ts";

/** What the broker logs about us (KIP-511). A test compares it with package.json. */
export const software = { name: "ottla-client", version: "0.1.0" } as const;

/** The version that a connection asks with first. */
export const FIRST_API_VERSIONS_VERSION = 4;

interface VersionRange {
  readonly from: number;
  readonly to: number;
}

/** The broker's ranges by API key. */
export type BrokerVersions = readonly (VersionRange | undefined)[];

export function brokerVersions(response: ApiVersionsResponse): BrokerVersions {
  const ranges: (VersionRange | undefined)[] = [];
  for (const { apiKey, minVersion, maxVersion } of response.apiKeys)
    ranges[apiKey] = { from: minVersion, to: maxVersion };
  return ranges;
}

/** The highest version of the API that the broker, api-keys.ts and the caller know, or -1. */
export function commonVersion(broker: BrokerVersions, api: AnyApi, maxVersion = Infinity): number {
  const theirs = broker[api.key];
  const ours = apiKeyEntry(api.key)?.versions ?? api.versions;
  if (theirs === undefined) return -1;
  const highest = Math.min(theirs.to, ours.to, api.versions.to, maxVersion);
  return highest >= Math.max(theirs.from, ours.from, api.versions.from) ? highest : -1;
}

/** The version to ask with after the broker refused `asked`, or -1 when there is none. */
export function nextApiVersionsVersion(response: ApiVersionsResponse, asked: number): number {
  const range = response.apiKeys.find(({ apiKey }) => apiKey === apiVersionsApi.key);
  const next = Math.min(range?.maxVersion ?? 0, FIRST_API_VERSIONS_VERSION);
  return next < asked ? next : -1;
}

/** The version in which an answer is written: that of the request, but 0 when the broker does not know ours of ApiVersions. */
export function answeredVersion(apiKey: number, asked: number, reader: ByteReader): number {
  if (apiKey !== apiVersionsApi.key || reader.remaining() < 2) return asked;
  const errorCode = reader.buffer.readInt16BE(reader.offset);
  return errorCode === errorCodes.UNSUPPORTED_VERSION ? 0 : asked;
}
