// `npm run bench`: one table of what the broker can do, each figure beside its floor, measured on loopback with the load in another process.
// Options: --quick; --only TEXT (lines whose name contains it); --reference (Apache Kafka as well); --subjects floor,ottla,kafka (some of
// them); --calm (on a machine with other work: repeats what that disturbed); --profile TEXT (where the time of one line goes).
// `npm run bench -- client`: the client libraries of Node instead (clients/run.ts).
// What the columns mean, and what the numbers were: docs/reference/performance.md.

import { statfsSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { chosenClients, runClients } from "./clients/run.ts";
import { LoadGenerator } from "./child.ts";
import { runCoordinators } from "./coordinators/run.ts";
import { measureMemory, measureStart } from "./lifetime.ts";
import { dropLog, measureFetch, measureLatency, measureThroughput, prepareLog, warmUp, type Bench } from "./measure.ts";
import {
  defaultPace,
  latencyLine,
  memoryLine,
  quickLines,
  quickPace,
  startLine,
  throughputLines,
  warmUpLines,
  withReference,
  type Pace,
  type ThroughputLine,
} from "./plan.ts";
import { profileLine } from "./profile.ts";
import { measureTools } from "./reference-tools.ts";
import {
  removeFolder,
  scratchFolder,
  startFloor,
  startKafka,
  startOttla,
  type Subject,
  type SubjectName,
} from "./subject.ts";
import { tableHead, tableRow, type Row } from "./table.ts";

/** What stays free on the disk besides what the benchmark writes. */
const KEPT_FREE_BYTES = 20e9;
/** How long `--calm` goes on repeating; afterwards every measurement counts as it is. */
const CALM_LIMIT_MS = 600_000;

interface Choice {
  pace: Pace;
  lines: readonly ThroughputLine[];
  wants: (name: string) => boolean;
  names: SubjectName[];
  quick: boolean;
  calm: boolean;
}

async function main(words: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      reference: { type: "boolean", default: false },
      subjects: { type: "string" },
      calm: { type: "boolean", default: false },
      profile: { type: "string" },
      clients: { type: "string" },
    },
  });
  const wants = (name: string): boolean => values.only === undefined || name.includes(values.only);
  const folder = scratchFolder();
  process.once("SIGINT", () => process.exit(130));
  process.once("exit", () => removeFolder(folder));
  if (positionals[0] === "client")
    return runClients(folder, { quick: values.quick, wants, clients: chosenClients(values.clients) });
  if (values.profile !== undefined) return profileLine(folder, values.profile);
  const names = chosenSubjects(values.subjects ?? (values.reference ? "floor,ottla,kafka" : "floor,ottla"));
  const nodePace = values.quick ? quickPace : defaultPace;
  const pace = names.includes("kafka") ? withReference(nodePace) : nodePace;
  requireSpace(folder, pace, names.length);
  await run(folder, {
    pace,
    names,
    quick: values.quick,
    calm: values.calm,
    lines: (values.quick && values.only === undefined ? quickLines : throughputLines).filter(({ name }) => wants(name)),
    wants,
  });
}

function chosenSubjects(text: string): SubjectName[] {
  const known: SubjectName[] = ["floor", "ottla", "kafka"];
  return known.filter((name) => text.split(",").includes(name));
}

async function run(folder: string, choice: Choice): Promise<void> {
  const startedMs = performance.now();
  const { pace, names, wants } = choice;
  const generator = new LoadGenerator();
  const print = (row: Row): void => console.log(tableRow(row, names));
  console.log(
    `${cpus().length} cores, ${cpus()[0]?.model ?? "unknown"}, ${process.platform} ${process.arch}, Node ${process.versions.node}`,
  );
  console.log(tableHead(names));
  if (choice.lines.length > 0 || wants(latencyLine.name)) await runLoads(folder, generator, choice, print);
  if (wants(startLine.name)) (await measureStart(folder, pace, names)).forEach(print);
  if (wants(memoryLine.name)) (await measureMemory(folder, generator, pace, names)).forEach(print);
  await runCoordinators(folder, generator, { ...choice, calmLimitMs: CALM_LIMIT_MS }, print);
  generator.stop();
  if (names.includes("kafka") && names.includes("ottla"))
    await measureTools(folder, { quick: choice.quick, wants, print });
  console.log(
    `${Math.round((performance.now() - startedMs) / 1000)} s, median of ${pace.rounds} rounds in which the subjects take turns`,
  );
}

async function runLoads(
  folder: string,
  generator: LoadGenerator,
  choice: Choice,
  print: (row: Row) => void,
): Promise<void> {
  const { pace, lines, wants, names } = choice;
  const start = { floor: startFloor, ottla: startOttla, kafka: startKafka };
  const subjects: Subject[] = [];
  try {
    for (const name of names) subjects.push(await start[name](folder));
    const bench: Bench = {
      subjects,
      generator,
      pace,
      calmUntilMs: choice.calm ? performance.now() + CALM_LIMIT_MS : 0,
    };
    await warmUp(bench, warmUpLines);
    for (const line of lines) if (line.kind === "produce") print(await measureThroughput(bench, line));
    const fetches = lines.filter((line) => line.kind === "fetch");
    if (fetches.length > 0) {
      const logEndOffset = await prepareLog(bench);
      for (const line of fetches) print(await measureFetch(bench, line, logEndOffset));
      await dropLog(bench);
    }
    for (const line of lines) if (line.kind === "tail") print(await measureThroughput(bench, line));
    if (wants(latencyLine.name)) (await measureLatency(bench)).forEach(print);
  } finally {
    for (const subject of subjects) await subject.stop();
  }
}

function requireSpace(folder: string, pace: Pace, subjects: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const needed = Math.max(pace.logBytes * subjects, pace.memoryBytes) + KEPT_FREE_BYTES;
  if (bavail * bsize >= needed) return;
  throw new Error(
    `the benchmark wants ${Math.round(needed / 1e9)} GB free on the disk of ${folder}, there are ${Math.round((bavail * bsize) / 1e9)}`,
  );
}

await main(process.argv.slice(2));
