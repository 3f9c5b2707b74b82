// The cluster itself: its transactions, features, brokers, folders, elections, replicas and rules.

import { connected } from "../step.ts";
import type { Step } from "../step.ts";

export const clusterScript: readonly Step[] = [
  ...connected("kafka-transactions", [
    "list",
    "list --duration-filter 600000",
    "list --transactional-id-pattern by-kafka.*",
    "describe --transactional-id by-kafka-perf",
    "describe --transactional-id nobody",
    "describe-producers --topic by-kafka-perf --partition 0",
    "find-hanging --broker-id 1",
    "find-hanging --topic by-kafka-perf",
    "find-hanging --partition 0",
    "abort --topic by-kafka-perf --partition 0 --start-offset 3",
  ]),
  ...connected("kafka-transactions", [
    "--command-config FOLDER/impatient.properties describe-producers --topic by-kafka-perf --partition 0 --broker-id 77",
  ]),
  // Kafka's asks again and again for a partition that is not there.
  ...connected(
    "kafka-transactions",
    ["--command-config FOLDER/impatient.properties describe-producers --topic by-kafka-perf --partition 77"],
    { differs: { name: "Timeouts", ours: /This server does not host this topic-partition/ } },
  ),
  ...connected("kafka-features", [
    "describe",
    "version-mapping",
    "version-mapping --release-version 4.0",
    "version-mapping --release-version 3.3-IV3",
    "feature-dependencies --feature transaction.version=2",
    "feature-dependencies --feature metadata.version=20 --feature group.version=1",
    "upgrade --feature metadata.version=1 --dry-run",
    "upgrade --release-version 4.0 --dry-run",
    "downgrade --feature kraft.version=0 --dry-run",
    "disable --feature odd --dry-run",
  ]),
  ...connected("kafka-log-dirs", [
    "--describe",
    "--describe --broker-list 1 --topic-list orders,payments",
    "--describe --topic-list no-such-topic",
  ]),
  ...connected("kafka-leader-election", [
    "--election-type preferred --all-topic-partitions",
    "--election-type preferred --topic orders --partition 0",
    "--election-type unclean --topic orders --partition 0",
    "--election-type preferred --topic no-such-topic --partition 0",
    "--election-type preferred --path-to-json-file FOLDER/elect.json",
  ]),
  ...connected("kafka-reassign-partitions", [
    "--list",
    "--generate --broker-list 1 --topics-to-move-json-file FOLDER/topics-to-move.json",
    "--generate --broker-list 77 --topics-to-move-json-file FOLDER/topics-to-move.json",
    "--execute --reassignment-json-file FOLDER/reassign.json",
    "--verify --reassignment-json-file FOLDER/reassign.json",
    "--cancel --reassignment-json-file FOLDER/reassign.json",
  ]),
  ...connected("kafka-acls", [
    "--list",
    "--list --topic orders",
    "--add --allow-principal User:a --producer --topic orders",
    "--remove --topic orders --force",
  ]),
  ...connected("kafka-broker-api-versions", [""]),
  ...connected("kafka-cluster", [""], { alone: true }),
  ...["cluster-id", "list-endpoints", "unregister --id 77", "list-endpoints --include-fenced-brokers"].map((line) => ({
    command: "kafka-cluster",
    line: `${line} --bootstrap-server BROKER`,
  })),
];
