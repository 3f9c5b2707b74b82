// `ottla topic delete`: what would be lost is shown first, then asked for, then deleted.

import { settled } from "@ottla/client";
import { CommandError } from "../../command-error.ts";
import type { CommandCall } from "../../command-definition.ts";
import { targetText, withAdmin } from "../connect.ts";
import { reportErrors, withName } from "../failure.ts";
import { plainPage, print } from "../output.ts";
import { tableLines } from "../table.ts";
import type { Column } from "../table.ts";
import { confirm, withProgress } from "../terminal.ts";
import type { ChangeOptions } from "../terminal.ts";
import { countText, sizeText } from "../text.ts";
import type { TopicFlags } from "./topic-commands.ts";
import { topicFacts, topicNames } from "./topic-facts.ts";
import type { FoundTopics, TopicFacts } from "./topic-facts.ts";

export interface DeleteTopicsFlags extends TopicFlags, ChangeOptions {
  readonly ifExists?: true;
}

interface DeletedRow {
  readonly name: string;
  readonly partitions: number;
  readonly offsetCount: number | null;
  readonly sizeBytes: number | null;
  readonly isDeleted: boolean;
}

export async function deleteTopics({ options, words, io }: CommandCall<DeleteTopicsFlags>): Promise<number> {
  return await withAdmin(options, io, async (session) => {
    const { admin, call, target } = session;
    const found = await withProgress(io, "asking for topics", async () =>
      topicFacts(session, await topicNames(session, words)),
    );
    const topics = theseOnly(found, options);
    const rows = (isDeleted: (name: string) => boolean): DeletedRow[] =>
      topics.map((topic) => rowOf(topic, isDeleted(topic.name)));
    const isAsked = options.yes !== true;
    if (options.dryRun === true) {
      const shown = rows(() => false);
      const title = `would be deleted on ${targetText(target)}: ${countText(shown.length, "topic")}`;
      await print(io, options, { document: shown, lines: (page) => [title, ...tableLines(shown, columns, page)] });
      return 0;
    }
    if (topics.length > 0 && isAsked) {
      const page = plainPage(io);
      for (const line of tableLines(
        rows(() => false),
        columns,
        page,
      ))
        io.error(line);
      const what = topics.length === 1 ? topics[0]!.name : `these ${topics.length} topics`;
      await confirm(io, `Delete ${what} on ${targetText(target)}? The records are lost.`, options);
    }
    const { errors } = await settled(
      admin.deleteTopics(
        topics.map(({ name }) => name),
        call,
      ),
    );
    const shown = rows((name) => !errors.has(name));
    await print(io, options, {
      document: shown,
      lines: () => shown.filter(({ isDeleted }) => isDeleted).map(({ name }) => `${name} deleted`),
    });
    return reportErrors(io, errors);
  });
}

/** @throws CommandError when a name is wrong: nothing is deleted then */
function theseOnly({ topics, errors }: FoundTopics, { ifExists }: DeleteTopicsFlags): readonly TopicFacts[] {
  for (const [name, error] of errors) {
    if (ifExists === true && error.code === "UNKNOWN_TOPIC_OR_PARTITION") continue;
    throw new CommandError(`nothing was deleted: ${name}: ${withName(error)}`);
  }
  return topics;
}

function rowOf({ name, partitions, offsetCount, sizeBytes }: TopicFacts, isDeleted: boolean): DeletedRow {
  return { name, partitions: partitions.length, offsetCount, sizeBytes, isDeleted };
}

const columns: readonly Column<DeletedRow>[] = [
  { title: "TOPIC", value: ({ name }) => name },
  { title: "PARTITIONS", value: ({ partitions }) => partitions },
  { title: "OFFSETS", value: ({ offsetCount }) => offsetCount, align: "right" },
  { title: "SIZE", value: ({ sizeBytes }) => (sizeBytes === null ? null : sizeText(sizeBytes)), align: "right" },
];
