// `ottla topic list`: what there is, how large, and what is wrong with it.

import { partitionKey, settled } from "@ottla/client";
import type { TopicDescription } from "@ottla/client";
import type { CommandCall } from "../../command-definition.ts";
import { isTrouble, partitionSizes, partitionState, stateStyle } from "../cluster-facts.ts";
import type { PartitionState } from "../cluster-facts.ts";
import { withAdmin } from "../connect.ts";
import { reportErrors, reportGaps } from "../failure.ts";
import { filterNames } from "../names.ts";
import { print } from "../output.ts";
import type { Column } from "../table.ts";
import { tableLines } from "../table.ts";
import { withProgress } from "../terminal.ts";
import { sizeText } from "../text.ts";
import type { TopicFlags } from "./topic-commands.ts";

export interface ListTopicsFlags extends TopicFlags {
  readonly internal?: true;
  readonly unhealthy?: true;
}

interface TopicRow {
  readonly name: string;
  readonly partitions: number;
  /** The smallest number that any partition has. */
  readonly replicas: number;
  /** One copy of all partitions; null when no broker tells. */
  readonly sizeBytes: number | null;
  readonly offlinePartitions: number;
  readonly underReplicatedPartitions: number;
  readonly isInternal: boolean;
}

export async function listTopics({ options, words, io }: CommandCall<ListTopicsFlags>): Promise<number> {
  return await withAdmin(options, io, async (session) => {
    const { admin, call } = session;
    const { rows, errors, sizeErrors } = await withProgress(io, "asking for topics", async () => {
      const listed = await admin.listTopics({ includeInternal: options.internal ?? false, ...call });
      const names = filterNames(words, listed.keys());
      const described = await settled(admin.describeTopics(names, call));
      const topics = [...described.values.values()];
      const brokers = new Set(topics.flatMap(({ partitions }) => partitions.flatMap(({ replicas }) => replicas)));
      const sizes = await partitionSizes(session, [...brokers]);
      return {
        rows: topics.map((topic) => rowOf(topic, sizes.ofPartition)),
        errors: described.errors,
        sizeErrors: sizes.errors,
      };
    });
    const shown = options.unhealthy === true ? rows.filter((row) => isTrouble(worstState(row))) : rows;
    await print(io, options, { document: shown, lines: (page) => tableLines(shown, columns, page) });
    reportGaps(io, "sizes", sizeErrors);
    return reportErrors(io, errors);
  });
}

function rowOf({ name, partitions, isInternal }: TopicDescription, sizes: ReadonlyMap<string, number>): TopicRow {
  const states = partitions.map(partitionState);
  const known = partitions.map(({ partition }) => sizes.get(partitionKey(name, partition)));
  return {
    name,
    partitions: partitions.length,
    replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    sizeBytes: known.every((size) => size === undefined)
      ? null
      : known.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    offlinePartitions: states.filter((state) => state === "offline").length,
    underReplicatedPartitions: states.filter((state) => state === "under-replicated").length,
    isInternal,
  };
}

function worstState({ offlinePartitions, underReplicatedPartitions }: TopicRow): PartitionState {
  if (offlinePartitions > 0) return "offline";
  return underReplicatedPartitions > 0 ? "under-replicated" : "ok";
}

const columns: readonly Column<TopicRow>[] = [
  { title: "TOPIC", value: ({ name }) => name },
  { title: "PARTITIONS", value: ({ partitions }) => partitions },
  { title: "REPLICAS", value: ({ replicas }) => replicas },
  { title: "SIZE", value: ({ sizeBytes }) => (sizeBytes === null ? null : sizeText(sizeBytes)), align: "right" },
  { title: "HEALTH", value: healthText, style: (row) => stateStyle(worstState(row)) },
];

function healthText({ offlinePartitions, underReplicatedPartitions }: TopicRow): string {
  const troubles = [
    ...(offlinePartitions > 0 ? [`${offlinePartitions} offline`] : []),
    ...(underReplicatedPartitions > 0 ? [`${underReplicatedPartitions} under-replicated`] : []),
  ];
  return troubles.length === 0 ? "ok" : troubles.join(", ");
}
