// `kafka-groups`: lists groups of every type. Kafka: org.apache.kafka.tools.GroupsCommand.

import type { GroupListing, GroupType } from "@ottla/client";
import { withAdmin } from "../client/connect.ts";
import { CommandFailure } from "../command-failure.ts";
import { ExitError } from "../command-io.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { isExpected, reportingFailures, traceLine } from "../failure.ts";
import { Checks, parseOrUsage } from "../options/checks.ts";
import { flag, option, optionTable } from "../options/option-table.ts";
import type { OptionTable } from "../options/option-table.ts";
import type { ParsedOptions } from "../options/parsed-options.ts";
import { javaMessage } from "../text/java-error.ts";
import { compareTexts } from "../text/java-format.ts";

const ABOUT = "This tool helps to list groups of all types.";
const TIMEOUT_MS = 30_000;

const table = optionTable([
  option("bootstrap-server", "server to connect to", "REQUIRED: the broker to connect to.", { required: true }),
  option("command-config", "command config property file", "Properties file with configs of the admin client."),
  flag("list", "List the groups."),
  option("group-type", "type", "Only groups of this type: 'classic', 'consumer', 'share' or 'streams'."),
  option("protocol", "protocol", "Only groups of this protocol."),
  flag("consumer", "Only groups of consumers: of type 'consumer', or 'classic' with the protocol 'consumer' or none."),
  flag("share", "Only share groups."),
  flag("streams", "Only streams groups."),
]);

type Options = ParsedOptions<typeof table extends OptionTable<infer Name> ? Name : never>;

const types: readonly GroupType[] = ["Classic", "Consumer", "Share", "Streams"];

export const groups: KafkaCommand = (words, io) =>
  reportingFailures(io, async () => {
    const options = readOptions(words, io);
    const where = { servers: options.text("bootstrap-server")!, configFile: options.text("command-config") };
    try {
      await withAdmin(where, async (admin) => {
        const listed = [...(await admin.listGroups({ timeoutMs: TIMEOUT_MS })).values()];
        listed.sort((one, other) => compareTexts(one.groupId, other.groupId));
        for (const line of groupLines(listed, options)) io.out(line);
      });
      return 0;
    } catch (error) {
      if (error instanceof ExitError || !isExpected(error)) throw error;
      io.out(`Error while executing groups command : ${javaMessage(error)}`);
      traceLine(io, error);
      return 1;
    }
  });

function readOptions(words: readonly string[], io: CommandIo): Options {
  if (words.length === 0) return parseOrUsage(io, table, words);
  const options = parseOrUsage(io, table, words);
  const checks = new Checks(io, options);
  checks.helpOrVersion(ABOUT);
  if (!options.has("list")) checks.usage("Command must include exactly one action: --list.");
  if (options.has("group-type") && typeOf(options) === undefined) {
    throw new CommandFailure("--group-type must be a valid group type.");
  }
  checks.invalidWith("consumer", ["group-type", "protocol", "share", "streams"]);
  checks.invalidWith("share", ["consumer", "group-type", "protocol", "streams"]);
  checks.invalidWith("streams", ["consumer", "group-type", "protocol", "share"]);
  return options;
}

function typeOf(options: Options): GroupType | undefined {
  return types.find((type) => type.toLowerCase() === options.text("group-type")?.toLowerCase());
}

export function groupLines(listed: readonly GroupListing[], options: Options): string[] {
  const rows = listed
    .filter((group) => isWanted(group, options))
    .map(({ groupId, type, protocolType }) => [groupId, type ?? "", protocolType]);
  const width = Math.max(20, ...rows.flat().map((cell) => cell.length));
  const padded = (row: readonly string[]): string => row.map((cell) => cell.padEnd(width)).join(" ");
  return [padded(["GROUP", "TYPE", "PROTOCOL"]), ...rows.map((row) => `${padded(row)} `)];
}

function isWanted({ type, protocolType }: GroupListing, options: Options): boolean {
  const protocol = options.text("protocol");
  const isOfProtocol = protocol === undefined || protocolType === protocol;
  if (options.has("group-type")) return type === typeOf(options) && isOfProtocol;
  if (protocol !== undefined) return isOfProtocol;
  if (options.has("consumer")) return protocolType === "consumer" || protocolType === "" || type === "Consumer";
  if (options.has("share")) return type === "Share";
  return !options.has("streams") || type === "Streams";
}
