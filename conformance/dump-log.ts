// Apache Kafka's own kafka-dump-log on what a broker left on disk: segments with all their records, offset and time indexes against
// the segments, producer snapshots, and the metadata log. It must read every byte and complain of nothing.

import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { runReferenceTool, type ToolResult } from "../tools/reference.ts";
import type { Report } from "./report.ts";

const dumpLog = "org.apache.kafka.tools.DumpLogSegments";
const complaints =
  /isvalid: false|corrupt|invalid bytes|non-?secutive|mismatch|out of order|could not (?:decode|read)|exception|error/i;

/** Fills a topic of several segments, so that there are indexes with many entries to check. */
export async function fillForDump(bootstrap: string): Promise<void> {
  const topic = ["--topic", "dumped", "--bootstrap-server", bootstrap];
  const small = ["--config", "segment.bytes=1048576", "--config", "index.interval.bytes=1024"];
  const create = ["--create", "--partitions", "1", "--replication-factor", "1"];
  await tool("org.apache.kafka.tools.TopicCommand", [...create, ...small, ...topic]);
  const load = ["--num-records", "20000", "--record-size", "400", "--throughput", "-1", "--topic", "dumped"];
  const producer = [`bootstrap.servers=${bootstrap}`, "batch.size=4000", "acks=all"];
  await tool("org.apache.kafka.tools.ProducerPerformance", [...load, "--command-property", ...producer]);
}

/** Checks the folder of a broker that was stopped cleanly. */
export async function checkDump(dataDir: string, where: string, report: Report): Promise<void> {
  const files = await filesOf(dataDir);
  const topics = (ending: string): string[] => files.filter((file) => file.endsWith(ending) && !isMetadata(file));
  const deep = ["--deep-iteration", "--print-data-log"];
  const metadata = files.filter((file) => isMetadata(file) && /\.(?:log|checkpoint)$/.test(file));
  await Promise.all([
    check("reads every record of every segment", () => dump(topics(".log"), deep)),
    check("finds the records that were produced", () => expectRecords(topics(".log"))),
    check("finds offset indexes that agree with their segments", () => dump(topics(".index"), [])),
    check("finds offset indexes sane", () => dump(topics(".index"), ["--index-sanity-check"])),
    check("finds time indexes that agree with their segments", () => dump(topics(".timeindex"), [])),
    check("reads every producer snapshot", () => dump(topics(".snapshot"), [])),
    check("decodes the metadata log", () => dump(metadata, ["--cluster-metadata-decoder"])),
  ]);

  async function check(what: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
      report.add("ok", where, what);
    } catch (error) {
      report.add("failed", where, `${what}: ${(error as Error).message.replaceAll("\n", " ")}`);
    }
  }
}

async function filesOf(dataDir: string): Promise<string[]> {
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.endsWith("-delete"));
  return files.map((entry) => join(entry.parentPath, entry.name)).sort();
}

function isMetadata(file: string): boolean {
  return file.includes("__cluster_metadata-0");
}

async function dump(files: string[], options: string[]): Promise<void> {
  if (files.length === 0) throw new Error("there is no such file");
  const { stdout, stderr } = await tool(dumpLog, ["--files", files.join(","), ...options]);
  const seen = files.filter((file) => stdout.includes(file) || stdout.includes(basename(file)));
  if (seen.length < files.length) throw new Error(`it tells of ${seen.length} of ${files.length} files`);
  const complaint = `${stdout}\n${stderr}`.split("\n").find((text) => complaints.test(withoutPayload(text)));
  if (complaint !== undefined) throw new Error(complaint);
}

/** What clients wrote into their records is no complaint. */
function withoutPayload(text: string): string {
  return text.replace(/ (?:key|payload|headerKeys): .*$/, "");
}

async function expectRecords(files: string[]): Promise<void> {
  const dumped = files.filter((file) => file.includes("dumped-0"));
  if (dumped.length < 5) throw new Error(`20,000 records of 400 bytes lie in ${dumped.length} segments of 1 MB`);
  const { stdout } = await tool(dumpLog, ["--files", dumped.join(","), "--print-data-log"]);
  const offsets = [...stdout.matchAll(/^\| offset: (\d+) /gm)].map((match) => Number(match[1]));
  const inOrder = offsets.every((offset, index) => offset === index);
  if (offsets.length !== 20_000 || !inOrder)
    throw new Error(`it shows ${offsets.length} records, in order: ${inOrder}`);
}

async function tool(mainClass: string, words: string[]): Promise<ToolResult> {
  const result = await runReferenceTool(mainClass, words, { limitMs: 90_000 });
  if (result.code === 0) return result;
  throw new Error(`${mainClass} ended with ${result.code}: ${(result.stderr + result.stdout).slice(-1500)}`);
}
