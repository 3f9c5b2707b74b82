// What is measured, as data: the lines of the table and how long each may take. A line's name is what `--only` and `--profile` look for.

import type { FetchJob, TailJob } from "./load-fetch.ts";
import type { ProduceJob, ProduceShape } from "./load-produce.ts";

type Shape = Omit<ProduceShape, "port" | "serverPid" | "topic">;

/** A line whose figure is megabytes a second. */
export type ThroughputLine = WritingLine | FetchLine;

/** Producers, and in a tail line a consumer that follows them. */
export interface WritingLine {
  kind: "produce" | "tail";
  name: string;
  shape: Shape;
}

/** Consumers on a log that is there. */
export interface FetchLine {
  kind: "fetch";
  name: string;
  connections: number;
  recordBytes: number;
}

export interface Pace {
  /** How often floor and subject take turns on each line. */
  rounds: number;
  warmupMs: number;
  measureMs: number;
  /** Before the first line, for each subject and warm-up line: compilers and caches. */
  firstWarmupMs: number;
  logBytes: number;
  latencyRounds: number;
  latencyWarmupMs: number;
  latencyMs: number;
  startRounds: number;
  idleMs: number;
  memoryBytes: number;
}

export const defaultPace: Pace = {
  rounds: 3,
  warmupMs: 120,
  measureMs: 560,
  firstWarmupMs: 800,
  logBytes: 2e9,
  latencyRounds: 3,
  latencyWarmupMs: 1000,
  latencyMs: 3000,
  startRounds: 5,
  idleMs: 2000,
  memoryBytes: 5e9,
};

export const quickPace: Pace = {
  ...defaultPace,
  rounds: 2,
  measureMs: 500,
  logBytes: 5e8,
  latencyRounds: 1,
  latencyMs: 2000,
  startRounds: 3,
  idleMs: 1000,
  memoryBytes: 1e9,
};

/** A JVM compiles for many seconds before it is at its best, and again for every other path. */
export const withReference = (pace: Pace): Pace => ({
  ...pace,
  warmupMs: 5 * pace.warmupMs,
  firstWarmupMs: 8000,
  latencyWarmupMs: 4000,
});

const KB = 1024;
const IN_FLIGHT = 5;
const FEW: Shape = {
  recordBytes: KB,
  batchBytes: 16 * KB,
  acks: 1,
  connections: 1,
  inFlight: IN_FLIGHT,
  distinctPartitions: true,
};

/** The log that fetches read is made of what the Java producer sends by default: batches of 16 KB. */
export const logShape: Shape = FEW;
/** What every subject does unmeasured before the first line. */
export const warmUpLines: readonly WritingLine[] = [
  produceLine(FEW),
  produceLine({ ...FEW, batchBytes: KB * KB, acks: -1, connections: 4 }),
];
/** What the memory line sends. */
export const memoryShape: Shape = { ...FEW, batchBytes: 256 * KB, connections: 4 };
export const latencyLine = {
  name: "latency at 5,000 records/s",
  recordBytes: KB,
  recordsPerSecond: 5000,
  acks: -1,
};
export const startLine = { name: "ready" };
export const memoryLine = { name: "memory" };

export const throughputLines: readonly ThroughputLine[] = [
  ...[16 * KB, 256 * KB, KB * KB].flatMap((batchBytes) =>
    [100, KB].flatMap((recordBytes) =>
      [1, -1].flatMap((acks) =>
        [1, 4].map((connections) => produceLine({ ...FEW, batchBytes, recordBytes, acks, connections })),
      ),
    ),
  ),
  produceLine({ ...FEW, connections: 4, distinctPartitions: false }),
  produceLine({ ...FEW, batchBytes: KB * KB, connections: 4, distinctPartitions: false }),
  { kind: "fetch", name: "fetch from the start x1", connections: 1, recordBytes: logShape.recordBytes },
  { kind: "fetch", name: "fetch from the start x4", connections: 4, recordBytes: logShape.recordBytes },
  { kind: "tail", name: "fetch at the tail 16KB/1KB", shape: FEW },
  { kind: "tail", name: "fetch at the tail 256KB/1KB", shape: { ...FEW, batchBytes: 256 * KB } },
];

const QUICK_LINES = new Set([
  "produce 16KB/1KB acks=1 x1",
  "produce 16KB/100B acks=all x4",
  "produce 256KB/1KB acks=1 x1",
  "produce 1MB/1KB acks=1 x1",
  "produce 1MB/100B acks=all x4",
  "fetch from the start x1",
  "fetch at the tail 16KB/1KB",
]);

export const quickLines: readonly ThroughputLine[] = throughputLines.filter(({ name }) => QUICK_LINES.has(name));

/** Completes a line to a job for one subject. */
export function produceJob(
  line: WritingLine,
  target: { port: number; serverPid: number; topic: string },
  pace: Pace,
): ProduceJob | TailJob {
  const { warmupMs, measureMs } = pace;
  const common = { ...line.shape, ...target, warmupMs, measureMs };
  return line.kind === "tail"
    ? { ...common, kind: "tail" }
    : { ...common, kind: "produce", totalBytes: Number.POSITIVE_INFINITY };
}

export function fetchJob(
  line: FetchLine,
  target: { port: number; serverPid: number; topic: string },
  pace: Pace & { logEndOffset: number },
): FetchJob {
  const { warmupMs, measureMs, logEndOffset } = pace;
  return { ...target, kind: "fetch", connections: line.connections, logEndOffset, warmupMs, measureMs };
}

function produceLine(shape: Shape): WritingLine {
  const acks = shape.acks === -1 ? "all" : String(shape.acks);
  const place = shape.connections > 1 && !shape.distinctPartitions ? " one partition" : "";
  const name = `produce ${size(shape.batchBytes)}/${size(shape.recordBytes)} acks=${acks} x${shape.connections}${place}`;
  return { kind: "produce", name, shape };
}

function size(bytes: number): string {
  if (bytes >= KB * KB) return `${bytes / KB / KB}MB`;
  return bytes >= KB ? `${bytes / KB}KB` : `${bytes}B`;
}
