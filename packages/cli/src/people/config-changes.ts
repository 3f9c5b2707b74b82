// Changes of configs, as they were and as they will be: for `topic alter`, `config set` and `config unset`.

import { resourceKey, settled } from "@ottla/client";
import type { ConfigEntry, ConfigResource, ItemKey, KafkaError } from "@ottla/client";
import { CommandError } from "../command-error.ts";
import type { Session } from "./connect.ts";
import type { Column } from "./table.ts";

/** Config names with their new value; null takes the value away, and the default holds again. */
export type NewConfigs = ReadonlyMap<string, string | null>;

export interface ConfigChange {
  /** The topic, broker and so on. */
  readonly entity: string;
  readonly config: string;
  /** null when there is no value, or it is hidden. */
  readonly before: string | null;
  readonly after: string | null;
  /** Whether what comes is, or what was had been, the default. */
  readonly isDefaultBefore: boolean;
  readonly isDefaultAfter: boolean;
}

export interface PlannedChanges {
  readonly changes: readonly ConfigChange[];
  readonly errors: ReadonlyMap<ItemKey, KafkaError>;
}

/** Configs that a broker does not know by name, such as those of one listener, may be secrets as well. */
const SECRET = /password|secret|jaas|credential|(?:^|\.)key$/i;
const HIDDEN = "(hidden)";

/**
 * What the resources' configs are and would become. Resources that cannot be asked are among the errors, by resourceKey.
 * @throws CommandError when a value is to be taken away that cannot be there: to a broker that is no mistake
 */
export async function planConfigChanges(
  { admin, call }: Session,
  resources: readonly ConfigResource[],
  configs: NewConfigs,
): Promise<PlannedChanges> {
  const { values, errors } = await settled(admin.describeConfigs(resources, call));
  const changes = resources.flatMap((resource) => {
    const entries = values.get(resourceKey(resource))?.entries;
    if (entries === undefined) return [];
    const missing = [...configs].find(([config, after]) => after === null && !mayHave(resource, entries, config));
    if (missing !== undefined) {
      const type = resource.type.toLowerCase().replaceAll("_", "-");
      throw new CommandError(`nothing was changed: ${type} ${resource.name} has no config ${missing[0]}`);
    }
    return [...configs].map(([config, after]) => {
      const entry = entries.get(config);
      const isHidden = entry?.isSensitive === true || SECRET.test(config);
      return {
        entity: resource.name,
        config,
        before: entry?.value ?? null,
        after: isHidden && after !== null ? HIDDEN : after,
        isDefaultBefore: entry === undefined || !isOwn(entry, resource),
        isDefaultAfter: after === null,
      };
    });
  });
  return { changes, errors };
}

/** The default of all brokers lists only what is set, and a listener's own configs have any name. */
function mayHave({ type, name }: ConfigResource, entries: ReadonlyMap<string, ConfigEntry>, config: string): boolean {
  return entries.has(config) || (type === "BROKER" && (name === "" || config.startsWith("listener.name.")));
}

/** Sets and deletes. Errors are by resourceKey. */
export async function applyConfigChanges(
  { admin, call }: Session,
  resources: readonly ConfigResource[],
  configs: NewConfigs,
  { isDry }: { readonly isDry: boolean },
): Promise<ReadonlyMap<ItemKey, KafkaError>> {
  const set = Object.fromEntries([...configs].filter(([, value]) => value !== null)) as Record<string, string>;
  const gone = [...configs].filter(([, value]) => value === null).map(([name]) => name);
  const changes = resources.map((resource) => ({ ...resource, set, delete: gone }));
  return (await settled(admin.incrementalAlterConfigs(changes, { ...call, validateOnly: isDry }))).errors;
}

/**
 * The changes with what holds now where a value was taken away. What will hold cannot be told before: the broker's own config may have another
 * unit, as log.retention.hours behind retention.ms.
 */
export async function withValuesNow(
  { admin, call }: Session,
  resources: readonly ConfigResource[],
  changes: readonly ConfigChange[],
): Promise<readonly ConfigChange[]> {
  if (!changes.some(({ isDefaultAfter }) => isDefaultAfter)) return changes;
  const { values } = await settled(admin.describeConfigs(resources, call));
  return changes.map((change) => {
    const resource = resources.find(({ name }) => name === change.entity)!;
    const entry = values.get(resourceKey(resource))?.entries.get(change.config);
    // A broker that has not heard of the change yet tells the old value.
    const isKnown = change.isDefaultAfter && entry !== undefined && !isOwn(entry, resource);
    return isKnown ? { ...change, after: entry.value } : change;
  });
}

/** Whether the value was set for this very resource. */
export function isOwn({ source }: ConfigEntry, { type, name }: ConfigResource): boolean {
  if (type === "BROKER") {
    return source === (name === "" ? "DYNAMIC_DEFAULT_BROKER_CONFIG" : "DYNAMIC_BROKER_CONFIG");
  }
  return source !== "DEFAULT_CONFIG" && source.startsWith("DYNAMIC_") && !source.includes("BROKER_CONFIG");
}

export const changeColumns: readonly Column<ConfigChange>[] = [
  { title: "CONFIG", value: ({ config }) => config },
  { title: "BEFORE", value: ({ before, isDefaultBefore }) => valueText(before, isDefaultBefore) },
  { title: "AFTER", value: ({ after, isDefaultAfter }) => valueText(after, isDefaultAfter) },
];

function valueText(value: string | null, isDefault: boolean): string | null {
  if (value === null) return isDefault ? "(default)" : null;
  return isDefault ? `${value} (default)` : value;
}
