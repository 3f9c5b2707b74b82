// The options of kafka-acls and what must go together (AclCommand.AclCommandOptions of Kafka 4.3).

import type { CommandIo } from "../../command-io.ts";
import { Checks, parseOrUsage } from "../../options/checks.ts";
import { flag, option, optional, optionTable } from "../../options/option-table.ts";
import type { OptionTable } from "../../options/option-table.ts";
import { operationNames } from "./rules.ts";

const table = optionTable([
  option("bootstrap-server", "server to connect to", "The brokers to connect to, as host1:port1,host2:port2."),
  option("bootstrap-controller", "controller to connect to", "The controllers to connect to."),
  optional("command-config", "command-config", "Properties file with configs of the admin client."),
  option("topic", "topic", "A topic; '*' for all."),
  flag("cluster", "The cluster."),
  option("group", "group", "A group; '*' for all."),
  option("transactional-id", "transactional-id", "A transactional id; '*' for all."),
  flag("idempotent", "With --producer: idempotence as well, which a transactional id has anyway."),
  option("delegation-token", "delegation-token", "A delegation token; '*' for all."),
  option(
    "resource-pattern-type",
    "ANY|MATCH|LITERAL|PREFIXED",
    "How names are meant: literal or prefixed; to list and remove also any, for rules of that very name, or match, for all that the name falls under.",
    { byDefault: "LITERAL" },
  ),
  flag("add", "Add rules."),
  flag("remove", "Remove rules."),
  flag("list", "List rules: of --topic, --group, --cluster, or all."),
  option("operation", "", `What is allowed or denied: \n${operationNames.map((name) => `\t${name}`).join("\n")}\n`, {
    byDefault: "All",
  }),
  option("allow-principal", "allow-principal", "Who is allowed, as principalType:name; User:'*' for everybody."),
  option(
    "deny-principal",
    "deny-principal",
    "Who is denied, as principalType:name; that counts more than being allowed.",
  ),
  optional("principal", "principal", "With --list: only rules of this principal; may be given again."),
  option("allow-host", "allow-host", "From where it is allowed; '*' without it."),
  option("deny-host", "deny-host", "From where it is denied; '*' without it."),
  flag("producer", "Rules of a producer: WRITE, DESCRIBE and CREATE of the topic."),
  flag("consumer", "Rules of a consumer: READ and DESCRIBE of the topic, READ of the group."),
  flag("force", "Do not ask."),
  option("user-principal", "user-principal", "A user, for CreateTokens and DescribeTokens."),
]);

export type AclOption = typeof table extends OptionTable<infer Name> ? Name : never;

/** @throws OptionError, ExitError */
export function readAclOptions(words: readonly string[], io: CommandIo): Checks<AclOption> {
  const checks = new Checks(io, parseOrUsage(io, table, words));
  const { options } = checks;
  checks.helpOrVersion("This tool helps to manage acls on kafka.");
  const servers = [options.has("bootstrap-server"), options.has("bootstrap-controller")].filter(Boolean).length;
  if (servers === 2) checks.usage("Only one of --bootstrap-server or --bootstrap-controller must be specified");
  if (servers === 0) checks.usage("One of --bootstrap-server or --bootstrap-controller must be specified");
  if ((["add", "remove", "list"] as const).filter((action) => options.has(action)).length !== 1) {
    checks.usage("Command must include exactly one action: --list, --add, --remove. ");
  }
  checks.invalidWith("list", ["producer", "consumer", "allow-host", "allow-principal", "deny-host", "deny-principal"]);
  checks.invalidWith("producer", ["operation", "deny-principal", "deny-host"]);
  checks.invalidWith("consumer", ["operation", "deny-principal", "deny-host"]);
  checkRoles(checks);
  return checks;
}

function checkRoles(checks: Checks<AclOption>): void {
  const { options } = checks;
  if (options.has("principal") && !options.has("list")) {
    checks.usage("The --principal option is only available if --list is set");
  }
  if (options.has("producer") && !options.has("topic")) checks.usage("With --producer you must specify a --topic");
  if (options.has("idempotent") && !options.has("producer")) {
    checks.usage("The --idempotent option is only available if --producer is set");
  }
  const isOther = !options.has("producer") && (options.has("cluster") || options.has("transactional-id"));
  if (options.has("consumer") && (!options.has("topic") || !options.has("group") || isOther)) {
    checks.usage(
      "With --consumer you must specify a --topic and a --group and no --cluster or --transactional-id option should be specified.",
    );
  }
}
