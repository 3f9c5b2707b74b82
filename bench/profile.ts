// `--profile TEXT`: runs the first line whose name contains TEXT against Ottla under V8's sampling profiler and prints where the time went,
// by function and by file. System calls that run on the main thread stand under the native function that makes them.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { LoadGenerator } from "./child.ts";
import { measureOffsetsLoad } from "./coordinators/idle.ts";
import { coordinatorProperties, coordinatorsOf, measureCoordinators } from "./coordinators/measure.ts";
import { coordinatorLines, coordinatorPace, loadedOffsetsLine } from "./coordinators/plan.ts";
import { measureFetch, measureLatency, measureThroughput, prepareLog, type Bench } from "./measure.ts";
import { defaultPace, latencyLine, throughputLines } from "./plan.ts";
import { startOttla } from "./subject.ts";
import { tableHead, tableRow, type Row } from "./table.ts";

const PROFILED_MS = 6000;
const SHOWN_FUNCTIONS = 40;
const SHOWN_FILES = 20;
const root = join(import.meta.dirname, "..");

export async function profileLine(folder: string, text: string): Promise<void> {
  const profiles = join(folder, "profile");
  const nodeFlags = ["--cpu-prof", `--cpu-prof-dir=${profiles}`];
  const generator = new LoadGenerator();
  const rows = loadedOffsetsLine.name.includes(text)
    ? [await profileLoad(folder, generator, nodeFlags)]
    : await profileRunning(folder, generator, { nodeFlags, text });
  generator.stop();
  console.log(tableHead(["ottla"]));
  for (const row of rows) console.log(tableRow(row, ["ottla"]));
  for (const name of readdirSync(profiles))
    printProfile(JSON.parse(readFileSync(join(profiles, name), "utf8")) as CpuProfile);
}

function profileLoad(folder: string, generator: LoadGenerator, nodeFlags: string[]): Promise<Row> {
  return measureOffsetsLoad({ folder, generator, startRounds: 1, names: ["ottla"], nodeFlags }, loadedOffsetsLine);
}

async function profileRunning(
  folder: string,
  generator: LoadGenerator,
  { nodeFlags, text }: { nodeFlags: string[]; text: string },
): Promise<Row[]> {
  const subject = await startOttla(folder, nodeFlags, coordinatorProperties);
  try {
    return await runLine({ subjects: [subject], generator, calmUntilMs: 0 }, text);
  } finally {
    await subject.stop();
  }
}

async function runLine(bench: Omit<Bench, "pace">, text: string): Promise<Row[]> {
  const coordinated = coordinatorLines.find(({ name }) => name.includes(text));
  const pace = {
    ...defaultPace,
    rounds: 1,
    measureMs: PROFILED_MS,
    latencyRounds: 1,
    latencyMs: PROFILED_MS,
    logBytes: 1e9,
  };
  const line = throughputLines.find(({ name }) => name.includes(text));
  if (line === undefined && coordinated !== undefined) {
    await coordinatorsOf(bench.subjects);
    const long = {
      ...coordinatorPace({ quick: true, reference: false }),
      rounds: 1,
      measureMs: PROFILED_MS,
      rebalances: 50,
    };
    return measureCoordinators({ ...bench, pace: long }, coordinated);
  }
  if (line === undefined) {
    if (!latencyLine.name.includes(text)) throw new Error(`no line that can be profiled contains ${text}`);
    return measureLatency({ ...bench, pace });
  }
  if (line.kind !== "fetch") return [await measureThroughput({ ...bench, pace }, line)];
  return [await measureFetch({ ...bench, pace }, line, await prepareLog({ ...bench, pace }))];
}

/** What V8 writes: a tree of call frames, and for every sample the node that was running. */
interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

const NOT_RUNNING = new Set(["(idle)", "(root)"]);

function printProfile(profile: CpuProfile): void {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const functions = new Map<string, number>();
  const files = new Map<string, number>();
  let busyMs = 0;
  let idleMs = 0;
  profile.samples.forEach((id, index) => {
    const frame = frames.get(id)!;
    const tookMs = profile.timeDeltas[index]! / 1000;
    if (NOT_RUNNING.has(frame.functionName)) {
      idleMs += tookMs;
      return;
    }
    busyMs += tookMs;
    const file = fileName(frame.url);
    add(files, file, tookMs);
    add(
      functions,
      `${frame.functionName || "(anonymous)"}  ${file}${frame.url === "" ? "" : `:${frame.lineNumber + 1}`}`,
      tookMs,
    );
  });
  console.log(
    `\nbusy ${busyMs.toFixed(0)} ms, waiting for sockets and reading them ${idleMs.toFixed(0)} ms; share of the busy time by function`,
  );
  printShares(functions, busyMs, SHOWN_FUNCTIONS);
  console.log("\nand by file");
  printShares(files, busyMs, SHOWN_FILES);
}

function printShares(shares: Map<string, number>, wholeMs: number, limit: number): void {
  const sorted = [...shares].sort(([, left], [, right]) => right - left).slice(0, limit);
  for (const [name, tookMs] of sorted) console.log(`${((tookMs / wholeMs) * 100).toFixed(1).padStart(6)} %  ${name}`);
}

function add(shares: Map<string, number>, name: string, tookMs: number): void {
  shares.set(name, (shares.get(name) ?? 0) + tookMs);
}

function fileName(url: string): string {
  if (url === "") return "(native)";
  return url.startsWith("file:") ? relative(root, fileURLToPath(url)) : url;
}
