// `ottla group delete`: groups without members, with what they have committed.

import { settled } from "@ottla/client";
import { CommandError } from "../../command-error.ts";
import type { CommandCall } from "../../command-definition.ts";
import { targetText, withAdmin } from "../connect.ts";
import { reportErrors, withName } from "../failure.ts";
import { plainPage, print } from "../output.ts";
import { tableLines } from "../table.ts";
import { confirm } from "../terminal.ts";
import type { ChangeOptions } from "../terminal.ts";
import { countText } from "../text.ts";
import type { GroupFlags } from "./group-commands.ts";
import { groupFacts, groupListings } from "./group-facts.ts";
import type { FoundGroups, GroupFacts } from "./group-facts.ts";
import { columns } from "./list-groups.ts";

export type DeleteGroupsFlags = GroupFlags & ChangeOptions;

export async function deleteGroups({ options, words, io }: CommandCall<DeleteGroupsFlags>): Promise<number> {
  return await withAdmin(options, io, async (session) => {
    const { admin, call, target } = session;
    const { listings, errors: missing } = await groupListings(session, words);
    const found = await groupFacts(session, listings);
    const groups = deletable({ groups: found.groups, errors: new Map([...missing, ...found.errors]) });
    const document = (isDeleted: (id: string) => boolean): object[] =>
      groups.map(({ groupId, state, lag }) => ({ groupId, state, lag, isDeleted: isDeleted(groupId) }));
    if (options.dryRun === true) {
      const title = `would be deleted on ${targetText(target)}: ${countText(groups.length, "group")}`;
      await print(io, options, {
        document: document(() => false),
        lines: (page) => [title, ...tableLines(groups, columns, page)],
      });
      return 0;
    }
    if (options.yes !== true) for (const line of tableLines(groups, columns, plainPage(io))) io.error(line);
    const what = groups.length === 1 ? `the group ${groups[0]!.groupId}` : `these ${groups.length} groups`;
    await confirm(io, `Delete ${what} on ${targetText(target)}? What was committed is lost.`, options);
    const ids = groups.map(({ groupId }) => groupId);
    const { errors } = await settled(admin.deleteConsumerGroups(ids, call));
    await print(io, options, {
      document: document((id) => !errors.has(id)),
      lines: () => ids.filter((id) => !errors.has(id)).map((id) => `${id} deleted`),
    });
    return reportErrors(io, errors);
  });
}

/** @throws CommandError when one cannot be deleted: none is then */
function deletable({ groups, errors }: FoundGroups): readonly GroupFacts[] {
  for (const [id, error] of errors) throw new CommandError(`nothing was deleted: ${id}: ${withName(error)}`);
  for (const { groupId, members, state } of groups) {
    if (members.length === 0) continue;
    const who = countText(members.length, "member");
    throw new CommandError(`nothing was deleted: ${groupId} is ${state} with ${who} (NON_EMPTY_GROUP)`);
  }
  return groups;
}
