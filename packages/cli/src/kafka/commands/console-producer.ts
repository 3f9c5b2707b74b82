// `kafka-console-producer`: the lines of the input become records. Kafka: org.apache.kafka.tools.ConsoleProducer.

import { KafkaError, SendError } from "@ottla/client";
import type { Producer, RecordToSend } from "@ottla/client";
import { withProducer } from "../client/connect.ts";
import { CommandFailure } from "../command-failure.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { reportingFailures } from "../failure.ts";
import { javaText } from "../text/java-error.ts";
import { inputLines } from "../text/input-lines.ts";
import { LineReader } from "./console-producer/line-reader.ts";
import {
  LINE_READER,
  lineReaderProperties,
  producerProperties,
  readConsoleProducerOptions,
} from "./console-producer/options.ts";

/** Groups of lines whose records have no outcome yet; the input waits for the oldest when there are so many. */
const MAX_UNDER_WAY = 16;

export const consoleProducer: KafkaCommand = async (words, io) => {
  try {
    const options = readConsoleProducerOptions(words, io);
    const readerClass = options.text("line-reader")!;
    if (readerClass !== LINE_READER) throw new CommandFailure(`java.lang.ClassNotFoundException: ${readerClass}`);
    const reader = new LineReader(await lineReaderProperties(options));
    const where = { servers: options.text("bootstrap-server")!, properties: await producerProperties(options) };
    return await withProducer(where, async (producer) => {
      const sending = new Sending(io, producer, options.has("sync"));
      await sendLines(io, sending, { reader, topic: options.text("topic")! });
    });
  } catch (error) {
    return await reportingFailures(io, () => Promise.reject(error));
  }
};

async function sendLines(
  io: CommandIo,
  sending: Sending,
  { reader, topic }: { readonly reader: LineReader; readonly topic: string },
): Promise<void> {
  const prompt = (): void => {
    if (io.isInteractive) io.write(">");
  };
  prompt();
  try {
    for await (const lines of inputLines(io.input, io.signal)) {
      const records: RecordToSend[] = [];
      try {
        for (const line of lines) records.push({ topic, ...reader.read(line) });
      } finally {
        // What stands before a line that cannot be read is sent all the same.
        await sending.send(records);
      }
      for (const _ of lines) prompt();
    }
  } finally {
    await sending.end();
  }
}

class Sending {
  private readonly io: CommandIo;
  private readonly producer: Producer;
  private readonly isSync: boolean;
  private readonly underWay: Promise<void>[] = [];

  constructor(io: CommandIo, producer: Producer, isSync: boolean) {
    this.io = io;
    this.producer = producer;
    this.isSync = isSync;
  }

  /** @throws KafkaError with --sync; otherwise failures are told and the rest goes on, as in Kafka */
  async send(records: readonly RecordToSend[]): Promise<void> {
    if (this.isSync) {
      for (const record of records) await this.producer.send(record);
      return;
    }
    if (records.length === 0) return;
    const outcome = this.producer.send(records).then(
      () => {},
      (error: unknown) => this.tell(records, error),
    );
    this.underWay.push(outcome);
    if (this.underWay.length > MAX_UNDER_WAY) await this.underWay.shift();
  }

  async end(): Promise<void> {
    await Promise.all(this.underWay);
  }

  private tell(records: readonly RecordToSend[], error: unknown): void {
    for (const [index, { topic, key, value }] of records.entries()) {
      const own = error instanceof SendError ? error.results[index] : error;
      if (error instanceof SendError && !(own instanceof KafkaError)) continue;
      if (!(own instanceof KafkaError)) throw error;
      const size = value === null || value === undefined ? -1 : Buffer.byteLength(value);
      const keyText = key === null || key === undefined ? "null" : `${Buffer.byteLength(key)} bytes`;
      this.io.error(
        `ERROR Error when sending message to topic ${topic} with key: ${keyText}, value: ${size === -1 ? "null" : `${size} bytes`} with error: (org.apache.kafka.clients.producer.internals.ErrorLoggingCallback)`,
      );
      this.io.error(javaText(own));
    }
  }
}
