// `kafka-consumer-groups --describe` with its partitions: who reads each, from where, and how far behind. Pure.

import type { CommittedOffset, ConsumerGroupDescription, GroupMember, TopicPartition } from "@ottla/client";
import { columns, comparePartitions, partitionText, widthsOf } from "../../text/java-format.ts";

const MISSING = "-";

/** A member with partitions, or the partitions that no member has. */
interface Owner {
  readonly consumerId: string;
  readonly host: string;
  readonly clientId: string;
  readonly partitions: readonly TopicPartition[];
}

export interface GroupOffsets {
  readonly group: ConsumerGroupDescription;
  readonly committed: readonly CommittedOffset[];
  /** By "topic-partition"; what has no leader is not in it. */
  readonly endOffsets: ReadonlyMap<string, number>;
}

/** Partitions of members and those with a committed offset: all that the table is about. */
export function partitionsOf({ group, committed }: Pick<GroupOffsets, "group" | "committed">): TopicPartition[] {
  const all = [...group.members.flatMap(({ assignment }) => assignment), ...committed];
  const byName = new Map(all.map(({ topic, partition }) => [`${topic}-${partition}`, { topic, partition }]));
  return [...byName.values()];
}

/** The lines of the table, without the header none. */
export function offsetRows(offsets: GroupOffsets, isVerbose: boolean): string[][] {
  return ownersOf(offsets).flatMap(({ consumerId, host, clientId, partitions }) =>
    [...partitions].sort(comparePartitions).map((partition) => {
      const name = partitionText(partition);
      const committed = offsets.committed.find((each) => partitionText(each) === name && each.offset !== null);
      const end = offsets.endOffsets.get(name);
      const lag = committed === undefined || end === undefined ? MISSING : String(end - committed.offset!);
      return [
        offsets.group.groupId,
        partition.topic,
        String(partition.partition),
        ...(isVerbose ? [text(committed?.leaderEpoch)] : []),
        text(committed?.offset),
        text(end),
        lag,
        consumerId,
        host,
        clientId,
      ];
    }),
  );
}

export function offsetTable(rows: readonly (readonly string[])[], isVerbose: boolean): string[] {
  const headers = [
    "GROUP",
    "TOPIC",
    "PARTITION",
    ...(isVerbose ? ["LEADER-EPOCH"] : []),
    "CURRENT-OFFSET",
    "LOG-END-OFFSET",
    "LAG",
    "CONSUMER-ID",
    "HOST",
    "CLIENT-ID",
  ];
  // Group, topic, member and host have room for what stands in them; the others have fixed widths, whatever stands there.
  const grows = new Set(["GROUP", "TOPIC", "CONSUMER-ID", "HOST"]);
  const grown = widthsOf(
    headers.map((header) => (grows.has(header) ? 15 : 0)),
    rows,
  );
  const widths = headers.map((header, column) => {
    if (header === "CLIENT-ID") return 0;
    return grows.has(header) ? grown[column]! : header === "PARTITION" ? 10 : 15;
  });
  return ["", ...[headers, ...rows].map((row) => columns(widths, row))];
}

/** Members with the most partitions first; then what nobody has. */
function ownersOf({ group, committed }: GroupOffsets): Owner[] {
  const assigned = new Set(group.members.flatMap(({ assignment }) => assignment.map(partitionText)));
  const free = committed.filter((each) => each.offset !== null && !assigned.has(partitionText(each)));
  const owners = group.members
    .filter(({ assignment }) => assignment.length > 0)
    .sort((one, other) => other.assignment.length - one.assignment.length)
    .map(ownerOf);
  return [...owners, { consumerId: MISSING, host: MISSING, clientId: MISSING, partitions: free }];
}

function ownerOf({ memberId, host, clientId, assignment }: GroupMember): Owner {
  return { consumerId: memberId, host, clientId, partitions: assignment };
}

function text(value: number | null | undefined): string {
  return value === null || value === undefined ? MISSING : String(value);
}
