// `ottla topic describe`: a few lines of what a topic is, then its partitions; what is wrong stands out.

import type { CommandCall } from "../../command-definition.ts";
import { isTrouble, stateStyle } from "../cluster-facts.ts";
import { withAdmin } from "../connect.ts";
import { reportErrors, reportGaps } from "../failure.ts";
import { print } from "../output.ts";
import { fieldLines, tableLines } from "../table.ts";
import type { Column, Page } from "../table.ts";
import { withProgress } from "../terminal.ts";
import { sizeText } from "../text.ts";
import type { TopicFlags } from "./topic-commands.ts";
import { distance, topicFacts, topicNames } from "./topic-facts.ts";
import type { PartitionFacts, TopicFacts } from "./topic-facts.ts";

export interface DescribeTopicsFlags extends TopicFlags {
  readonly unhealthy?: true;
}

export async function describeTopics({ options, words, io }: CommandCall<DescribeTopicsFlags>): Promise<number> {
  return await withAdmin(options, io, async (session) => {
    const { topics, errors, sizeErrors } = await withProgress(io, "asking for topics", async () =>
      topicFacts(session, await topicNames(session, words)),
    );
    const shown = options.unhealthy === true ? topics.map(onlyTrouble) : topics;
    await print(io, options, {
      document: shown,
      lines: (page) => shown.flatMap((topic, at) => [...(at === 0 ? [] : [""]), ...topicLines(topic, page)]),
    });
    reportGaps(io, "sizes", sizeErrors);
    return reportErrors(io, errors);
  });
}

function onlyTrouble(topic: TopicFacts): TopicFacts {
  return { ...topic, partitions: topic.partitions.filter(({ state }) => isTrouble(state)) };
}

function topicLines(topic: TopicFacts, page: Page): string[] {
  const { name, topicId, isInternal, replicationFactor, offsetCount, sizeBytes, configs, partitions } = topic;
  const fields = fieldLines(
    [
      ["Topic", `${name}${isInternal ? " (internal)" : ""}`],
      ["Id", topicId],
      ["Replicas", replicationFactor],
      ["Offsets", offsetCount],
      ["Size", sizeBytes === null ? null : `${sizeText(sizeBytes)} a copy`],
      ["Configs", configsText(configs)],
    ],
    page,
  );
  return [...fields, "", ...tableLines(partitions, columns, page)];
}

function configsText(configs: TopicFacts["configs"]): string {
  if (configs === null) return "not told";
  if (configs.length === 0) return "all by default";
  return configs.map((each) => `${each.name}=${each.value ?? "(hidden)"}`).join(" ");
}

const columns: readonly Column<PartitionFacts>[] = [
  { title: "PARTITION", value: ({ partition }) => partition },
  { title: "LEADER", value: ({ leader }) => leader, align: "right" },
  { title: "REPLICAS", value: ({ replicas }) => replicas.join(",") },
  { title: "ISR", value: ({ isr }) => isr.join(",") },
  { title: "START", value: ({ startOffset }) => startOffset, align: "right" },
  { title: "END", value: ({ endOffset }) => endOffset, align: "right" },
  { title: "OFFSETS", value: distance, align: "right" },
  { title: "SIZE", value: ({ sizeBytes }) => (sizeBytes === null ? null : sizeText(sizeBytes)), align: "right" },
  { title: "STATE", value: ({ state }) => state, style: ({ state }) => stateStyle(state) },
];
