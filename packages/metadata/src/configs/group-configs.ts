// The configs of one consumer group (resource type GROUP, KIP-848): what it sets, else what the broker has.
// A value outside of the broker's bounds is refused when it is set, and brought within them when it counts, because the bounds can change later
// (Kafka's GroupConfig.validate and evaluate). Kafka's configs of share and streams groups are not here: nothing honours them yet.

import type { BrokerConfig, ConfigTexts } from "./broker-config.ts";
import { define } from "./definition.ts";
import type { ConfigDefinition } from "./definition.ts";
import { parseConfig } from "./parse-config.ts";

export const groupConfigs = {
  "consumer.session.timeout.ms": define("int", "45000", {
    documentation: "How long the coordinator waits for a heartbeat of a member of this consumer group.",
    importance: "medium",
  }),
  "consumer.heartbeat.interval.ms": define("int", "5000", {
    documentation: "How often the members of this consumer group are told to send a heartbeat.",
    importance: "medium",
  }),
  "consumer.assignment.interval.ms": define("int", "1000", {
    documentation: "The shortest time between two target assignments of this consumer group.",
    importance: "medium",
  }),
} satisfies Record<string, ConfigDefinition<"int", string>>;

export type GroupConfigName = keyof typeof groupConfigs;

/** The broker's configs for a group config: its default and its bounds. */
export const groupConfigBounds = {
  "consumer.session.timeout.ms": {
    default: "group.consumer.session.timeout.ms",
    least: "group.consumer.min.session.timeout.ms",
    most: "group.consumer.max.session.timeout.ms",
  },
  "consumer.heartbeat.interval.ms": {
    default: "group.consumer.heartbeat.interval.ms",
    least: "group.consumer.min.heartbeat.interval.ms",
    most: "group.consumer.max.heartbeat.interval.ms",
  },
  "consumer.assignment.interval.ms": {
    default: "group.consumer.assignment.interval.ms",
    least: "group.consumer.min.assignment.interval.ms",
    most: "group.consumer.max.assignment.interval.ms",
  },
} as const satisfies Record<GroupConfigName, { default: string; least: string; most: string }>;

const groupTable = new Map<string, ConfigDefinition>(Object.entries(groupConfigs) as [string, ConfigDefinition][]);

export const groupConfigNames: readonly GroupConfigName[] = (Object.keys(groupConfigs) as GroupConfigName[]).sort();

/** Undefined when Ottla has no such group config. */
export function groupConfig(name: string): ConfigDefinition | undefined {
  return groupTable.get(name);
}

/** The value that counts for a group. */
export function groupConfigValue(name: GroupConfigName, overrides: ConfigTexts, broker: BrokerConfig): number {
  const bounds = groupConfigBounds[name];
  const text = overrides.get(name);
  const parsed = text === undefined ? null : parseConfig(name, groupConfigs[name], text);
  if (parsed === null || !parsed.ok) return broker.get(bounds.default);
  return Math.min(Math.max(parsed.value, broker.get(bounds.least)), broker.get(bounds.most));
}

/** Why a group cannot have these configs, all that it would then have set; null when it can. */
export function refuseGroupConfigs(texts: ConfigTexts, broker: BrokerConfig): string | null {
  const values = new Map<GroupConfigName, number>();
  for (const name of groupConfigNames) {
    const bounds = groupConfigBounds[name];
    const text = texts.get(name);
    if (text === undefined) {
      values.set(name, broker.get(bounds.default));
      continue;
    }
    const parsed = parseConfig(name, groupConfigs[name], text);
    if (!parsed.ok) return parsed.reason;
    if (parsed.value < broker.get(bounds.least)) return `${name} must be greater than or equal to ${bounds.least}`;
    if (parsed.value > broker.get(bounds.most)) return `${name} must be less than or equal to ${bounds.most}`;
    values.set(name, parsed.value);
  }
  if (values.get("consumer.session.timeout.ms")! <= values.get("consumer.heartbeat.interval.ms")!)
    return "consumer.session.timeout.ms must be greater than consumer.heartbeat.interval.ms";
  return null;
}
