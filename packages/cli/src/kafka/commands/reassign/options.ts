// The options of kafka-reassign-partitions and which go with which action (ReassignPartitionsCommand of Kafka 4.3).

import type { CommandIo } from "../../command-io.ts";
import { Checks } from "../../options/checks.ts";
import { flag, option, optional, optionTable } from "../../options/option-table.ts";
import type { OptionTable } from "../../options/option-table.ts";
import { parseOptions } from "../../options/parse-options.ts";
import type { ParsedOptions } from "../../options/parsed-options.ts";

const long = { type: "Long" } as const;

const table = optionTable([
  flag("verify", "Tell whether the reassignment of --reassignment-json-file is done, and then take throttles away."),
  flag("generate", "Propose a reassignment; nothing is moved."),
  flag("execute", "Begin the reassignment of --reassignment-json-file."),
  flag("cancel", "Cancel a reassignment under way."),
  flag("list", "List the reassignments under way."),
  optional("bootstrap-server", "Server(s) to use for bootstrapping", "The brokers to connect to."),
  option("command-config", "Admin client property file", "Properties file with configs of the admin client."),
  option(
    "reassignment-json-file",
    "manual assignment json file path",
    'A JSON file such as \n{"partitions":\n\t[{"topic": "foo",\n\t  "partition": 1,\n\t  "replicas": [1,2,3],\n\t  "log_dirs": ["dir1","dir2","dir3"] }],\n"version":1\n}\n"log_dirs" may be left out; each is a path on the broker, or "any".',
  ),
  option(
    "topics-to-move-json-file",
    "topics to reassign json file path",
    'A JSON file with topics to move to the brokers of --broker-list, such as \n{"topics":\n\t[{"topic": "foo"},{"topic": "foo1"}],\n"version":1\n}',
  ),
  option("broker-list", "brokerlist", `The brokers to move to, such as "0,1,2". Needed with --generate.`),
  optional("bootstrap-controller", "bootstrap controller to connect to", "The controllers to connect to."),
  flag("disable-rack-aware", "Replicas may be in one rack."),
  option("throttle", "throttle", "At most so many bytes a second between brokers; at least 1 KB.", {
    ...long,
    byDefault: -1,
  }),
  option(
    "replica-alter-log-dirs-throttle",
    "replicaAlterLogDirsThrottle",
    "At most so many bytes a second between folders of a broker; at least 1 KB.",
    { ...long, byDefault: -1 },
  ),
  option("timeout", "timeout", "How long to wait until moves between folders begin, in milliseconds.", {
    ...long,
    byDefault: 10_000,
  }),
  flag("additional", "Beside reassignments under way, or to change their throttle."),
  flag("preserve-throttles", "Leave throttles as they are."),
  flag("disallow-replication-factor-change", "Refuse a reassignment that changes how many replicas there are."),
]);

type Name = typeof table extends OptionTable<infer Each> ? Each : never;
export type ReassignOptions = ParsedOptions<Name>;

const actions = ["generate", "execute", "verify", "cancel", "list"] as const;
export type ReassignAction = (typeof actions)[number];

const required: Readonly<Record<ReassignAction, readonly Name[]>> = {
  verify: ["reassignment-json-file"],
  generate: ["topics-to-move-json-file", "broker-list"],
  execute: ["reassignment-json-file"],
  cancel: ["reassignment-json-file"],
  list: [],
};

/** Beside those that are required. */
const permitted: Readonly<Record<ReassignAction, readonly Name[]>> = {
  verify: ["bootstrap-server", "command-config", "preserve-throttles"],
  generate: ["bootstrap-server", "broker-list", "command-config", "disable-rack-aware"],
  execute: [
    "additional",
    "bootstrap-server",
    "command-config",
    "throttle",
    "replica-alter-log-dirs-throttle",
    "timeout",
    "disallow-replication-factor-change",
  ],
  cancel: ["bootstrap-server", "bootstrap-controller", "command-config", "preserve-throttles", "timeout"],
  list: ["bootstrap-server", "bootstrap-controller", "command-config"],
};

/** @throws OptionError, ExitError */
export function readReassignOptions(
  words: readonly string[],
  io: CommandIo,
): { readonly options: ReassignOptions; readonly action: ReassignAction } {
  const options = parseOptions(table, words);
  const checks = new Checks(io, options);
  checks.helpOrVersion("This tool helps to move topic partitions between replicas.");
  const chosen = actions.filter((action) => options.has(action));
  if (chosen.length !== 1) {
    checks.usage(`Command must include exactly one action: ${actions.map((action) => `--${action}`).join(", ")}`);
  }
  const [action] = chosen as [ReassignAction];
  const hasServer = options.has("bootstrap-server");
  const hasController = options.has("bootstrap-controller");
  if (hasServer && hasController)
    checks.usage("Please don't specify both --bootstrap-server and --bootstrap-controller");
  if (!hasServer && !hasController) checks.usage("Please specify either --bootstrap-server or --bootstrap-controller");
  checks.required(...required[action]);
  const allowed: readonly string[] = [action, ...required[action], ...permitted[action]];
  const wrong = options.order.find((name) => !allowed.includes(name));
  if (wrong !== undefined) checks.usage(`Option "[${wrong}]" can't be used with action "[${action}]"`);
  return { options, action };
}
