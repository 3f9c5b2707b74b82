// `ottla group list`: every group with its state and how far it is behind.

import { settled } from "@ottla/client";
import type { GroupListing, GroupState, GroupType } from "@ottla/client";
import type { CommandCall } from "../../command-definition.ts";
import { withAdmin } from "../connect.ts";
import { reportErrors } from "../failure.ts";
import { filterNames } from "../names.ts";
import { print } from "../output.ts";
import { tableLines } from "../table.ts";
import type { Column, Style } from "../table.ts";
import { withProgress } from "../terminal.ts";
import type { GroupFlags } from "./group-commands.ts";
import { groupFacts } from "./group-facts.ts";
import type { GroupFacts } from "./group-facts.ts";

export interface ListGroupsFlags extends GroupFlags {
  readonly type?: readonly GroupType[];
  readonly state?: readonly GroupState[];
  readonly byLag?: true;
}

export async function listGroups({ options, words, io }: CommandCall<ListGroupsFlags>): Promise<number> {
  const { type, state, byLag } = options;
  return await withAdmin(options, io, async (session) => {
    const { admin, call } = session;
    const { groups, errors } = await withProgress(io, "asking for groups", async () => {
      const listed = await settled(admin.listGroups({ ...call, types: type ?? [], states: state ?? [] }));
      const all = new Map([...listed.values.values()].map((group): [string, GroupListing] => [group.groupId, group]));
      const wanted = filterNames(words, all.keys()).map((name) => all.get(name)!);
      const found = await groupFacts(session, wanted);
      return { groups: found.groups, errors: new Map([...listed.errors, ...found.errors]) };
    });
    const sorted = byLag === true ? [...groups].sort((one, other) => (other.lag ?? -1) - (one.lag ?? -1)) : groups;
    await print(io, options, {
      document: sorted.map(summaryOf),
      lines: (page) => tableLines(sorted, columns, page),
    });
    return reportErrors(io, errors);
  });
}

function summaryOf({ groupId, type, protocolType, state, members, lag, coordinatorId }: GroupFacts): object {
  return { groupId, type, protocolType, state, members: members.length, lag, coordinatorId };
}

/** A group that is being rebalanced may be on its way; one that stays so is not. */
export function groupStyle({ state, members, lag }: GroupFacts): Style | null {
  if (state === "Dead" || state === "Unknown") return "red";
  if (state === "Empty") return members.length === 0 && (lag ?? 0) > 0 ? "yellow" : null;
  return state === "Stable" || state === null ? null : "yellow";
}

export const columns: readonly Column<GroupFacts>[] = [
  { title: "GROUP", value: ({ groupId }) => groupId },
  { title: "TYPE", value: ({ type, protocolType }) => typeText(type, protocolType) },
  { title: "STATE", value: ({ state }) => state, style: groupStyle },
  { title: "MEMBERS", value: ({ members }) => members.length },
  { title: "LAG", value: ({ lag }) => lag, align: "right" },
];

/** Groups of another kind than consumers say which, such as connect. */
function typeText(type: GroupType | null, protocolType: string): string {
  const other = protocolType === "consumer" || protocolType === "" || type === "Share" || type === "Streams";
  return other ? (type ?? "-") : `${type ?? "-"} (${protocolType})`;
}
