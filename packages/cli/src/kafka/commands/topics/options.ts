// The options of kafka-topics and what must go together (TopicCommand.TopicCommandOptions of Kafka 4.3).

import { topicConfigNames } from "../../text/config-names.ts";
import type { CommandIo } from "../../command-io.ts";
import { CommandFailure } from "../../command-failure.ts";
import { Checks } from "../../options/checks.ts";
import { flag, option, optionTable } from "../../options/option-table.ts";
import type { OptionTable } from "../../options/option-table.ts";
import { parseOptions } from "../../options/parse-options.ts";
import type { ParsedOptions } from "../../options/parsed-options.ts";

const seeConfigs = " (Configs of a topic that exists are changed with kafka-configs.)";
const integer = { type: "Integer" } as const;

export const topicOptions = optionTable([
  option("bootstrap-server", "server to connect to", "REQUIRED: the broker to connect to."),
  option("command-config", "command config property file", "Properties file with configs of the admin client."),
  flag("list", "List the topics."),
  flag("create", "Create a topic."),
  flag("delete", "Delete topics."),
  flag("alter", `Change the number of partitions and their replicas.${seeConfigs}`),
  flag("describe", "Show what there is to know of topics."),
  option("topic", "topic", "The topic; except with --create, a regular expression as well."),
  option("topic-id", "topic-id", "The id of the topic to describe."),
  option(
    "config",
    "name=value",
    `A config of the topic to create. There are: \n${topicConfigNames.map((name) => `\t${name}`).join("\n")}\nOnly with --create.${seeConfigs}`,
  ),
  option("delete-config", "name", "Does nothing any more (since 4.0)."),
  option(
    "partitions",
    "# of partitions",
    "How many partitions the topic is to have; with --create the cluster's default without it. (WARNING: more partitions change which keys go where.)",
    integer,
  ),
  option(
    "replication-factor",
    "replication factor",
    "How many replicas each partition of the new topic has; the cluster's default without it.",
    integer,
  ),
  option(
    "replica-assignment",
    "broker_id_for_part1_replica1 : broker_id_for_part1_replica2 , broker_id_for_part2_replica1 : broker_id_for_part2_replica2 , ...",
    "Which brokers have the partitions' replicas.",
  ),
  flag("under-replicated-partitions", "With --describe: only partitions with replicas that are not in sync."),
  flag("unavailable-partitions", "With --describe: only partitions without an available leader."),
  flag("under-min-isr-partitions", "With --describe: only partitions with fewer replicas in sync than configured."),
  flag("at-min-isr-partitions", "With --describe: only partitions with just as many replicas in sync as configured."),
  flag("topics-with-overrides", "With --describe: only topics with configs of their own."),
  flag("if-exists", "With --alter, --delete and --describe: a topic that does not exist is no failure."),
  flag("if-not-exists", "With --create: a topic that exists is no failure; the request is sent all the same."),
  flag("exclude-internal", "Leave internal topics out of --list and --describe."),
  option(
    "partition-size-limit-per-response",
    "maximum number of partitions per response",
    "How many partitions one DescribeTopicPartitions response may have.",
    integer,
  ),
]);

export type TopicOption = typeof topicOptions extends OptionTable<infer Name> ? Name : never;
export type TopicOptions = ParsedOptions<TopicOption>;

const actions = ["create", "list", "alter", "describe", "delete"] as const;
/** As Kafka goes through them. */
const reports = [
  "under-replicated-partitions",
  "under-min-isr-partitions",
  "at-min-isr-partitions",
  "unavailable-partitions",
] as const;

/** @throws OptionError, CommandFailure, ExitError */
export function readTopicOptions(words: readonly string[], io: CommandIo): TopicOptions {
  const options = parseOptions(topicOptions, words);
  const checks = new Checks(io, options);
  const help = "This tool helps to create, delete, describe, or change a topic.";
  if (words.length === 0) checks.usage("Create, delete, describe, or change a topic.");
  checks.helpOrVersion(help);
  if (actions.filter((action) => options.has(action)).length !== 1) {
    checks.usage("Command must include exactly one action: --list, --describe, --create, --alter or --delete");
  }
  if (options.has("delete-config")) {
    io.error(
      "delete-config option is no longer supported and deprecated since version 4.0. The config will be fully removed in future releases.",
    );
  }
  checkRequired(options, checks, io);
  checkInvalid(checks);
  return options;
}

function checkRequired(options: TopicOptions, checks: Checks<TopicOption>, io: CommandIo): void {
  if (!options.has("bootstrap-server")) throw new CommandFailure("--bootstrap-server must be specified");
  if (options.has("describe") && options.has("if-exists")) {
    if (!options.has("topic") && !options.has("topic-id")) {
      checks.usage("--topic or --topic-id is required to describe a topic");
    }
    if (options.has("topic") && options.has("topic-id")) {
      io.out(
        "Only topic id will be used when both --topic and --topic-id are specified and topicId is not Uuid.ZERO_UUID",
      );
    }
  }
  if (!options.has("list") && !options.has("describe")) checks.required("topic");
  if (!options.has("alter")) return;
  if (options.has("config")) {
    checks.usage(
      `Option combination "[[bootstrap-server], [config]]" can't be used with option "[alter]" (To alter topic configurations, the kafka-configs tool can be used.)`,
    );
  }
  checks.required("partitions");
}

function checkInvalid(checks: Checks<TopicOption>): void {
  const allActions = ["alter", "create", "describe", "list", "delete"] as const;
  const only = (used: TopicOption, allowed: readonly TopicOption[], more: readonly TopicOption[] = []): void =>
    checks.invalidWith(used, [...allActions.filter((action) => !allowed.includes(action)), ...more]);
  only("config", ["alter", "create"]);
  only("partitions", ["alter", "create"]);
  only("replication-factor", ["create"]);
  only("replica-assignment", ["alter", "create"]);
  if (checks.options.has("create")) checks.invalidWith("replica-assignment", ["partitions", "replication-factor"]);
  for (const report of reports) only(report, ["describe"], ["topics-with-overrides"]);
  only("topics-with-overrides", ["describe"], reports);
  only("if-exists", ["alter", "delete", "describe"]);
  only("if-not-exists", ["create"]);
  only("exclude-internal", ["list", "describe"]);
}
