// The things that have configs, by the words of the command line: resources with configs, and users, client ids and addresses with quotas.

import type { ConfigResource, ConfigResourceType, QuotaEntity } from "@ottla/client";
import { CommandError, UsageError } from "../../command-error.ts";
import type { Session } from "../connect.ts";

const resourceTypes: Readonly<Record<string, ConfigResourceType>> = {
  topic: "TOPIC",
  broker: "BROKER",
  "broker-logger": "BROKER_LOGGER",
  group: "GROUP",
  "client-metrics": "CLIENT_METRICS",
};

/** Kafka's names of who has quotas. */
const quotaTypes: Readonly<Record<string, string>> = { user: "user", client: "client-id", ip: "ip" };

export const entityTypes: readonly string[] = [...Object.keys(resourceTypes), ...Object.keys(quotaTypes)];

/** What stands for the default of all brokers, users, clients or addresses. */
const DEFAULT = "default";

export type Entity =
  | { readonly kind: "resource"; readonly resource: ConfigResource }
  | { readonly kind: "quotas"; readonly entity: QuotaEntity; readonly type: string; readonly name: string | null };

/** @throws UsageError */
export function entityOf(type: string, name: string): Entity {
  const quotaType = quotaTypes[type];
  if (quotaType !== undefined) {
    const named = name === DEFAULT ? null : name;
    return { kind: "quotas", entity: { [quotaType]: named }, type: quotaType, name: named };
  }
  const resourceType = resourceTypes[type];
  if (resourceType === undefined) throw new UsageError(`${type} has no configs; ${entityTypes.join(", ")} have`);
  const ofBroker = resourceType === "BROKER" || resourceType === "BROKER_LOGGER";
  if (resourceType === "BROKER" && name === DEFAULT)
    return { kind: "resource", resource: { type: resourceType, name: "" } };
  if (ofBroker && !/^\d{1,10}$/.test(name)) {
    throw new UsageError(
      `${name} is no broker's id${type === "broker" ? "; default is what holds for all brokers" : ""}`,
    );
  }
  return { kind: "resource", resource: { type: resourceType, name } };
}

/** A broker that is not there would be looked for until the time is over. @throws CommandError, which names those there are */
export async function checkBroker({ admin, call }: Session, { type, name }: ConfigResource): Promise<void> {
  if ((type !== "BROKER" && type !== "BROKER_LOGGER") || name === "") return;
  const { nodes } = await admin.describeCluster(call);
  if (nodes.has(Number(name))) return;
  throw new CommandError(
    `there is no broker ${name}; there are ${[...nodes.keys()].join(", ")} (BROKER_NOT_AVAILABLE)`,
  );
}
