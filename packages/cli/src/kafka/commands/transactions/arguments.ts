// The arguments of kafka-transactions (TransactionsCommand of Kafka 4.3).

import { argument } from "../../arguments/argument-table.ts";
import type { ArgumentTable } from "../../arguments/argument-table.ts";

const topic = argument("--topic", "the topic", { isRequired: true });
const partition = argument("--partition", "the partition's number", { type: "Integer", isRequired: true });

export const transactionsTable: ArgumentTable = {
  program: "kafka-transactions.sh",
  description: "Shows what producers and transactions there are, and ends transactions that hang.",
  arguments: [
    { flags: ["-v", "--version"], help: "print the version of Kafka", action: "version", type: "String" },
    argument("--command-config", "properties file with configs of the admin client", { metavar: "FILE" }),
    argument("--bootstrap-server", "the brokers to connect to, as `host:port`, several apart by commas", {
      metavar: "host:port",
      isRequired: true,
    }),
  ],
  subcommandsMetavar: "COMMAND",
  subcommands: [
    {
      name: "list",
      help: "list transactions",
      arguments: [
        argument("--duration-filter", "only transactions that have run for longer, in milliseconds; all when below 0", {
          type: "Long",
        }),
        argument("--transactional-id-pattern", "only transactional ids that this regular expression matches"),
      ],
    },
    {
      name: "describe",
      help: "describe the state of a transactional id",
      arguments: [argument("--transactional-id", "the transactional id", { isRequired: true })],
    },
    {
      name: "describe-producers",
      help: "describe the producers that wrote to a partition",
      arguments: [
        argument("--broker-id", "the broker whose replica is asked instead of the leader's", { type: "Integer" }),
        topic,
        partition,
      ],
    },
    {
      name: "abort",
      help: "abort a transaction that hangs on a partition",
      arguments: [
        topic,
        partition,
        argument("--start-offset", "where the transaction begins (enough for brokers from 3.0 on)", { type: "Long" }),
        argument("--producer-id", "the producer id (older brokers)", { type: "Long" }),
        argument("--producer-epoch", "the producer epoch (older brokers)", { type: "Short" }),
        argument("--coordinator-epoch", "the coordinator epoch (older brokers)", { type: "Integer" }),
      ],
    },
    {
      name: "find-hanging",
      help: "find transactions that hang",
      arguments: [
        argument("--broker-id", "the broker to search", { type: "Integer" }),
        argument("--max-transaction-timeout", "only transactions that have run for longer, in minutes", {
          type: "Integer",
          byDefault: 15,
        }),
        argument("--topic", "the topic to search; needed with --partition"),
        argument("--partition", "the partition's number", { type: "Integer" }),
      ],
    },
    {
      name: "forceTerminateTransaction",
      help: "end the open transaction of a transactional id",
      arguments: [argument("--transactionalId", "the transactional id", { isRequired: true })],
    },
  ],
};
