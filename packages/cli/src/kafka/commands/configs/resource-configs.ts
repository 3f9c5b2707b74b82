// Configs of topics, brokers, loggers, client metrics and groups: `kafka-configs --describe` and `--alter`.

import { resourceKey } from "@ottla/client";
import type { Admin, ConfigEntry, ConfigResourceType, ConfigSource } from "@ottla/client";
import { CommandFailure } from "../../command-failure.ts";
import type { CommandIo } from "../../command-io.ts";
import { errorNameOf } from "../../text/java-error.ts";
import { compareTexts } from "../../text/java-format.ts";
import type { WantedChanges } from "./changes.ts";
import type { EntityType } from "./options.ts";

export type ResourceEntity = Exclude<EntityType, "users" | "clients" | "ips">;

interface Kind {
  readonly type: ConfigResourceType;
  /** Where configs of its own come from; null where all of them are. */
  readonly source: ConfigSource | null;
}

const kinds: Readonly<Record<ResourceEntity, Kind>> = {
  topics: { type: "TOPIC", source: "DYNAMIC_TOPIC_CONFIG" },
  brokers: { type: "BROKER", source: "DYNAMIC_BROKER_CONFIG" },
  "broker-loggers": { type: "BROKER_LOGGER", source: null },
  "client-metrics": { type: "CLIENT_METRICS", source: "DYNAMIC_CLIENT_METRICS_CONFIG" },
  groups: { type: "GROUP", source: "DYNAMIC_GROUP_CONFIG" },
};

const TIMEOUT_MS = 30_000;

export interface Described {
  readonly entity: ResourceEntity;
  /** Undefined for all of the type. */
  readonly name: string | undefined;
  readonly withAll: boolean;
}

export async function describeResources(admin: Admin, io: CommandIo, described: Described): Promise<void> {
  const { entity, name, withAll } = described;
  if (!withAll && name !== undefined && !(await names[entity].exists(admin, name))) {
    io.out(`The ${entity.slice(0, -1)} '${name}' doesn't exist and doesn't have dynamic config.`);
    return;
  }
  const wanted = name === undefined ? await names[entity].all(admin) : [name];
  for (const each of wanted) {
    io.out(
      each === ""
        ? `Default configs for ${entity} in the cluster are:`
        : `${withAll ? "All" : "Dynamic"} configs for ${entity.slice(0, -1)} ${each} are:`,
    );
    for (const entry of await configsOf(admin, { entity, name: each, withAll })) io.out(configLine(entry));
  }
}

/** `  name=value sensitive=false synonyms={SOURCE:name=value, …}` */
export function configLine({ name, value, isSensitive, synonyms }: ConfigEntry): string {
  const others = synonyms.map((synonym) => `${synonym.source}:${synonym.name}=${synonym.value}`).join(", ");
  return `  ${name}=${value} sensitive=${isSensitive} synonyms={${others}}`;
}

async function configsOf(
  admin: Admin,
  { entity, name, withAll }: { readonly entity: ResourceEntity; readonly name: string; readonly withAll: boolean },
): Promise<ConfigEntry[]> {
  const { type, source } = kinds[entity];
  const own = entity === "brokers" && name === "" ? "DYNAMIC_DEFAULT_BROKER_CONFIG" : source;
  const described = await admin.describeConfigs([{ type, name }], { includeSynonyms: true, timeoutMs: TIMEOUT_MS });
  return [...described.get(resourceKey({ type, name }))!.entries.values()]
    .filter((entry) => withAll || own === null || entry.source === own)
    .sort((one, other) => compareTexts(one.name, other.name));
}

interface Names {
  /** Whether there is one of this name. */
  exists(admin: Admin, name: string): Promise<boolean>;
  all(admin: Admin): Promise<string[]>;
}

const brokerNames: Names = {
  exists: async (admin, name) => name === "" || (await admin.describeCluster()).nodes.has(Number(name)),
  all: async (admin) => [...(await admin.describeCluster()).nodes.keys()].map(String).concat(""),
};

const names: Readonly<Record<ResourceEntity, Names>> = {
  topics: {
    async exists(admin, name) {
      checkTopicName(name);
      return (await admin.listTopics({ includeInternal: true })).has(name);
    },
    all: async (admin) => [...(await admin.listTopics({ includeInternal: true })).keys()].sort(compareTexts),
  },
  brokers: brokerNames,
  "broker-loggers": brokerNames,
  "client-metrics": {
    exists: async (admin, name) => (await admin.listClientMetricsResources()).includes(name),
    all: (admin) => admin.listClientMetricsResources(),
  },
  groups: {
    // Where nothing can be learnt of groups' configs, the group may have some.
    exists: async (admin, name) =>
      (await admin.listGroups()).has(name) || ((await groupsWithConfigs(admin))?.includes(name) ?? true),
    async all(admin) {
      const found = new Set([...(await admin.listGroups()).keys(), ...((await groupsWithConfigs(admin)) ?? [])]);
      return [...found].sort(compareTexts);
    },
  },
};

/** Null where the broker does not tell. */
async function groupsWithConfigs(admin: Admin): Promise<string[] | null> {
  try {
    return (await admin.listConfigResources(["GROUP"])).map(({ name }) => name);
  } catch (error) {
    if (["UNSUPPORTED_VERSION", "CLUSTER_AUTHORIZATION_FAILED"].includes(errorNameOf(error))) return null;
    throw error;
  }
}

/** Topic.validate @throws CommandFailure */
function checkTopicName(name: string): void {
  const problem =
    name === ""
      ? "the empty string is not allowed"
      : name === "." || name === ".."
        ? `'${name}' is not allowed`
        : name.length > 249
          ? `the length of '${name}' is longer than the max allowed length 249`
          : /^[a-zA-Z0-9._-]+$/.test(name)
            ? null
            : `'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`;
  if (problem !== null) throw new CommandFailure(`Topic name is invalid: ${problem}`);
}

export async function alterResource(
  admin: Admin,
  { entity, name }: { readonly entity: ResourceEntity; readonly name: string },
  { set, remove }: WantedChanges,
): Promise<void> {
  const { type } = kinds[entity];
  if (entity === "broker-loggers") await checkLoggers(admin, name, [...remove, ...set.keys()]);
  const change = { type, name, set: Object.fromEntries(set), delete: remove };
  try {
    await admin.incrementalAlterConfigs([change], { timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (errorNameOf(error) !== "UNSUPPORTED_VERSION") throw error;
    throw new CommandFailure(
      "The INCREMENTAL_ALTER_CONFIGS API is not supported by the cluster. The API is supported starting from version 2.3.0. You may want to use an older version of this tool to interact with your cluster, or upgrade your brokers to version 2.3.0 or newer to avoid this error.",
      { cause: error },
    );
  }
}

async function checkLoggers(admin: Admin, broker: string, loggers: readonly string[]): Promise<void> {
  const known = await configsOf(admin, { entity: "broker-loggers", name: broker, withAll: false });
  const unknown = loggers.filter((logger) => !known.some(({ name }) => name === logger));
  if (unknown.length > 0) throw new CommandFailure(`Invalid broker logger(s): ${unknown.join(",")}`);
}
