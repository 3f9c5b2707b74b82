// docs/reference/configs.md, written from the tables. What the page says of a config is what the broker does with it.

import type { ConfigDefinition } from "./definition.ts";
import { groupConfig, groupConfigBounds, groupConfigNames } from "./group-configs.ts";
import { brokerConfig, brokerConfigNames, topicConfig, topicConfigNames } from "./tables.ts";

/** The whole page, in Markdown. */
export function renderConfigPage(): string {
  return [
    "# Configs",
    "",
    "Generated from the tables in `packages/metadata/src/configs` by `node tools/reference-pages.ts`. Names, types, defaults and bounds are those of",
    "Apache Kafka 4.3 where nothing else is said. A config that Ottla cannot honour yet is not here: in a properties file its name is a warning,",
    "and the admin APIs refuse it.",
    "",
    "Update mode says whether a config can be altered while the broker runs (IncrementalAlterConfigs, KIP-226): *read-only* needs a restart,",
    "*cluster-wide* can be set for all brokers or for one.",
    "",
    "## Broker configs",
    "",
    "Set in the properties file (`ottla start --config FILE`) or with `--override name=value`.",
    "",
    ...brokerConfigNames.flatMap((name) => section(name, brokerConfig(name)!, [])),
    "## Topic configs",
    "",
    "Set when a topic is created or altered. A topic that does not set one has the value of the broker configs named with it, the first that is set.",
    "",
    ...topicConfigNames.flatMap((name) => {
      const definition = topicConfig(name)!;
      return section(
        name,
        definition,
        definition.synonyms.map((synonym) => synonym.name),
      );
    }),
    "## Group configs",
    "",
    "Set with IncrementalAlterConfigs on a resource of type GROUP, before or after the group is there. A value counts within the broker configs named with it.",
    "",
    ...groupConfigNames.flatMap((name) => {
      const bounds = groupConfigBounds[name];
      return section(name, groupConfig(name)!, [bounds.default, bounds.least, bounds.most]);
    }),
  ].join("\n");
}

function section(name: string, definition: ConfigDefinition, synonyms: readonly string[]): string[] {
  const facts = [
    `type ${definition.type}`,
    `default ${defaultOf(definition)}`,
    ...(definition.bound === null ? [] : [`values ${definition.bound.describe}`]),
    `importance ${definition.importance}`,
    synonyms.length === 0 ? `update mode ${definition.update}` : `broker configs ${synonyms.map(code).join(", ")}`,
  ];
  return [`### ${name}`, "", definition.documentation, "", facts.join("; "), ""];
}

function defaultOf({ defaultText }: ConfigDefinition): string {
  if (defaultText === null) return "none";
  return defaultText === "" ? "empty" : code(defaultText);
}

function code(text: string): string {
  return `\`${text}\``;
}
