// The effective configs of a topic: what the topic sets, else what its broker has for it.
// Kafka's LogConfig.fromProps over KafkaConfig.extractLogConfigMap. Pure; called when configs change, not per record.

import type { LogConfig } from "@ottla/storage";
import type { BrokerConfig, ConfigTexts } from "./broker-config.ts";
import { parseConfig } from "./parse-config.ts";
import { topicConfig, topicConfigs } from "./tables.ts";
import type { TopicConfigName, TopicConfigValue } from "./tables.ts";

/** Reads one topic config. A text that cannot be read (a log from elsewhere can hold one) counts as not set. */
export function topicConfigValue<Name extends TopicConfigName>(
  name: Name,
  overrides: ConfigTexts,
  broker: BrokerConfig,
): TopicConfigValue<Name> {
  return resolveTopicConfig(name, overrides, broker).value as TopicConfigValue<Name>;
}

/** The value with its canonical text, and whether the topic itself sets it. */
export function resolveTopicConfig(
  name: TopicConfigName,
  overrides: ConfigTexts,
  broker: BrokerConfig,
): { value: unknown; text: string; overridden: boolean } {
  const definition = topicConfig(name)!;
  const override = overrides.get(name);
  if (override !== undefined) {
    const parsed = parseConfig(name, definition, override);
    if (parsed.ok) return { value: parsed.value, text: parsed.text, overridden: true };
  }
  const inherited = inheritedText(name, broker);
  const parsed = parseConfig(name, definition, inherited);
  if (!parsed.ok) return { ...readDefault(name), overridden: false };
  return { value: parsed.value, text: parsed.text, overridden: false };
}

/** The text that the broker has for a topic config, in the topic's unit. Negative retention means for ever, whatever its size. */
function inheritedText(name: TopicConfigName, broker: BrokerConfig): string {
  const definition = topicConfigs[name];
  for (const synonym of definition.synonyms) {
    const text = broker.text(synonym.name);
    if (text === null) continue;
    if (name === "retention.ms" && Number(text) < 0) return "-1";
    return synonym.factor === 1 ? text : String(Number(text) * synonym.factor);
  }
  return definition.defaultText;
}

function readDefault(name: TopicConfigName): { value: unknown; text: string } {
  const parsed = parseConfig(name, topicConfig(name)!, topicConfigs[name].defaultText);
  return parsed.ok ? { value: parsed.value, text: parsed.text } : { value: null, text: topicConfigs[name].defaultText };
}

/** The settings of the logs of a topic. */
export function toLogConfig(overrides: ConfigTexts, broker: BrokerConfig): LogConfig {
  const value = <Name extends TopicConfigName>(name: Name): TopicConfigValue<Name> =>
    topicConfigValue(name, overrides, broker);
  const policies = value("cleanup.policy");
  const compressionType = value("compression.type");
  return {
    segmentBytes: value("segment.bytes"),
    segmentMs: value("segment.ms"),
    segmentJitterMs: value("segment.jitter.ms"),
    segmentIndexBytes: value("segment.index.bytes"),
    indexIntervalBytes: value("index.interval.bytes"),
    flushMessages: value("flush.messages"),
    flushMs: value("flush.ms"),
    retentionMs: value("retention.ms"),
    retentionBytes: value("retention.bytes"),
    fileDeleteDelayMs: value("file.delete.delay.ms"),
    maxMessageBytes: value("max.message.bytes"),
    compressionType: compressionType === "uncompressed" ? "none" : (compressionType as LogConfig["compressionType"]),
    compressionLevels: {
      gzip: value("compression.gzip.level"),
      lz4: value("compression.lz4.level"),
      zstd: value("compression.zstd.level"),
    },
    timestampType: value("message.timestamp.type") as LogConfig["timestampType"],
    timestampBeforeMaxMs: value("message.timestamp.before.max.ms"),
    timestampAfterMaxMs: value("message.timestamp.after.max.ms"),
    compacted: policies.includes("compact"),
    deleted: policies.includes("delete"),
  };
}
