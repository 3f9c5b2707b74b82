// `ottla group reset-offsets`: where a group goes on reading; before and after are shown, then asked for, then set.

import { partitionKey, settled } from "@ottla/client";
import type { ItemKey, KafkaError, TopicPartition } from "@ottla/client";
import { CommandError, UsageError } from "../../command-error.ts";
import type { CommandCall } from "../../command-definition.ts";
import { offsetsAt } from "../cluster-facts.ts";
import { targetText, withAdmin } from "../connect.ts";
import type { Session } from "../connect.ts";
import { reportErrors, withName } from "../failure.ts";
import { plainPage, print } from "../output.ts";
import { tableLines } from "../table.ts";
import type { Column } from "../table.ts";
import { confirm, withProgress } from "../terminal.ts";
import type { ChangeOptions } from "../terminal.ts";
import { countText } from "../text.ts";
import type { TopicWord } from "../words.ts";
import type { GroupFlags } from "./group-commands.ts";
import { groupFacts, groupListings } from "./group-facts.ts";
import type { GroupFacts } from "./group-facts.ts";
import { chooseReset, resetOffset } from "./reset-target.ts";
import type { PlannedReset, ResetFlags, ResetTarget } from "./reset-target.ts";

export interface ResetOffsetsFlags extends GroupFlags, ChangeOptions, ResetFlags {
  readonly topic?: readonly TopicWord[];
  readonly allTopics?: true;
  readonly create?: true;
}

export async function resetOffsets({ options, words, io }: CommandCall<ResetOffsetsFlags>): Promise<number> {
  const target = chooseReset(options, Date.now());
  const { topic = [], allTopics } = options;
  if (topic.length > 0 === (allTopics === true)) {
    throw new UsageError("which partitions? --topic TOPIC[:PARTITIONS] (may be given again), or --all-topics");
  }
  return await withAdmin(options, io, async (session) => {
    const groupId = words[0]!;
    const plan = await withProgress(io, "asking for offsets", async () => {
      const group = await groupToReset(session, groupId, options.create === true);
      const partitions = allTopics === true ? (group?.offsets ?? []) : await partitionsOf(session, topic);
      return { group, rows: await planResets(session, group, partitions, target) };
    });
    if (plan.rows.length === 0) throw new CommandError(`${groupId} has committed nothing: --topic names what to reset`);
    if (options.dryRun === true) {
      await print(io, options, {
        document: plan.rows.map((row) => ({ ...row, isReset: false })),
        lines: (page) => [`would be reset on ${targetText(session.target)}:`, ...tableLines(plan.rows, columns, page)],
      });
      return 0;
    }
    if (options.yes !== true) for (const line of tableLines(plan.rows, columns, plainPage(io))) io.error(line);
    const count = countText(plan.rows.length, "partition");
    await confirm(io, `Reset ${count} of ${groupId} on ${targetText(session.target)}?`, options);
    const errors = await setOffsets(session, groupId, plan.group, plan.rows);
    const isReset = (row: PlannedReset): boolean => !errors.has(partitionKey(row.topic, row.partition));
    await print(io, options, {
      document: plan.rows.map((row) => ({ ...row, isReset: isReset(row) })),
      lines: (page) => tableLines(plan.rows.filter(isReset), columns, page),
    });
    return reportErrors(io, errors);
  });
}

/** null when it is to be created. @throws CommandError when it cannot be reset now */
async function groupToReset(session: Session, groupId: string, isNew: boolean): Promise<GroupFacts | null> {
  const { listings, errors: missing } = await groupListings(session, [groupId]);
  const error = missing.get(groupId);
  if (error?.code === "GROUP_ID_NOT_FOUND") {
    if (isNew) return null;
    throw new CommandError(`there is no group ${groupId}; --create makes one (${error.code})`);
  }
  const { groups, errors } = await groupFacts(session, listings);
  const [group] = groups;
  const failed = error ?? errors.get(groupId);
  if (group === undefined || failed !== undefined) {
    throw new CommandError(`${groupId}: ${failed === undefined ? "nothing is known of it" : withName(failed)}`);
  }
  if (group.members.length > 0) {
    const who = countText(group.members.length, "member");
    throw new CommandError(
      `${groupId} is ${group.state} with ${who}: stop them first, they would go on from where they are (NON_EMPTY_GROUP)`,
    );
  }
  return group;
}

async function partitionsOf({ admin, call }: Session, words: readonly TopicWord[]): Promise<TopicPartition[]> {
  const described = await admin.describeTopics([...new Set(words.map(({ topic }) => topic))], call);
  const found = words.flatMap(({ topic, partitions }) => {
    const there = described.get(topic)!.partitions.map(({ partition }) => partition);
    const missing = partitions?.find((partition) => !there.includes(partition));
    if (missing !== undefined) {
      throw new CommandError(`${topic} has ${countText(there.length, "partition")}, and ${missing} is none of them`);
    }
    return (partitions ?? there).map((partition) => ({ topic, partition }));
  });
  return [...new Map(found.map((each) => [partitionKey(each.topic, each.partition), each])).values()];
}

async function planResets(
  session: Session,
  group: GroupFacts | null,
  partitions: readonly TopicPartition[],
  target: ResetTarget,
): Promise<PlannedReset[]> {
  const committed = new Map(
    (group?.offsets ?? []).map((each) => [partitionKey(each.topic, each.partition), each.committed]),
  );
  const starts = await offsetsAt(session, partitions, "earliest");
  const ends = await offsetsAt(session, partitions, "latest");
  const atTime =
    target.kind === "time" ? await offsetsAt(session, partitions, target.timeMs) : new Map<string, number>();
  return partitions.map(({ topic, partition }) => {
    const key = partitionKey(topic, partition);
    const start = starts.get(key);
    const end = ends.get(key);
    if (start === undefined || end === undefined) throw new CommandError(`${key} has no leader that tells its offsets`);
    const before = committed.get(key) ?? null;
    const place = { topic, partition, before, start, end, atTime: atTime.get(key) ?? -1 };
    return resetOffset(place, target);
  });
}

async function setOffsets(
  { admin, call }: Session,
  groupId: string,
  group: GroupFacts | null,
  rows: readonly PlannedReset[],
): Promise<ReadonlyMap<ItemKey, KafkaError>> {
  const offsets = rows.map(({ topic, partition, after }) => ({ topic, partition, offset: after }));
  if (group?.type !== "Share") return (await settled(admin.alterConsumerGroupOffsets(groupId, offsets, call))).errors;
  const starts = offsets.map(({ topic, partition, offset }) => ({ topic, partition, startOffset: offset }));
  return (await settled(admin.alterShareGroupOffsets(groupId, starts, call))).errors;
}

const columns: readonly Column<PlannedReset>[] = [
  { title: "TOPIC", value: ({ topic }) => topic },
  { title: "PARTITION", value: ({ partition }) => partition },
  { title: "BEFORE", value: ({ before }) => before, align: "right" },
  { title: "AFTER", value: ({ after }) => after },
  {
    title: "CHANGE",
    value: ({ change }) => (change === null ? null : change > 0 ? `+${change}` : String(change)),
    align: "right",
  },
  { title: "LAG", value: ({ lag }) => lag },
  { title: "NOTE", value: ({ note }) => note ?? "" },
];
