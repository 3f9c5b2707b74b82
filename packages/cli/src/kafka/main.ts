// Runs one of Kafka's commands. The table says which there are; the code of a command is loaded when it is the one to run.

import { ExitError } from "./command-io.ts";
import type { CommandIo, KafkaCommand } from "./command-io.ts";
import { processIo } from "./process-io.ts";

/** Every command by its name without `.sh`. */
export const kafkaCommands: Readonly<Record<string, () => Promise<KafkaCommand>>> = {
  "kafka-acls": async () => (await import("./commands/acls.ts")).acls,
  "kafka-broker-api-versions": async () => (await import("./commands/broker-api-versions.ts")).brokerApiVersions,
  "kafka-cluster": async () => (await import("./commands/cluster.ts")).cluster,
  "kafka-configs": async () => (await import("./commands/configs.ts")).configs,
  "kafka-console-consumer": async () => (await import("./commands/console-consumer.ts")).consoleConsumer,
  "kafka-console-producer": async () => (await import("./commands/console-producer.ts")).consoleProducer,
  "kafka-consumer-groups": async () => (await import("./commands/consumer-groups.ts")).consumerGroups,
  "kafka-consumer-perf-test": async () => (await import("./commands/consumer-perf-test.ts")).consumerPerfTest,
  "kafka-delete-records": async () => (await import("./commands/delete-records.ts")).deleteRecords,
  "kafka-dump-log": async () => (await import("./commands/dump-log.ts")).dumpLog,
  "kafka-features": async () => (await import("./commands/features.ts")).features,
  "kafka-get-offsets": async () => (await import("./commands/get-offsets.ts")).getOffsets,
  "kafka-groups": async () => (await import("./commands/groups.ts")).groups,
  "kafka-leader-election": async () => (await import("./commands/leader-election.ts")).leaderElection,
  "kafka-log-dirs": async () => (await import("./commands/log-dirs.ts")).logDirs,
  "kafka-producer-perf-test": async () => (await import("./commands/producer-perf-test.ts")).producerPerfTest,
  "kafka-reassign-partitions": async () => (await import("./commands/reassign-partitions.ts")).reassignPartitions,
  "kafka-topics": async () => (await import("./commands/topics.ts")).topics,
  "kafka-transactions": async () => (await import("./commands/transactions.ts")).transactions,
  "kafka-verifiable-consumer": async () => (await import("./commands/verifiable-consumer.ts")).verifiableConsumer,
  "kafka-verifiable-producer": async () => (await import("./commands/verifiable-producer.ts")).verifiableProducer,
};

/** The command's exit code. What is thrown beside ExitError is a bug. */
export async function runKafkaCommand(name: string, words: readonly string[], io: CommandIo): Promise<number> {
  const load = kafkaCommands[name];
  if (load === undefined) throw new Error(`there is no command ${name}`);
  try {
    const command = await load();
    return (await command(words, io)) ?? 0;
  } catch (error) {
    if (error instanceof ExitError) return error.code;
    throw error;
  }
}

/** As the process itself: what the launchers in bin/ call. */
export async function main(name: string): Promise<void> {
  const io = processIo();
  const code = await runKafkaCommand(name, process.argv.slice(2), io);
  await io.end();
  process.exit(io.signalCode ?? code);
}
