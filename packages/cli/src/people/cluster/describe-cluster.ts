// `ottla cluster describe`: who is there and what each carries.

import type { LogDirDescription, TopicDescription } from "@ottla/client";
import type { CommandCall } from "../../command-definition.ts";
import { targetText, withAdmin } from "../connect.ts";
import type { Target } from "../connect.ts";
import { reportGaps } from "../failure.ts";
import { print } from "../output.ts";
import { fieldLines, tableLines } from "../table.ts";
import type { Column, Page } from "../table.ts";
import { withProgress } from "../terminal.ts";
import { countText, sizeText } from "../text.ts";
import type { ClusterFlags } from "./cluster-commands.ts";
import { viewCluster } from "./cluster-view.ts";
import type { ClusterView } from "./cluster-view.ts";

interface BrokerRow {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
  readonly state: "up" | "fenced" | "silent";
  /** Partitions that it leads, and those that it has a replica of. null when topics are not told. */
  readonly leaders: number | null;
  readonly replicas: number | null;
  /** null when the broker does not tell. */
  readonly sizeBytes: number | null;
  readonly usableBytes: number | null;
}

export async function describeCluster({ options, io }: CommandCall<ClusterFlags>): Promise<number> {
  return await withAdmin(options, io, async (session) => {
    const view = await withProgress(io, "asking the brokers", () => viewCluster(session));
    const document = documentOf(view);
    await print(io, options, { document, lines: (page) => clusterLines(document, session.target, page) });
    reportGaps(io, "sizes", view.silentBrokers);
    return 0;
  });
}

type ClusterDocument = ReturnType<typeof documentOf>;

function documentOf(view: ClusterView) {
  const { cluster, features, quorum } = view;
  const topics = "value" in view.topics ? view.topics.value : null;
  const brokers = [...cluster.nodes.values()].sort((one, other) => one.nodeId - other.nodeId);
  return {
    clusterId: cluster.clusterId,
    topics: topics?.length ?? null,
    partitions: topics?.reduce((sum, { partitions }) => sum + partitions.length, 0) ?? null,
    // With KRaft a broker names itself or another broker; only the quorum knows.
    controllerId: "value" in quorum ? quorum.value.leaderId : cluster.controllerId,
    voters: "value" in quorum ? quorum.value.voters.map(({ replicaId }) => replicaId) : null,
    brokers: brokers.map(({ nodeId, host, port, rack, isFenced }): BrokerRow => {
      const state = isFenced ? "fenced" : view.silentBrokers.has(nodeId) ? "silent" : "up";
      return {
        id: nodeId,
        host,
        port,
        rack,
        state,
        ...carriedBy(nodeId, topics),
        ...sizesOf(view.logDirs.get(nodeId)),
      };
    }),
    features:
      "value" in features
        ? [...features.value.supported].map(([name, supported]) => ({
            name,
            finalized: features.value.finalized.get(name)?.max ?? null,
            supportedMin: supported.min,
            supportedMax: supported.max,
          }))
        : null,
  };
}

function carriedBy(id: number, topics: readonly TopicDescription[] | null): Pick<BrokerRow, "leaders" | "replicas"> {
  if (topics === null) return { leaders: null, replicas: null };
  const all = topics.flatMap(({ partitions }) => partitions);
  return {
    leaders: all.filter(({ leaderId }) => leaderId === id).length,
    replicas: all.filter(({ replicas }) => replicas.includes(id)).length,
  };
}

function sizesOf(dirs: readonly LogDirDescription[] | undefined): Pick<BrokerRow, "sizeBytes" | "usableBytes"> {
  if (dirs === undefined) return { sizeBytes: null, usableBytes: null };
  const replicas = dirs.flatMap((dir) => dir.replicas);
  const usable = dirs.map(({ usableBytes }) => usableBytes);
  return {
    sizeBytes: replicas.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    usableBytes: usable.includes(null) ? null : usable.reduce<number>((sum, bytes) => sum + bytes!, 0),
  };
}

function clusterLines(document: ClusterDocument, target: Target, page: Page): string[] {
  const { clusterId, controllerId, voters, topics, partitions, brokers, features } = document;
  const controller = voters === null ? controllerId : `${controllerId} of ${voters.join(", ")}`;
  return [
    ...fieldLines(
      [
        ["Cluster", clusterId],
        ["Asked at", targetText(target)],
        ["Controller", controller],
        ["Topics", topics === null ? null : `${topics} with ${countText(partitions!, "partition")}`],
      ],
      page,
    ),
    "",
    ...tableLines(brokers, brokerColumns, page),
    ...(features === null || features.length === 0 ? [] : ["", ...tableLines(features, featureColumns, page)]),
  ];
}

const bytes = (count: number | null): string | null => (count === null ? null : sizeText(count));

const brokerColumns: readonly Column<BrokerRow>[] = [
  { title: "BROKER", value: ({ id }) => id },
  { title: "ADDRESS", value: ({ host, port }) => `${host}:${port}` },
  { title: "RACK", value: ({ rack }) => rack },
  {
    title: "STATE",
    value: ({ state }) => state,
    style: ({ state }) => (state === "up" ? "green" : state === "fenced" ? "yellow" : "red"),
  },
  { title: "LEADS", value: ({ leaders }) => leaders, align: "right" },
  { title: "REPLICAS", value: ({ replicas }) => replicas, align: "right" },
  { title: "SIZE", value: ({ sizeBytes }) => bytes(sizeBytes), align: "right" },
  { title: "FREE", value: ({ usableBytes }) => bytes(usableBytes), align: "right" },
];

type FeatureRow = NonNullable<ClusterDocument["features"]>[number];

const featureColumns: readonly Column<FeatureRow>[] = [
  { title: "FEATURE", value: ({ name }) => name },
  { title: "LEVEL", value: ({ finalized }) => finalized, align: "right" },
  { title: "SUPPORTED", value: ({ supportedMin, supportedMax }) => `${supportedMin}-${supportedMax}` },
];
