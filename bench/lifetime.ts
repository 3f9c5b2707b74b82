// Measurements that need a process of their own: how long a start takes, and how much memory stays.

import { join } from "node:path";
import { askOnce } from "./connection.ts";
import type { LoadGenerator, ServerProcess } from "./child.ts";
import { withTopic } from "./measure.ts";
import { memoryLine, memoryShape, startLine, type Pace } from "./plan.ts";
import { residentMegabytes } from "./process-usage.ts";
import { pause, type Throughput } from "./load-produce.ts";
import {
  freePort,
  startFloor,
  startFloorProcess,
  startKafka,
  startOttla,
  startOttlaProcess,
  type Subject,
  type SubjectName,
} from "./subject.ts";
import type { Row } from "./table.ts";
import { apiVersionsFrame } from "./wire.ts";

const POLL_MS = 2;

/** Spawn to ready line, and spawn to the first ApiVersions answer, on a folder that exists. The floor is Node's own start. */
export async function measureStart(folder: string, pace: Pace, names: readonly SubjectName[]): Promise<Row[]> {
  const ready: Row["values"] = {};
  const answered: Row["values"] = {};
  for (let round = -1; round < pace.startRounds; round++) {
    for (const name of names) {
      if (name === "kafka" && round > 0) continue;
      const times = name === "kafka" ? await startKafkaOnce(folder) : await startNodeOnce(name, folder);
      if (round < 0) continue; // makes the folder, and brings files and compiled code into caches
      (ready[name] ??= []).push(times.readyMs);
      (answered[name] ??= []).push(times.answeredMs);
    }
  }
  const note = names.includes("kafka") ? "kafka once, from its start until its port accepts" : undefined;
  return [
    {
      label: `${startLine.name} after: the ready line`,
      unit: "ms",
      values: ready,
      ...(note === undefined ? {} : { note }),
    },
    { label: `${startLine.name} after: the first ApiVersions`, unit: "ms", values: answered },
  ];
}

/** Resident memory of fresh servers: some time after the start, after the load, and the highest so far. */
export async function measureMemory(
  folder: string,
  generator: LoadGenerator,
  pace: Pace,
  names: readonly SubjectName[],
): Promise<Row[]> {
  const start = { floor: startFloor, ottla: startOttla, kafka: startKafka };
  const idle: Row["values"] = {};
  const after: Row["values"] = {};
  const peak: Row["values"] = {};
  const rate: Row["values"] = {};
  for (const name of names) {
    const subject = await start[name](join(folder, "memory"));
    try {
      await pause(pace.idleMs);
      idle[name] = [residentMegabytes(subject.pid)?.now ?? Number.NaN];
      const result = await fill(subject, generator, pace.memoryBytes);
      const resident = residentMegabytes(subject.pid);
      after[name] = [resident?.now ?? Number.NaN];
      peak[name] = [resident?.peak ?? Number.NaN];
      rate[name] = [result.bytes / result.seconds / 1e6];
    } finally {
      await subject.stop();
    }
  }
  const load = `after ${pace.memoryBytes / 1e9} GB`;
  return [
    { label: `${memoryLine.name}: resident, idle`, unit: "MB", values: idle },
    { label: `${memoryLine.name}: resident, ${load}`, unit: "MB", values: after },
    { label: `${memoryLine.name}: highest, ${load}`, unit: "MB", values: peak },
    {
      label: `${memoryLine.name}: rate of those ${pace.memoryBytes / 1e9} GB`,
      unit: "MB/s",
      values: rate,
      note: "disk writes back meanwhile",
    },
  ];
}

function fill(subject: Subject, generator: LoadGenerator, totalBytes: number): Promise<Throughput> {
  return withTopic(subject, "memory", async (target) => {
    const job = { ...memoryShape, ...target, kind: "produce" as const, warmupMs: 0, measureMs: 1e6, totalBytes };
    return (await generator.run(job)) as Throughput;
  });
}

interface StartTimes {
  readyMs: number;
  answeredMs: number;
}

async function startNodeOnce(name: "floor" | "ottla", folder: string): Promise<StartTimes> {
  const dataFolder = join(folder, `start-${name}`);
  const port = await freePort();
  const startedMs = performance.now();
  const starting: Promise<ServerProcess> =
    name === "floor" ? startFloorProcess(dataFolder, { port }) : startOttlaProcess({ dataFolder, port });
  const answering = firstAnswer(port).then(() => performance.now() - startedMs);
  const server = await starting;
  try {
    return { readyMs: server.readyMs, answeredMs: await answering };
  } finally {
    await server.stop();
  }
}

async function startKafkaOnce(folder: string): Promise<StartTimes> {
  const startedMs = performance.now();
  const subject = await startKafka(join(folder, "start-kafka"));
  const readyMs = performance.now() - startedMs;
  try {
    await firstAnswer(subject.port);
    return { readyMs, answeredMs: performance.now() - startedMs };
  } finally {
    await subject.stop();
  }
}

/** Asks again and again until someone listens and answers. */
async function firstAnswer(port: number): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  for (;;) {
    try {
      await askOnce(port, apiVersionsFrame());
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await pause(POLL_MS);
    }
  }
}
