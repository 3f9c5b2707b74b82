// `ottla config get`: what was set, where, and what holds otherwise.

import { resourceKey, settled } from "@ottla/client";
import type { ConfigEntry, ConfigSource } from "@ottla/client";
import { CommandError } from "../../command-error.ts";
import type { CommandCall } from "../../command-definition.ts";
import { withAdmin } from "../connect.ts";
import type { Session } from "../connect.ts";
import { withName } from "../failure.ts";
import { print } from "../output.ts";
import { tableLines } from "../table.ts";
import type { Column, Page } from "../table.ts";
import type { ConfigFlags } from "./config-commands.ts";
import { checkBroker, entityOf } from "./entities.ts";
import type { Entity } from "./entities.ts";

export interface GetConfigsFlags extends ConfigFlags {
  readonly all?: true;
  readonly docs?: true;
}

interface ConfigRow {
  readonly name: string;
  /** null when there is none, or it is sensitive and hidden. */
  readonly value: string | null;
  readonly source: ConfigSource | "CLIENT_QUOTA";
  readonly isSensitive: boolean;
  readonly isReadOnly: boolean;
  readonly documentation?: string | null;
}

export async function getConfigs({ options, words, io }: CommandCall<GetConfigsFlags>): Promise<void> {
  const [type, name, ...names] = words;
  const entity = entityOf(type!, name!);
  await withAdmin(options, io, async (session) => {
    const rows = await configRows(session, entity, options);
    const missing = names.find((each) => !rows.some((row) => row.name === each));
    if (missing !== undefined) throw new CommandError(`${type} ${name} has no config ${missing}`);
    const named = names.length > 0 ? names.map((each) => rows.find((row) => row.name === each)!) : rows;
    const shown =
      names.length > 0 || options.all === true ? named : named.filter(({ source }) => source !== "DEFAULT_CONFIG");
    await print(io, options, {
      document: shown,
      lines: (page) => (shown.length === 0 ? [`nothing is set: --all shows the defaults`] : rowLines(shown, page)),
    });
  });
}

async function configRows(session: Session, entity: Entity, { docs }: GetConfigsFlags): Promise<ConfigRow[]> {
  const { admin, call } = session;
  if (entity.kind === "quotas") {
    const { type, name } = entity;
    const found = await admin.describeClientQuotas(
      [{ entityType: type, match: name === null ? "default" : { name } }],
      {
        ...call,
        strict: true,
      },
    );
    return found.flatMap(({ quotas }) =>
      Object.entries(quotas).map(([quota, value]) => ({
        name: quota,
        value: String(value),
        source: "CLIENT_QUOTA" as const,
        isSensitive: false,
        isReadOnly: false,
      })),
    );
  }
  const { resource } = entity;
  await checkBroker(session, resource);
  const described = await settled(admin.describeConfigs([resource], { ...call, includeDocumentation: docs ?? false }));
  const [error] = described.errors.values();
  if (error !== undefined)
    throw new CommandError(`${resource.type.toLowerCase()} ${resource.name}: ${withName(error)}`);
  const rows = [...described.values.get(resourceKey(resource))!.entries.values()].map((entry) =>
    rowOf(entry, docs === true),
  );
  return rows.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function rowOf({ name, value, source, isSensitive, isReadOnly, documentation }: ConfigEntry, docs: boolean): ConfigRow {
  return { name, value, source, isSensitive, isReadOnly, ...(docs ? { documentation } : {}) };
}

function rowLines(rows: readonly ConfigRow[], page: Page): string[] {
  const [titles, ...lines] = tableLines(rows, columns, page);
  return [
    titles!,
    ...lines.flatMap((line, at) => {
      const text = rows[at]!.documentation ?? null;
      return text === null ? [line] : [line, page.paint("dim", `    ${text.replace(/\s+/g, " ")}`)];
    }),
  ];
}

/** Where a value is set, in a word or two. */
const sourceTexts: Readonly<Partial<Record<ConfigRow["source"], string>>> = {
  DYNAMIC_TOPIC_CONFIG: "topic",
  DYNAMIC_BROKER_CONFIG: "broker",
  DYNAMIC_DEFAULT_BROKER_CONFIG: "all brokers",
  STATIC_BROKER_CONFIG: "server.properties",
  DYNAMIC_BROKER_LOGGER_CONFIG: "logger",
  DYNAMIC_CLIENT_METRICS_CONFIG: "client metrics",
  DYNAMIC_GROUP_CONFIG: "group",
  CLIENT_QUOTA: "quota",
  DEFAULT_CONFIG: "default",
};

const columns: readonly Column<ConfigRow>[] = [
  { title: "CONFIG", value: ({ name }) => name },
  { title: "VALUE", value: ({ value, isSensitive }) => (isSensitive ? "(hidden)" : value) },
  { title: "FROM", value: ({ source }) => sourceTexts[source] ?? source },
  { title: "CHANGEABLE", value: ({ isReadOnly }) => (isReadOnly ? "no" : "yes") },
];
