// Words that each command refuses before it speaks to a cluster, and its help.

import { connected, plain } from "../step.ts";
import type { Step } from "../step.ts";

const options: readonly string[] = [
  "kafka-topics",
  "kafka-configs",
  "kafka-console-consumer",
  "kafka-console-producer",
  "kafka-consumer-groups",
  "kafka-consumer-perf-test",
  "kafka-delete-records",
  "kafka-dump-log",
  "kafka-get-offsets",
  "kafka-groups",
  "kafka-leader-election",
  "kafka-log-dirs",
  "kafka-reassign-partitions",
  "kafka-acls",
  "kafka-broker-api-versions",
];
const subcommanded = ["kafka-features", "kafka-transactions"];
/** argparse4j ends the process when it finds a mistake in these. */
const alone = ["kafka-cluster", "kafka-verifiable-consumer", "kafka-verifiable-producer"];

const everywhere: Step[] = [
  ...options.flatMap((command) =>
    plain(command, ["--help", "", "''", "--version", "--no-such-option", "--bootstrap-server"]),
  ),
  ...subcommanded.flatMap((command) => plain(command, ["--help", "-h", "", "''"])),
  ...plain("kafka-producer-perf-test", ["--help", "", "--no-such-option"]),
  ...alone.flatMap((command) => plain(command, ["--help", "", "--no-such-option"], { alone: true })),
];

const topics: Step[] = [
  ...plain("kafka-topics", ["--create --topic t", "--list --topic"]),
  ...connected("kafka-topics", [
    "",
    "--create",
    "--create --list",
    "--create --topic t --partitions x",
    "--create --topic t --partitions 0",
    "--create --topic t --replication-factor 0",
    "--create --topic t --replication-factor 40000",
    "--create --topic t --config a",
    "--create --topic t --config a=b=c",
    "--create --topic t --config no.such.config=1",
    "--create --topic SIDE-t --delete-config retention.ms",
    "--create --topic t --replica-assignment 0:0",
    "--create --topic t --replica-assignment 0,1:0",
    "--create --topic t --replica-assignment 0 --partitions 1",
    "--create --topic t --if-exists",
    "--list --if-not-exists",
    "--delete",
    "--alter --topic t",
    "--alter --topic t --config a=b",
    "--describe --topic t --topic-id x --under-replicated-partitions --at-min-isr-partitions",
    "--describe --topic-id x",
    "--describe --under-replicated-partitions --unavailable-partitions",
    "--describe --partition-size-limit-per-response 10 --list",
    "--describe --topic no-such-topic",
    "--delete --topic no-such-topic",
    "--alter --topic no-such-topic --partitions 3",
    "--describe --part 3",
  ]),
];

const groups: Step[] = [
  ...plain("kafka-consumer-groups", ["--list", "--validate-regex [a-z]+"]),
  ...connected("kafka-consumer-groups", [
    "",
    "--describe",
    "--describe --all-groups --group g",
    "--describe --group g --members --offsets",
    "--describe --group g --state stable",
    "--describe --group g --topic t",
    "--list --group g",
    "--list --state odd",
    "--list --type odd",
    "--list --members",
    "--delete",
    "--delete --group g --topic t",
    "--delete-offsets --group g",
    "--delete-offsets --topic t",
    "--reset-offsets --to-earliest",
    "--reset-offsets --group g --to-earliest --dry-run",
    "--reset-offsets --group g --topic t --dry-run",
    "--reset-offsets --group g --topic t --all-topics --to-earliest --dry-run",
    "--reset-offsets --group g --topic t --to-earliest --to-latest --dry-run",
    "--reset-offsets --group g --topic t --to-offset x",
    "--reset-offsets --group g --execute --dry-run",
    "--reset-offsets --group g --topic t --from-file f --to-offset 3",
  ]),
  ...connected("kafka-groups", ["", "--list --group-type odd", "--list --consumer --share", "--list --protocol"]),
];

const clients: Step[] = [
  ...plain("kafka-console-consumer", [
    "--topic t",
    "--bootstrap-server h:1",
    "--bootstrap-server h:1 --topic t --include t",
    "--bootstrap-server h:1 --topic t --partition x",
    "--bootstrap-server h:1 --topic t --offset 3",
    "--bootstrap-server h:1 --topic t --partition 0 --offset x",
    "--bootstrap-server h:1 --topic t --partition 0 --offset -3",
    "--bootstrap-server h:1 --topic t --from-beginning --offset 3 --partition 0",
    "--bootstrap-server h:1 --topic t --partition 0 --group g",
    "--bootstrap-server h:1 --include t --partition 0",
    "--bootstrap-server h:1 --topic t --isolation-level odd",
    "--bootstrap-server h:1 --topic t --max-messages x",
    "--bootstrap-server h:1 --topic t --consumer-property group.id=a --group b",
    "--bootstrap-server h:1 --topic t --consumer-property a=b --command-property c=d",
    "--bootstrap-server h:1 --topic t --formatter no.such.Formatter",
  ]),
  ...plain(
    "kafka-console-producer",
    [
      "--topic t",
      "--bootstrap-server h:1",
      "--bootstrap-server h:1 --topic t --compression-codec odd",
      "--bootstrap-server h:1 --topic t --request-required-acks odd",
      "--bootstrap-server h:1 --topic t --batch-size x",
      "--bootstrap-server h:1 --topic t --line-reader no.such.Reader",
      "--bootstrap-server h:1 --topic t --reader-property a",
      "--bootstrap-server h:1 --topic t --max-memory-bytes",
    ],
    { input: "a\n" },
  ),
  ...plain("kafka-consumer-perf-test", [
    "--topic t",
    "--bootstrap-server h:1 --topic t",
    "--bootstrap-server h:1 --num-records 3",
  ]),
  ...plain(
    "kafka-producer-perf-test",
    [
      "--topic t --num-records 5 --throughput 1",
      "--topic t --num-records 5 --record-size 3 --payload-file f --throughput 1 --bootstrap-server h:1",
      "--topic t --record-size 3 --throughput 1 --bootstrap-server h:1",
      "--topic t --num-records 5 --record-size -3 --throughput 1 --bootstrap-server h:1",
      "--topic t --num-records 5 --record-size x --throughput 1 --bootstrap-server h:1",
    ],
    { alone: true },
  ),
  ...plain(
    "kafka-verifiable-producer",
    ["--topic t", "--topic t --bootstrap-server h:1 --acks 7", "--bootstrap-server h:1"],
    {
      alone: true,
    },
  ),
  ...plain("kafka-verifiable-consumer", ["--topic t --group-id g", "--topic t --bootstrap-server h:1"], {
    alone: true,
  }),
];

const others: Step[] = [
  ...plain("kafka-configs", ["--describe --entity-type topics", "--bootstrap-server"]),
  ...connected("kafka-configs", [
    "",
    "--describe",
    "--describe --entity-type odd",
    "--describe --entity-type topics --entity-type topics",
    "--describe --entity-type topics --add-config a=b",
    "--describe --alter --entity-type topics --entity-name t",
    "--alter --entity-type topics --entity-name t",
    "--alter --entity-type topics --add-config a=b",
    "--alter --entity-type topics --entity-name t --add-config a",
    "--alter --entity-type topics --entity-name t --add-config a=b --add-config-file f",
    "--alter --entity-type topics --entity-name t --add-config-file FOLDER/no-such-file",
    "--alter --entity-type brokers --entity-name x --add-config a=b",
    "--alter --entity-type topics --entity-name no-such-topic --add-config retention.ms=5",
    "--describe --entity-type brokers --entity-name x",
    "--describe --entity-type topics --entity-default",
    "--describe --entity-type users --topic t",
    "--describe --topic t --broker 1",
    "--describe --ip no.such.host.invalid",
  ]),
  ...plain("kafka-get-offsets", ["--topic t"]),
  ...connected("kafka-get-offsets", [
    "--topic t --topic-partitions t:0",
    "--partitions 0 --topic-partitions t:0",
    "--topic t --partitions x",
    "--topic t --time odd",
    "--topic no-such-topic",
    "--topic-partitions t:x",
    "--topic-partitions t:5-2",
  ]),
  ...connected("kafka-delete-records", [
    "",
    "--offset-json-file FOLDER/no-such-file",
    "--offset-json-file FOLDER/delete-no-partitions.json",
    "--offset-json-file FOLDER/delete-no-json.json",
    "--offset-json-file FOLDER/delete-version-2.json",
    "--offset-json-file FOLDER/delete-twice.json",
  ]),
  ...connected("kafka-leader-election", [
    "",
    "--election-type odd --all-topic-partitions",
    "--election-type preferred",
    "--election-type preferred --topic t",
    "--election-type preferred --topic t --partition 0 --all-topic-partitions",
    "--election-type preferred --path-to-json-file FOLDER/no-such-file",
  ]),
  ...plain("kafka-leader-election", ["--election-type preferred --all-topic-partitions"]),
  ...plain("kafka-log-dirs", ["--describe"]),
  ...connected("kafka-log-dirs", ["", "--describe --broker-list x", "--describe --broker-list 1,77"]),
  ...plain("kafka-reassign-partitions", ["--list"]),
  ...connected("kafka-reassign-partitions", [
    "",
    "--list --execute",
    "--verify",
    "--list --timeout 5",
    "--generate --broker-list 1",
    "--generate --broker-list 1,1 --topics-to-move-json-file FOLDER/topics-to-move.json",
    "--execute --reassignment-json-file FOLDER/no-such-file",
    "--execute --reassignment-json-file FOLDER/reassign-nothing.json",
    "--execute --reassignment-json-file FOLDER/reassign-twice.json",
    "--execute --reassignment-json-file FOLDER/reassign-replicas.json",
  ]),
  ...connected("kafka-reassign-partitions", ["--verify --reassignment-json-file FOLDER/reassign-no-json.json"], {
    differs: { name: "Broken JSON", ours: /^1 Error: The input string is not a valid JSON$/m },
  }),
  ...plain("kafka-acls", ["--list"]),
  ...connected("kafka-acls", [
    "",
    "--list --add",
    "--list --producer",
    "--add --producer",
    "--add --producer --topic t",
    "--add --consumer --topic t --allow-principal User:a",
    "--add --allow-principal User:a",
    "--add --topic t",
    "--add --topic t --allow-principal a",
    "--add --topic t --allow-principal User:a --operation odd",
    "--add --topic t --allow-principal User:a --operation Commit",
    "--add --topic t --allow-principal User:a --resource-pattern-type match",
    "--add --topic t --allow-principal User:a --resource-pattern-type odd",
    "--add --topic t --allow-host h",
  ]),
  ...plain("kafka-dump-log", [
    "",
    "--files FOLDER/no-such-file.log",
    "--files FOLDER/topics-to-move.json",
    "--files f --max-bytes x",
  ]),
  ...plain("kafka-broker-api-versions", [""]),
];

const subcommands: Step[] = [
  ...plain("kafka-transactions", ["", "list", "--bootstrap-server h:1", "--bootstrap-server h:1 odd"]),
  ...plain("kafka-transactions", [
    "--bootstrap-server h:1 describe",
    "--bootstrap-server h:1 describe-producers --topic t",
    "--bootstrap-server h:1 describe-producers --topic t --partition x",
    "--bootstrap-server h:1 abort --topic t",
    "--bootstrap-server h:1 abort --topic t --partition 0",
    "--bootstrap-server h:1 list --no-such-option",
  ]),
  ...plain("kafka-transactions", ["list --help", "describe --help", "abort --help", "find-hanging --help"]),
  ...plain("kafka-features", ["", "describe", "--bootstrap-server h:1 odd", "--bootstrap-server h:1"]),
  ...connected("kafka-features", [
    "upgrade",
    "upgrade --feature odd",
    "upgrade --feature metadata.version=x",
    "upgrade --release-version 4.3 --feature a=1",
    "upgrade --release-version odd",
    "downgrade --feature metadata.version=x",
    "disable",
    "version-mapping --release-version odd",
    "feature-dependencies",
    "feature-dependencies --feature odd=1",
    "feature-dependencies --feature metadata.version=99",
  ]),
  ...plain("kafka-cluster", ["", "odd", "cluster-id --no-such-option"], { alone: true }),
  ...plain("kafka-cluster", ["cluster-id", "unregister --bootstrap-server h:1", "list-endpoints"], { alone: true }),
];

/** With a client that gives up after a second and a half. */
export const unreachable: readonly Step[] = [
  ...(
    [
      ["kafka-topics", "--list"],
      ["kafka-topics", "--create --topic t"],
      ["kafka-configs", "--describe --topic t"],
      ["kafka-consumer-groups", "--list --timeout 1500"],
      ["kafka-consumer-groups", "--describe --group g --timeout 1500"],
      ["kafka-get-offsets", "--topic t"],
      ["kafka-delete-records", "--offset-json-file FOLDER/delete-too-far.json"],
      ["kafka-leader-election", "--election-type preferred --all-topic-partitions"],
      ["kafka-log-dirs", "--describe"],
      ["kafka-reassign-partitions", "--list"],
      ["kafka-acls", "--list"],
      ["kafka-features", "describe"],
      ["kafka-transactions", "list"],
    ] as const
  ).map(([command, line]) => ({
    command,
    line: `--bootstrap-server NOBODY --command-config FOLDER/impatient.properties ${line}`,
  })),
  ...plain("kafka-cluster", [
    "cluster-id --bootstrap-server NOBODY --command-config FOLDER/impatient.properties",
    "list-endpoints --bootstrap-server NOBODY --command-config FOLDER/impatient.properties",
  ]),
  ...plain("kafka-console-consumer", ["--bootstrap-server NOBODY --topic t --timeout-ms 500"]),
  ...plain("kafka-console-producer", ["--bootstrap-server NOBODY --topic t --max-block-ms 500"], { input: "a\n" }),
  ...plain("kafka-consumer-perf-test", ["--bootstrap-server NOBODY --topic t --num-records 3 --timeout 500"], {
    measured: true,
  }),
];

/** What ours does in another way. */
export const differing: readonly Step[] = [
  ...connected("kafka-consumer-groups", ["--validate-regex [a"], {
    differs: { name: "Regular expressions", ours: /^1 The regular expression `\[a` is invalid: .+\.$/m },
  }),
  ...plain(
    "kafka-console-consumer",
    ["--bootstrap-server NOBODY --topic t --timeout-ms 1 --command-property send.buffer.bytes=5000"],
    {
      differs: { name: "Configs", ours: /The configuration send\.buffer\.bytes is not supported by this client/ },
    },
  ),
  ...plain(
    "kafka-consumer-perf-test",
    ["--bootstrap-server NOBODY --topic t --num-records 3 --timeout 1 --print-metrics"],
    {
      measured: true,
      differs: { name: "Metrics", ours: /^1 Metric Name/m },
    },
  ),
  ...plain("kafka-transactions", ["--version"], { differs: { name: "Version", ours: /^code 0\n1 4\.3\.1$/ } }),
  ...plain(
    "kafka-console-consumer",
    ["--bootstrap-server h:1 --topic t --formatter-property value.deserializer=no.such.Class"],
    {
      differs: { name: "Classes", ours: /no\.such\.Class/ },
    },
  ),
  ...["kafka-configs", "kafka-acls"].flatMap((command) =>
    plain(
      command,
      [
        command === "kafka-acls"
          ? "--bootstrap-controller NOBODY --command-config FOLDER/impatient.properties --list"
          : "--bootstrap-controller NOBODY --command-config FOLDER/impatient.properties --describe --broker 1",
      ],
      {
        differs: { name: "Controllers", ours: /--bootstrap-controller is not supported here: use --bootstrap-server/ },
      },
    ),
  ),
];

export const mistakes: readonly Step[] = [...everywhere, ...topics, ...groups, ...clients, ...others, ...subcommands];
