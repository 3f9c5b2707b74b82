// `kafka-consumer-groups`: list, describe and delete groups, reset and delete their offsets.
// Kafka: org.apache.kafka.tools.consumer.group.ConsumerGroupCommand. Failures are told on stdout and end with 0, as there.

import type { Admin, ConsumerGroupDescription, GroupListing } from "@ottla/client";
import { CommandFailure } from "../command-failure.ts";
import { ExitError } from "../command-io.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { withAdmin } from "../client/connect.ts";
import { futureMessage, isExpected, reportingFailures, traceLine } from "../failure.ts";
import type { Checks } from "../options/checks.ts";
import { columns } from "../text/java-format.ts";
import { compareTexts } from "../text/java-format.ts";
import { javaSearchPattern } from "../text/java-regex.ts";
import { deleteGroups, deleteOffsets } from "./consumer-groups/delete-offsets.ts";
import { memberTable, stateTable } from "./consumer-groups/describe-members.ts";
import { offsetRows, offsetTable, partitionsOf } from "./consumer-groups/describe-offsets.ts";
import { parseStates, parseTypes } from "./consumer-groups/groups-filter.ts";
import { WRONG_ARGUMENT, endOffsets } from "./consumer-groups/offsets-lookup.ts";
import type { Lookup } from "./consumer-groups/offsets-lookup.ts";
import { readGroupOptions } from "./consumer-groups/options.ts";
import type { GroupOption, GroupOptions } from "./consumer-groups/options.ts";
import { committedOffsets, resetOffsets } from "./consumer-groups/reset-offsets.ts";
import { tellState } from "./consumer-groups/state-notice.ts";

export const consumerGroups: KafkaCommand = (words, io) =>
  reportingFailures(io, async () => {
    const checks = readGroupOptions(words, io);
    const { options } = checks;
    if (options.has("validate-regex")) return validateRegex(io, options.text("validate-regex")!);
    try {
      await run(checks, io);
    } catch (error) {
      if (error instanceof ExitError || !isExpected(error)) throw error;
      if (error instanceof CommandFailure && error.javaClass === WRONG_ARGUMENT) checks.usage(error.message);
      io.out(`\nError: Executing consumer group command failed due to ${futureMessage(error)}`);
      traceLine(io, error);
    }
  });

function validateRegex(io: CommandIo, text: string): void {
  try {
    javaSearchPattern(text);
    io.out(`The regular expression \`${text}\` is valid.`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const reason = error.message.replace(/^Invalid regular expression: .*?\/: /s, "");
    io.out(`The regular expression \`${text}\` is invalid: ${reason}.`);
  }
}

async function run(checks: Checks<GroupOption>, io: CommandIo): Promise<void> {
  const { options } = checks;
  const filters = options.has("list") ? listFilters(checks) : {};
  const where = { servers: options.text("bootstrap-server")!, configFile: options.text("command-config") };
  await withAdmin(where, async (admin) => {
    // All three are read before anything is asked for.
    options.numbers("to-offset");
    options.number("shift-by");
    const lookup: Lookup = { admin, timeoutMs: options.number("timeout")! };
    if (options.has("list")) await list(lookup, io, { options, ...filters });
    else if (options.has("delete-offsets")) {
      await deleteOffsets(io, lookup, { groupId: options.text("group")!, topics: options.texts("topic") });
    } else {
      const groupIds = options.has("all-groups")
        ? (await listGroups(lookup)).map(({ groupId }) => groupId)
        : [...new Set(options.texts("group"))];
      if (options.has("describe")) await describe(lookup, io, { options, groupIds });
      else if (options.has("delete")) await deleteGroups(io, lookup, groupIds);
      else await resetOffsets({ checks, io, lookup }, groupIds);
    }
  });
}

type Filters = Pick<Parameters<Admin["listGroups"]>[0] & {}, "types" | "states">;

/** Java has wrong states and types as wrong arguments, which show the usage. */
function listFilters(checks: Checks<GroupOption>): Filters {
  const { options } = checks;
  const types = options.text("type") ?? "";
  const states = options.text("state") ?? "";
  try {
    return {
      ...(types === "" ? {} : { types: parseTypes(types) }),
      ...(states === "" ? {} : { states: parseStates(states) }),
    };
  } catch (error) {
    if (error instanceof CommandFailure) checks.usage(error.message);
    throw error;
  }
}

/** Groups of consumers: of either protocol, or only with offsets. */
async function listGroups({ admin, timeoutMs }: Lookup, filters: Filters = {}): Promise<GroupListing[]> {
  const listed = await admin.listGroups({
    types: ["Classic", "Consumer"],
    ...filters,
    protocolTypes: ["", "consumer"],
    timeoutMs,
  });
  return [...listed.values()].sort((one, other) => compareTexts(one.groupId, other.groupId));
}

async function list(
  lookup: Lookup,
  io: CommandIo,
  { options, ...filters }: Filters & { readonly options: GroupOptions },
): Promise<void> {
  const withType = options.has("type");
  const withState = options.has("state");
  if (!withType && !withState) {
    for (const { groupId } of await listGroups(lookup)) io.out(groupId);
    return;
  }
  const groups = await listGroups(lookup, filters);
  const groupWidth = Math.max(15, ...groups.map(({ groupId }) => groupId.length)) + 10;
  const row = (group: string, type: string, state: string): string =>
    columns([groupWidth, 20, 20], [group, ...(withType ? [type] : []), ...(withState ? [state] : [])]);
  io.out(row("GROUP", "TYPE", "STATE"));
  for (const { groupId, type, state } of groups) io.out(row(groupId, type ?? "Unknown", state ?? "Unknown"));
}

async function describe(
  lookup: Lookup,
  io: CommandIo,
  { options, groupIds }: { readonly options: GroupOptions; readonly groupIds: readonly string[] },
): Promise<void> {
  const described = await lookup.admin.describeConsumerGroups(groupIds, { timeoutMs: lookup.timeoutMs });
  const groups = [...described.values()].sort((one, other) => compareTexts(one.groupId, other.groupId));
  const isVerbose = options.has("verbose");
  for (const group of groups) {
    if (options.has("members")) {
      const rows = group.members.length;
      const hasRows = tellState(io, group.groupId, { state: group.state, rows });
      printLines(io, memberTable(group, isVerbose, hasRows));
    } else if (options.has("state")) {
      if (tellState(io, group.groupId, { state: group.state, rows: 1 })) printLines(io, stateTable(group, isVerbose));
    } else await describeOffsets(lookup, io, { group, isVerbose });
  }
}

async function describeOffsets(
  lookup: Lookup,
  io: CommandIo,
  { group, isVerbose }: { readonly group: ConsumerGroupDescription; readonly isVerbose: boolean },
): Promise<void> {
  const committed = await committedOffsets(lookup, group.groupId);
  const ends = await endOffsets(lookup, partitionsOf({ group, committed }));
  const rows = offsetRows({ group, committed, endOffsets: ends }, isVerbose);
  if (tellState(io, group.groupId, { state: group.state, rows: rows.length })) {
    printLines(io, offsetTable(rows, isVerbose));
  }
}

function printLines(io: CommandIo, lines: readonly string[]): void {
  for (const line of lines) io.out(line);
}
