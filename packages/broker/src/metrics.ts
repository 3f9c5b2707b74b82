// The table of metrics: names as dashboards for Kafka know them (JMX names in Prometheus form), and how each is read.
// A metric is a row here; `readMetrics` and docs/reference/metrics.md are derived. Counting on the hot path is one addition.

import { GroupCounters, TransactionCounters } from "@ottla/coordinator";
import { apiKeyEntry } from "@ottla/protocol";
import type { PartitionLog } from "@ottla/storage";
import type { Broker } from "./broker.ts";
import {
  CLASSIC_STATES,
  classicGroupsIn,
  consumerGroupsByState,
  groupsByProtocol,
  groupPartitionsByState,
  keptOffsets,
  meanLoadMs,
  transactionsByState,
  waitingRequests,
} from "./coordinators/coordinator-figures.ts";
import type { LoadTimes } from "./coordinators/coordinator-partitions.ts";

/** What the broker counts while it runs. Whole numbers that only grow; read them through the table. */
export class Counters {
  recordsIn = 0;
  bytesIn = 0;
  bytesOut = 0;
  failedProduces = 0;
  /** Markers kept in partitions of this broker, whoever decided on them. */
  markersWritten = 0;
  readonly groups = new GroupCounters();
  readonly transactions = new TransactionCounters();
  /** By API key. */
  readonly requests: number[] = [];

  countRequest(apiKey: number): void {
    this.requests[apiKey] = (this.requests[apiKey] ?? 0) + 1;
  }
}

/** One value of a metric, with what tells it from the metric's other values. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  readonly name: string;
  readonly kind: "counter" | "gauge";
  readonly help: string;
  readonly read: (broker: Broker) => Sample[];
}

/** A metric as it was read. */
export interface MetricReading {
  readonly name: string;
  readonly kind: "counter" | "gauge";
  readonly samples: readonly Sample[];
}

export const metrics: readonly Metric[] = [
  counter(
    "kafka_server_brokertopicmetrics_messagesin_total",
    "Records appended by producers.",
    (broker) => broker.counters.recordsIn,
  ),
  counter(
    "kafka_server_brokertopicmetrics_bytesin_total",
    "Bytes of record batches appended by producers.",
    (broker) => broker.counters.bytesIn,
  ),
  counter(
    "kafka_server_brokertopicmetrics_bytesout_total",
    "Bytes of record batches in answers to fetches.",
    (broker) => broker.counters.bytesOut,
  ),
  counter(
    "kafka_server_brokertopicmetrics_failedproducerequests_total",
    "Partitions of produce requests that were refused.",
    (broker) => broker.counters.failedProduces,
  ),
  {
    name: "kafka_network_requestmetrics_requests_total",
    kind: "counter",
    help: "Requests by API, answered or not.",
    read: (broker) =>
      broker.counters.requests.flatMap((value, key) => [
        { labels: { request: apiKeyEntry(key)?.name ?? String(key) }, value },
      ]),
  },
  gauge("kafka_server_socketservermetrics_connection_count", "Open connections.", (broker) => broker.openConnections()),
  gauge(
    "kafka_server_delayedoperationpurgatory_purgatorysize_fetch",
    "Fetches that wait for more bytes.",
    (broker) => broker.purgatory.size,
  ),
  gauge(
    "kafka_server_fetchsessioncache_numincrementalfetchsessions",
    "Incremental fetch sessions.",
    (broker) => broker.fetchSessions.size,
  ),
  gauge("kafka_server_replicamanager_partitioncount", "Partitions on this broker.", (broker) =>
    broker.replicas.count(),
  ),
  gauge("kafka_log_logmanager_offlinelogdirectorycount", "1 after a write to the data folder failed.", (broker) =>
    Number(broker.logDirectory.offline),
  ),
  {
    name: "kafka_log_log_size",
    kind: "gauge",
    help: "Bytes of a partition's segments.",
    read: (broker) => ofPartitions(broker, ({ sizeInBytes }) => sizeInBytes),
  },
  {
    name: "kafka_log_log_logendoffset",
    kind: "gauge",
    help: "The offset that a partition's next record gets.",
    read: (broker) => ofPartitions(broker, ({ logEndOffset }) => logEndOffset),
  },
  {
    name: "kafka_log_log_logstartoffset",
    kind: "gauge",
    help: "The first offset that a partition still has.",
    read: (broker) => ofPartitions(broker, ({ logStartOffset }) => logStartOffset),
  },
  ...groupMetrics(),
  ...transactionMetrics(),
];

/** All metrics as they are now. */
export function readMetrics(broker: Broker): MetricReading[] {
  return metrics.map(({ name, kind, read }) => ({ name, kind, samples: read(broker) }));
}

/** docs/reference/metrics.md. */
export function renderMetricsPage(): string {
  const rows = metrics.map(({ name, kind, help }) => `| \`${name}\` | ${kind} | ${help} |`);
  const head = [
    "# Metrics",
    "",
    "Read with `node.metrics()` of a node that `startNode` or the test kit started. No HTTP endpoint serves them yet.",
    "",
    "| name | kind | meaning |",
    "|---|---|---|",
  ];
  return [...head, ...rows, ""].join("\n");
}

function counter(name: string, help: string, value: (broker: Broker) => number): Metric {
  return { name, kind: "counter", help, read: (broker) => [{ labels: {}, value: value(broker) }] };
}

function gauge(name: string, help: string, value: (broker: Broker) => number): Metric {
  return { name, kind: "gauge", help, read: (broker) => [{ labels: {}, value: value(broker) }] };
}

// What Kafka has no name for begins with ottla_.
function groupMetrics(): Metric[] {
  const name = (attribute: string): string => `kafka_server_group_coordinator_metrics_${attribute}`;
  const manager = (gaugeName: string): string => `kafka_coordinator_group_groupmetadatamanager_${gaugeName}`;
  return [
    labelled(name("group_count"), "Groups by protocol.", (broker) => groupsByProtocol(broker)),
    labelled(name("consumer_group_count"), "Groups of the consumer protocol (KIP-848) by state.", (broker) =>
      consumerGroupsByState(broker),
    ),
    gauge(manager("numgroups"), "Classic groups, in whatever state.", (broker) => classicGroupsIn(broker, null)),
    ...CLASSIC_STATES.map((state) =>
      gauge(manager(`numgroups${state.toLowerCase()}`), `Classic groups in state ${state}.`, (broker) =>
        classicGroupsIn(broker, state),
      ),
    ),
    gauge(manager("numoffsets"), "Committed offsets, without those of open transactions.", keptOffsets),
    counter(
      name("group_completed_rebalance_count"),
      "Rebalances of classic groups that ended with an assignment.",
      ({ counters }) => counters.groups.completedRebalances,
    ),
    counter(
      name("consumer_group_rebalance_count"),
      "Growths of the epochs of consumer groups, but for members that vanished.",
      ({ counters }) => counters.groups.consumerGroupRebalances,
    ),
    counter(
      name("offset_commit_count"),
      "Offsets committed, one for each partition.",
      ({ counters }) => counters.groups.committedOffsets,
    ),
    counter(
      name("offset_expiration_count"),
      "Offsets forgotten because of their age.",
      ({ counters }) => counters.groups.expiredOffsets,
    ),
    counter(
      name("offset_deletion_count"),
      "Offsets deleted by OffsetDelete; not those of deleted groups and topics.",
      ({ counters }) => counters.groups.deletedOffsets,
    ),
    labelled(name("num_partitions"), "Partitions of `__consumer_offsets` by what their coordinator does.", (broker) =>
      groupPartitionsByState(broker),
    ),
    ...loadTimes("group", ({ groups }) => groups.loadTimes),
  ];
}

function transactionMetrics(): Metric[] {
  return [
    labelled("ottla_transaction_coordinator_transactional_ids", "Transactional ids by state.", (broker) =>
      transactionsByState(broker),
    ),
    counter(
      "ottla_transaction_coordinator_committed_total",
      "Transactions decided to commit.",
      ({ counters }) => counters.transactions.committed,
    ),
    counter(
      "ottla_transaction_coordinator_aborted_total",
      "Transactions decided to abort, for whatever reason.",
      ({ counters }) => counters.transactions.aborted,
    ),
    counter(
      "ottla_transaction_coordinator_timed_out_total",
      "Transactions aborted because they took longer than their timeout.",
      ({ counters }) => counters.transactions.timedOut,
    ),
    counter(
      "ottla_transaction_markers_written_total",
      "Markers that ended a transaction on a partition of this broker.",
      ({ counters }) => counters.markersWritten,
    ),
    ...loadTimes("transaction", ({ transactions }) => transactions.loadTimes),
    labelled(
      "ottla_coordinator_waiting_requests",
      "Requests that wait for their group, or for the log, by coordinator.",
      (broker) => waitingRequests(broker),
    ),
  ];
}

function loadTimes(coordinator: "group" | "transaction", times: (broker: Broker) => LoadTimes): Metric[] {
  const name = `kafka_server_${coordinator}_coordinator_metrics_partition_load_time`;
  return [
    gauge(
      `${name}_max`,
      "Longest time that loading a partition took since the start, ms.",
      (broker) => times(broker).longestMs,
    ),
    gauge(`${name}_avg`, "Mean of the same.", (broker) => meanLoadMs(times(broker))),
  ];
}

function labelled(name: string, help: string, read: (broker: Broker) => Sample[]): Metric {
  return { name, kind: "gauge", help, read };
}

function ofPartitions(broker: Broker, value: (log: PartitionLog) => number): Sample[] {
  const samples: Sample[] = [];
  for (const { topic, index, log } of broker.replicas.all()) {
    samples.push({ labels: { topic, partition: String(index) }, value: value(log) });
  }
  return samples;
}
