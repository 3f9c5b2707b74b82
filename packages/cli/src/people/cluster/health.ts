// Whether a cluster is well: one verdict for each thing that is looked at, the worst things by name. Pure.

import { partitionKey } from "@ottla/client";
import type { KafkaError, PartitionDescription, TopicDescription } from "@ottla/client";
import { durationText, sizeText } from "../text.ts";
import { LONG_TRANSACTION_MS } from "../transaction-limits.ts";
import type { HealthView, Known } from "./cluster-view.ts";

export type Verdict = "ok" | "warning" | "bad" | "unknown";

export interface Check {
  readonly check: string;
  readonly verdict: Verdict;
  readonly detail: string;
  /** What is meant: partitions, brokers, folders. All of them. */
  readonly items: readonly string[];
}

/** Less of a disk is free than this part. */
const LOW = 0.15;
const ALMOST_FULL = 0.05;
/** A voter that has not caught up for so long would be of no use as leader. */
const VOTER_LATE_MS = 30_000;

export function checkHealth(view: HealthView, nowMs: number): Check[] {
  return [
    brokersCheck(view),
    controllerCheck(view, nowMs),
    ...partitionChecks(view),
    foldersCheck(view),
    disksCheck(view),
    known("transactions", view.longTransactions, (open) => {
      const items = open.map(({ transactionalId }) => transactionalId);
      const than = durationText(LONG_TRANSACTION_MS);
      const detail =
        items.length === 0 ? `none is open for more than ${than}` : `${items.length} open for more than ${than}`;
      return verdict("transactions", items.length === 0 ? "ok" : "warning", detail, items);
    }),
    known("reassignments", view.reassignments, (moving) => {
      const items = moving.map(({ topic, partition }) => partitionKey(topic, partition));
      return verdict(
        "reassignments",
        "ok",
        items.length === 0 ? "none" : `${items.length} partitions are moving`,
        items,
      );
    }),
    known("groups", view.groups, (groups) => {
      const dead = groups.filter(({ state }) => state === "Dead").map(({ groupId }) => groupId);
      return verdict("groups", "ok", countsBy(groups.map(({ state }) => state ?? "Unknown")), dead);
    }),
  ];
}

/** Whether nothing is amiss; what is unknown is not amiss. */
export function isHealthy(checks: readonly Check[]): boolean {
  return checks.every(({ verdict: each }) => each === "ok" || each === "unknown");
}

function verdict(check: string, found: Verdict, detail: string, items: readonly string[] = []): Check {
  return { check, verdict: found, detail, items };
}

function known<T>(check: string, answer: Known<T>, judge: (value: T) => Check): Check {
  return "value" in answer ? judge(answer.value) : unknown(check, answer.error);
}

function unknown(check: string, error: KafkaError): Check {
  return verdict(check, "unknown", `the cluster does not tell (${error.code})`);
}

function brokersCheck({ cluster, silentBrokers }: HealthView): Check {
  const all = [...cluster.nodes.values()];
  const fenced = all.filter(({ isFenced }) => isFenced).map(({ nodeId }) => String(nodeId));
  // Not being allowed to ask for folders is an answer.
  const silent = [...silentBrokers].filter(([, error]) => error.retriable).map(([id]) => String(id));
  const up = all.length - fenced.length - silent.length;
  const detail = [`${up} of ${all.length} up`, ...said(silent, "silent"), ...said(fenced, "fenced")].join(", ");
  return verdict("brokers", silent.length > 0 ? "bad" : fenced.length > 0 ? "warning" : "ok", detail, [
    ...silent,
    ...fenced,
  ]);
}

function said(items: readonly string[], what: string): string[] {
  return items.length === 0 ? [] : [`${items.length} ${what}`];
}

function controllerCheck({ quorum, cluster }: HealthView, nowMs: number): Check {
  if ("error" in quorum) {
    // The broker that answered knows a controller, or none.
    const { controllerId } = cluster;
    if (quorum.error.code !== "UNSUPPORTED_VERSION") return unknown("controller", quorum.error);
    return controllerId === null
      ? verdict("controller", "bad", "there is none")
      : verdict("controller", "ok", String(controllerId));
  }
  const { leaderId, voters } = quorum.value;
  if (leaderId < 0) return verdict("controller", "bad", "the voters have no leader");
  const late = voters
    .filter((voter) => voter.replicaId !== leaderId)
    .filter(
      ({ lastCaughtUpTimestampMs }) =>
        lastCaughtUpTimestampMs === null || nowMs - lastCaughtUpTimestampMs > VOTER_LATE_MS,
    )
    .map(({ replicaId }) => String(replicaId));
  const detail = [
    `${leaderId} leads ${voters.length} ${voters.length === 1 ? "voter" : "voters"}`,
    ...said(late, "behind"),
  ];
  return verdict("controller", late.length > 0 ? "warning" : "ok", detail.join(", "), late);
}

function partitionChecks({ topics, minInsyncReplicas }: HealthView): Check[] {
  const names = ["offline partitions", "under min.insync.replicas", "under-replicated"] as const;
  if ("error" in topics) return names.map((name) => unknown(name, topics.error));
  const count = topics.value.reduce((sum, { partitions }) => sum + partitions.length, 0);
  const where = (holds: (partition: PartitionDescription, topic: TopicDescription) => boolean): string[] =>
    topics.value.flatMap((topic) =>
      topic.partitions
        .filter((partition) => holds(partition, topic))
        .map(({ partition }) => partitionKey(topic.name, partition)),
    );
  const check = (name: string, amiss: Verdict, items: string[]): Check =>
    verdict(name, items.length === 0 ? "ok" : amiss, `${items.length} of ${count}`, items);
  return [
    check(
      names[0],
      "bad",
      where(({ leaderId }) => leaderId === null),
    ),
    check(
      names[1],
      "bad",
      where(({ leaderId, isr }, { name }) => leaderId !== null && isr.length < (minInsyncReplicas.get(name) ?? 1)),
    ),
    check(
      names[2],
      "warning",
      where(({ isr, replicas }) => isr.length < replicas.length),
    ),
  ];
}

function foldersCheck({ logDirs }: HealthView): Check {
  const folders = [...logDirs].flatMap(([id, dirs]) => dirs.map((dir) => ({ name: `${id}:${dir.path}`, dir })));
  const offline = folders.filter(({ dir }) => dir.error !== null).map(({ name }) => name);
  if (folders.length === 0) return verdict("log folders", "unknown", "no broker tells");
  return verdict(
    "log folders",
    offline.length > 0 ? "bad" : "ok",
    `${offline.length} of ${folders.length} offline`,
    offline,
  );
}

function disksCheck({ logDirs }: HealthView): Check {
  const disks = [...logDirs].flatMap(([id, dirs]) =>
    dirs.flatMap(({ path, totalBytes, usableBytes }) =>
      totalBytes === null || usableBytes === null || totalBytes === 0
        ? []
        : [{ name: `${id}:${path}`, free: usableBytes / totalBytes, usableBytes }],
    ),
  );
  if (disks.length === 0) return verdict("disks", "unknown", "no broker tells");
  const least = disks.reduce((one, other) => (other.free < one.free ? other : one));
  const low = disks.filter(({ free }) => free < LOW).map(({ name }) => name);
  const detail = `least free: ${Math.floor(least.free * 100)}% (${sizeText(least.usableBytes)}) on ${least.name}`;
  return verdict("disks", least.free < ALMOST_FULL ? "bad" : low.length > 0 ? "warning" : "ok", detail, low);
}

function countsBy(states: readonly string[]): string {
  if (states.length === 0) return "none";
  const counts = new Map<string, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([state, count]) => `${count} ${state}`)
    .join(", ");
}
