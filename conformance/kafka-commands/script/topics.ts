// Topics, their configs and their offsets.

import { connected } from "../step.ts";
import type { Step } from "../step.ts";

/** What all parts read. */
export const prepare: readonly Step[] = connected("kafka-topics", [
  "--create --topic orders --partitions 3 --replication-factor 1",
  "--create --topic payments --partitions 1 --replication-factor 1 --config retention.ms=86400000 --config retention.bytes=100000000",
]);

const changes: Step[] = [
  ...connected("kafka-topics", [
    "--create --topic SIDE-one",
    "--create --topic SIDE-one",
    "--create --topic SIDE-one --if-not-exists",
    "--create --topic SIDE-two --partitions 4 --replication-factor 1 --config retention.ms=5000 --config max.message.bytes=64000",
    "--create --topic SIDE.dotted_name --partitions 2",
    "--create --topic SIDE-assigned --replica-assignment 1,1,1",
    "--create --topic SIDE-many --replication-factor 5",
    "--create --topic 'SIDE bad name'",
    "--describe --topic SIDE-two",
    "--describe --topic SIDE-assigned",
    "--alter --topic SIDE-two --partitions 6",
    "--alter --topic SIDE-two --partitions 2",
    "--alter --topic SIDE-two --partitions 8 --replica-assignment 1,1",
    "--describe --topic SIDE-two",
    "--delete --topic SIDE-one",
    "--delete --topic SIDE-one",
    "--delete --topic SIDE-one --if-exists",
    "--describe --topic SIDE-one --if-exists",
    "--describe --topic SIDE-one",
  ]),
  ...connected(
    "kafka-topics",
    ["--describe --topics-with-overrides --topic SIDE-.*", "--describe --exclude-internal --topic SIDE-.*"],
    { unordered: true },
  ),
];

const reading: Step[] = connected(
  "kafka-topics",
  [
    "--list",
    "--list --exclude-internal",
    "--list --topic 'order.*|pay.*'",
    "--list --topic no-such-.*",
    "--describe",
    "--describe --topic orders",
    "--describe --topic orders,payments",
    "--describe --topics-with-overrides",
    "--describe --under-replicated-partitions",
    "--describe --unavailable-partitions",
    "--describe --under-min-isr-partitions",
    "--describe --at-min-isr-partitions",
    "--describe --topic-id AAAAAAAAAAAAAAAAAAAAAQ",
    "--describe --topic orders --command-config FOLDER/client.properties",
    "--describe --topic orders --command-config FOLDER/no-such-file",
  ],
  { unordered: true },
);

const configs: Step[] = connected(
  "kafka-configs",
  [
    "--describe --entity-type topics --entity-name payments",
    "--describe --topic orders",
    "--describe --entity-type topics",
    "--describe --topic payments --all",
    "--alter --topic SIDE-two --add-config retention.ms=1000,cleanup.policy=[compact,delete]",
    "--describe --topic SIDE-two",
    "--alter --topic SIDE-two --delete-config retention.ms",
    "--alter --topic SIDE-two --delete-config no.such.config",
    "--alter --topic SIDE-two --delete-config retention.bytes",
    "--describe --topic SIDE-two",
    "--alter --topic SIDE-two --add-config-file FOLDER/configs.properties",
    "--describe --topic SIDE-two",
    "--alter --topic SIDE-two --add-config retention.ms=odd",
    "--alter --topic SIDE-two --add-config no.such.config=1",
    "--describe --entity-type brokers --entity-name 1",
    "--describe --broker 1 --all",
    "--describe --broker-defaults",
    "--describe --entity-type brokers --entity-default",
    "--describe --broker 77",
    "--describe --group nobody",
    "--describe --entity-type groups",
    "--describe --entity-type client-metrics",
    "--describe --user alice",
    "--describe --entity-type clients",
    "--describe --entity-type users --entity-name alice --entity-type clients --entity-default",
    "--describe --broker-logger 1",
  ],
  { unordered: true },
);

export const topicScript: readonly Step[] = [...changes, ...reading, ...configs];
