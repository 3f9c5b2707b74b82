// All that is asked of a cluster to describe it and to judge its health. A question that fails, because a broker is down or does not serve it,
// leaves its answer out and the error in its place: at night a view with holes is better than none.

import { KafkaError, settled } from "@ottla/client";
import type {
  ClusterDescription,
  FeatureDescription,
  GroupListing,
  ItemKey,
  LogDirDescription,
  PartitionReassignment,
  QuorumDescription,
  TopicDescription,
  TransactionListing,
} from "@ottla/client";
import { BROKER_MS, told } from "../cluster-facts.ts";
import type { Session } from "../connect.ts";
import { LONG_TRANSACTION_MS } from "../transaction-limits.ts";

/** An answer, or why there is none. */
export type Known<T> = { readonly value: T } | { readonly error: KafkaError };

export interface ClusterView {
  readonly cluster: ClusterDescription;
  readonly topics: Known<readonly TopicDescription[]>;
  /** By broker; who is missing did not answer. */
  readonly logDirs: ReadonlyMap<number, readonly LogDirDescription[]>;
  readonly silentBrokers: ReadonlyMap<ItemKey, KafkaError>;
  readonly features: Known<FeatureDescription>;
  readonly quorum: Known<QuorumDescription>;
}

export interface HealthView extends ClusterView {
  /** min.insync.replicas of the topics, as far as they are told. Also of those whose replicas are all in sync: they may have too few. */
  readonly minInsyncReplicas: ReadonlyMap<string, number>;
  readonly groups: Known<readonly GroupListing[]>;
  readonly longTransactions: Known<readonly TransactionListing[]>;
  readonly reassignments: Known<readonly PartitionReassignment[]>;
}

export async function viewCluster({ admin, call }: Session): Promise<ClusterView> {
  const cluster = await admin.describeCluster({ ...call, includeFencedBrokers: true }).catch((error: unknown) => {
    // Before Kafka 4.0 brokers cannot tell of the fenced ones.
    if (error instanceof KafkaError && error.code === "UNSUPPORTED_VERSION") return admin.describeCluster(call);
    throw error;
  });
  const topics = await known(
    (async () => {
      const listed = await admin.listTopics({ ...call, includeInternal: true });
      const { values } = await settled(admin.describeTopics([...listed.keys()], call));
      return [...values.values()];
    })(),
  );
  const awake = [...cluster.nodes.values()].filter(({ isFenced }) => !isFenced).map(({ nodeId }) => nodeId);
  const [logDirs, features, quorum] = await Promise.all([
    told(admin.describeLogDirs(awake, { ...call, timeoutMs: BROKER_MS })),
    known(admin.describeFeatures(call)),
    known(admin.describeMetadataQuorum({ ...call, timeoutMs: BROKER_MS })),
  ]);
  const dirs = new Map([...logDirs.values].map(([id, some]) => [Number(id), some]));
  return { cluster, topics, logDirs: dirs, silentBrokers: logDirs.errors, features, quorum };
}

export async function viewHealth(session: Session): Promise<HealthView> {
  const { admin, call } = session;
  const view = await viewCluster(session);
  const [groups, longTransactions, reassignments] = await Promise.all([
    known(admin.listGroups(call).then((found) => [...found.values()])),
    known(
      admin
        .listTransactions({ ...call, states: ["Ongoing"], longerThanMs: LONG_TRANSACTION_MS })
        .then((found) => [...found.values()]),
    ),
    known(admin.listPartitionReassignments("all", call).then((found) => [...found.values()])),
  ]);
  const names = "value" in view.topics ? view.topics.value.map(({ name }) => name) : [];
  return { ...view, groups, longTransactions, reassignments, minInsyncReplicas: await minInsync(session, names) };
}

async function minInsync({ admin, call }: Session, names: readonly string[]): Promise<Map<string, number>> {
  const resources = names.map((name) => ({ type: "TOPIC" as const, name }));
  const { values } = await told(admin.describeConfigs(resources, call));
  return new Map(
    [...values.values()].map(({ name, entries }) => [name, Number(entries.get("min.insync.replicas")?.value ?? 1)]),
  );
}

async function known<T>(call: Promise<T>): Promise<Known<T>> {
  try {
    return { value: await call };
  } catch (error) {
    if (error instanceof KafkaError && error.code !== "ABORTED" && error.code !== "CLOSED") return { error };
    throw error;
  }
}
