// Takes the measurements of the plan: for each line the subjects take turns, round by round, on topics of their own.
// Each function returns rows of the table. Nothing here prints.

import { closeSync, fsyncSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { LoadGenerator } from "./child.ts";
import type { Latency } from "./load-latency.ts";
import type { JobResult } from "./load.ts";
import { pause, type Throughput } from "./load-produce.ts";
import { fetchJob, latencyLine, logShape, produceJob, type FetchLine, type Pace, type WritingLine } from "./plan.ts";
import type { Subject, SubjectName } from "./subject.ts";
import type { Row } from "./table.ts";

const LOG_TOPIC = "stored";
const PARTITIONS = 4;
/** Which share of a core others may use without disturbing. */
const CALM_SHARE = 0.15;
const CALM_PAUSE_MS = 500;

export interface Bench {
  subjects: readonly Subject[];
  generator: LoadGenerator;
  pace: Pace;
  /** Until then (performance.now) what other processes disturbed is measured again; 0: never. */
  calmUntilMs: number;
}

/** Runs each subject for a while, unmeasured. */
export async function warmUp(bench: Bench, lines: readonly WritingLine[]): Promise<void> {
  const pace = { ...bench.pace, warmupMs: 0, measureMs: bench.pace.firstWarmupMs };
  for (const subject of bench.subjects) {
    for (const line of lines) {
      await withTopic(subject, "warm", (target) => bench.generator.run(produceJob(line, target, pace)));
    }
  }
}

export async function measureThroughput(bench: Bench, line: WritingLine): Promise<Row> {
  const rounds = await takeTurns(bench, bench.pace.rounds, (subject, round) =>
    withTopic(subject, `line${round}`, (target) => bench.generator.run(produceJob(line, target, bench.pace))),
  );
  return throughputRow(line.name, line.shape.recordBytes, rounds as Rounds<Throughput>);
}

/** Fills the log that `measureFetch` reads, and has it written to disk. Returns its end offset. */
export async function prepareLog(bench: Bench): Promise<number> {
  let endOffset = Number.POSITIVE_INFINITY;
  for (const subject of bench.subjects) {
    await subject.createTopic(LOG_TOPIC, 1);
    const target = { port: subject.port, serverPid: subject.pid, topic: LOG_TOPIC };
    const job = {
      ...logShape,
      ...target,
      kind: "produce" as const,
      warmupMs: 0,
      measureMs: 1e6,
      totalBytes: bench.pace.logBytes,
    };
    const result = (await bench.generator.run(job)) as Throughput;
    endOffset = Math.min(endOffset, result.records);
    syncFolder(join(subject.dataFolder, subject.name === "floor" ? "" : `${LOG_TOPIC}-0`));
  }
  return endOffset;
}

export async function measureFetch(bench: Bench, line: FetchLine, logEndOffset: number): Promise<Row> {
  const pace = { ...bench.pace, logEndOffset };
  const rounds = await takeTurns(bench, bench.pace.rounds, (subject) =>
    bench.generator.run(fetchJob(line, { port: subject.port, serverPid: subject.pid, topic: LOG_TOPIC }, pace)),
  );
  return throughputRow(line.name, line.recordBytes, rounds as Rounds<Throughput>);
}

export async function dropLog(bench: Bench): Promise<void> {
  for (const subject of bench.subjects) await subject.dropTopic(LOG_TOPIC);
}

export async function measureLatency(bench: Bench): Promise<Row[]> {
  const { recordBytes, recordsPerSecond, acks } = latencyLine;
  const warmupMs = bench.pace.latencyWarmupMs;
  const rounds = (await takeTurns(bench, bench.pace.latencyRounds, (subject, round) =>
    withTopic(subject, `latency${round}`, (target) =>
      bench.generator.run({
        ...target,
        kind: "latency",
        recordBytes,
        recordsPerSecond,
        acks,
        warmupMs,
        measureMs: bench.pace.latencyMs,
      }),
    ),
  )) as Rounds<Latency>;
  const rows: Row[] = [];
  for (const what of ["produce", "produceToFetch"] as const) {
    for (const percentile of ["p50", "p99", "p999"] as const) {
      const label = `${latencyLine.name}: ${what === "produce" ? "produce" : "produce to fetch"} ${percentile.replace("p999", "p99.9")}`;
      rows.push({ label, unit: "ms", values: mapRounds(rounds, (latency) => latency[what][percentile]) });
    }
  }
  rows[0]!.cpu = mapRounds(rounds, (latency) => latency.serverCpu ?? Number.NaN);
  rows[0]!.cpuUnit = "core";
  rows[0]!.othersCpu = Object.values(rounds)
    .flat()
    .map((latency) => latency.othersCpu ?? Number.NaN);
  return rows;
}

/** Runs `use` with a new topic of its own, which is gone afterwards. */
export async function withTopic<Result>(
  subject: Subject,
  topic: string,
  use: (target: { port: number; serverPid: number; topic: string }) => Promise<Result>,
): Promise<Result> {
  await subject.createTopic(topic, PARTITIONS);
  try {
    return await use({ port: subject.port, serverPid: subject.pid, topic });
  } finally {
    await subject.dropTopic(topic);
  }
}

/** What each subject came to, round by round. */
export type Rounds<Result> = Partial<Record<SubjectName, Result[]>>;

/** Measures every subject in each round, in turns. */
export async function takeTurns(
  bench: Pick<Bench, "subjects" | "calmUntilMs">,
  rounds: number,
  measure: (subject: Subject, round: number) => Promise<JobResult>,
): Promise<Rounds<JobResult>> {
  const results: Rounds<JobResult> = {};
  for (let round = 0; round < rounds; round++) {
    for (const subject of bench.subjects)
      (results[subject.name] ??= []).push(await inCalm(bench, () => measure(subject, round)));
  }
  return results;
}

// Judges by what others did, never by the result; what is kept in the end is the attempt that was disturbed least.
async function inCalm(bench: Pick<Bench, "calmUntilMs">, measure: () => Promise<JobResult>): Promise<JobResult> {
  let best = await measure();
  while ((best.othersCpu ?? 0) > CALM_SHARE && performance.now() < bench.calmUntilMs) {
    await pause(CALM_PAUSE_MS);
    const next = await measure();
    if ((next.othersCpu ?? 0) < (best.othersCpu ?? 0)) best = next;
  }
  return best;
}

export function mapRounds<Result>(rounds: Rounds<Result>, value: (result: Result) => number): Rounds<number> {
  return Object.fromEntries(Object.entries(rounds).map(([name, results]) => [name, results.map(value)]));
}

function throughputRow(label: string, bytesPerRecord: number, rounds: Rounds<Throughput>): Row {
  const all = Object.values(rounds).flat();
  const gigabytes = (result: Throughput): number => result.bytes / 1e9;
  return {
    label,
    unit: "MB/s",
    bytesPerRecord,
    values: mapRounds(rounds, (result) => result.bytes / result.seconds / 1e6),
    cpu: mapRounds(rounds, (result) => ((result.serverCpu ?? Number.NaN) * result.seconds) / gigabytes(result)),
    loadCpu: all.map((result) => result.loadCpu ?? Number.NaN),
    othersCpu: all.map((result) => result.othersCpu ?? Number.NaN),
  };
}

// What lies in the page cache unwritten would otherwise be written back in the middle of a measurement.
function syncFolder(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const descriptor = openSync(join(folder, entry.name), "r");
    fsyncSync(descriptor);
    closeSync(descriptor);
  }
}
