// Properties as Java's clients have them, from --command-config and --command-property, to the options of @ottla/client. What our client
// cannot do is refused by name: nothing is read and then ignored.

import { readFile } from "node:fs/promises";
import type { ClientOptions } from "@ottla/client";
import { PropertyError, asBoolean, asNumber, asText, only } from "./property-values.ts";
import type { PropertyTable } from "./property-values.ts";
import { saslOptions } from "./sasl-properties.ts";
import { tlsOptions } from "./tls-properties.ts";

const clientTable: PropertyTable = {
  "bootstrap.servers": [null, asText],
  "client.id": ["clientId", asText],
  "request.timeout.ms": ["requestTimeoutMs", asNumber],
  "default.api.timeout.ms": ["defaultApiTimeoutMs", asNumber],
  "retry.backoff.ms": ["retryBackoffMs", asNumber],
  "retry.backoff.max.ms": ["retryBackoffMaxMs", asNumber],
  "reconnect.backoff.ms": ["reconnectBackoffMs", asNumber],
  "reconnect.backoff.max.ms": ["reconnectBackoffMaxMs", asNumber],
  "socket.connection.setup.timeout.ms": ["connectTimeoutMs", asNumber],
  "connections.max.idle.ms": ["connectionsMaxIdleMs", asNumber],
  "metadata.max.age.ms": ["metadataMaxAgeMs", asNumber],
  "metadata.recovery.rebootstrap.trigger.ms": ["metadataRecoveryRebootstrapTriggerMs", asNumber],
  "client.rack": ["rack", asText],
  "allow.auto.create.topics": ["allowAutoTopicCreation", asBoolean],
  "client.dns.lookup": [null, only("use_all_dns_ips")],
  "metadata.recovery.strategy": [null, only("rebootstrap")],
  "enable.metrics.push": [null, only("false")],
  "security.protocol": [null, asText],
};

const isSecurity = (name: string): boolean => name.startsWith("ssl.") || name.startsWith("sasl.");

export interface SplitProperties {
  /** What every client has, with TLS and SASL. Without the servers. */
  readonly client: Omit<ClientOptions, "bootstrapServers">;
  /** What the table that was given names. */
  readonly more: Readonly<Record<string, unknown>>;
}

/** Reads what `table` and the common table name. @throws PropertyError for all else */
export async function readClientProperties(
  properties: ReadonlyMap<string, string>,
  table: PropertyTable = {},
): Promise<SplitProperties> {
  const client: Record<string, unknown> = {};
  const more: Record<string, unknown> = {};
  for (const [name, text] of properties) {
    if (isSecurity(name)) continue;
    const own = Object.hasOwn(table, name) ? table[name] : undefined;
    const [option, read] = own ?? (Object.hasOwn(clientTable, name) ? clientTable[name]! : unsupported(name));
    const value = read(text, name);
    if (option !== null && value !== undefined) (own === undefined ? client : more)[option] = value;
  }
  return { client: { ...client, ...(await securityOptions(properties)) }, more };
}

async function securityOptions(properties: ReadonlyMap<string, string>): Promise<Partial<ClientOptions>> {
  const protocol = (properties.get("security.protocol") ?? "PLAINTEXT").toUpperCase();
  if (!["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"].includes(protocol)) {
    throw new PropertyError(
      `Invalid value ${protocol} for configuration security.protocol: String must be one of (case insensitive): PLAINTEXT, SASL_PLAINTEXT, SASL_SSL, SSL`,
    );
  }
  const read = async (path: string): Promise<Buffer> => {
    try {
      return await readFile(path);
    } catch (error) {
      throw new PropertyError(`Failed to load ${path}: ${(error as Error).message}`);
    }
  };
  return {
    ...(protocol.endsWith("SSL") ? { tls: await tlsOptions(properties, read) } : {}),
    ...(protocol.startsWith("SASL") ? { sasl: saslOptions(properties) } : {}),
  };
}

function unsupported(name: string): never {
  throw new PropertyError(`The configuration ${name} is not supported by this client`);
}
