// Properties as Java's clients have them, from --command-config and --command-property, to the options of @ottla/client. What our client
// cannot do is refused by name: nothing is read and then ignored.

import { readFile } from "node:fs/promises";
import type { ClientOptions } from "@ottla/client";
import { saslOptions } from "./sasl-properties.ts";
import { tlsOptions } from "./tls-properties.ts";

/** A property that cannot be used. */
export class PropertyError extends Error {
  override name = "PropertyError";
}

/** How a property's text becomes an option's value. */
export type Reader = (text: string, name: string) => unknown;

export const asText: Reader = (text) => text;

export const asNumber: Reader = (text, name) => {
  const number = Number(text.trim());
  if (/^[+-]?\d+$/.test(text.trim()) && Number.isSafeInteger(number)) return number;
  throw new PropertyError(`Invalid value ${text} for configuration ${name}: Not a number of type INT or LONG`);
};

export const asBoolean: Reader = (text, name) => {
  const word = text.trim().toLowerCase();
  if (word === "true" || word === "false") return word === "true";
  throw new PropertyError(`Invalid value ${text} for configuration ${name}: Expected value to be either true or false`);
};

/** Only this value, which is what happens anyway. */
export const only =
  (...values: readonly string[]): Reader =>
  (text, name) => {
    if (values.includes(text.trim().toLowerCase())) return undefined;
    throw new PropertyError(`The configuration ${name} can only be ${values.join(" or ")} here, not ${text}`);
  };

/** The option and how it is read; an option of null takes nothing. */
export type PropertyTable = Readonly<Record<string, readonly [option: string | null, read: Reader]>>;

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
