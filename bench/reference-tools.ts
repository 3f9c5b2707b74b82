// Ottla and Apache Kafka under Kafka's own tools, in turns: kafka-producer-perf-test with the producer's defaults (acks=all, idempotent,
// 16 KB, 5 in flight), and kafka-consumer-perf-test, which reads what the other wrote as the only member of a new group.
// The tools are Java and cost more than the broker: the ratio says what a user of the Java client notices, not what the broker can do.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { referenceClasspath } from "../tools/reference/jars.ts";
import { startKafka, startOttla, type Subject } from "./subject.ts";
import type { Row } from "./table.ts";

interface ToolLine {
  /** As the table's labels end. */
  size: string;
  recordBytes: number;
  records: number;
}

const TOOL_LIMIT_MS = 180_000;
const MEGABYTE_OF_THE_TOOL = 1024 * 1024;
const ROUNDS = 3;
/** Columns of what the consumer tool prints: data.consumed.in.nMsg, and fetch.MB.sec, which leaves out the time to join the group. */
const READ_RECORDS = 4;
const READ_RATE = 8;
/** The first share of the records is the producer tool's warm-up and not counted; the consumer tool has none. */
const WARMUP_SHARE = 0.3;

const lines: readonly ToolLine[] = [
  { size: "100B", recordBytes: 100, records: 4_000_000 },
  { size: "1KB", recordBytes: 1024, records: 1_000_000 },
];

export async function measureTools(
  folder: string,
  options: { quick: boolean; wants: (name: string) => boolean; print: (row: Row) => void },
): Promise<void> {
  const chosen = lines.filter((line) => options.wants(producerLabel(line)) || options.wants(consumerLabel(line)));
  if (chosen.length === 0) return;
  const classpath = await referenceClasspath();
  const subjects = [await startOttla(join(folder, "tools")), await startKafka(join(folder, "tools"))];
  try {
    for (const line of chosen) {
      const records = options.quick ? line.records / 4 : line.records;
      const produced: Row["values"] = {};
      const consumed: Row["values"] = {};
      for (let round = options.quick ? 0 : -1; round < (options.quick ? 1 : ROUNDS); round++) {
        for (const subject of subjects) {
          const figures = await useTools({
            classpath,
            subject,
            topic: `tool${line.recordBytes}x${round + 1}`,
            line: { ...line, records },
          });
          if (round < 0) continue; // warms the brokers up
          (produced[subject.name] ??= []).push(figures.produced);
          (consumed[subject.name] ??= []).push(figures.consumed);
        }
      }
      const common = { unit: "MB/s", bytesPerRecord: line.recordBytes };
      options.print({ ...common, label: producerLabel(line), values: produced });
      options.print({ ...common, label: consumerLabel(line), values: consumed });
    }
  } finally {
    for (const subject of subjects) await subject.stop();
  }
}

function producerLabel({ size }: ToolLine): string {
  return `kafka-producer-perf-test ${size}`;
}

function consumerLabel({ size }: ToolLine): string {
  return `kafka-consumer-perf-test ${size}`;
}

interface ToolRun {
  classpath: string;
  subject: Subject;
  topic: string;
  line: ToolLine;
}

/** Megabytes of values a second, as the producer and then the consumer saw them. */
async function useTools({ classpath, subject, topic, line }: ToolRun): Promise<{ produced: number; consumed: number }> {
  await subject.createTopic(topic, 1);
  const bootstrap = `127.0.0.1:${subject.port}`;
  const warmup = Math.round(line.records * WARMUP_SHARE);
  const size = `--num-records ${line.records} --warmup-records ${warmup} --record-size ${line.recordBytes} --throughput -1`;
  const place = `--bootstrap-server ${bootstrap} --topic ${topic}`;
  const produced = await java(classpath, [
    "org.apache.kafka.tools.ProducerPerformance",
    ...`${size} ${place}`.split(" "),
  ]);
  const consumed = await java(classpath, [
    "org.apache.kafka.tools.ConsumerPerformance",
    ...`--num-records ${line.records} --hide-header ${place}`.split(" "),
  ]);
  await subject.dropTopic(topic);
  const rate = Number([...produced.matchAll(/\(([\d.]+) MB\/sec\)/g)].at(-1)?.[1]);
  const columns = consumed.trim().split("\n").at(-1)!.split(", ");
  const complete = Number(columns[READ_RECORDS]) >= line.records;
  const readRate = Number(columns[READ_RATE]);
  if (!(rate > 0) || !complete || !(readRate > 0)) throw new Error(`Kafka's tools said:\n${produced}\n${consumed}`);
  return { produced: (rate * MEGABYTE_OF_THE_TOOL) / 1e6, consumed: (readRate * MEGABYTE_OF_THE_TOOL) / 1e6 };
}

async function java(classpath: string, words: string[]): Promise<string> {
  const child = spawn("java", ["-Xmx512m", "-cp", classpath, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  const limit = setTimeout(() => child.kill("SIGKILL"), TOOL_LIMIT_MS);
  let output = "";
  let complaint = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(limit);
  if (code !== 0) throw new Error(`java ${words[0]} ended with ${code}:\n${complaint}`);
  return output;
}
