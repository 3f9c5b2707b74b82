// `ottla group describe`: how far each partition is behind and who has it, then the members.

import type { CommandCall } from "../../command-definition.ts";
import { withAdmin } from "../connect.ts";
import { reportErrors } from "../failure.ts";
import { print } from "../output.ts";
import { fieldLines, tableLines } from "../table.ts";
import type { Column, Page } from "../table.ts";
import { withProgress } from "../terminal.ts";
import { countText } from "../text.ts";
import type { GroupFlags } from "./group-commands.ts";
import { groupFacts, groupListings } from "./group-facts.ts";
import type { GroupFacts, GroupOffset, MemberFacts } from "./group-facts.ts";

export async function describeGroups({ options, words, io }: CommandCall<GroupFlags>): Promise<number> {
  return await withAdmin(options, io, async (session) => {
    const { groups, errors } = await withProgress(io, "asking for groups", async () => {
      const { listings, errors: missing } = await groupListings(session, words);
      const found = await groupFacts(session, listings);
      return { groups: found.groups, errors: new Map([...missing, ...found.errors]) };
    });
    await print(io, options, {
      document: groups,
      lines: (page) => groups.flatMap((group, at) => [...(at === 0 ? [] : [""]), ...groupLines(group, page)]),
    });
    return reportErrors(io, errors);
  });
}

function groupLines(group: GroupFacts, page: Page): string[] {
  const { groupId, type, protocolType, state, assignor, coordinatorId, members, lag, offsets } = group;
  const fields = fieldLines(
    [
      ["Group", groupId],
      ["Type", type],
      ["Protocol", protocolType === "" ? null : protocolType],
      ["State", state === null ? null : `${state}, ${countText(members.length, "member")}`],
      ["Lag", lag],
      ["Assignor", assignor],
      ["Coordinator", coordinatorId],
    ],
    page,
  );
  const byId = new Map(members.map((member) => [member.memberId, member]));
  return [
    ...fields,
    ...(offsets.length === 0 ? [] : ["", ...tableLines(offsets, offsetColumns(byId), page)]),
    ...(members.length === 0 ? [] : ["", ...tableLines(members, memberColumns, page)]),
  ];
}

function offsetColumns(members: ReadonlyMap<string, MemberFacts>): readonly Column<GroupOffset>[] {
  const owner = ({ memberId }: GroupOffset): MemberFacts | undefined =>
    memberId === null ? undefined : members.get(memberId);
  return [
    { title: "TOPIC", value: ({ topic }) => topic },
    { title: "PARTITION", value: ({ partition }) => partition },
    { title: "COMMITTED", value: ({ committed }) => committed, align: "right" },
    { title: "END", value: ({ end }) => end, align: "right" },
    {
      title: "LAG",
      value: ({ lag }) => lag,
      align: "right",
      style: (row) => ((row.lag ?? 0) > 0 && row.memberId === null ? "yellow" : null),
    },
    { title: "CLIENT", value: (row) => owner(row)?.clientId ?? null },
    { title: "HOST", value: (row) => owner(row)?.host ?? null },
  ];
}

const memberColumns: readonly Column<MemberFacts>[] = [
  { title: "MEMBER", value: ({ memberId }) => memberId },
  { title: "INSTANCE", value: ({ groupInstanceId }) => groupInstanceId },
  { title: "CLIENT", value: ({ clientId }) => clientId },
  { title: "HOST", value: ({ host }) => host },
  { title: "PARTITIONS", value: ({ partitions }) => partitions?.length ?? null, align: "right" },
];
