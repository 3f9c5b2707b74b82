// The options of kafka-consumer-groups and what must go together (ConsumerGroupCommandOptions of Kafka 4.3).

import type { CommandIo } from "../../command-io.ts";
import { Checks } from "../../options/checks.ts";
import { flag, option, optional, optionTable } from "../../options/option-table.ts";
import type { OptionTable } from "../../options/option-table.ts";
import { parseOptions } from "../../options/parse-options.ts";
import type { ParsedOptions } from "../../options/parsed-options.ts";

const long = { type: "Long" } as const;
const withDescribe = { availableIf: ["describe"] } as const;

const table = optionTable([
  option(
    "bootstrap-server",
    "server to connect to",
    "The brokers to connect to. REQUIRED, but not for --validate-regex.",
  ),
  option("group", "consumer group", "The group."),
  option(
    "topic",
    "topic",
    "A topic of the group, for --delete-offsets and --reset-offsets; may be given again. With partitions: `topic1:0,1,2`.",
  ),
  flag("all-topics", "With --reset-offsets: all topics of the group."),
  flag("list", "List the consumer groups."),
  flag("describe", "Show the group and how far behind it is."),
  flag("all-groups", "All consumer groups."),
  flag("delete", "Delete groups with all that is kept of them. For instance --group g1 --group g2"),
  option("timeout", "timeout (ms)", "How long the command may wait, for instance until a group is stable.", {
    ...long,
    byDefault: 30_000,
  }),
  option("command-config", "command config property file", "Properties file with configs of the admin client."),
  flag(
    "reset-offsets",
    "Change the offsets of a group without members.\nWith --dry-run (the default) only shown, with --execute done; --export prints CSV.\nWhere to: one of --to-datetime, --by-duration, --to-earliest, --to-latest, --shift-by, --from-file, --to-current, --to-offset.\nOf what: --all-topics or --topic, unless the offsets come --from-file.",
  ),
  flag("delete-offsets", "Delete the offsets of one group for topics."),
  flag("dry-run", "With --reset-offsets: show what would be."),
  flag("execute", "With --reset-offsets: do it."),
  flag("export", "With --reset-offsets: print the offsets as CSV."),
  option("to-offset", "offset", "Reset to this offset.", long),
  option("from-file", "path to CSV file", "Reset to the offsets of a CSV file."),
  option("to-datetime", "datetime", "Reset to the offsets of a time. Format: 'YYYY-MM-DDThh:mm:ss.sss'"),
  option("by-duration", "duration", "Reset to the offsets of so long ago. Format: 'PnDTnHnMnS'"),
  flag("to-earliest", "Reset to the earliest offsets."),
  flag("to-latest", "Reset to the latest offsets."),
  flag("to-current", "Reset to the offsets as they are."),
  option("shift-by", "number-of-offsets", "Move the offsets on, or back when the number is negative.", long),
  flag("members", "With --describe: the group's members.", withDescribe),
  flag("verbose", "With --describe: more columns.", withDescribe),
  flag("offsets", "With --describe: the partitions with their offsets, as without any of these.", withDescribe),
  optional(
    "state",
    "",
    "With --describe: the group's state. With --list: the states of all groups, or only groups in states such as stable,empty.",
    { availableIf: ["describe", "list"] },
  ),
  optional("type", "", "With --list: the types of all groups, or only groups of types such as classic,consumer.", {
    availableIf: ["list"],
  }),
  option("validate-regex", "regex", "Say whether a regular expression is valid."),
]);

export type GroupOption = typeof table extends OptionTable<infer Name> ? Name : never;
export type GroupOptions = ParsedOptions<GroupOption>;

const actions = ["list", "describe", "delete", "reset-offsets", "delete-offsets", "validate-regex"] as const;
export const resetScenarios = [
  "to-offset",
  "shift-by",
  "to-datetime",
  "by-duration",
  "to-earliest",
  "to-latest",
  "to-current",
  "from-file",
] as const;
const list = (names: readonly string[]): string => names.map((name) => `[${name}]`).join(", ");

/** @throws OptionError, ExitError */
export function readGroupOptions(words: readonly string[], io: CommandIo): Checks<GroupOption> {
  const checks = new Checks(io, parseOptions(table, words));
  const { options } = checks;
  checks.helpOrVersion(
    "This tool helps to list all consumer groups, describe a consumer group, delete consumer group info, or reset consumer group offsets.",
  );
  if (!options.has("validate-regex")) checks.required("bootstrap-server");
  if (options.has("describe")) checkDescribe(checks);
  if (options.has("delete")) checkDelete(checks);
  if (options.has("delete-offsets") && !(options.has("group") && options.has("topic"))) {
    checks.usage(`Option [delete-offsets] takes the following options: ${list(["group", "topic"])}`);
  }
  if (options.has("reset-offsets")) checkReset(checks, io);
  checks.invalidWith("group", ["all-groups"]);
  checks.invalidWith("group", ["list"]);
  checks.invalidWith("topic", ["list", "describe"]);
  if (actions.filter((action) => options.has(action)).length !== 1) {
    checks.usage(`Command must include exactly one action: ${actions.map((action) => `--${action}`).join(", ")}`);
  }
  return checks;
}

function checkGroups(checks: Checks<GroupOption>, action: GroupOption): void {
  if (checks.options.has("group") || checks.options.has("all-groups")) return;
  checks.usage(`Option [${action}] takes one of these options: ${list(["group", "all-groups"])}`);
}

function checkDescribe(checks: Checks<GroupOption>): void {
  const { options } = checks;
  checkGroups(checks, "describe");
  const parts = ["members", "offsets", "state"] as const;
  if (parts.filter((part) => options.has(part)).length > 1) {
    checks.usage(`Option [describe] takes at most one of these options: ${list(parts)}`);
  }
  if (options.has("state") && options.text("state") !== undefined) {
    checks.usage("Option [describe] does not take a value for [state]");
  }
}

function checkDelete(checks: Checks<GroupOption>): void {
  checkGroups(checks, "delete");
  if (checks.options.has("topic")) {
    checks.usage("The consumer does not support topic-specific offset deletion from a consumer group.");
  }
}

function checkReset(checks: Checks<GroupOption>, io: CommandIo): void {
  const { options } = checks;
  if (options.has("dry-run") && options.has("execute")) {
    checks.usage("Option [reset-offsets] only accepts one of [execute] and [dry-run]");
  }
  if (!options.has("dry-run") && !options.has("execute")) {
    io.error(
      "WARN: No action will be performed as the --execute option is missing. In version 5.0, this command will require either --dry-run or --execute to be specified. You should add the --dry-run option explicitly if you are scripting this command and want to keep the current default behavior without prompting.",
    );
  }
  checkGroups(checks, "reset-offsets");
  for (const scenario of [
    "to-offset",
    "to-datetime",
    "by-duration",
    "to-earliest",
    "to-latest",
    "to-current",
    "shift-by",
    "from-file",
  ] as const) {
    checks.invalidWith(
      scenario,
      resetScenarios.filter((other) => other !== scenario),
    );
  }
}
