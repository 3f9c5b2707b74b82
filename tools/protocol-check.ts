// Compares every schema of packages/protocol with Apache Kafka's own message definitions, field by field, where a copy of
// those lies beside the checkout: `node tools/protocol-check.ts` prints each difference and exits 1 if there is one.
// A definition without a schema, and a schema without a definition, is a difference as well.

import { apiKeys } from "@ottla/protocol";
import { allControlRecords } from "@ottla/protocol/control-records/all.ts";
import { allCoordinatorRecords } from "@ottla/protocol/coordinator-records/all.ts";
import { allEmbeddedData } from "@ottla/protocol/embedded-data/all.ts";
import { allApis } from "@ottla/protocol/messages/all.ts";
import { allMetadataRecords } from "@ottla/protocol/metadata-records/all.ts";
import type { MessageSchema } from "@ottla/protocol/schema/message-codec.ts";
import { compareMessage } from "./protocol-check/compare.ts";
import { definitionsFolder, readDefinitions } from "./protocol-check/definitions.ts";
import type { Definition } from "./protocol-check/definitions.ts";

/** One message on our side, with the number that Kafka files it under. */
export interface CheckedMessage {
  readonly apiKey: number | null;
  readonly schema: MessageSchema;
}

/** Definitions that no schema stands for, and why that is right. */
const withoutSchema: { readonly [name: string]: string } = {
  RequestHeader: "written by hand, because its form depends on the API",
  ResponseHeader: "written by hand, because its form depends on the API",
};

export interface CheckResult {
  differences: string[];
  advertisedApis: number;
  otherApis: number;
  records: number;
}

export const apiMessages: readonly CheckedMessage[] = allApis.flatMap(({ key, request, response }) => [
  { apiKey: key, schema: request.schema },
  { apiKey: key, schema: response.schema },
]);

export const recordMessages: readonly CheckedMessage[] = [
  ...allCoordinatorRecords,
  ...allMetadataRecords,
  ...allControlRecords,
  ...allEmbeddedData,
];

/** Compares all messages with all definitions. */
export function checkProtocol(messages: readonly CheckedMessage[], definitions: readonly Definition[]): CheckResult {
  const differences: string[] = [];
  const byName = new Map(messages.map((message) => [message.schema.name, message]));
  const found = new Set<string>();
  for (const definition of definitions) {
    if (definition.validVersions === "none" || withoutSchema[definition.name] !== undefined) continue;
    const message = byName.get(definition.name);
    if (message === undefined) {
      differences.push(`${definition.name}: no schema for ${definition.path}`);
      continue;
    }
    found.add(definition.name);
    if (message.apiKey !== (definition.apiKey ?? null)) {
      differences.push(`${definition.name}: apiKey is ${message.apiKey}, not ${definition.apiKey}`);
    }
    differences.push(...compareMessage(message.schema, definition));
  }
  for (const name of byName.keys()) {
    if (!found.has(name)) differences.push(`${name}: no definition for this schema`);
  }
  const advertised = apiKeys.filter(({ audience }) => audience === "clients").map(({ key }) => key);
  const checkedApis = new Set(
    messages.filter(({ schema }) => schema.name.endsWith("Request")).map(({ apiKey }) => apiKey),
  );
  const advertisedApis = advertised.filter((key) => checkedApis.has(key)).length;
  const records = messages.filter(({ schema }) => !/(?:Request|Response)$/.test(schema.name)).length;
  return { differences, advertisedApis, otherApis: checkedApis.size - advertisedApis, records };
}

/** What the check prints last. */
export function summary({ differences, advertisedApis, otherApis, records }: CheckResult): string {
  const others = `${otherApis} others, ${records} records and embedded structures`;
  return `protocol: ${advertisedApis} APIs that a broker advertises to clients, ${others}: ${differences.length} differences`;
}

function main(): void {
  const definitions = readDefinitions(definitionsFolder);
  if (definitions === null) {
    console.log(`protocol: skipped, Kafka's message definitions are not at ${definitionsFolder}`);
    return;
  }
  const result = checkProtocol([...apiMessages, ...recordMessages], definitions);
  for (const difference of result.differences) console.log(difference);
  console.log(summary(result));
  if (result.differences.length > 0) process.exitCode = 1;
}

if (import.meta.main) main();
