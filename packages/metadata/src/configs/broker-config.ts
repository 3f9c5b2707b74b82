// The configs of one broker at one moment: what the properties file says, overlaid by what was altered through the admin APIs.
// A value is looked for in this order: dynamic for this broker, dynamic for all brokers, properties file, default (KIP-226).
// An instance never changes; `withDynamic` makes the next one.

import { ConfigError } from "./config-error.ts";
import { readListeners } from "./listeners.ts";
import type { NodeListeners } from "./listeners.ts";
import { parseConfig, parseNewConfig } from "./parse-config.ts";
import { brokerConfig, brokerConfigNames, brokerConfigs } from "./tables.ts";
import type { BrokerConfigName, BrokerConfigValue } from "./tables.ts";

/** Where a value comes from: Kafka's ConfigSource, as DescribeConfigs reports it. */
export const configSource = {
  DYNAMIC_TOPIC_CONFIG: 1,
  DYNAMIC_BROKER_CONFIG: 2,
  DYNAMIC_DEFAULT_BROKER_CONFIG: 3,
  STATIC_BROKER_CONFIG: 4,
  DEFAULT_CONFIG: 5,
  GROUP_CONFIG: 8,
} as const;

/** Texts by config name. */
export type ConfigTexts = ReadonlyMap<string, string>;

/** The layers above the defaults, strongest first. Names that Ottla does not know are never in them. */
export interface ConfigLayers {
  readonly dynamicBroker: ConfigTexts;
  readonly dynamicDefault: ConfigTexts;
  readonly static: ConfigTexts;
}

export interface ReadProperties {
  readonly config: BrokerConfig;
  /** Names in the properties that have no effect, for one line of warning. */
  readonly unknown: readonly string[];
}

const NOTHING: ConfigTexts = new Map();

/** Names that would make a user believe in a protection that is not there: refused, not just warned of. */
const PROTECTIONS = ["authorizer.class.name", "security.inter.broker.protocol"];

export class BrokerConfig {
  readonly layers: ConfigLayers;
  private readonly values = new Map<BrokerConfigName, unknown>();

  constructor(layers: ConfigLayers) {
    this.layers = layers;
  }

  /** The value that counts now; null only for configs without a default. */
  get<Name extends BrokerConfigName>(name: Name): BrokerConfigValue<Name> {
    if (!this.values.has(name)) this.values.set(name, this.read(name));
    return this.values.get(name) as BrokerConfigValue<Name>;
  }

  /** The text that counts now. */
  text(name: BrokerConfigName): string | null {
    const { dynamicBroker, dynamicDefault } = this.layers;
    return (
      dynamicBroker.get(name) ??
      dynamicDefault.get(name) ??
      this.layers.static.get(name) ??
      brokerConfigs[name].defaultText
    );
  }

  /** Whether anybody set it, in the properties file or later. */
  isSet(name: BrokerConfigName): boolean {
    const { dynamicBroker, dynamicDefault } = this.layers;
    return dynamicBroker.has(name) || dynamicDefault.has(name) || this.layers.static.has(name);
  }

  /** The one folder of the logs. */
  logFolder(): string {
    return (this.get("log.dirs") ?? this.get("log.dir"))[0]!;
  }

  /** @throws ConfigError when the listener configs do not fit each other. */
  listeners(): NodeListeners {
    return readListeners({
      listeners: this.get("listeners"),
      advertised: this.get("advertised.listeners"),
      securityProtocolMap: this.get("listener.security.protocol.map"),
      securityProtocolMapIsSet: this.isSet("listener.security.protocol.map"),
      interBrokerListenerName: this.get("inter.broker.listener.name"),
      controllerListenerNames: this.get("controller.listener.names"),
    });
  }

  /** The same broker with other dynamic configs, as the metadata log has them. Unknown names, bad values and read-only names are left out. */
  withDynamic(dynamicBroker: ConfigTexts, dynamicDefault: ConfigTexts): BrokerConfig {
    return new BrokerConfig({
      static: this.layers.static,
      dynamicBroker: honoured(dynamicBroker),
      dynamicDefault: honoured(dynamicDefault),
    });
  }

  private read(name: BrokerConfigName): unknown {
    const text = this.text(name);
    if (text === null) return null;
    const parsed = parseConfig(name, brokerConfig(name)!, text);
    if (!parsed.ok) throw new ConfigError(parsed.reason);
    return parsed.value;
  }
}

/** Only the defaults. */
export function defaultBrokerConfig(): BrokerConfig {
  return new BrokerConfig({ static: NOTHING, dynamicBroker: NOTHING, dynamicDefault: NOTHING });
}

/**
 * Reads the names and texts of a server.properties file. A value that is out of bounds, that Ottla cannot honour, or that
 * contradicts another is an error; a name without effect here is only reported, so that a file made for Kafka starts.
 * @throws ConfigError with the one line for the user.
 */
export function readBrokerProperties(properties: ReadonlyMap<string, string>): ReadProperties {
  const texts = new Map<string, string>();
  const unknown: string[] = [];
  for (const [name, text] of properties) {
    refuseUnkeptProtection(name, text);
    const definition = brokerConfig(name);
    if (definition === undefined) {
      unknown.push(name);
      continue;
    }
    const parsed = parseNewConfig(name, definition, text);
    if (!parsed.ok) throw new ConfigError(parsed.reason);
    texts.set(name, text.trim());
  }
  const config = new BrokerConfig({ static: withNodeId(texts), dynamicBroker: NOTHING, dynamicDefault: NOTHING });
  for (const name of brokerConfigNames) config.get(name);
  refuseOtherVoters(config);
  config.listeners();
  return { config, unknown };
}

function refuseUnkeptProtection(name: string, text: string): void {
  if (!PROTECTIONS.includes(name) || text.trim() === "" || text.trim() === "PLAINTEXT") return;
  throw new ConfigError(`${name}=${text.trim()} is not there yet, and starting without it would leave the broker open`);
}

/** Kafka's populateSynonyms: either of node.id and broker.id stands for both. */
function withNodeId(texts: Map<string, string>): Map<string, string> {
  const nodeId = texts.get("node.id");
  const brokerId = texts.get("broker.id");
  if (nodeId === undefined && brokerId !== undefined) {
    if (Number(brokerId) < 0) throw new ConfigError(`broker.id must not be negative, not ${brokerId}`);
    texts.set("node.id", brokerId);
  }
  if (nodeId !== undefined && brokerId === undefined) texts.set("broker.id", nodeId);
  if (nodeId !== undefined && brokerId !== undefined && Number(nodeId) !== Number(brokerId)) {
    throw new ConfigError(`node.id is ${nodeId} and broker.id is ${brokerId}; they must be the same`);
  }
  return texts;
}

function refuseOtherVoters(config: BrokerConfig): void {
  const voters = config.get("controller.quorum.voters");
  const nodeId = config.get("node.id");
  for (const voter of voters) {
    const match = /^([0-9]+)@.+:[0-9]+$/.exec(voter);
    if (match === null) throw new ConfigError(`controller.quorum.voters: "${voter}" is not id@host:port`);
    if (Number(match[1]) !== nodeId) {
      throw new ConfigError(
        `controller.quorum.voters: node ${match[1]} is not this node (${nodeId}), and a cluster of several controllers is not there yet`,
      );
    }
  }
}

function honoured(texts: ConfigTexts): ConfigTexts {
  const result = new Map<string, string>();
  for (const [name, text] of texts) {
    const definition = brokerConfig(name);
    if (definition === undefined || definition.update === "read-only") continue;
    if (parseConfig(name, definition, text).ok) result.set(name, text);
  }
  return result;
}
