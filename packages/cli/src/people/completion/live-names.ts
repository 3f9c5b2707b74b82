// Names for completion, from the file of contexts or from the cluster, in a second or not at all.

import type { ConfigResource } from "@ottla/client";
import type { CompletedBy } from "../../command-definition.ts";
import { entityOf } from "../config/entities.ts";
import { withAdmin } from "../connect.ts";
import type { ConnectionFlags, Session } from "../connect.ts";
import { readContexts } from "../contexts.ts";
import type { PeopleIo } from "../people-io.ts";

export type NameKind = CompletedBy;

export interface NameQuery {
  readonly kind: Exclude<NameKind, "files">;
  /** The arguments so far: of a config, whose it is. */
  readonly words: readonly string[];
  readonly context: string | undefined;
  readonly bootstrap: string | undefined;
}

/** Somebody is typing and waits. */
const LIMIT_MS = 1_000;

export async function liveNames(
  { kind, words, context, bootstrap }: NameQuery,
  io: PeopleIo,
): Promise<readonly string[]> {
  if (kind === "contexts") return [...(await readContexts(io.env)).contexts.keys()];
  const flags: ConnectionFlags = {
    ...(context === undefined ? {} : { context }),
    ...(bootstrap === undefined ? {} : { bootstrap }),
  };
  const signal = AbortSignal.timeout(LIMIT_MS);
  const inTime: PeopleIo = Object.create(io, { signal: { value: signal } }) as PeopleIo;
  const none = new Promise<string[]>((resolve) => signal.addEventListener("abort", () => resolve([]), { once: true }));
  const asked = withAdmin(flags, inTime, (session) => namesOf(session, kind, words));
  return await Promise.race([asked.then((names) => [...names].sort()), none]);
}

async function namesOf(session: Session, kind: NameQuery["kind"], words: readonly string[]): Promise<string[]> {
  const { admin, call } = session;
  switch (kind) {
    case "topics":
      return [...(await admin.listTopics({ ...call, includeInternal: true })).keys()];
    case "groups":
      return [...(await admin.listGroups(call)).keys()];
    case "transactions":
      return [...(await admin.listTransactions(call)).keys()];
    case "entities":
      return await entityNames(session, words[0]!);
    case "configs":
      return await configNames(session, words);
    default:
      return [];
  }
}

async function entityNames(session: Session, type: string): Promise<string[]> {
  if (type === "topic") return await namesOf(session, "topics", []);
  if (type === "group") return await namesOf(session, "groups", []);
  if (type === "client-metrics") return await session.admin.listClientMetricsResources(session.call);
  if (type !== "broker" && type !== "broker-logger") return ["default"];
  const { nodes } = await session.admin.describeCluster(session.call);
  return [...nodes.keys()].map(String).concat(type === "broker" ? ["default"] : []);
}

async function configNames({ admin, call }: Session, [type, name]: readonly string[]): Promise<string[]> {
  const entity = entityOf(type!, name!);
  if (entity.kind === "quotas") return ["producer_byte_rate", "consumer_byte_rate", "request_percentage"];
  const resource: ConfigResource = entity.resource;
  const [described] = (await admin.describeConfigs([resource], call)).values();
  return [...described!.entries.keys()];
}
