// `kafka-transactions`: shows transactions and producers, and ends transactions. Kafka: org.apache.kafka.tools.TransactionsCommand.

import type { Admin, PartitionProducers, TransactionDescription, TransactionListing } from "@ottla/client";
import { parseOrExit } from "../arguments/arguments-usage.ts";
import type { ParsedArguments } from "../arguments/parse-arguments.ts";
import { withAdmin } from "../client/connect.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { reportingFailures } from "../failure.ts";
import { partitionText, tabbedTable } from "../text/java-format.ts";
import { transactionsTable } from "./transactions/arguments.ts";
import { fail, orFail } from "./transactions/failing.ts";

type Action = (admin: Admin, parsed: ParsedArguments, io: CommandIo) => Promise<void>;

const actions: Readonly<Record<string, Action>> = {
  list,
  describe,
  "describe-producers": describeProducers,
  abort,
  "find-hanging": async (admin, parsed, io) =>
    (await import("./transactions/find-hanging.ts")).findHanging(admin, parsed, io),
  forceTerminateTransaction: async (admin, parsed, io) => {
    const id = parsed.text("--transactionalId")!;
    await orFail(io, `Failed to force terminate transactionalId \`${id}\``, admin.forceTerminateTransaction(id));
  },
};

export const transactions: KafkaCommand = (words, io) =>
  reportingFailures(io, async () => {
    const parsed = parseOrExit(io, transactionsTable, words);
    const where = { servers: parsed.text("--bootstrap-server")!, configFile: parsed.text("--command-config") };
    await withAdmin(where, (admin) => actions[parsed.subcommand]!(admin, parsed, io));
  });

async function list(admin: Admin, parsed: ParsedArguments, io: CommandIo): Promise<void> {
  const longerThanMs = parsed.number("--duration-filter");
  const transactionalIdPattern = parsed.text("--transactional-id-pattern");
  const listed = await orFail(
    io,
    "Failed to list transactions",
    admin.listTransactions({
      ...(longerThanMs === undefined || longerThanMs < 0 ? {} : { longerThanMs }),
      ...(transactionalIdPattern === undefined ? {} : { transactionalIdPattern }),
    }),
  );
  for (const line of transactionTable([...listed.values()])) io.out(line);
}

export function transactionTable(listed: readonly TransactionListing[]): string[] {
  const headers = ["TransactionalId", "Coordinator", "ProducerId", "TransactionState"];
  const rows = listed.map((each) => [
    each.transactionalId,
    String(each.coordinatorId),
    String(each.producerId),
    each.state,
  ]);
  return tabbedTable(headers, rows);
}

async function describe(admin: Admin, parsed: ParsedArguments, io: CommandIo): Promise<void> {
  const id = parsed.text("--transactional-id")!;
  const message = `Failed to describe transaction state of transactional-id \`${id}\``;
  const described = await orFail(io, message, admin.describeTransactions([id]), {
    TRANSACTIONAL_ID_NOT_FOUND: `DescribeTransactions request for transactionalId \`${id}\` failed because the ID could not be found`,
  });
  for (const line of descriptionTable(described.get(id)!, Date.now())) io.out(line);
}

export function descriptionTable(described: TransactionDescription, nowMs: number): string[] {
  const headers = [
    "CoordinatorId",
    "TransactionalId",
    "ProducerId",
    "ProducerEpoch",
    "TransactionState",
    "TransactionTimeoutMs",
    "CurrentTransactionStartTimeMs",
    "TransactionDurationMs",
    "TopicPartitions",
  ];
  const { startTimeMs } = described;
  const row = [
    String(described.coordinatorId),
    described.transactionalId,
    String(described.producerId),
    String(described.producerEpoch),
    described.state,
    String(described.timeoutMs),
    startTimeMs === null ? "None" : String(startTimeMs),
    startTimeMs === null ? "None" : String(nowMs - startTimeMs),
    described.partitions.map(partitionText).join(","),
  ];
  return tabbedTable(headers, [row]);
}

async function describeProducers(admin: Admin, parsed: ParsedArguments, io: CommandIo): Promise<void> {
  const brokerId = parsed.number("--broker-id");
  const partition = partitionOf(parsed);
  const where = brokerId === undefined ? "leader" : `broker ${brokerId}`;
  const described = await orFail(
    io,
    `Failed to describe producers for partition ${partitionText(partition)} on ${where}`,
    admin.describeProducers([partition], brokerId === undefined ? {} : { brokerId }),
  );
  for (const line of producerTable(described.get(partitionText(partition))!)) io.out(line);
}

export function producerTable({ activeProducers }: PartitionProducers): string[] {
  const headers = [
    "ProducerId",
    "ProducerEpoch",
    "LatestCoordinatorEpoch",
    "LastSequence",
    "LastTimestamp",
    "CurrentTransactionStartOffset",
  ];
  const rows = activeProducers.map((producer) => [
    String(producer.producerId),
    String(producer.producerEpoch),
    String(producer.coordinatorEpoch ?? -1),
    String(producer.lastSequence),
    String(producer.lastTimestamp),
    producer.transactionStartOffset === null ? "None" : String(producer.transactionStartOffset),
  ]);
  return tabbedTable(headers, rows);
}

async function abort(admin: Admin, parsed: ParsedArguments, io: CommandIo): Promise<void> {
  const partition = partitionOf(parsed);
  const startOffset = parsed.number("--start-offset");
  const transaction =
    startOffset === undefined ? named(parsed, io) : await found(admin, io, { ...partition, startOffset });
  const spec = `AbortTransactionSpec(topicPartition=${partitionText(partition)}, producerId=${transaction.producerId}, producerEpoch=${transaction.producerEpoch}, coordinatorEpoch=${transaction.coordinatorEpoch})`;
  await orFail(io, `Failed to abort transaction ${spec}`, admin.abortTransaction({ ...partition, ...transaction }));
}

interface NamedTransaction {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
}

/** By the numbers of the command line. */
function named(parsed: ParsedArguments, io: CommandIo): NamedTransaction {
  const producerId = parsed.number("--producer-id");
  if (producerId === undefined) {
    return fail(
      io,
      "The transaction to abort must be identified either with --start-offset (for brokers on 3.0 or above) or with --producer-id, --producer-epoch, and --coordinator-epoch (for older brokers)",
    );
  }
  const producerEpoch = parsed.number("--producer-epoch");
  if (producerEpoch === undefined) return fail(io, "Missing required argument --producer-epoch");
  const coordinatorEpoch = parsed.number("--coordinator-epoch");
  if (coordinatorEpoch === undefined) return fail(io, "Missing required argument --coordinator-epoch");
  return { producerId, producerEpoch, coordinatorEpoch: Math.max(coordinatorEpoch, 0) };
}

/** By where it begins. */
async function found(
  admin: Admin,
  io: CommandIo,
  {
    topic,
    partition,
    startOffset,
  }: { readonly topic: string; readonly partition: number; readonly startOffset: number },
): Promise<NamedTransaction> {
  const name = partitionText({ topic, partition });
  const message = `Failed to validate producer state for partition ${name}`;
  const described = await orFail(io, message, admin.describeProducers([{ topic, partition }]));
  const producer = described.get(name)!.activeProducers.find((each) => each.transactionStartOffset === startOffset);
  if (producer === undefined) {
    return fail(io, `Could not find any open transactions starting at offset ${startOffset} on partition ${name}`);
  }
  const { producerId, producerEpoch, coordinatorEpoch } = producer;
  return { producerId, producerEpoch, coordinatorEpoch: coordinatorEpoch ?? 0 };
}

function partitionOf(parsed: ParsedArguments): { topic: string; partition: number } {
  return { topic: parsed.text("--topic")!, partition: parsed.number("--partition")! };
}
