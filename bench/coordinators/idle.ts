// What committed offsets cost a broker that does nothing else: the time until a start has them all, and the memory of an idle group.
// Each subject is filled by the same commits over the wire, then asked.

import { join } from "node:path";
import type { LoadGenerator, ServerProcess } from "../child.ts";
import { freePort, startKafka, startOttla, startOttlaProcess, type Subject, type SubjectName } from "../subject.ts";
import type { Row } from "../table.ts";
import { javaMemory, nodeMemory } from "./memory.ts";
import { aims, type OffsetsLine } from "./plan.ts";
import { coordinatorsReady, offsetsAnswered } from "./ready.ts";
import { aheadOfKafka, atMost, noteOf } from "./verdict.ts";

const TOPIC = "committed";
/** In every commit. */
const OFFSET = 4711;

export interface IdleBench {
  folder: string;
  generator: LoadGenerator;
  startRounds: number;
  names: readonly SubjectName[];
  /** For the starts that are timed. */
  nodeFlags?: string[];
}

type Coordinating = "ottla" | "kafka";

/** From the spawn of a process until OffsetFetch is answered for a group of every partition of __consumer_offsets. */
export async function measureOffsetsLoad(bench: IdleBench, line: OffsetsLine): Promise<Row> {
  const folder = join(bench.folder, "load");
  const values: Row["values"] = {};
  for (const name of coordinating(bench.names)) {
    const filled = name === "kafka" ? await startKafka(folder) : await startOttla(folder);
    try {
      await fill(filled, bench.generator, line);
    } finally {
      await filled.stop();
    }
    values[name] = [];
  }
  for (let round = 0; round < bench.startRounds; round++) {
    for (const name of coordinating(bench.names)) values[name]!.push(await timeLoad(name, folder, bench.nodeFlags));
  }
  const judged = [...atMost(values.ottla, aims.loadMs, "less than 3 s"), ...aheadOfKafka(values, "less")];
  return { label: line.name, unit: "ms", values, ...noteOf(["from the spawn of the process"], judged) };
}

/** By how much heap in use and resident memory grow for each group. */
export async function measureIdleGroups(bench: IdleBench, line: OffsetsLine): Promise<Row[]> {
  const heap: Row["values"] = {};
  const resident: Row["values"] = {};
  for (const name of coordinating(bench.names)) {
    const inspectorPort = await freePort();
    const folder = join(bench.folder, "idle");
    const subject =
      name === "kafka" ? await startKafka(folder) : await startOttla(folder, [`--inspect=127.0.0.1:${inspectorPort}`]);
    try {
      await coordinatorsReady(subject.port);
      const probe = name === "kafka" ? javaMemory(subject.pid) : await nodeMemory(subject.pid, inspectorPort);
      const before = await probe.read();
      await fill(subject, bench.generator, line);
      const after = await probe.read();
      probe.close();
      heap[name] = [(after.heapBytes - before.heapBytes) / line.groups];
      resident[name] = [(after.residentBytes - before.residentBytes) / line.groups];
    } finally {
      await subject.stop();
    }
  }
  return [memoryRow(`${line.name}: heap`, heap), memoryRow(`${line.name}: resident`, resident)];
}

function memoryRow(label: string, values: Row["values"]): Row {
  const judged = [...atMost(values.ottla, aims.idleGroupBytes, "less than 4 KB"), ...aheadOfKafka(values, "less")];
  return { label, unit: "B", values, ...noteOf([], judged) };
}

function coordinating(names: readonly SubjectName[]): Coordinating[] {
  return names.filter((name) => name !== "floor");
}

async function fill(subject: Subject, generator: LoadGenerator, line: OffsetsLine): Promise<void> {
  await subject.createTopic(TOPIC, line.partitions);
  await coordinatorsReady(subject.port);
  const { groups, partitions } = line;
  await generator.run({ kind: "fill", port: subject.port, topic: TOPIC, groups, partitions, offset: OFFSET });
}

async function timeLoad(name: Coordinating, folder: string, nodeFlags: string[] = []): Promise<number> {
  const committed = { topic: TOPIC, partition: 0, offset: OFFSET };
  if (name === "kafka") {
    const startedMs = performance.now();
    const subject = await startKafka(folder);
    try {
      await offsetsAnswered(subject.port, committed);
      return performance.now() - startedMs;
    } finally {
      await subject.stop();
    }
  }
  const port = await freePort();
  const startedMs = performance.now();
  const starting: Promise<ServerProcess> = startOttlaProcess({ dataFolder: join(folder, "ottla"), port, nodeFlags });
  const answering = offsetsAnswered(port, committed).then(() => performance.now() - startedMs);
  const server = await starting;
  try {
    return await answering;
  } finally {
    await server.stop();
  }
}
