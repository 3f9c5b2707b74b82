// `npm run bench -- client [--clients ottla,kafkajs] [--only TEXT] [--quick]`: the client libraries of Node, and Java's tools, beside each other, on one
// broker in a process of its own, each job in a fresh process, the libraries taking turns round by round.

import { fork } from "node:child_process";
import { confluentFolder } from "../../conformance/confluent-addon.ts";
import { nodeForAddon, type NodeForAddon } from "./node-for-addon.ts";
import { startOttla, type Subject } from "../subject.ts";
import { javaDoes, runJava } from "./java.ts";
import { median } from "../table.ts";
import { packedClient } from "./packed-client.ts";
import { subjectNames, type BenchSettings, type ClientSubject } from "./bench-client.ts";
import type { ClientProcessAnswer, ClientProcessOrder } from "./client-process.ts";
import type { ClientJob, ClientJobResult } from "./jobs.ts";

interface Line {
  name: string;
  unit: string;
  job: ClientJob;
}

export interface ClientBenchChoice {
  quick: boolean;
  wants: (name: string) => boolean;
  clients: readonly ClientSubject[];
}

const PARTITIONS = 4;
const JOB_LIMIT_MS = 120_000;
const ROUNDS = 3;

function lines(quick: boolean): Line[] {
  const scale = quick ? 0.2 : 1;
  const produce = (style: "single" | "many" | "batches", recordBytes: number, records: number): Line => ({
    name: `produce ${recordBytes} B, ${{ single: "single awaited sends", many: "many sends in flight", batches: "batches of 1,000" }[style]}`,
    unit: "records/s",
    job: { kind: "produce", style, recordBytes, records: Math.ceil((records * scale) / 1000) * 1000 },
  });
  const consume = (recordBytes: number, records: number): Line => ({
    name: `consume ${recordBytes} B, fetches of 1 MB`,
    unit: "records/s",
    job: { kind: "consume", recordBytes, records: records * scale },
  });
  return [
    produce("single", 100, 5_000),
    produce("single", 1000, 5_000),
    produce("many", 100, 100_000),
    produce("many", 1000, 30_000),
    produce("batches", 100, 2_000_000),
    produce("batches", 1000, 400_000),
    consume(100, 3_000_000),
    consume(1000, 600_000),
    {
      name: "end to end, 5,000 records/s of 100 B",
      unit: "ms",
      job: { kind: "latency", recordsPerSecond: 5000, seconds: quick ? 2 : 5, recordBytes: 100 },
    },
  ];
}

/** Runs the lines and prints a table of each. */
export async function runClients(folder: string, choice: ClientBenchChoice): Promise<void> {
  const addon = choice.clients.includes("confluent") ? nodeForAddon(folder, await confluentFolder("fast")) : null;
  process.env["OTTLA_CLIENT"] = await packedClient();
  const server = await startOttla(folder);
  try {
    for (const line of lines(choice.quick).filter(({ name }) => choice.wants(name))) {
      const results = await measureLine(server, line, choice, addon);
      printLine(line, results);
    }
  } finally {
    await server.stop();
  }
}

type Results = Map<ClientSubject, (ClientJobResult | Error)[]>;

async function measureLine(
  server: Subject,
  line: Line,
  choice: ClientBenchChoice,
  addon: NodeForAddon | null,
): Promise<Results> {
  const clients = choice.clients.filter((client) => client !== "java" || javaDoes(line.job));
  const results: Results = new Map(clients.map((client) => [client, []]));
  const stored = `stored-${line.job.recordBytes}`;
  if (line.job.kind === "consume") await fill(server, stored, line.job);
  for (let round = 0; round < (choice.quick ? 1 : ROUNDS); round++) {
    for (const client of clients) {
      const topic = line.job.kind === "consume" ? stored : `bench-${client}-${round}`;
      if (line.job.kind !== "consume") await server.createTopic(topic, line.job.kind === "latency" ? 1 : PARTITIONS);
      const settings = { bootstrap: `127.0.0.1:${server.port}`, topic };
      results.get(client)!.push(await measureClient(client, line.job, settings, addon));
      if (line.job.kind !== "consume") await server.dropTopic(topic);
    }
  }
  if (line.job.kind === "consume") await server.dropTopic(stored);
  return results;
}

function measureClient(
  client: ClientSubject,
  job: ClientJob,
  settings: BenchSettings,
  addon: NodeForAddon | null,
): Promise<ClientJobResult | Error> {
  if (client === "java") return runJava(job, settings).catch((error: Error) => error);
  return inProcess({ client, job, settings }, client === "confluent" ? addon : null);
}

/** What consumers read, in batches as a producer makes them. */
async function fill(server: Subject, topic: string, job: ClientJob & { kind: "consume" }): Promise<void> {
  await server.createTopic(topic, PARTITIONS);
  const settings = { bootstrap: `127.0.0.1:${server.port}`, topic };
  const order: ClientProcessOrder = {
    client: "kafkajs",
    job: { kind: "produce", style: "batches", recordBytes: job.recordBytes, records: job.records },
    settings,
  };
  const filled = await inProcess(order, null);
  if (filled instanceof Error) throw filled;
}

function inProcess(order: ClientProcessOrder, addon: NodeForAddon | null): Promise<ClientJobResult | Error> {
  const child = fork(addon?.script ?? `${import.meta.dirname}/client-process.ts`, [], {
    execArgv: [],
    execPath: addon?.program ?? process.execPath,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    env: { ...process.env, ...addon?.environment },
  });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  return new Promise((resolve) => {
    const limit = setTimeout(kill, JOB_LIMIT_MS);
    let answered: ClientJobResult | Error = new Error("no answer in time");
    child.once("message", (answer: ClientProcessAnswer) => {
      answered = "error" in answer ? new Error(answer.error) : answer.result;
    });
    child.once("exit", () => {
      clearTimeout(limit);
      process.off("exit", kill);
      resolve(answered);
    });
    child.send(order);
  });
}

function printLine(line: Line, results: Results): void {
  console.log(`\n${line.name}`);
  const ours = results.get("ottla")?.filter((each) => !(each instanceof Error)) as ClientJobResult[] | undefined;
  for (const [client, rounds] of results) {
    const failed = rounds.find((each) => each instanceof Error);
    const done = rounds.filter((each) => !(each instanceof Error)) as ClientJobResult[];
    if (done.length === 0) {
      console.log(`  ${client.padEnd(14)} failed: ${failed?.message.split("\n")[0] ?? "no round"}`);
      continue;
    }
    console.log(
      `  ${client.padEnd(14)} ${figures(line, done, ours)}${failed === undefined ? "" : "  (some rounds failed)"}`,
    );
  }
}

function figures(line: Line, done: readonly ClientJobResult[], ours: readonly ClientJobResult[] | undefined): string {
  const of = (pick: (result: ClientJobResult) => number, from = done): number => median(from.map(pick));
  const perMillion = of(({ cpuSeconds, records }) => (cpuSeconds * 1e6) / records).toFixed(2);
  const memory = Math.round(of(({ peakRssBytes }) => peakRssBytes) / 1e6);
  const costs = `CPU ${perMillion.padStart(7)} s per million, peak ${String(memory).padStart(4)} MB`;
  if (line.job.kind === "latency") {
    const p50 = of(({ latency }) => latency!.p50).toFixed(2);
    const p99 = of(({ latency }) => latency!.p99).toFixed(2);
    return `p50 ${p50.padStart(7)} ms  p99 ${p99.padStart(7)} ms  ${costs}`;
  }
  const rate = (result: ClientJobResult): number => result.records / result.seconds;
  const ratio = ours === undefined || ours.length === 0 ? "" : `ottla ${(of(rate, [...ours]) / of(rate)).toFixed(2)}x`;
  return `${Math.round(of(rate)).toLocaleString("en").padStart(10)} ${line.unit}  ${costs}  ${ratio}`;
}

/** The clients of a list such as "ottla,kafkajs". */
export function chosenClients(text: string | undefined): ClientSubject[] {
  return subjectNames.filter((name) => text === undefined || text.split(",").includes(name));
}
