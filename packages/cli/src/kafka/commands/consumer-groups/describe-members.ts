// `kafka-consumer-groups --describe --members` and `--state`: tables of members and of the group itself. Pure.

import type { ConsumerGroupDescription, GroupMember, TopicPartition } from "@ottla/client";
import { columns, compareTexts, widthsOf } from "../../text/java-format.ts";

const MISSING = "-";

/** The table of members; its header stands even when nobody is there. */
export function memberTable(group: ConsumerGroupDescription, isVerbose: boolean, hasRows: boolean): string[] {
  const members = hasRows ? group.members : [];
  const hasInstances = members.some(({ groupInstanceId }) => (groupInstanceId ?? "") !== "");
  const isMigrating =
    members.some(({ isUpgraded }) => isUpgraded === true) && members.some(({ isUpgraded }) => isUpgraded === false);
  const headers = [
    "GROUP",
    "CONSUMER-ID",
    ...(hasInstances ? ["GROUP-INSTANCE-ID"] : []),
    "HOST",
    "CLIENT-ID",
    "#PARTITIONS",
  ];
  const rows = group.members.map((member) => memberRow(group.groupId, member, hasInstances));
  const least = headers.map((header) => (header === "#PARTITIONS" ? 0 : header === "GROUP-INSTANCE-ID" ? 17 : 15));
  const widths = widthsOf(least, hasRows ? rows : []).map((width) => (width === 0 ? 15 : width));
  const more = isVerbose ? verboseColumns(group, { isMigrating, hasRows }) : ["", ...members.map(() => "")];
  const lines = [headers, ...rows].map((row, index) => `${columns(widths, row)} ${more[index] ?? ""}`);
  return ["", ...lines];
}

function memberRow(groupId: string, member: GroupMember, hasInstances: boolean): string[] {
  return [
    groupId,
    member.memberId,
    ...(hasInstances ? [member.groupInstanceId ?? ""] : []),
    member.host,
    member.clientId,
    String(member.assignment.length),
  ];
}

function verboseColumns(
  group: ConsumerGroupDescription,
  { isMigrating, hasRows }: { isMigrating: boolean; hasRows: boolean },
): string[] {
  const headers = [
    "CURRENT-EPOCH",
    "CURRENT-ASSIGNMENT",
    "TARGET-EPOCH",
    "TARGET-ASSIGNMENT",
    ...(isMigrating ? ["UPGRADED"] : []),
  ];
  const rows = group.members.map((member) => [
    String(member.memberEpoch ?? MISSING),
    assignmentText(member.assignment),
    String(group.targetAssignmentEpoch ?? MISSING),
    assignmentText(member.targetAssignment ?? []),
    ...(isMigrating ? [String(member.isUpgraded ?? MISSING)] : []),
  ]);
  const grown = widthsOf([0, 20, 0, 20, 0].slice(0, headers.length), hasRows ? rows : []);
  const widths = [15, grown[1]!, 15, grown[3]!, 0];
  return [headers, ...rows].map((row) => columns(widths, row));
}

/** "orders:0,1;payments:2" */
function assignmentText(assignment: readonly TopicPartition[]): string {
  if (assignment.length === 0) return MISSING;
  const byTopic = Map.groupBy(assignment, ({ topic }) => topic);
  return [...byTopic]
    .map(([topic, partitions]) => {
      const numbers = partitions.map(({ partition }) => partition).sort((one, other) => one - other);
      return `${topic}:${numbers.join(",")}`;
    })
    .sort(compareTexts)
    .join(";");
}

/** The one line of a group's state under its header. */
export function stateTable(group: ConsumerGroupDescription, isVerbose: boolean): string[] {
  const { coordinator, assignor } = group;
  const headers = [
    "GROUP",
    "COORDINATOR (ID)",
    "ASSIGNMENT-STRATEGY",
    "STATE",
    ...(isVerbose ? ["GROUP-EPOCH", "TARGET-ASSIGNMENT-EPOCH"] : []),
    "#MEMBERS",
  ];
  const row = [
    group.groupId,
    `${coordinator.host}:${coordinator.port}  (${coordinator.nodeId})`,
    assignor === "" ? MISSING : assignor,
    group.state,
    ...(isVerbose ? [String(group.groupEpoch ?? MISSING), String(group.targetAssignmentEpoch ?? MISSING)] : []),
    String(group.members.length),
  ];
  const widths = [
    Math.max(15, row[0]!.length),
    Math.max(25, row[1]!.length),
    20,
    20,
    ...(isVerbose ? [15, 25] : []),
    0,
  ];
  return ["", columns(widths, headers), columns(widths, row)];
}
