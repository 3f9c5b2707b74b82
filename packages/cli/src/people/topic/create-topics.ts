// `ottla topic create`: topics with the same partitions, replicas and configs.

import { settled } from "@ottla/client";
import type { KafkaError, NewTopic } from "@ottla/client";
import type { CommandCall } from "../../command-definition.ts";
import { withAdmin } from "../connect.ts";
import { reportErrors } from "../failure.ts";
import { print } from "../output.ts";
import type { ChangeOptions } from "../terminal.ts";
import { countText } from "../text.ts";
import type { TopicFlags } from "./topic-commands.ts";

export interface CreateTopicsFlags extends TopicFlags, Pick<ChangeOptions, "dryRun"> {
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly config?: readonly (readonly [name: string, value: string])[];
  readonly ifNotExists?: true;
}

interface CreatedRow {
  readonly name: string;
  readonly result: "created" | "would be created" | "exists already";
  /** null when not told, as of a topic that exists already. */
  readonly partitions: number | null;
  readonly replicationFactor: number | null;
}

export async function createTopics({ options, words, io }: CommandCall<CreateTopicsFlags>): Promise<number> {
  const { partitions, replicationFactor, config = [], dryRun, ifNotExists } = options;
  const names = [...new Set(words)];
  const newTopics = names.map((name): NewTopic => ({
    name,
    ...(partitions === undefined ? {} : { partitions }),
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
    configs: Object.fromEntries(config),
  }));
  return await withAdmin(options, io, async ({ admin, call }) => {
    const { values, errors } = await settled(admin.createTopics(newTopics, { ...call, validateOnly: dryRun ?? false }));
    const isThere = (error: KafkaError): boolean => ifNotExists === true && error.code === "TOPIC_ALREADY_EXISTS";
    const rows = names.flatMap((name): CreatedRow[] => {
      const created = values.get(name);
      const error = errors.get(name);
      if (error !== undefined && isThere(error)) {
        return [{ name, result: "exists already", partitions: null, replicationFactor: null }];
      }
      if (created === undefined) return [];
      const known = (count: number): number | null => (count < 0 ? null : count);
      const result = dryRun === true ? "would be created" : "created";
      return [
        { name, result, partitions: known(created.partitions), replicationFactor: known(created.replicationFactor) },
      ];
    });
    await print(io, options, { document: rows, lines: () => rows.map(rowText) });
    return reportErrors(io, new Map([...errors].filter(([, error]) => !isThere(error))));
  });
}

function rowText({ name, result, partitions, replicationFactor }: CreatedRow): string {
  const what = [
    ...(partitions === null ? [] : [countText(partitions, "partition")]),
    ...(replicationFactor === null ? [] : [countText(replicationFactor, "replica")]),
  ];
  return `${name} ${result}${what.length === 0 ? "" : `: ${what.join(", ")}`}`;
}
