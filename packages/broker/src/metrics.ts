// The table of metrics: names as dashboards for Kafka know them (JMX names in Prometheus form), and how each is read.
// A metric is a row here; `readMetrics` and docs/reference/metrics.md are derived. Counting on the hot path is one addition.

import { apiKeyEntry } from "@ottla/protocol";
import type { PartitionLog } from "@ottla/storage";
import type { Broker } from "./broker.ts";

/** What the broker counts while it runs. Whole numbers that only grow; read them through the table. */
export class Counters {
  recordsIn = 0;
  bytesIn = 0;
  bytesOut = 0;
  failedProduces = 0;
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

function ofPartitions(broker: Broker, value: (log: PartitionLog) => number): Sample[] {
  const samples: Sample[] = [];
  for (const { topic, index, log } of broker.replicas.all()) {
    samples.push({ labels: { topic, partition: String(index) }, value: value(log) });
  }
  return samples;
}
