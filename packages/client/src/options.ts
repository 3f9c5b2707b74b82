// The options that every client shares, with Kafka's defaults, and what they become once checked.
// Names are Kafka's in camel case with the unit last: `request.timeout.ms` is `requestTimeoutMs`.

import type { Logger } from "@ottla/base";
import { silentLogger } from "@ottla/base";
import type { ConnectionOptions } from "node:tls";
import { ConfigError } from "./errors.ts";
import { refuseUnknownOptions } from "./option-names.ts";
import type { Topics } from "./records.ts";

/** What an OAUTHBEARER token callback answers. */
export interface OAuthBearerToken {
  readonly value: string;
  /** Milliseconds since 1970. Connections share the token for most of the time until then; without it each asks for one of its own. */
  readonly expiresAtMs?: number;
  /** SASL extensions (KIP-342). */
  readonly extensions?: Readonly<Record<string, string>>;
}

export type SaslOptions =
  | { readonly mechanism: "PLAIN"; readonly username: string; readonly password: string }
  | {
      readonly mechanism: "SCRAM-SHA-256" | "SCRAM-SHA-512";
      readonly username: string;
      readonly password: string;
      /** The credentials are a delegation token (KIP-48). Default false. */
      readonly isDelegationToken?: boolean;
    }
  | { readonly mechanism: "OAUTHBEARER"; readonly token: () => OAuthBearerToken | Promise<OAuthBearerToken> };

export interface ClientOptions<T extends Topics = Topics> {
  /**
   * "host:port", several separated by commas or as a list; the first that answers tells of the others. The next is tried when one
   * refuses, or has not answered in half a second.
   */
  readonly bootstrapServers: string | readonly string[];
  /** Tells the broker who asks: quotas, logs. Default "ottla". */
  readonly clientId?: string;
  /** Serdes of topics, from which the types of their records follow. */
  readonly topics?: T;
  /** TLS: true for the system's authorities, or node:tls options. Default: no TLS. */
  readonly tls?: boolean | ConnectionOptions;
  readonly sasl?: SaslOptions;
  /** How long one request may take. Default 30,000. */
  readonly requestTimeoutMs?: number;
  /** How long a call may take, retries included, when it is not told. Default 60,000. */
  readonly defaultApiTimeoutMs?: number;
  /** First wait before trying again; doubled each time. Default 100. */
  readonly retryBackoffMs?: number;
  /** Longest wait before trying again. Default 1,000. */
  readonly retryBackoffMaxMs?: number;
  /** First wait before connecting again to a broker that could not be reached. Default 50. */
  readonly reconnectBackoffMs?: number;
  /** Longest such wait. Default 1,000. */
  readonly reconnectBackoffMaxMs?: number;
  /** How long connecting may take; doubled with each failure in a row. Default 10,000, as socket.connection.setup.timeout.ms. */
  readonly connectTimeoutMs?: number;
  /** The longest that connecting may take after failures (KIP-601). Default 30,000. */
  readonly connectTimeoutMaxMs?: number;
  /** An idle connection is closed after it. Default 540,000. */
  readonly connectionsMaxIdleMs?: number;
  /** Metadata older than this are asked for anew. Default 300,000. */
  readonly metadataMaxAgeMs?: number;
  /** A topic that nobody asked for in this time is no longer in the refreshes. 5,000 or more. Default 300,000. */
  readonly metadataMaxIdleMs?: number;
  /** "none": once brokers are known, the bootstrap servers are never asked again (KIP-899). Default "rebootstrap". */
  readonly metadataRecoveryStrategy?: "rebootstrap" | "none";
  /** When no broker has been reachable for this long, the bootstrap servers are asked again (KIP-1102). Default 300,000. */
  readonly metadataRecoveryRebootstrapTriggerMs?: number;
  /** Whether asking for a topic may create it, where the broker does that. Default true. */
  readonly allowAutoTopicCreation?: boolean;
  /** The largest answer that is accepted. Default 256 MiB. */
  readonly maxResponseBytes?: number;
  /** Where a consumer is, to read from replicas near by (KIP-392). */
  readonly rack?: string;
  /** Default: silent. */
  readonly logger?: Logger;
}

export interface ResolvedClientOptions {
  readonly bootstrapServers: readonly { readonly host: string; readonly port: number }[];
  readonly clientId: string;
  readonly topics: Topics;
  readonly tls: ConnectionOptions | null;
  readonly sasl: SaslOptions | null;
  readonly requestTimeoutMs: number;
  readonly defaultApiTimeoutMs: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  readonly reconnectBackoffMs: number;
  readonly reconnectBackoffMaxMs: number;
  readonly connectTimeoutMs: number;
  readonly connectTimeoutMaxMs: number;
  readonly connectionsMaxIdleMs: number;
  readonly metadataMaxAgeMs: number;
  readonly metadataMaxIdleMs: number;
  readonly metadataRecoveryStrategy: "rebootstrap" | "none";
  readonly metadataRecoveryRebootstrapTriggerMs: number;
  readonly allowAutoTopicCreation: boolean;
  readonly maxResponseBytes: number;
  readonly rack: string | null;
  readonly logger: Logger;
}

/** Checks the options and fills in the defaults. @throws ConfigError, which names the option */
export function resolveOptions(options: ClientOptions): ResolvedClientOptions {
  refuseUnknownOptions("client", options);
  const { metadataRecoveryStrategy = "rebootstrap" } = options;
  if (!["rebootstrap", "none"].includes(metadataRecoveryStrategy))
    throw new ConfigError(
      `metadataRecoveryStrategy is ${metadataRecoveryStrategy as string}, not "rebootstrap" or "none"`,
    );
  const { bootstrapServers, tls, topics, sasl, rack, logger, clientId, allowAutoTopicCreation } = options;
  const atLeast = (name: keyof ClientOptions, least: number, byDefault: number): number =>
    wholeNumber(name, options[name], least, byDefault);
  return {
    bootstrapServers: parseServers(bootstrapServers),
    clientId: clientId ?? "ottla",
    topics: topics ?? {},
    tls: tls === undefined || tls === false ? null : tls === true ? {} : tls,
    sasl: sasl === undefined ? null : checkedSasl(sasl),
    requestTimeoutMs: atLeast("requestTimeoutMs", 1, 30_000),
    defaultApiTimeoutMs: atLeast("defaultApiTimeoutMs", 1, 60_000),
    retryBackoffMs: atLeast("retryBackoffMs", 0, 100),
    retryBackoffMaxMs: atLeast("retryBackoffMaxMs", 0, 1_000),
    reconnectBackoffMs: atLeast("reconnectBackoffMs", 0, 50),
    reconnectBackoffMaxMs: atLeast("reconnectBackoffMaxMs", 0, 1_000),
    connectTimeoutMs: atLeast("connectTimeoutMs", 1, 10_000),
    connectTimeoutMaxMs: atLeast("connectTimeoutMaxMs", 1, 30_000),
    connectionsMaxIdleMs: atLeast("connectionsMaxIdleMs", 1, 540_000),
    metadataMaxAgeMs: atLeast("metadataMaxAgeMs", 1, 300_000),
    metadataMaxIdleMs: atLeast("metadataMaxIdleMs", 5_000, 300_000),
    metadataRecoveryStrategy,
    metadataRecoveryRebootstrapTriggerMs: atLeast("metadataRecoveryRebootstrapTriggerMs", 0, 300_000),
    allowAutoTopicCreation: allowAutoTopicCreation ?? true,
    maxResponseBytes: atLeast("maxResponseBytes", 1024, 256 * 1024 * 1024),
    rack: rack ?? null,
    logger: logger ?? silentLogger,
  };
}

/** The number, or its default. @throws ConfigError */
export function wholeNumber(name: string, value: unknown, least: number, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least)
    throw new ConfigError(`${name} is ${JSON.stringify(value)}, which is not a whole number of at least ${least}`);
  return value;
}

// Programs without types, and those whose password comes from an environment that lacks it, would log in as "undefined".
function checkedSasl(sasl: SaslOptions): SaslOptions {
  const { mechanism, username, password, token } = sasl as Readonly<Record<string, unknown>>;
  if (mechanism === "OAUTHBEARER") {
    if (typeof token !== "function") throw new ConfigError("sasl: OAUTHBEARER needs token, a function");
    return sasl;
  }
  if (mechanism !== "PLAIN" && mechanism !== "SCRAM-SHA-256" && mechanism !== "SCRAM-SHA-512")
    throw new ConfigError(`sasl: there is no mechanism ${JSON.stringify(mechanism)}`);
  for (const [name, value] of Object.entries({ username, password }))
    if (typeof value !== "string" || value === "") throw new ConfigError(`sasl: ${mechanism} needs ${name}, a text`);
  return sasl;
}

function parseServers(servers: string | readonly string[]): { host: string; port: number }[] {
  const listed = (typeof servers === "string" ? servers.split(",") : servers).map((each) => each.trim());
  const parsed = listed.filter((each) => each !== "").map(parseServer);
  if (parsed.length === 0) throw new ConfigError("bootstrapServers names no server");
  return parsed;
}

function parseServer(text: string): { host: string; port: number } {
  const match = /^(?:[A-Z_]+:\/\/)?(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new ConfigError(`bootstrapServers: ${text} is not host:port`);
  return { host: match[1] ?? match[2]!, port };
}
