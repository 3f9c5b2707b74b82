// Java's own client beside those of Node: kafka-producer-perf-test (many sends in flight, defaults: acks=all, idempotent) and
// kafka-consumer-perf-test, as the tools measure themselves. Their CPU time and memory are the whole JVM's, its start included.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { referenceClasspath } from "../../tools/reference/jars.ts";
import { cpuSeconds, residentMegabytes } from "../process-usage.ts";
import type { BenchSettings } from "./bench-client.ts";
import type { ClientJob, ClientJobResult } from "./jobs.ts";

const LIMIT_MS = 120_000;
const LOOK_EVERY_MS = 20;
const WARMUP_SHARE = 0.1;
/** Of the consumer tool's columns: the rate that leaves out the time to join the group. */
const READ_RATE = 9;

/** Whether one of the tools does this. */
export function javaDoes(job: ClientJob): boolean {
  return job.kind === "consume" || (job.kind === "produce" && job.style === "many");
}

export async function runJava(job: ClientJob, settings: BenchSettings): Promise<ClientJobResult> {
  if (job.kind === "latency") throw new Error("Java's tools measure no time from end to end");
  const place = ["--bootstrap-server", settings.bootstrap, "--topic", settings.topic];
  const produces = job.kind === "produce";
  const records = produces ? Math.ceil(job.records * (1 + WARMUP_SHARE)) : job.records;
  const size = [
    "--warmup-records",
    String(records - job.records),
    "--record-size",
    String(job.recordBytes),
    "--throughput",
    "-1",
  ];
  const tool = produces
    ? ["org.apache.kafka.tools.ProducerPerformance", ...size]
    : ["org.apache.kafka.tools.ConsumerPerformance", "--hide-header"];
  const { output, ...used } = await java([...tool, "--num-records", String(records), ...place]);
  const rate = produces
    ? Number([...output.matchAll(/([\d.]+) records\/sec/g)].at(-1)?.[1])
    : Number(output.trim().split("\n").at(-1)!.split(", ")[READ_RATE]);
  if (!(rate > 0)) throw new Error(`Java's tool said: ${output}`);
  return { records: job.records, seconds: job.records / rate, ...used };
}

async function java(words: string[]): Promise<{ output: string; cpuSeconds: number; peakRssBytes: number }> {
  const child = spawn("java", ["-Xmx512m", "-cp", await referenceClasspath(), ...words], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const limit = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const used = { cpuSeconds: 0, peakRssBytes: 0 };
  const timer = setInterval(() => {
    used.cpuSeconds = cpuSeconds(child.pid!) ?? used.cpuSeconds;
    used.peakRssBytes = (residentMegabytes(child.pid!)?.peak ?? 0) * 1e6 || used.peakRssBytes;
  }, LOOK_EVERY_MS);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(limit);
  clearInterval(timer);
  if (code !== 0) throw new Error(`java ended with ${code}: ${output}`);
  return { output, ...used };
}
