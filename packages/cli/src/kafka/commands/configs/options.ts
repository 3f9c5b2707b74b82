// The options of kafka-configs, which entities they name, and what must go together (ConfigCommand.ConfigCommandOptions of Kafka 4.3).

import { lookup } from "node:dns/promises";
import { CommandFailure } from "../../command-failure.ts";
import type { CommandIo } from "../../command-io.ts";
import { Checks } from "../../options/checks.ts";
import { flag, option, optionTable } from "../../options/option-table.ts";
import type { OptionTable } from "../../options/option-table.ts";
import { parseOptions } from "../../options/parse-options.ts";
import type { ParsedOptions } from "../../options/parsed-options.ts";
import { clientQuotaNames, ipQuotaNames, scramMechanisms, topicConfigNames } from "../../text/config-names.ts";

/** In Kafka's order. */
export const entityTypes = [
  "topics",
  "clients",
  "users",
  "brokers",
  "ips",
  "client-metrics",
  "groups",
  "broker-loggers",
] as const;
export type EntityType = (typeof entityTypes)[number];

const named = (type: string, names: readonly string[]): string =>
  `For entity-type '${type}': \n${names.map((name) => `\t${name}`).join("\n")}\n`;

const table = optionTable([
  option("bootstrap-server", "server to connect to", "The brokers to connect to."),
  option("bootstrap-controller", "controller to connect to", "The controllers to connect to."),
  option("command-config", "command config property file", "Properties file with configs of the admin client."),
  flag("alter", "Change configs of the entity."),
  flag("describe", "List configs of the entity."),
  flag("all", "With --describe: all configs, static ones and defaults among them."),
  option("entity-type", "", `What it is: ${entityTypes.join("/")}`),
  option(
    "entity-name",
    "",
    "Its name: of a topic, client, user, client metrics; the id of a broker or group; an address.",
  ),
  flag("entity-default", "The default for all clients, users, brokers or ips."),
  option(
    "add-config",
    "",
    `Configs to set: 'k1=v1,k2=[v1,v2,v2],k3=v3', with square brackets around values with commas. There are: ${named("topics", topicConfigNames)}${named("users", [...scramMechanisms, ...clientQuotaNames].sort())}${named("clients", clientQuotaNames)}${named("ips", ipQuotaNames)}users and clients may be named together, for the clients of one user.`,
  ),
  option("add-config-file", "", "Properties file with configs to set."),
  option("delete-config", "", "Configs to take away: 'k1,k2'", { separator: "," }),
  option("topic", "", "The topic."),
  option("client", "", "The client's id."),
  flag("client-defaults", "The defaults for all clients."),
  option("user", "", "The user's principal."),
  flag("user-defaults", "The defaults for all users."),
  option("broker", "", "The broker's id."),
  flag("broker-defaults", "The defaults for all brokers."),
  option("broker-logger", "", "The id of the broker whose loggers are meant."),
  flag("ip-defaults", "The defaults for all addresses."),
  option("ip", "", "The address."),
  option("group", "", "The group's id."),
  option("client-metrics", "", "The name of the client metrics."),
]);

type Name = typeof table extends OptionTable<infer Each> ? Each : never;
export type ConfigOptions = ParsedOptions<Name>;

/** The short options of a type, in Kafka's order. */
const shortNames: readonly (readonly [Name, EntityType])[] = [
  ["topic", "topics"],
  ["client", "clients"],
  ["user", "users"],
  ["broker", "brokers"],
  ["broker-logger", "broker-loggers"],
  ["ip", "ips"],
  ["client-metrics", "client-metrics"],
  ["group", "groups"],
];
const shortDefaults: readonly (readonly [Name, EntityType])[] = [
  ["client-defaults", "clients"],
  ["user-defaults", "users"],
  ["broker-defaults", "brokers"],
  ["ip-defaults", "ips"],
];

export interface ConfigCommand {
  readonly options: ConfigOptions;
  readonly types: readonly EntityType[];
  /** The empty name is the default. There may be fewer than types: all of the type are meant. */
  readonly names: readonly string[];
}

/** @throws OptionError, CommandFailure, ExitError */
export async function readConfigOptions(words: readonly string[], io: CommandIo): Promise<ConfigCommand> {
  const options = parseOptions(table, words);
  const checks = new Checks(io, options);
  checks.helpOrVersion(
    "This tool helps to manipulate and describe entity config for a topic, client, user, broker, ip, client-metrics or group",
  );
  if ([options.has("alter"), options.has("describe")].filter(Boolean).length !== 1) {
    checks.usage("Command must include exactly one action: --describe, --alter");
  }
  checks.invalidWith("describe", ["add-config", "delete-config"]);
  const types = readTypes(options);
  const names = readNames(options);
  checkConnection(options);
  await checkNames(options, types, names);
  if (options.has("describe")) checkDescribe(options, types, names);
  else checkAlter(options, types, names);
  return { options, types, names };
}

function readTypes(options: ConfigOptions): EntityType[] {
  const short = [...shortNames, ...shortDefaults].filter(([name]) => options.has(name)).map(([, type]) => type);
  const types = [...options.texts("entity-type"), ...short];
  const repeated = types.filter((type, index) => types.indexOf(type) !== index);
  if (repeated.length > 0) throw new CommandFailure(`Duplicate entity type(s) specified: ${repeated.join(",")}`);
  if (!options.has("bootstrap-server") && !options.has("bootstrap-controller")) {
    throw new CommandFailure("Either --bootstrap-server or --bootstrap-controller must be specified.");
  }
  const known: readonly string[] = entityTypes;
  const wrong = types.find((type) => !known.includes(type));
  if (wrong !== undefined) {
    throw new CommandFailure(
      `Invalid entity type ${wrong}, the entity type must be one of ${entityTypes.join(", ")} with a --bootstrap-server or --bootstrap-controller argument`,
    );
  }
  if (types.length === 0) throw new CommandFailure("At least one entity type must be specified");
  if (types.length > 1 && !(types.length === 2 && types.includes("users") && types.includes("clients"))) {
    throw new CommandFailure("Only 'users' and 'clients' entity types may be specified together");
  }
  const isLong = (["entity-name", "entity-type", "entity-default"] as const).some((name) => options.has(name));
  if (isLong && short.length > 0) {
    throw new CommandFailure(
      "--entity-{type,name,default} should not be used in conjunction with specific entity flags",
    );
  }
  return types as EntityType[];
}

/** In the order of the command line, as names go with types. */
function readNames(options: ConfigOptions): string[] {
  const given = options.texts("entity-name")[Symbol.iterator]();
  const long = options.order
    .filter((name) => name === "entity-name" || name === "entity-default")
    .map((name) => (name === "entity-name" ? given.next().value! : ""));
  return [
    ...long,
    ...shortNames.filter(([name]) => options.has(name)).map(([name]) => options.text(name)!),
    ...shortDefaults.filter(([name]) => options.has(name)).map(() => ""),
  ];
}

function checkConnection(options: ConfigOptions): void {
  if (options.has("bootstrap-server") && options.has("bootstrap-controller")) {
    throw new CommandFailure("Only one of --bootstrap-server or --bootstrap-controller can be specified");
  }
}

async function checkNames(
  options: ConfigOptions,
  types: readonly EntityType[],
  names: readonly string[],
): Promise<void> {
  if (!names.some((name) => name !== "")) return;
  const given = (each: readonly Name[]): string[] =>
    each.filter((name) => options.has(name)).map((name) => options.text(name)!);
  if (types.includes("brokers") || types.includes("broker-loggers")) {
    const wrong = given(["entity-name", "broker", "broker-logger"]).find((name) => !/^[+-]?\d+$/.test(name));
    if (wrong !== undefined) {
      throw new CommandFailure(
        `The entity name for ${types[0]} must be a valid integer broker id, but it is: ${wrong}`,
      );
    }
  }
  if (!types.includes("ips")) return;
  for (const name of given(["entity-name", "ip"])) {
    const isKnown = await lookup(name).then(
      () => true,
      () => false,
    );
    if (!isKnown) {
      throw new CommandFailure(
        `The entity name for ${types[0]} must be a valid IP or resolvable host, but it is: ${name}`,
      );
    }
  }
}

const withDefaults: readonly EntityType[] = ["users", "clients", "brokers", "ips"];

function checkDescribe(options: ConfigOptions, types: readonly EntityType[], names: readonly string[]): void {
  if (!types.some((type) => withDefaults.includes(type)) && options.has("entity-default")) {
    throw new CommandFailure(`--entity-default must not be specified with --describe of ${types.join(",")}`);
  }
  if (types.includes("broker-loggers") && !names.some((name) => name !== "")) {
    throw new CommandFailure(`An entity name must be specified with --describe of ${types.join(",")}`);
  }
}

function checkAlter(options: ConfigOptions, types: readonly EntityType[], names: readonly string[]): void {
  if (types.some((type) => withDefaults.includes(type))) {
    if (names.length === 0) {
      throw new CommandFailure(
        "An entity-name or default entity must be specified with --alter of users, clients, brokers or ips",
      );
    }
  } else if (!names.some((name) => name !== "")) {
    throw new CommandFailure(`An entity name must be specified with --alter of ${types.join(",")}`);
  }
  const adds = options.has("add-config");
  const addsFile = options.has("add-config-file");
  if (adds && addsFile) throw new CommandFailure("Only one of --add-config or --add-config-file must be specified");
  if (!adds && !addsFile && !options.has("delete-config")) {
    throw new CommandFailure(
      "At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter",
    );
  }
}
