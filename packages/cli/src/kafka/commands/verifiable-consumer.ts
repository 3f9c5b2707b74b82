// `kafka-verifiable-consumer`: reads a topic in a group and tells as JSON what it gets, owns and commits. Kafka:
// org.apache.kafka.tools.VerifiableConsumer.

import { AbortedError, KafkaError } from "@ottla/client";
import type { Consumer, ConsumerRecord, OffsetToCommit, TopicPartition } from "@ottla/client";
import { argument, toggle } from "../arguments/argument-table.ts";
import type { ArgumentTable } from "../arguments/argument-table.ts";
import { argumentExit, helpLines, parseOrExit } from "../arguments/arguments-usage.ts";
import { ArgumentError } from "../arguments/parse-arguments.ts";
import type { ParsedArguments } from "../arguments/parse-arguments.ts";
import { withConsumer } from "../client/connect.ts";
import { CommandFailure } from "../command-failure.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { reportingFailures } from "../failure.ts";
import { javaMessage, javaText } from "../text/java-error.ts";
import { comparePartitions, partitionText } from "../text/java-format.ts";
import { loadProperties } from "../text/properties-text.ts";

const POLL_MS = 60_000;
/** As max.poll.records. */
const MAX_POLL_RECORDS = 500;

const table: ArgumentTable = {
  program: "verifiable-consumer",
  description: "Reads a topic and prints as JSON what happens: rebalances, records, commits.",
  arguments: [
    argument("--topic", "the topic to read", { metavar: "TOPIC", isRequired: true }),
    argument("--group-protocol", "classic or consumer", { metavar: "GROUP-PROTOCOL", byDefault: "classic" }),
    argument("--group-remote-assignor", "the broker's assignor, with the protocol consumer", {
      metavar: "GROUP-REMOTE-ASSIGNOR",
    }),
    argument("--group-id", "the group to read in", { metavar: "GROUP-ID", isRequired: true }),
    argument("--group-instance-id", "makes it a static member", { metavar: "GROUP-INSTANCE-ID" }),
    argument("--max-messages", "how many records; -1 until the process is ended", {
      type: "Integer",
      metavar: "MAX-MESSAGES",
      byDefault: -1,
    }),
    argument("--session-timeout", "the session timeout, with the protocol classic", {
      type: "Integer",
      metavar: "TIMEOUT-MS",
    }),
    toggle("--verbose", "print each record"),
    toggle("--enable-autocommit", "commit by itself"),
    argument("--reset-policy", "earliest, latest or none", { metavar: "RESET-POLICY", byDefault: "earliest" }),
    argument("--assignment-strategy", "the assignor's class, with the protocol classic", {
      metavar: "ASSIGNMENT-STRATEGY",
      byDefault: "org.apache.kafka.clients.consumer.RangeAssignor",
    }),
    argument("--consumer.config", "(DEPRECATED) Use --command-config.", { metavar: "CONFIG-FILE" }),
    argument("--command-config", "properties file with configs of the consumer", { metavar: "CONFIG-FILE" }),
    argument("--bootstrap-server", "the brokers to connect to", {
      metavar: "HOST1:PORT1[,HOST2:PORT2[...]]",
      isRequired: true,
    }),
  ],
};

export const verifiableConsumer: KafkaCommand = (words, io) =>
  reportingFailures(io, async () => {
    if (words.length === 0) {
      for (const line of helpLines(table, null)) io.out(line);
      return;
    }
    const parsed = parseOrExit(io, table, words);
    const properties = await consumerProperties(parsed, io);
    const told = (name: string) => (partitions: readonly TopicPartition[]) =>
      event(io, name, { partitions: plain(partitions) });
    const own = { onAssigned: told("partitions_assigned"), onRevoked: told("partitions_revoked") };
    // Kafka's tool asks to be shut down in the same breath in which the signal comes.
    io.signal.addEventListener("abort", () => event(io, "shutdown_requested", {}), { once: true });
    event(io, "startup_complete", {});
    await withConsumer({ servers: parsed.text("--bootstrap-server")!, properties, own }, async (consumer) => {
      await consumer.subscribe(parsed.text("--topic")!);
      await read(consumer, io, parsed);
    });
    event(io, "shutdown_complete", {});
    if (!io.signal.aborted) event(io, "shutdown_requested", {});
  });

async function consumerProperties(parsed: ParsedArguments, io: CommandIo): Promise<Map<string, string>> {
  if (parsed.has("--consumer.config") && parsed.has("--command-config")) {
    const problem = "Options --consumer.config and --command-config are mutually exclusive.";
    throw argumentExit(io, table, new ArgumentError(problem, null));
  }
  if (parsed.has("--consumer.config")) {
    io.out(
      "Option --consumer.config has been deprecated and will be removed in a future version. Use --command-config instead.",
    );
  }
  const file = parsed.text("--consumer.config") ?? parsed.text("--command-config");
  const properties = new Map<string, string>(file === undefined ? [] : await loadProperties(file));
  const protocol = parsed.text("--group-protocol")!.toLowerCase();
  if (protocol !== "classic" && protocol !== "consumer") {
    throw new CommandFailure(`Unexpected group protocol: ${parsed.text("--group-protocol")}`);
  }
  const set = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) properties.set(name, String(value));
  };
  set("group.protocol", protocol);
  if (protocol === "consumer") set("group.remote.assignor", parsed.text("--group-remote-assignor"));
  else set("partition.assignment.strategy", parsed.text("--assignment-strategy"));
  set("session.timeout.ms", parsed.number("--session-timeout"));
  set("group.id", parsed.text("--group-id"));
  set("group.instance.id", parsed.text("--group-instance-id"));
  set("enable.auto.commit", String(parsed.has("--enable-autocommit")));
  set("auto.offset.reset", parsed.text("--reset-policy"));
  return properties;
}

function event(io: CommandIo, name: string, fields: object): void {
  io.out(JSON.stringify({ timestamp: Date.now(), name, ...fields }));
}

function plain(partitions: readonly TopicPartition[]): TopicPartition[] {
  return partitions.map(({ topic, partition }) => ({ topic, partition })).sort(comparePartitions);
}

/** Until there were as many records as asked for, or the signal. What fails is told on stderr and ends it as well. */
async function read(consumer: Consumer, io: CommandIo, parsed: ParsedArguments): Promise<void> {
  const max = parsed.number("--max-messages")!;
  let left = max < 0 ? Infinity : max;
  try {
    while (left > 0) {
      const polled = await consumer.poll({ timeoutMs: POLL_MS, maxRecords: MAX_POLL_RECORDS, signal: io.signal });
      if (polled.length === 0) continue;
      const records = polled.slice(0, left);
      left -= records.length;
      // The count of Kafka's tool has those in it that are beyond the limit.
      const offsets = tell(io, records, { count: polled.length, isVerbose: parsed.has("--verbose") });
      if (!parsed.has("--enable-autocommit")) await commit(consumer, io, offsets);
    }
    if (parsed.has("--enable-autocommit")) await consumer.commit();
  } catch (error) {
    if (error instanceof AbortedError) return;
    if (!(error instanceof KafkaError)) throw error;
    io.error(
      "ERROR Error during processing, terminating consumer process:  (org.apache.kafka.tools.VerifiableConsumer)",
    );
    io.error(javaText(error));
  }
}

/** Tells of the records, partition by partition, and gives back what to commit. */
function tell(
  io: CommandIo,
  records: readonly ConsumerRecord[],
  { count, isVerbose }: { readonly count: number; readonly isVerbose: boolean },
): OffsetToCommit[] {
  const partitions = [...Map.groupBy(records, partitionText).values()];
  const summaries = partitions.map((own) => {
    const { topic, partition, offset: minOffset } = own[0]!;
    if (isVerbose) for (const record of own) event(io, "record_data", recordFields(record));
    return { topic, partition, count: own.length, minOffset, maxOffset: own.at(-1)!.offset };
  });
  event(io, "records_consumed", { count, partitions: summaries });
  return summaries.map(({ topic, partition, maxOffset }) => ({ topic, partition, offset: maxOffset + 1 }));
}

function recordFields({ key, value, topic, partition, offset }: ConsumerRecord): object {
  return { key: key?.toString("utf8") ?? null, value: value?.toString("utf8") ?? null, topic, partition, offset };
}

async function commit(consumer: Consumer, io: CommandIo, offsets: readonly OffsetToCommit[]): Promise<void> {
  try {
    await consumer.commit(offsets);
    event(io, "offsets_committed", { offsets, success: true });
  } catch (error) {
    if (!(error instanceof KafkaError) || error instanceof AbortedError) throw error;
    event(io, "offsets_committed", { offsets, error: javaMessage(error), success: false });
  }
}
