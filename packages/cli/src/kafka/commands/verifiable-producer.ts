// `kafka-verifiable-producer`: sends rising numbers and tells of each record what became of it, as JSON. Kafka:
// org.apache.kafka.tools.VerifiableProducer.

import { KafkaError } from "@ottla/client";
import type { Producer } from "@ottla/client";
import { argument } from "../arguments/argument-table.ts";
import type { ArgumentTable } from "../arguments/argument-table.ts";
import { argumentExit, helpLines, parseOrExit } from "../arguments/arguments-usage.ts";
import { ArgumentError } from "../arguments/parse-arguments.ts";
import type { ParsedArguments } from "../arguments/parse-arguments.ts";
import { withProducer } from "../client/connect.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { reportingFailures } from "../failure.ts";
import { javaClass, javaMessage } from "../text/java-error.ts";
import { doubleText } from "../text/java-format.ts";
import { loadProperties } from "../text/properties-text.ts";
import { Throttler } from "../text/throttler.ts";

const integer = { type: "Integer" } as const;
/** Records without an outcome; more wait. */
const MAX_UNDER_WAY = 10_000;

const table: ArgumentTable = {
  program: "verifiable-producer",
  description: "Sends rising numbers to a topic and prints as JSON what became of each.",
  arguments: [
    argument("--topic", "the topic to send to", { metavar: "TOPIC", isRequired: true }),
    argument("--max-messages", "how many records; -1 until the process is ended", {
      ...integer,
      metavar: "MAX-MESSAGES",
      byDefault: -1,
    }),
    argument("--throughput", "at most about so many records a second, from 0 on", {
      ...integer,
      metavar: "THROUGHPUT",
      byDefault: -1,
    }),
    argument("--acks", "acks of the producer", { ...integer, metavar: "ACKS", byDefault: -1, choices: [0, 1, -1] }),
    argument("--producer.config", "(DEPRECATED) Use --command-config.", { metavar: "CONFIG-FILE" }),
    argument("--message-create-time", "the timestamp to begin with, in milliseconds since 1970", {
      type: "Long",
      metavar: "CREATE-TIME",
      byDefault: -1,
    }),
    argument("--value-prefix", "what stands before a point in each value", { ...integer, metavar: "VALUE-PREFIX" }),
    argument("--repeating-keys", "keys from 0 up to this, again and again", { ...integer, metavar: "REPEATING-KEYS" }),
    argument("--command-config", "properties file with configs of the producer", { metavar: "CONFIG-FILE" }),
  ],
  exclusive: [
    {
      isRequired: true,
      arguments: [
        argument("--bootstrap-server", "REQUIRED: the brokers to connect to", {
          metavar: "HOST1:PORT1[,HOST2:PORT2[...]]",
        }),
      ],
    },
  ],
};

export const verifiableProducer: KafkaCommand = (words, io) =>
  reportingFailures(io, async () => {
    if (words.length === 0) {
      for (const line of helpLines(table, null)) io.out(line);
      return;
    }
    const parsed = parseOrExit(io, table, words);
    const properties = await producerProperties(parsed, io);
    const startMs = Date.now();
    const sending = new Sending(io, parsed);
    await withProducer({ servers: parsed.text("--bootstrap-server")!, properties }, async (producer) => {
      event(io, "startup_complete", {});
      await sending.perform(producer);
      await producer.flush();
    });
    event(io, "shutdown_complete", {});
    const seconds = (Date.now() - startMs) / 1000;
    // A double of Java's has a point always.
    const average = doubleText(sending.acknowledged / seconds);
    io.out(
      `{"timestamp":${Date.now()},"name":"tool_data","sent":${sending.sent},"acked":${sending.acknowledged},"target_throughput":${parsed.number("--throughput")},"avg_throughput":${average}}`,
    );
  });

async function producerProperties(parsed: ParsedArguments, io: CommandIo): Promise<Map<string, string>> {
  if (parsed.has("--producer.config") && parsed.has("--command-config")) {
    const problem = "Options --producer.config and --command-config are mutually exclusive.";
    throw argumentExit(io, table, new ArgumentError(problem, null));
  }
  if (parsed.has("--producer.config")) {
    io.out(
      "Option --producer.config has been deprecated and will be removed in a future version. Use --command-config instead.",
    );
  }
  const file = parsed.text("--producer.config") ?? parsed.text("--command-config");
  return new Map([
    ["acks", String(parsed.number("--acks"))],
    ["retries", "0"],
    ...(file === undefined ? [] : await loadProperties(file)),
  ]);
}

function event(io: CommandIo, name: string, fields: object): void {
  io.out(JSON.stringify({ timestamp: Date.now(), name, ...fields }));
}

class Sending {
  sent = 0;
  acknowledged = 0;
  private readonly io: CommandIo;
  private readonly parsed: ParsedArguments;
  private readonly topic: string;
  private underWay = 0;
  private resume: (() => void) | null = null;

  constructor(io: CommandIo, parsed: ParsedArguments) {
    this.io = io;
    this.parsed = parsed;
    this.topic = parsed.text("--topic")!;
  }

  async perform(producer: Producer): Promise<void> {
    const { parsed, io } = this;
    const given = parsed.number("--max-messages")!;
    const max = given < 0 ? Infinity : given;
    const prefix = parsed.number("--value-prefix");
    const keys = parsed.number("--repeating-keys");
    const startMs = Date.now();
    const throttler = new Throttler(parsed.number("--throughput")!, startMs);
    let timestamp = parsed.number("--message-create-time")!;
    for (let index = 0; index < max && !io.signal.aborted; index++) {
      const nowMs = Date.now();
      const value = prefix === undefined ? String(index) : `${prefix}.${index}`;
      const key = keys === undefined ? null : String(index % Math.max(keys, 1));
      this.send(producer, { key, value, ...(timestamp === -1 ? {} : { timestamp }) });
      // So Kafka has it: each record is younger by all that has passed since the beginning.
      if (timestamp !== -1) timestamp += Date.now() - startMs;
      if (throttler.isAhead(index, nowMs)) await throttler.wait(io.signal);
      if (this.underWay >= MAX_UNDER_WAY) await new Promise<void>((resolve) => (this.resume = resolve));
      else if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private send(
    producer: Producer,
    record: { readonly key: string | null; readonly value: string; readonly timestamp?: number },
  ): void {
    const { topic } = this;
    const { key, value } = record;
    this.sent += 1;
    this.underWay += 1;
    producer.send({ topic, ...record }).then(
      ({ offset, partition }) => {
        this.acknowledged += 1;
        event(this.io, "producer_send_success", { key, value, offset, topic, partition });
        this.ended();
      },
      (error: unknown) => {
        if (!(error instanceof KafkaError)) throw error;
        const exception = `class ${javaClass(error)}`;
        event(this.io, "producer_send_error", { topic, key, value, exception, message: javaMessage(error) });
        this.ended();
      },
    );
  }

  private ended(): void {
    this.underWay -= 1;
    if (this.resume === null || this.underWay > MAX_UNDER_WAY / 2) return;
    this.resume();
    this.resume = null;
  }
}
