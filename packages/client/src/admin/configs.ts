// Configs of topics, brokers, groups, loggers and client metrics: describe, change, list which resources have some.
// Java: Admin.describeConfigs, incrementalAlterConfigs (KIP-339), listConfigResources (KIP-1142), listClientMetricsResources (KIP-714).

import { errorCodes } from "@ottla/protocol";
import { describeConfigsApi } from "@ottla/protocol/messages/32-describe-configs.ts";
import type { DescribeConfigsResponse } from "@ottla/protocol/messages/32-describe-configs.ts";
import { incrementalAlterConfigsApi } from "@ottla/protocol/messages/44-incremental-alter-configs.ts";
import { listConfigResourcesApi } from "@ottla/protocol/messages/74-list-config-resources.ts";
import { ConfigError, brokerError } from "../errors.ts";
import type { CallOptions } from "../records.ts";
import { needsVersion, throwOnError } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";
import { performKeyed } from "./keyed.ts";
import type { Outcome } from "./keyed.ts";
import { brokerNamedBy } from "./lookups.ts";

const resourceTypeIds = { TOPIC: 2, BROKER: 4, BROKER_LOGGER: 8, CLIENT_METRICS: 16, GROUP: 32 } as const;
/** Java: org.apache.kafka.common.config.ConfigResource.Type. */
export type ConfigResourceType = keyof typeof resourceTypeIds;

const sources = [
  "UNKNOWN",
  "DYNAMIC_TOPIC_CONFIG",
  "DYNAMIC_BROKER_CONFIG",
  "DYNAMIC_DEFAULT_BROKER_CONFIG",
  "STATIC_BROKER_CONFIG",
  "DEFAULT_CONFIG",
  "DYNAMIC_BROKER_LOGGER_CONFIG",
  "DYNAMIC_CLIENT_METRICS_CONFIG",
  "DYNAMIC_GROUP_CONFIG",
] as const;
/** Where a value comes from. Java: ConfigEntry.ConfigSource. */
export type ConfigSource = (typeof sources)[number];

const types = ["UNKNOWN", "BOOLEAN", "STRING", "INT", "SHORT", "LONG", "DOUBLE", "LIST", "CLASS", "PASSWORD"] as const;
/** Java: ConfigEntry.ConfigType. */
export type ConfigType = (typeof types)[number];

/** Numbers and booleans are sent as their text. */
export type ConfigValue = string | number | boolean;

/** A broker's name is its id; the empty name stands for the default of all brokers. */
export interface ConfigResource {
  readonly type: ConfigResourceType;
  readonly name: string;
}

export interface ConfigSynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: ConfigSource;
}

export interface ConfigEntry {
  readonly name: string;
  /** null when sensitive, or without a value. */
  readonly value: string | null;
  readonly source: ConfigSource;
  readonly isReadOnly: boolean;
  readonly isSensitive: boolean;
  readonly type: ConfigType;
  /** What would hold without this value, the strongest first. Empty unless asked for. */
  readonly synonyms: readonly ConfigSynonym[];
  /** null unless asked for. */
  readonly documentation: string | null;
}

export interface ResourceConfigs extends ConfigResource {
  /** By config name. */
  readonly entries: ReadonlyMap<string, ConfigEntry>;
}

export interface DescribeConfigsOptions extends CallOptions {
  /** Default false. */
  readonly includeSynonyms?: boolean;
  /** Default false. */
  readonly includeDocumentation?: boolean;
}

/** Changes of one resource's configs; what is not named stays. */
export interface ConfigChanges extends ConfigResource {
  readonly set?: Readonly<Record<string, ConfigValue>>;
  /** Back to what the config would be without a value of its own. */
  readonly delete?: readonly string[];
  /** Adds elements to a config that is a list. */
  readonly append?: Readonly<Record<string, ConfigValue>>;
  /** Takes elements out of a config that is a list. */
  readonly subtract?: Readonly<Record<string, ConfigValue>>;
}

export interface AlterConfigsOptions extends CallOptions {
  /** Default false. */
  readonly validateOnly?: boolean;
}

/** The key of a resource in results: "TOPIC:orders", "BROKER:1". */
export function resourceKey(resource: ConfigResource): string {
  return `${resource.type}:${resource.name}`;
}

/** Java: Admin.describeConfigs. */
export async function describeConfigs(
  call: AdminCall,
  resources: readonly ConfigResource[],
  options: DescribeConfigsOptions,
): Promise<Map<string, ResourceConfigs>> {
  const wanted = new Map(resources.map((resource) => [resourceKey(resource), resource]));
  return performKeyed<string, ResourceConfigs>(call, {
    keys: wanted.keys(),
    locate: brokerNamedBy((key) => brokerOf(wanted.get(key)!)),
    perform: async (nodeId, keys) => {
      const response = await call.send(nodeId, describeConfigsApi, (version) => {
        if (options.includeDocumentation === true)
          needsVersion(describeConfigsApi, version, 3, "documentation of configs");
        return {
          resources: keys.map((key) => ({ ...resourceIds(wanted.get(key)!), configurationKeys: null })),
          includeSynonyms: options.includeSynonyms ?? false,
          includeDocumentation: options.includeDocumentation ?? false,
        };
      });
      return new Map(response.results.map((result) => [keyOf(result), describedOutcome(wanted, result)]));
    },
  });
}

type DescribedResource = DescribeConfigsResponse["results"][number];

function describedOutcome(wanted: Map<string, ConfigResource>, result: DescribedResource): Outcome<ResourceConfigs> {
  const failed = resourceOutcome(result);
  if (failed !== null) return failed;
  const entries = new Map(result.configs.map((config) => [config.name, describedEntry(config)]));
  return { value: { ...wanted.get(keyOf(result))!, entries } };
}

function describedEntry(config: DescribedResource["configs"][number]): ConfigEntry {
  return {
    name: config.name,
    value: config.value,
    source: sourceOf(config.configSource),
    isReadOnly: config.readOnly,
    isSensitive: config.isSensitive,
    type: types[config.configType] ?? "UNKNOWN",
    synonyms: config.synonyms.map(({ name, value, source }) => ({ name, value, source: sourceOf(source) })),
    documentation: config.documentation,
  };
}

/** A config as a CreateTopics response tells it. */
export function createdEntry(config: {
  name: string;
  value: string | null;
  readOnly: boolean;
  configSource: number;
  isSensitive: boolean;
}): ConfigEntry {
  return {
    name: config.name,
    value: config.value,
    source: sourceOf(config.configSource),
    isReadOnly: config.readOnly,
    isSensitive: config.isSensitive,
    type: "UNKNOWN",
    synonyms: [],
    documentation: null,
  };
}

function sourceOf(id: number): ConfigSource {
  return sources[id] ?? "UNKNOWN";
}

/** Java: Admin.incrementalAlterConfigs. Changes of a broker's configs go to that broker, each in a request of its own. */
export async function incrementalAlterConfigs(
  call: AdminCall,
  changes: readonly ConfigChanges[],
  options: AlterConfigsOptions,
): Promise<void> {
  const wanted = new Map(changes.map((change) => [resourceKey(change), change]));
  await performKeyed<string, null>(call, {
    keys: wanted.keys(),
    locate: brokerNamedBy((key) => brokerOf(wanted.get(key)!)),
    perform: async (nodeId, keys) => {
      const response = await call.send(nodeId, incrementalAlterConfigsApi, {
        resources: keys.map((key) => ({
          ...resourceIds(wanted.get(key)!),
          configs: operationsOf(wanted.get(key)!),
        })),
        validateOnly: options.validateOnly ?? false,
      });
      return new Map(response.responses.map((result) => [keyOf(result), resourceOutcome(result) ?? { value: null }]));
    },
  });
}

/** Java: AlterConfigOp.OpType. */
const operationIds = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

function operationsOf(change: ConfigChanges) {
  const withValues = (["set", "append", "subtract"] as const).flatMap((operation) =>
    Object.entries(change[operation] ?? {}).map(([name, value]) => ({
      name,
      configOperation: operationIds[operation],
      value: String(value),
    })),
  );
  const deletions = (change.delete ?? []).map((name) => ({ name, configOperation: operationIds.delete, value: null }));
  return [...withValues, ...deletions];
}

/** Java: Admin.listConfigResources. Without types, all of them. */
export async function listConfigResources(
  call: AdminCall,
  wanted: readonly ConfigResourceType[],
): Promise<ConfigResource[]> {
  const isMetricsOnly = wanted.length > 0 && wanted.every((type) => type === "CLIENT_METRICS");
  const response = await call.retry(async () => {
    const answer = await call.send(null, listConfigResourcesApi, (version) => {
      // Version 0 is ListClientMetricsResources: it knows no other resources.
      if (!isMetricsOnly)
        needsVersion(listConfigResourcesApi, version, 1, "listing other resources than client metrics");
      return { resourceTypes: version === 0 ? [] : wanted.map((type) => resourceTypeIds[type]) };
    });
    throwOnError(answer.errorCode);
    return answer;
  });
  return response.configResources.flatMap(({ resourceType, resourceName }) => {
    const type = typeOf(resourceType);
    return type === null ? [] : [{ type, name: resourceName }];
  });
}

function brokerOf({ type, name }: ConfigResource): number | null {
  if (type !== "BROKER_LOGGER" && (type !== "BROKER" || name === "")) return null;
  if (!/^\d+$/.test(name)) throw new ConfigError(`the name of a ${type} resource is a broker's id, not "${name}"`);
  return Number(name);
}

function resourceIds({ type, name }: ConfigResource): { resourceType: number; resourceName: string } {
  return { resourceType: resourceTypeIds[type], resourceName: name };
}

function keyOf(result: { resourceType: number; resourceName: string }): string {
  return `${typeOf(result.resourceType)}:${result.resourceName}`;
}

function typeOf(id: number): ConfigResourceType | null {
  const found = Object.entries(resourceTypeIds).find(([, typeId]) => typeId === id);
  return found === undefined ? null : (found[0] as ConfigResourceType);
}

function resourceOutcome(result: {
  errorCode: number;
  errorMessage: string | null;
  resourceType: number;
  resourceName: string;
}): Outcome<never> | null {
  const { errorCode, errorMessage, resourceName } = result;
  if (errorCode === errorCodes.NONE) return null;
  const context = result.resourceType === resourceTypeIds.TOPIC ? { topic: resourceName } : {};
  const error = brokerError(errorCode, errorMessage, context);
  return errorCode === errorCodes.NOT_CONTROLLER ? { again: error } : { error };
}
