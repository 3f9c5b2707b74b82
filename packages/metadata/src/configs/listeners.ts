// The listeners of a node, read from listeners, advertised.listeners, listener.security.protocol.map, inter.broker.listener.name and
// controller.listener.names by the rules of Kafka's KafkaConfig.validateValues. Names are upper case. Only PLAINTEXT is there yet.
// Nothing is opened here. A fault is a ConfigError with one line.

import { ConfigError } from "./config-error.ts";

/** A place to listen, or a place to tell clients of. */
export interface Endpoint {
  readonly name: string;
  /** Empty means every address of the machine; never empty in an advertised endpoint. */
  readonly host: string;
  /** 0 means any free port; never 0 in an advertised endpoint. */
  readonly port: number;
}

export interface NodeListeners {
  /** What to open for clients and brokers. At least one. */
  readonly listeners: readonly Endpoint[];
  /** The listeners that only controllers use; not opened while there is one node. */
  readonly controllerListeners: readonly Endpoint[];
  /** By listener name, what clients are told. Null: each client is told the address that it connected to. */
  readonly advertised: ReadonlyMap<string, Endpoint> | null;
  /** The listener registered for traffic between brokers. */
  readonly interBrokerListenerName: string;
}

/** The texts of the five configs, parsed by type only. */
export interface ListenerTexts {
  readonly listeners: readonly string[];
  readonly advertised: readonly string[] | null;
  readonly securityProtocolMap: string;
  /** Whether the user wrote listener.security.protocol.map; the default knows unlisted controller listeners as PLAINTEXT. */
  readonly securityProtocolMapIsSet: boolean;
  readonly interBrokerListenerName: string | null;
  readonly controllerListenerNames: readonly string[];
}

const ENDPOINT = /^(.*):\/\/\[?([0-9a-zA-Z\-%._:]*)\]?:(-?[0-9]+)$/;
const SECURITY_PROTOCOLS = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];

/** @throws ConfigError */
export function readListeners(texts: ListenerTexts): NodeListeners {
  const controllerNames = texts.controllerListenerNames.map((name) => name.toUpperCase());
  const protocols = readProtocols(texts, controllerNames);
  const all = texts.listeners.map((text) => readEndpoint("listeners", text, protocols));
  refuseDuplicates(all);
  const listeners = all.filter(({ name }) => !controllerNames.includes(name));
  if (listeners.length === 0) {
    throw new ConfigError("listeners has no listener for clients: all of them are in controller.listener.names");
  }
  const advertised =
    texts.advertised === null ? null : readAdvertised(texts.advertised, protocols, listeners, controllerNames);
  const reachable = advertised === null ? listeners.map(({ name }) => name) : [...advertised.keys()];
  const interBrokerListenerName = (texts.interBrokerListenerName ?? defaultInterBroker(reachable)).toUpperCase();
  if (!reachable.includes(interBrokerListenerName)) {
    throw new ConfigError(
      `inter.broker.listener.name ${interBrokerListenerName} is not among the advertised listeners (${reachable.join(", ")})`,
    );
  }
  return {
    listeners,
    controllerListeners: all.filter(({ name }) => controllerNames.includes(name)),
    advertised,
    interBrokerListenerName,
  };
}

/** Kafka's default is the listener named like security.inter.broker.protocol; with other names only, the first one serves. */
function defaultInterBroker(reachable: readonly string[]): string {
  return reachable.includes("PLAINTEXT") ? "PLAINTEXT" : reachable[0]!;
}

function readProtocols(texts: ListenerTexts, controllerNames: readonly string[]): Map<string, string> {
  const protocols = new Map<string, string>();
  for (const entry of texts.securityProtocolMap.split(",")) {
    if (entry.trim() === "") continue;
    const at = entry.lastIndexOf(":");
    const protocol = entry.slice(at + 1).trim();
    if (at < 1 || !SECURITY_PROTOCOLS.includes(protocol)) {
      throw new ConfigError(
        `listener.security.protocol.map: "${entry.trim()}" is not NAME:PROTOCOL with one of ${SECURITY_PROTOCOLS.join(", ")}`,
      );
    }
    protocols.set(entry.slice(0, at).trim().toUpperCase(), protocol);
  }
  if (!texts.securityProtocolMapIsSet) {
    for (const name of controllerNames) if (!protocols.has(name)) protocols.set(name, "PLAINTEXT");
  }
  return protocols;
}

function readEndpoint(config: string, text: string, protocols: ReadonlyMap<string, string>): Endpoint {
  const match = ENDPOINT.exec(text);
  if (match === null) throw new ConfigError(`${config}: "${text}" is not NAME://host:port`);
  const name = match[1]!.toUpperCase();
  const port = Number(match[3]);
  if (port < 0 || port > 65_535) throw new ConfigError(`${config}: "${text}" has a port that is not from 0 to 65535`);
  const protocol = protocols.get(name);
  if (protocol === undefined) {
    throw new ConfigError(`${config}: listener ${name} has no security protocol in listener.security.protocol.map`);
  }
  if (protocol !== "PLAINTEXT")
    throw new ConfigError(`${config}: listener ${name} uses ${protocol}, and only PLAINTEXT is there yet`);
  return { name, host: match[2]!, port };
}

function refuseDuplicates(endpoints: readonly Endpoint[]): void {
  for (const [index, endpoint] of endpoints.entries()) {
    for (const other of endpoints.slice(0, index)) {
      if (other.name === endpoint.name) throw new ConfigError(`listeners has ${endpoint.name} twice`);
      if (other.port === endpoint.port && endpoint.port !== 0 && !isOtherFamily(other.host, endpoint.host)) {
        throw new ConfigError(`listeners has port ${endpoint.port} twice`);
      }
    }
  }
}

/** Kafka lets an IPv4 and an IPv6 address share a port. */
function isOtherFamily(one: string, other: string): boolean {
  const isIpv4 = (host: string): boolean => /^[0-9.]+$/.test(host);
  const isIpv6 = (host: string): boolean => host.includes(":");
  return (isIpv4(one) && isIpv6(other)) || (isIpv6(one) && isIpv4(other));
}

function readAdvertised(
  texts: readonly string[],
  protocols: ReadonlyMap<string, string>,
  listeners: readonly Endpoint[],
  controllerNames: readonly string[],
): Map<string, Endpoint> {
  const advertised = new Map<string, Endpoint>();
  for (const text of texts) {
    const endpoint = readEndpoint("advertised.listeners", text, protocols);
    if (controllerNames.includes(endpoint.name)) continue;
    if (advertised.has(endpoint.name)) throw new ConfigError(`advertised.listeners has ${endpoint.name} twice`);
    if (!listeners.some(({ name }) => name === endpoint.name)) {
      throw new ConfigError(`advertised.listeners has ${endpoint.name}, which is not in listeners`);
    }
    if (endpoint.host === "0.0.0.0" || endpoint.host === "::" || endpoint.host === "") {
      throw new ConfigError(`advertised.listeners: "${text}" is no address that a client can connect to`);
    }
    if (endpoint.port === 0) throw new ConfigError(`advertised.listeners: "${text}" needs a port`);
    advertised.set(endpoint.name, endpoint);
  }
  if (advertised.size === 0) throw new ConfigError("advertised.listeners has no listener for clients");
  return advertised;
}
