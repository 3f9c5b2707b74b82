// `kafka-broker-api-versions`: which APIs each broker serves, and which version of each both sides know.
// Kafka: org.apache.kafka.tools.BrokerApiVersionsCommand. The brokers themselves are asked without the client, which keeps to itself what it
// learns of APIs; so those that want TLS or SASL cannot be asked.

import type { ClusterNode } from "@ottla/client";
import { apiKeyEntry, apiKeys } from "@ottla/protocol";
import { CommandError } from "../../command-error.ts";
import { askForVersions } from "../../wire/ask-api-versions.ts";
import { withAdmin } from "../client/connect.ts";
import { CommandFailure } from "../command-failure.ts";
import type { KafkaCommand } from "../command-io.ts";
import { reportingFailures } from "../failure.ts";
import { Checks } from "../options/checks.ts";
import { option, optionTable } from "../options/option-table.ts";
import { parseOptions } from "../options/parse-options.ts";
import { loadProperties } from "../text/properties-text.ts";

const table = optionTable([
  option("command-config", "command config property file", "Properties file with configs of the admin client."),
  option("bootstrap-server", "server(s) to use for bootstrapping", "REQUIRED: the broker to connect to."),
]);

export interface ServedApi {
  readonly apiKey: number;
  readonly minVersion: number;
  readonly maxVersion: number;
}

export const brokerApiVersions: KafkaCommand = (words, io) =>
  reportingFailures(io, async () => {
    const options = parseOptions(table, words);
    const checks = new Checks(io, options);
    checks.helpOrVersion("This tool helps to retrieve broker version information.");
    checks.required("bootstrap-server");
    const configFile = options.text("command-config");
    if (configFile !== undefined) await refuseSecurity(configFile);
    const servers = options.text("bootstrap-server")!;
    const { nodes } = await withAdmin({ servers, configFile }, (admin) => admin.describeCluster());
    for (const node of nodes.values()) io.out(`${nodeText(node)} -> ${await versionsText(node)}`);
  });

async function refuseSecurity(configFile: string): Promise<void> {
  const protocol = (await loadProperties(configFile)).get("security.protocol")?.toUpperCase() ?? "PLAINTEXT";
  if (protocol !== "PLAINTEXT") {
    throw new CommandFailure(
      `security.protocol=${protocol} is not supported by this command: it asks each broker in plain text`,
    );
  }
}

/** Node.toString() */
function nodeText({ nodeId, host, port, rack, isFenced }: ClusterNode): string {
  return `${host}:${port} (id: ${nodeId} rack: ${rack} isFenced: ${isFenced})`;
}

async function versionsText({ host, port }: ClusterNode): Promise<string> {
  try {
    const response = await askForVersions({ host, port });
    return `(\n\t${apiLines(response.apiKeys).join(",\n\t")}\n)`;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return `ERROR: ${error.message}`;
  }
}

/** NodeApiVersions: by rising key, with those that the broker does not serve. */
export function apiLines(served: readonly ServedApi[]): string[] {
  const lines = new Map(served.map((api) => [api.apiKey, apiLine(api)]));
  for (const { key, name, audience } of apiKeys) {
    const isForClients = audience === "clients" || audience === "telemetry";
    if (isForClients && !lines.has(key)) lines.set(key, `${name}(${key}): UNSUPPORTED`);
  }
  return [...lines].sort(([one], [other]) => one - other).map(([, line]) => line);
}

function apiLine({ apiKey, minVersion, maxVersion }: ServedApi): string {
  const range = minVersion === maxVersion ? `${minVersion}` : `${minVersion} to ${maxVersion}`;
  const known = apiKeyEntry(apiKey);
  if (known === undefined || known.audience === "later") return `UNKNOWN(${apiKey}): ${range}`;
  const { from, to } = known.versions;
  const usable =
    to < minVersion
      ? "[unusable: node too new]"
      : maxVersion < from
        ? "[unusable: node too old]"
        : `[usable: ${Math.min(to, maxVersion)}]`;
  return `${known.name}(${apiKey}): ${range} ${usable}`;
}
