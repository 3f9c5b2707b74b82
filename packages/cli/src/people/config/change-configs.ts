// `ottla config set` and `unset`: values before and after; quotas are changed by the same words.

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
import { nameAndValue } from "../words.ts";
import type { ConfigFlags } from "./config-commands.ts";
import { checkBroker, entityOf } from "./entities.ts";
import type { Entity } from "./entities.ts";

export type ChangeConfigsFlags = ConfigFlags & Pick<ChangeOptions, "dryRun">;

interface Changed {
  readonly changes: readonly ConfigChange[];
  readonly errors: ReadonlyMap<ItemKey, KafkaError>;
}

export function setConfigs(call: CommandCall<ChangeConfigsFlags>): Promise<number> {
  const pairs = call.words.slice(2).map((word) => {
    if (!word.includes("=")) throw new UsageError(`${word} is not CONFIG=VALUE`);
    return nameAndValue(word);
  });
  return changeConfigs(call, new Map(pairs));
}

export function unsetConfigs(call: CommandCall<ChangeConfigsFlags>): Promise<number> {
  return changeConfigs(call, new Map(call.words.slice(2).map((name) => [name, null])));
}

async function changeConfigs(
  { options, words, io }: CommandCall<ChangeConfigsFlags>,
  configs: NewConfigs,
): Promise<number> {
  const entity = entityOf(words[0]!, words[1]!);
  const isDry = options.dryRun ?? false;
  return await withAdmin(options, io, async (session) => {
    const { changes, errors } =
      entity.kind === "quotas"
        ? await changeQuotas(session, entity, configs, isDry)
        : await changeResource(session, entity, configs, isDry);
    const rows = errors.size === 0 ? changes : [];
    await print(io, options, {
      document: rows.map(({ config, before, after, isDefaultBefore, isDefaultAfter }) => ({
        config,
        before,
        after,
        isDefaultBefore,
        isDefaultAfter,
        isDryRun: isDry,
      })),
      lines: (page) =>
        rows.length === 0 ? [] : [...(isDry ? ["would change:"] : []), ...tableLines(rows, changeColumns, page)],
    });
    return reportErrors(io, new Map([...errors].map(([, error]) => [words.slice(0, 2).join(" "), error])));
  });
}

async function changeResource(
  session: Session,
  { resource }: Entity & { kind: "resource" },
  configs: NewConfigs,
  isDry: boolean,
): Promise<Changed> {
  await checkBroker(session, resource);
  const plan = await planConfigChanges(session, [resource], configs);
  if (plan.errors.has(resourceKey(resource))) return plan;
  const errors = await applyConfigChanges(session, [resource], configs, { isDry });
  if (isDry || errors.size > 0) return { changes: plan.changes, errors };
  return { changes: await withValuesNow(session, [resource], plan.changes), errors };
}

async function changeQuotas(
  { admin, call }: Session,
  { entity, type, name }: Entity & { kind: "quotas" },
  configs: NewConfigs,
  isDry: boolean,
): Promise<Changed> {
  const quotas = Object.fromEntries([...configs].map(([quota, value]) => [quota, quotaValue(quota, value)]));
  const match = name === null ? ("default" as const) : { name };
  const [now] = await admin.describeClientQuotas([{ entityType: type, match }], { ...call, strict: true });
  const { errors } = await settled(admin.alterClientQuotas([{ entity, quotas }], { ...call, validateOnly: isDry }));
  const changes = Object.entries(quotas).map(([config, after]) => {
    const before = now?.quotas[config];
    return {
      entity: name ?? "default",
      config,
      before: before === undefined ? null : String(before),
      after: after === null ? null : String(after),
      // Without a quota there is no limit.
      isDefaultBefore: false,
      isDefaultAfter: false,
    };
  });
  return { changes, errors };
}

function quotaValue(name: string, text: string | null): number | null {
  if (text === null) return null;
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new UsageError(`${name}=${text}: a quota is a number`);
}
