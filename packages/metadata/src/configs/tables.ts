// The one table of broker configs and the one of topic configs, by name.
// A config that has no effect is in neither: asking for it is a warning in server.properties and an error through the admin APIs.

import { brokerCoordinatorConfigs } from "./broker-coordinator-configs.ts";
import { brokerLogConfigs } from "./broker-log-configs.ts";
import { brokerNodeConfigs } from "./broker-node-configs.ts";
import type { ConfigDefinition, ConfigValueOf } from "./definition.ts";
import { topicConfigs } from "./topic-configs.ts";
import type { TopicConfigDefinition } from "./topic-configs.ts";

export const brokerConfigs = { ...brokerNodeConfigs, ...brokerLogConfigs, ...brokerCoordinatorConfigs };
export { topicConfigs };

export type BrokerConfigName = keyof typeof brokerConfigs;
export type TopicConfigName = keyof typeof topicConfigs;
export type BrokerConfigValue<Name extends BrokerConfigName> = ConfigValueOf<(typeof brokerConfigs)[Name]>;
export type TopicConfigValue<Name extends TopicConfigName> = ConfigValueOf<(typeof topicConfigs)[Name]>;

const brokerTable = new Map<string, ConfigDefinition>(Object.entries(brokerConfigs) as [string, ConfigDefinition][]);
const topicTable = new Map<string, TopicConfigDefinition>(
  Object.entries(topicConfigs) as [string, TopicConfigDefinition][],
);

/** Undefined when Ottla has no such broker config. */
export function brokerConfig(name: string): ConfigDefinition | undefined {
  return brokerTable.get(name);
}

/** Undefined when Ottla has no such topic config. */
export function topicConfig(name: string): TopicConfigDefinition | undefined {
  return topicTable.get(name);
}

/** The names in alphabetical order, as DescribeConfigs and the reference page list them. */
export const brokerConfigNames: readonly BrokerConfigName[] = (Object.keys(brokerConfigs) as BrokerConfigName[]).sort();
export const topicConfigNames: readonly TopicConfigName[] = (Object.keys(topicConfigs) as TopicConfigName[]).sort();
