// `kafka-consumer-groups --reset-offsets`: new offsets for groups without members, shown, exported or committed.

import { KafkaError, settled } from "@ottla/client";
import type { CommittedOffset, OffsetSpec, TopicPartition } from "@ottla/client";
import { CommandFailure } from "../../command-failure.ts";
import type { CommandIo } from "../../command-io.ts";
import type { Checks } from "../../options/checks.ts";
import { errorNameOf, javaClass, javaMessage, rootError } from "../../text/java-error.ts";
import { columns, comparePartitions, partitionText, widthsOf } from "../../text/java-format.ts";
import { readWholeFile } from "../../text/properties-text.ts";
import { checkPartitions, namedPartitions, offsetsAt } from "./offsets-lookup.ts";
import type { Lookup } from "./offsets-lookup.ts";
import { resetScenarios } from "./options.ts";
import type { GroupOption } from "./options.ts";
import { parseResetPlan, resetPlanLines } from "./reset-plan.ts";
import type { PlannedOffset } from "./reset-plan.ts";
import { parseDateTime, parseDuration } from "./reset-times.ts";

interface Reset {
  readonly checks: Checks<GroupOption>;
  readonly io: CommandIo;
  readonly lookup: Lookup;
}

export async function resetOffsets(reset: Reset, groupIds: readonly string[]): Promise<void> {
  const { io, lookup, checks } = reset;
  const { options } = checks;
  const plan = new Map<string, PlannedOffset[]>();
  const { values, errors } = await settled(
    lookup.admin.describeConsumerGroups(groupIds, { timeoutMs: lookup.timeoutMs }),
  );
  for (const groupId of groupIds) {
    const error = errors.get(groupId);
    if (error !== undefined && errorNameOf(error) !== "GROUP_ID_NOT_FOUND") throw error;
    const state = values.get(groupId)?.state ?? "Dead";
    if (state === "Empty" || state === "Dead") plan.set(groupId, await unwrapped(resetGroup(reset, groupId)));
    else {
      io.out(
        `\nError: Assignments can only be reset if the group '${groupId}' is inactive, but the current state is ${state}.`,
      );
      plan.set(groupId, []);
    }
  }
  if (options.has("export")) {
    const withGroups = options.texts("group").length !== 1;
    io.out(
      resetPlanLines(plan, { withGroups })
        .map((line) => `${line}\n`)
        .join(""),
    );
  } else printPlan(io, plan);
}

/** Kafka throws here what its futures failed with, so the message is the error's own. */
async function unwrapped<T>(work: Promise<T>): Promise<T> {
  return await work.catch((error: unknown) => {
    if (!(rootError(error) instanceof KafkaError)) throw error;
    throw new CommandFailure(javaMessage(error), { cause: error, javaClass: javaClass(error) });
  });
}

/** The new offsets, committed when --execute says so. */
async function resetGroup(reset: Reset, groupId: string): Promise<PlannedOffset[]> {
  const { checks, lookup } = reset;
  const partitions = await partitionsToReset(reset, groupId);
  await checkPartitions(lookup, partitions);
  const offsets = await newOffsets(reset, groupId, partitions);
  offsets.sort(comparePartitions);
  if (checks.options.has("execute")) {
    await lookup.admin.alterConsumerGroupOffsets(groupId, offsets, { timeoutMs: lookup.timeoutMs });
  }
  return offsets;
}

async function partitionsToReset({ checks, lookup }: Reset, groupId: string): Promise<TopicPartition[]> {
  const { options } = checks;
  if (options.has("all-topics")) return await committedOffsets(lookup, groupId);
  if (options.has("topic")) return await namedPartitions(lookup, options.texts("topic"));
  if (!options.has("from-file")) checks.usage("One of the reset scopes should be defined: --all-topics, --topic.");
  return [];
}

export async function committedOffsets(
  { admin, timeoutMs }: Lookup,
  groupId: string,
): Promise<(CommittedOffset & { readonly offset: number })[]> {
  const listed = await admin.listConsumerGroupOffsets([groupId], { timeoutMs });
  return listed.get(groupId)!.filter((each) => each.offset !== null) as (CommittedOffset & { offset: number })[];
}

async function newOffsets(
  reset: Reset,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<PlannedOffset[]> {
  const { options } = reset.checks;
  const scenario = resetScenarios.find((each) => options.has(each));
  if (scenario !== undefined) return await scenarios[scenario](reset, groupId, partitions);
  const names = resetScenarios.map((each) => `[${each}]`).join(", ");
  return reset.checks.usage(`Option '[reset-offsets]' requires one of the following scenarios: [${names}]`);
}

type Scenario = (reset: Reset, groupId: string, partitions: readonly TopicPartition[]) => Promise<PlannedOffset[]>;

const scenarios: Readonly<Record<(typeof resetScenarios)[number], Scenario>> = {
  "to-offset": (reset, _, partitions) => {
    const offset = reset.checks.options.numbers("to-offset")[0]!;
    return withinLog(
      reset,
      partitions.map(({ topic, partition }) => ({ topic, partition, offset })),
    );
  },
  "to-earliest": ({ lookup }, _, partitions) => allAt(lookup, partitions, "earliest"),
  "to-latest": ({ lookup }, _, partitions) => allAt(lookup, partitions, "latest"),
  "shift-by": shifted,
  "to-datetime": (reset, _, partitions) =>
    atTime(reset, partitions, parseDateTime(reset.checks.options.texts("to-datetime")[0]!)),
  "by-duration": (reset, _, partitions) =>
    atTime(reset, partitions, Date.now() - parseDuration(reset.checks.options.text("by-duration")!)),
  "from-file": fromFile,
  "to-current": ({ lookup }, groupId, partitions) => current(lookup, groupId, partitions),
};

async function allAt(lookup: Lookup, partitions: readonly TopicPartition[], at: OffsetSpec): Promise<PlannedOffset[]> {
  const offsets = await offsetsAt(lookup, partitions, at);
  return partitions.map(({ topic, partition }) => ({
    topic,
    partition,
    offset: offsets.get(partitionText({ topic, partition }))!,
  }));
}

async function shifted(reset: Reset, groupId: string, partitions: readonly TopicPartition[]): Promise<PlannedOffset[]> {
  const by = reset.checks.options.number("shift-by")!;
  const committed = await committedByPartition(reset.lookup, groupId);
  const wanted = partitions.map(({ topic, partition }) => {
    const name = partitionText({ topic, partition });
    const offset = committed.get(name);
    if (offset === undefined) {
      // Java has it as a wrong argument, which shows the usage.
      return reset.checks.usage(`Cannot shift offset for partition ${name} since there is no current committed offset`);
    }
    return { topic, partition, offset: offset + by };
  });
  return await withinLog(reset, wanted);
}

async function committedByPartition(lookup: Lookup, groupId: string): Promise<Map<string, number>> {
  const committed = await committedOffsets(lookup, groupId);
  return new Map(committed.map((each) => [partitionText(each), each.offset]));
}

/** The first offset of that time or later; the end of the log where there is none. */
async function atTime(
  { io, lookup }: Reset,
  partitions: readonly TopicPartition[],
  timeMs: number,
): Promise<PlannedOffset[]> {
  const found = await offsetsAt(lookup, partitions, timeMs);
  const none = partitions.filter((each) => found.get(partitionText(each)) === -1);
  for (const { topic, partition } of none) {
    io.out(`\nWarn: Partition ${partition} from topic ${topic} is empty. Falling back to latest known offset.`);
  }
  const ends = await offsetsAt(lookup, none, "latest");
  return partitions.map(({ topic, partition }) => {
    const name = partitionText({ topic, partition });
    return { topic, partition, offset: ends.get(name) ?? found.get(name)! };
  });
}

async function fromFile(reset: Reset, groupId: string): Promise<PlannedOffset[]> {
  const { options } = reset.checks;
  const plan = parseResetPlan(await planText(options.texts("from-file")[0]!), options.texts("group"));
  const offsets = plan.get(groupId);
  if (offsets !== undefined) return await withinLog(reset, offsets);
  reset.io.out(`\nError: No reset plan for group ${groupId} found`);
  return [];
}

/** What cannot be read is told with the exception's class, since another is around it. */
async function planText(path: string): Promise<string> {
  return await readWholeFile(path).catch((error: unknown) => {
    if (!(error instanceof CommandFailure)) throw error;
    throw new CommandFailure(`java.io.IOException: ${error.message}`, { cause: error });
  });
}

async function current(
  lookup: Lookup,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<PlannedOffset[]> {
  const committed = await committedByPartition(lookup, groupId);
  const without = partitions.filter((each) => !committed.has(partitionText(each)));
  const ends = await offsetsAt(lookup, without, "latest");
  return partitions.map(({ topic, partition }) => {
    const name = partitionText({ topic, partition });
    return { topic, partition, offset: committed.get(name) ?? ends.get(name)! };
  });
}

/** Offsets outside the log become its nearest end, and that is said. */
async function withinLog({ io, lookup }: Reset, wanted: readonly PlannedOffset[]): Promise<PlannedOffset[]> {
  const starts = await offsetsAt(lookup, wanted, "earliest");
  const ends = await offsetsAt(lookup, wanted, "latest");
  return wanted.map((each) => {
    const name = partitionText(each);
    const start = starts.get(name);
    const end = ends.get(name);
    if (start === undefined || end === undefined) throw new CommandFailure(`Nothing is known of partition ${name}`);
    const offset = Math.max(Math.min(each.offset, end), start);
    if (each.offset > end)
      tell(io, each, `higher than latest offset for topic partition ${name}. Value will be set to ${end}`);
    else if (each.offset < start) {
      tell(io, each, `lower than earliest offset for topic partition ${name}. Value will be set to ${start}`);
    }
    return { ...each, offset };
  });
}

function tell(io: CommandIo, { offset }: PlannedOffset, what: string): void {
  io.error(`WARN New offset (${offset}) is ${what} (org.apache.kafka.tools.OffsetsUtils)`);
}

function printPlan(io: CommandIo, plan: ReadonlyMap<string, readonly PlannedOffset[]>): void {
  const rows = [...plan].flatMap(([group, offsets]) =>
    offsets.map(({ topic, partition, offset }) => [group, topic, String(partition), String(offset)]),
  );
  const [, topicWidth] = widthsOf([15, 15, 0, 0], rows);
  const groupWidth = Math.max(15, ...[...plan.keys()].map((group) => group.length));
  const widths = [groupWidth, topicWidth!, 10, 0];
  const headers = plan.size === 0 ? [] : [["GROUP", "TOPIC", "PARTITION", "NEW-OFFSET"]];
  for (const row of [...headers, ...rows]) io.write(`\n${columns(widths, row)}`);
  io.out("");
}
