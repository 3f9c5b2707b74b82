// `ottla api-versions`: asks any broker of Kafka's protocol which APIs it serves.

import { apiKeyEntry } from "@ottla/protocol";
import { askForVersions } from "../wire/ask-api-versions.ts";
import { parseAddress } from "../wire/ask-broker.ts";

export interface ApiVersionsOptions {
  readonly json?: true;
}

/** @throws CommandError when there is no answer, or none that can be understood. */
export async function apiVersions(text: string, { json }: ApiVersionsOptions): Promise<void> {
  const response = await askForVersions(parseAddress(text));
  const apis = response.apiKeys
    .map(({ apiKey, minVersion, maxVersion }) => ({
      key: apiKey,
      name: apiKeyEntry(apiKey)?.name ?? null,
      from: minVersion,
      to: maxVersion,
    }))
    .sort((left, right) => left.key - right.key);
  if (json === true) {
    const { supportedFeatures, finalizedFeatures } = response;
    process.stdout.write(`${JSON.stringify({ address: text, apis, supportedFeatures, finalizedFeatures }, null, 2)}\n`);
    return;
  }
  const rows = apis.map(
    ({ key, name, from, to }) => `${String(key).padStart(3)}  ${(name ?? "(unknown)").padEnd(34)}${from}-${to}`,
  );
  process.stdout.write(
    [`${text} serves ${apis.length} APIs`, "", "key  name                              versions", ...rows, ""].join(
      "\n",
    ),
  );
}
