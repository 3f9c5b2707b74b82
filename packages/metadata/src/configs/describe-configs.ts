// DescribeConfigs: what a topic or this broker has set, what counts, where it comes from and what else was set under other names.
// Kafka's ConfigHelper, its turns included: a value that only came from a config in hours or minutes is reported as a default without
// synonyms, because the list of synonyms begins at the config's first name.

import { errorCodes } from "@ottla/protocol";
import type { DescribeConfigsRequest, DescribeConfigsResponse } from "@ottla/protocol/messages/32-describe-configs.ts";
import { refuseTopicName } from "../image/topic-name.ts";
import { configResource } from "../image/image-types.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { configSource } from "./broker-config.ts";
import type { BrokerConfig } from "./broker-config.ts";
import type { ConfigDefinition, ConfigType } from "./definition.ts";
import { groupConfigBounds, groupConfigNames, groupConfigs } from "./group-configs.ts";
import { parseConfig } from "./parse-config.ts";
import { brokerConfig, brokerConfigNames, brokerConfigs, topicConfigNames, topicConfigs } from "./tables.ts";
import type { BrokerConfigName, TopicConfigName } from "./tables.ts";
import { resolveTopicConfig } from "./topic-config-resolution.ts";

export interface DescribeContext {
  readonly image: MetadataImage;
  /** The configs of this broker, dynamic ones included. */
  readonly config: BrokerConfig;
  readonly nodeId: number;
}

type Resource = DescribeConfigsRequest["resources"][number];
type Result = DescribeConfigsResponse["results"][number];
type Entry = Result["configs"][number];
type Synonym = Entry["synonyms"][number];

/** Kafka leaves the text empty, not null, where it has nothing to say. */
const NO_MESSAGE = "";

/** DescribeConfigsResponse.ConfigType. */
const typeIds: Record<ConfigType, number> = { boolean: 1, string: 2, int: 3, long: 5, list: 7 };

/** Broker configs that stand for one another, strongest first (DynamicBrokerConfig.brokerConfigSynonyms). */
const synonymGroups: readonly (readonly BrokerConfigName[])[] = [
  ["log.roll.ms", "log.roll.hours"],
  ["log.roll.jitter.ms", "log.roll.jitter.hours"],
  ["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
];

export function describeConfigs(request: DescribeConfigsRequest, context: DescribeContext): DescribeConfigsResponse {
  const results = request.resources.map((resource) => describeResource(resource, request, context));
  return { throttleTimeMs: 0, results };
}

function describeResource(resource: Resource, request: DescribeConfigsRequest, context: DescribeContext): Result {
  switch (resource.resourceType) {
    case configResource.TOPIC:
      return describeTopic(resource, request, context);
    case configResource.BROKER:
      return describeBroker(resource, request, context);
    case configResource.GROUP:
      return describeGroup(resource, request, context);
    default: {
      const known = Object.entries(configResource).find(([, id]) => id === resource.resourceType);
      const what =
        known === undefined
          ? `Unknown resource type ${resource.resourceType}`
          : `Configs of the resource type ${known[0]} are not there yet`;
      return failed(resource, errorCodes.INVALID_REQUEST, what);
    }
  }
}

function describeTopic(resource: Resource, request: DescribeConfigsRequest, context: DescribeContext): Result {
  const { resourceName } = resource;
  const reason = refuseTopicName(resourceName);
  if (reason !== null) return failed(resource, errorCodes.INVALID_TOPIC_EXCEPTION, `Topic name is invalid: ${reason}`);
  if (context.image.topic(resourceName) === undefined) {
    return failed(resource, errorCodes.UNKNOWN_TOPIC_OR_PARTITION, NO_MESSAGE);
  }
  const overrides = context.image.topicConfigs(resourceName);
  const wanted = topicConfigNames.filter((name) => isWanted(resource, name));
  const configs = wanted.map((name) => topicEntry(name, overrides, request, context));
  return succeeded(resource, configs);
}

/** Without a name: what was set for all brokers. */
function describeBroker(resource: Resource, request: DescribeConfigsRequest, context: DescribeContext): Result {
  const { resourceName } = resource;
  if (resourceName !== "" && !/^[+-]?[0-9]+$/.test(resourceName)) {
    return failed(resource, errorCodes.INVALID_REQUEST, `Broker id must be an integer, but it is: ${resourceName}`);
  }
  if (resourceName !== "" && Number(resourceName) !== context.nodeId) {
    const reason = `Unexpected broker id, expected ${context.nodeId} or empty string, but received ${resourceName}`;
    return failed(resource, errorCodes.INVALID_REQUEST, reason);
  }
  const forAll = resourceName === "";
  const isListed = (name: BrokerConfigName): boolean =>
    isWanted(resource, name) && (!forAll || context.config.layers.dynamicDefault.has(name));
  const configs = brokerConfigNames.filter(isListed).map((name) => brokerEntry(name, forAll, request, context));
  return succeeded(resource, configs);
}

/** A group need not be there to have configs. */
function describeGroup(resource: Resource, request: DescribeConfigsRequest, context: DescribeContext): Result {
  const { resourceName } = resource;
  if (resourceName === "") return failed(resource, errorCodes.INVALID_REQUEST, "Group name must not be empty");
  const overrides = context.image.configs(configResource.GROUP, resourceName);
  const wanted = groupConfigNames.filter((name) => isWanted(resource, name));
  const configs = wanted.map((name) => {
    const text = overrides.get(name);
    const inherited = brokerSynonyms(groupConfigBounds[name].default, context.config);
    const own = text === undefined ? [] : [{ name, value: text, source: configSource.GROUP_CONFIG }];
    return entry(name, groupConfigs[name], text ?? inherited[0]!.value, [...own, ...inherited], false, request);
  });
  return succeeded(resource, configs);
}

function topicEntry(
  name: TopicConfigName,
  overrides: ReadonlyMap<string, string>,
  request: DescribeConfigsRequest,
  { config }: DescribeContext,
): Entry {
  const { text, overridden } = resolveTopicConfig(name, overrides, config);
  const inherited = brokerSynonyms(topicConfigs[name].synonyms[0]!.name, config);
  const synonyms = overridden
    ? [{ name, value: text, source: configSource.DYNAMIC_TOPIC_CONFIG }, ...inherited]
    : inherited;
  return entry(name, topicConfigs[name], text, synonyms, false, request);
}

function brokerEntry(
  name: BrokerConfigName,
  forAll: boolean,
  request: DescribeConfigsRequest,
  { config }: DescribeContext,
): Entry {
  const definition = brokerConfig(name)!;
  const all = brokerSynonyms(name, config);
  const synonyms = forAll ? all.filter(({ source }) => source === configSource.DYNAMIC_DEFAULT_BROKER_CONFIG) : all;
  const text = forAll ? config.layers.dynamicDefault.get(name)! : canonicalText(name, definition, config.text(name));
  return entry(name, definition, text, synonyms, definition.update === "read-only", request);
}

function entry(
  name: string,
  definition: Pick<ConfigDefinition, "type" | "documentation">,
  value: string | null,
  synonyms: Synonym[],
  readOnly: boolean,
  request: DescribeConfigsRequest,
): Entry {
  return {
    name,
    value,
    readOnly,
    configSource: synonyms[0]?.source ?? configSource.DEFAULT_CONFIG,
    isSensitive: false, // No config in the tables holds a secret.
    synonyms: request.includeSynonyms ? synonyms : [],
    configType: typeIds[definition.type],
    documentation: request.includeDocumentation ? definition.documentation : null,
  };
}

/** Everything that was set for a broker config under any of its names, strongest first, from its own name on. */
function brokerSynonyms(name: BrokerConfigName, { layers }: BrokerConfig): Synonym[] {
  const names = synonymsOf(name);
  const synonyms: Synonym[] = [];
  const add = (each: BrokerConfigName, value: string | null | undefined, source: number): void => {
    if (value !== undefined && value !== null) synonyms.push({ name: each, value, source });
  };
  for (const each of names) add(each, layers.dynamicBroker.get(each), configSource.DYNAMIC_BROKER_CONFIG);
  for (const each of names) add(each, layers.dynamicDefault.get(each), configSource.DYNAMIC_DEFAULT_BROKER_CONFIG);
  for (const each of names) add(each, layers.static.get(each), configSource.STATIC_BROKER_CONFIG);
  for (const each of names) add(each, brokerConfigs[each].defaultText, configSource.DEFAULT_CONFIG);
  const first = synonyms.findIndex((synonym) => synonym.name === name);
  return first < 0 ? [] : synonyms.slice(first);
}

function synonymsOf(name: BrokerConfigName): readonly BrokerConfigName[] {
  // The scheduler's interval is the default of the flush interval, but not the other way round.
  if (name === "log.flush.interval.ms") return ["log.flush.interval.ms", "log.flush.scheduler.interval.ms"];
  return synonymGroups.find((group) => group.includes(name)) ?? [name];
}

function canonicalText(name: string, definition: ConfigDefinition, text: string | null): string | null {
  if (text === null) return null;
  const parsed = parseConfig(name, definition, text);
  return parsed.ok ? parsed.text : text;
}

function isWanted(resource: Resource, name: string): boolean {
  return resource.configurationKeys === null || resource.configurationKeys.includes(name);
}

function succeeded({ resourceType, resourceName }: Resource, configs: Entry[]): Result {
  return { errorCode: errorCodes.NONE, errorMessage: NO_MESSAGE, resourceType, resourceName, configs };
}

function failed({ resourceType, resourceName }: Resource, errorCode: number, reason: string): Result {
  return { errorCode, errorMessage: reason, resourceType, resourceName, configs: [] };
}
