// `ottla topic alter`: more partitions, other configs; before and after side by side.

import { resourceKey, settled } from "@ottla/client";
import type { ItemKey, KafkaError } from "@ottla/client";
import { UsageError } from "../../command-error.ts";
import type { CommandCall } from "../../command-definition.ts";
import { applyConfigChanges, changeColumns, planConfigChanges, withValuesNow } from "../config-changes.ts";
import type { ConfigChange, NewConfigs } from "../config-changes.ts";
import { withAdmin } from "../connect.ts";
import type { Session } from "../connect.ts";
import { reportErrors } from "../failure.ts";
import { print } from "../output.ts";
import { tableLines } from "../table.ts";
import type { ChangeOptions } from "../terminal.ts";
import type { TopicFlags } from "./topic-commands.ts";
import { topicNames } from "./topic-facts.ts";

export interface AlterTopicsFlags extends TopicFlags, Pick<ChangeOptions, "dryRun"> {
  readonly partitions?: number;
  /** An empty value takes the config away. */
  readonly config?: readonly (readonly [name: string, value: string])[];
}

/** Configs and partitions are changed apart from each other, so that one may fail and the other not. */
interface Altered {
  readonly changes: readonly ConfigChange[];
  /** By topic and what was to be changed. */
  readonly errors: ReadonlyMap<ItemKey, KafkaError>;
}

export async function alterTopics({ options, words, io }: CommandCall<AlterTopicsFlags>): Promise<number> {
  const { partitions, config = [], dryRun } = options;
  if (partitions === undefined && config.length === 0) {
    throw new UsageError("nothing to change: --partitions, --config or both are needed");
  }
  const configs: NewConfigs = new Map(config.map(([name, value]) => [name, value === "" ? null : value]));
  return await withAdmin(options, io, async (session) => {
    const names = await topicNames(session, words);
    const isDry = dryRun ?? false;
    const altered = [
      ...(configs.size === 0 ? [] : [await alterConfigs(session, names, configs, isDry)]),
      ...(partitions === undefined ? [] : [await addPartitions(session, names, partitions, isDry)]),
    ];
    const rows = altered.flatMap(({ changes }) => changes);
    const columns = [{ title: "TOPIC", value: ({ entity }: ConfigChange) => entity }, ...changeColumns];
    await print(io, options, {
      document: rows.map(({ entity, ...change }) => ({ topic: entity, ...change, isDryRun: isDry })),
      lines: (page) => {
        if (rows.length === 0) return [];
        return [...(isDry ? ["would change:"] : []), ...tableLines(rows, columns, page)];
      },
    });
    return altered.reduce<number>((code, { errors }) => Math.max(code, reportErrors(io, errors)), 0);
  });
}

async function alterConfigs(
  session: Session,
  names: readonly string[],
  configs: NewConfigs,
  isDry: boolean,
): Promise<Altered> {
  const resources = names.map((name) => ({ type: "TOPIC" as const, name }));
  const plan = await planConfigChanges(session, resources, configs);
  const known = resources.filter((resource) => !plan.errors.has(resourceKey(resource)));
  const failed = await applyConfigChanges(session, known, configs, { isDry });
  const errors = new Map(
    [...plan.errors, ...failed].map(([key, error]) => [String(key).slice("TOPIC:".length), error]),
  );
  const changes = plan.changes.filter(({ entity }) => !errors.has(entity));
  return { changes: isDry ? changes : await withValuesNow(session, known, changes), errors };
}

async function addPartitions(
  { admin, call }: Session,
  names: readonly string[],
  count: number,
  isDry: boolean,
): Promise<Altered> {
  const described = await settled(admin.describeTopics(names, call));
  const known = names.filter((name) => described.values.has(name));
  const { errors } = await settled(
    admin.createPartitions(
      known.map((topic) => ({ topic, count })),
      { ...call, validateOnly: isDry },
    ),
  );
  const changes = known.map((entity) => ({
    entity,
    config: "partitions",
    before: String(described.values.get(entity)!.partitions.length),
    after: String(count),
    isDefaultBefore: false,
    isDefaultAfter: false,
  }));
  return {
    changes: changes.filter(({ entity }) => !errors.has(entity)),
    errors: new Map([...described.errors, ...errors]),
  };
}
