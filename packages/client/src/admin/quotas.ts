// Quotas of users, client ids and addresses: describe and change (KIP-546, KIP-612). Java: Admin.describeClientQuotas, alterClientQuotas.

import { errorCodes } from "@ottla/protocol";
import { alterClientQuotasApi } from "@ottla/protocol/messages/49-alter-client-quotas.ts";
import { describeClientQuotasApi } from "@ottla/protocol/messages/48-describe-client-quotas.ts";
import { brokerError } from "../errors.ts";
import type { CallOptions } from "../records.ts";
import { throwOnError } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";
import { performKeyed } from "./keyed.ts";
import type { Outcome } from "./keyed.ts";
import { controllerOf } from "./lookups.ts";

/** Whom a quota is for: names by "user", "client-id" or "ip"; null for the default of that kind. */
export type QuotaEntity = Readonly<Record<string, string | null>>;

/** One kind of entity, and which of it: this name, the default, or any that has quotas. */
export interface QuotaFilterComponent {
  readonly entityType: string;
  readonly match: { readonly name: string } | "default" | "any";
}

export interface DescribeClientQuotasOptions extends CallOptions {
  /** Only entities of just the kinds that the filter names. Default false. */
  readonly strict?: boolean;
}

export interface ClientQuotas {
  readonly entity: QuotaEntity;
  /** By Kafka's names: "producer_byte_rate", "consumer_byte_rate", "request_percentage" and so on; per second. */
  readonly quotas: Readonly<Record<string, number>>;
}

export interface ClientQuotaChanges {
  readonly entity: QuotaEntity;
  /** New values by Kafka's names; null takes the quota away. */
  readonly quotas: Readonly<Record<string, number | null>>;
}

export interface AlterClientQuotasOptions extends CallOptions {
  /** Default false. */
  readonly validateOnly?: boolean;
}

const exactly = 0;
const theDefault = 1;
const anyName = 2;

/** The key of an entity in results: "user=alice,client-id=<default>". */
export function quotaEntityKey(entity: QuotaEntity): string {
  const named = Object.entries(entity).sort(([one], [other]) => (one < other ? -1 : 1));
  return named.map(([type, name]) => `${type}=${name ?? "<default>"}`).join(",");
}

/** Java: Admin.describeClientQuotas. Without components, those of every entity. */
export async function describeClientQuotas(
  call: AdminCall,
  components: readonly QuotaFilterComponent[],
  options: DescribeClientQuotasOptions,
): Promise<ClientQuotas[]> {
  const { entries } = await call.retry(async () => {
    const answer = await call.send(null, describeClientQuotasApi, {
      components: components.map(({ entityType, match }) => ({
        entityType,
        matchType: match === "default" ? theDefault : match === "any" ? anyName : exactly,
        match: typeof match === "string" ? null : match.name,
      })),
      strict: options.strict ?? false,
    });
    throwOnError(answer.errorCode, answer.errorMessage);
    return answer;
  });
  return (entries ?? []).map(({ entity, values }) => ({
    entity: entityOf(entity),
    quotas: Object.fromEntries(values.map(({ key, value }) => [key, value])),
  }));
}

/** Java: Admin.alterClientQuotas. */
export async function alterClientQuotas(
  call: AdminCall,
  changes: readonly ClientQuotaChanges[],
  options: AlterClientQuotasOptions,
): Promise<void> {
  const wanted = new Map(changes.map((change) => [quotaEntityKey(change.entity), change]));
  await performKeyed<string, null>(call, {
    keys: wanted.keys(),
    locate: controllerOf,
    perform: async (nodeId, keys) => {
      const response = await call.send(nodeId, alterClientQuotasApi, {
        entries: keys.map((key) => {
          const { entity, quotas } = wanted.get(key)!;
          return {
            entity: Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
            ops: Object.entries(quotas).map(([name, value]) => ({
              key: name,
              value: value ?? 0,
              remove: value === null,
            })),
          };
        }),
        validateOnly: options.validateOnly ?? false,
      });
      return new Map(response.entries.map((entry) => [quotaEntityKey(entityOf(entry.entity)), outcomeOf(entry)]));
    },
  });
}

function outcomeOf({ errorCode, errorMessage }: { errorCode: number; errorMessage: string | null }): Outcome<null> {
  if (errorCode === errorCodes.NONE) return { value: null };
  const error = brokerError(errorCode, errorMessage);
  return errorCode === errorCodes.NOT_CONTROLLER ? { again: error } : { error };
}

function entityOf(entity: readonly { entityType: string; entityName: string | null }[]): QuotaEntity {
  return Object.fromEntries(entity.map(({ entityType, entityName }) => [entityType, entityName]));
}
