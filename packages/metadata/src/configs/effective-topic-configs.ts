// All configs of a topic with their sources, as a CreateTopics response reports them (KafkaConfigSchema.resolveEffectiveTopicConfigs).
// It differs from DescribeConfigs in one point: here a broker config in hours or minutes counts as the source of the value in milliseconds.

import { configSource } from "./broker-config.ts";
import type { BrokerConfig, ConfigTexts } from "./broker-config.ts";
import { topicConfigNames, topicConfigs } from "./tables.ts";
import type { TopicConfigName } from "./tables.ts";

export interface EffectiveConfig {
  readonly name: string;
  readonly value: string;
  /** One of configSource. */
  readonly source: number;
}

/** By ascending name. */
export function effectiveTopicConfigs(overrides: ConfigTexts, broker: BrokerConfig): EffectiveConfig[] {
  return topicConfigNames.map((name) => effectiveTopicConfig(name, overrides, broker));
}

function effectiveTopicConfig(name: TopicConfigName, overrides: ConfigTexts, broker: BrokerConfig): EffectiveConfig {
  const override = overrides.get(name);
  if (override !== undefined) return { name, value: override, source: configSource.DYNAMIC_TOPIC_CONFIG };
  const layers: readonly (readonly [ConfigTexts, number])[] = [
    [broker.layers.dynamicBroker, configSource.DYNAMIC_BROKER_CONFIG],
    [broker.layers.dynamicDefault, configSource.DYNAMIC_DEFAULT_BROKER_CONFIG],
    [broker.layers.static, configSource.STATIC_BROKER_CONFIG],
  ];
  for (const [texts, source] of layers) {
    for (const synonym of topicConfigs[name].synonyms) {
      const text = texts.get(synonym.name);
      if (text === undefined) continue;
      return { name, value: synonym.factor === 1 ? text : String(Number(text) * synonym.factor), source };
    }
  }
  return { name, value: topicConfigs[name].defaultText, source: configSource.DEFAULT_CONFIG };
}
