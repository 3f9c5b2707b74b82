// `kafka-console-consumer`: prints the records of topics as they come. Kafka: org.apache.kafka.tools.consumer.ConsoleConsumer.

import { AbortedError, KafkaError } from "@ottla/client";
import type { Consumer, ConsumerRecord } from "@ottla/client";
import { withConsumer } from "../client/connect.ts";
import { CommandFailure } from "../command-failure.ts";
import { ExitError } from "../command-io.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { isExpected, reportingFailures } from "../failure.ts";
import { usageExit } from "../options/checks.ts";
import { javaText } from "../text/java-error.ts";
import { javaPattern } from "../text/java-regex.ts";
import { formatterOf } from "./console-consumer/formatters.ts";
import type { Formatter } from "./console-consumer/formatter.ts";
import { formatterSettings, readConsoleConsumerOptions, tellOfOlder } from "./console-consumer/options.ts";
import type { ConsoleConsumerOptions, ConsumerSettings } from "./console-consumer/options.ts";

/** Without a limit of the user's, one poll waits for so long before the next. */
const POLL_MS = 60_000;
/** As max.poll.records. */
const MAX_POLL_RECORDS = 500;
const PROTOCOL_NOTICE =
  "The consumer rebalance protocol (KIP-848) is production-ready! Set group.protocol=consumer to try it out. See https://kafka.apache.org/documentation/#consumer_rebalance_protocol";
const LOGGER = "(org.apache.kafka.tools.consumer.ConsoleConsumer)";

export const consoleConsumer: KafkaCommand = async (words, io) => {
  let isRunning = false;
  let hasBegun = false;
  let printed = 0;
  try {
    const { options, settings } = await readConsoleConsumerOptions(words, io);
    const formatter = await buildFormatter(options, io);
    isRunning = true;
    const properties = propertiesOf(options, settings);
    const where = { servers: options.text("bootstrap-server")!, properties };
    try {
      return await withConsumer(where, async (consumer) => {
        hasBegun = true;
        if (!options.has("partition") && properties.get("group.protocol")?.toLowerCase() !== "consumer") {
          io.error(PROTOCOL_NOTICE);
        }
        checkNumbers(options);
        await begin(consumer, options, settings);
        await print(consumer, io, { options, settings, formatter, onPrinted: () => void (printed += 1) });
        await commit(consumer, io, properties);
      });
    } finally {
      if (hasBegun) io.error(`Processed a total of ${printed} messages`);
      if (options.has("enable-systest-events")) io.out("shutdown_complete");
    }
  } catch (error) {
    if (error instanceof ExitError || !isExpected(error)) throw error;
    if (isRunning) io.error(`ERROR Unknown error when running consumer:  ${LOGGER}`);
    return await reportingFailures(io, () => Promise.reject(error));
  }
};

async function buildFormatter(options: ConsoleConsumerOptions, io: CommandIo): Promise<Formatter> {
  try {
    if (options.has("formatter-property") && options.has("property")) {
      throw new CommandFailure("Options --property and --formatter-property cannot be specified together.");
    }
    tellOfOlder(io, options, "formatter-property", "property");
    return await formatterOf(options.text("formatter")!, await formatterSettings(options));
  } catch (error) {
    if (error instanceof CommandFailure) throw usageExit(io, options.table, error.message);
    throw error;
  }
}

/** Kafka's tool has a group even where it reads one partition; nothing is ever committed there. */
function propertiesOf(options: ConsoleConsumerOptions, { properties }: ConsumerSettings): ReadonlyMap<string, string> {
  if (!options.has("partition")) return properties;
  const inGroups = ["group.id", "group.instance.id", "enable.auto.commit"];
  return new Map([...properties].filter(([name]) => !inGroups.includes(name)));
}

/** Java reads them once the consumer is there. @throws OptionError */
function checkNumbers(options: ConsoleConsumerOptions): void {
  options.number("max-messages");
}

async function begin(consumer: Consumer, options: ConsoleConsumerOptions, { start }: ConsumerSettings): Promise<void> {
  const topic = options.text("topic");
  if (topic === undefined) return await consumer.subscribe(javaPattern(options.text("include")!));
  if (!options.has("partition")) return await consumer.subscribe(topic);
  const partition = { topic, partition: options.number("partition")! };
  await consumer.assign([partition]);
  consumer.seek(partition, start === "earliest" ? "beginning" : start === "latest" ? "end" : start);
}

interface Printing {
  readonly options: ConsoleConsumerOptions;
  readonly settings: ConsumerSettings;
  readonly formatter: Formatter;
  readonly onPrinted: () => void;
}

/** Until there were as many as asked for, none came for as long as asked for, nobody reads, or a signal ends it. */
async function print(consumer: Consumer, io: CommandIo, printing: Printing): Promise<void> {
  const { options, settings, formatter, onPrinted } = printing;
  const given = options.has("max-messages") ? options.number("max-messages")! : -1;
  const write = (piece: string | Uint8Array): void => io.write(piece);
  let left = given === -1 ? Infinity : given;
  while (left > 0) {
    const maxRecords = Math.min(left, MAX_POLL_RECORDS);
    const records = await nextRecords(consumer, io, { maxRecords, idleLimitMs: settings.idleLimitMs });
    if (records === null) return;
    for (const record of records) {
      onPrinted();
      try {
        formatter(record, write);
      } catch (error) {
        if (!isExpected(error) || !options.has("skip-message-on-error")) throw error;
        io.error(`ERROR Error processing message, skipping this message:  ${LOGGER}`);
        await reportingFailures(io, () => Promise.reject(error));
      }
    }
    left -= records.length;
    await io.drained();
    if (io.isOutputClosed) {
      io.error("Unable to write to standard out, closing consumer.");
      return;
    }
  }
}

/** Null when there is nothing more to print; a failure is told and ends the printing, not the command. */
async function nextRecords(
  consumer: Consumer,
  io: CommandIo,
  { maxRecords, idleLimitMs }: { readonly maxRecords: number; readonly idleLimitMs: number },
): Promise<ConsumerRecord[] | null> {
  let leftMs = idleLimitMs;
  try {
    for (;;) {
      const timeoutMs = Math.min(leftMs, POLL_MS);
      const records = await consumer.poll({ timeoutMs, signal: io.signal, maxRecords });
      if (records.length > 0) return records;
      leftMs -= timeoutMs;
      if (leftMs <= 0) {
        io.error(`ERROR Error processing message, terminating consumer process:  ${LOGGER}`);
        io.error("org.apache.kafka.common.errors.TimeoutException");
        return null;
      }
    }
  } catch (error) {
    if (error instanceof AbortedError) return null;
    if (!(error instanceof KafkaError)) throw error;
    io.error(`ERROR Error processing message, terminating consumer process:  ${LOGGER}`);
    io.error(javaText(error));
    return null;
  }
}

/** What was printed counts as processed, though nobody asked for more; a group that commits by itself has it committed. */
async function commit(consumer: Consumer, io: CommandIo, properties: ReadonlyMap<string, string>): Promise<void> {
  if (!properties.has("group.id") || properties.get("enable.auto.commit")?.trim().toLowerCase() === "false") return;
  try {
    await consumer.commit();
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    io.error(javaText(error));
  }
}
