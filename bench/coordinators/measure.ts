// Takes the measurements of coordinators/plan.ts: like ../measure.ts, but the floor has no coordinators and is left out.
// Assignments of KIP-848 are made without the pause of group.consumer.assignment.interval.ms, in both brokers.

import { mapRounds, takeTurns, type Bench, type Rounds } from "../measure.ts";
import type { CoordinatorJob } from "../load.ts";
import type { Properties, Subject, SubjectName } from "../subject.ts";
import { median, type Row } from "../table.ts";
import type { Flow } from "./load-transactions.ts";
import type { Counted } from "./loop.ts";
import {
  aims,
  IN_FLIGHT,
  REBALANCED_PARTITIONS,
  RECORD_BYTES,
  type CoordinatorLine,
  type CoordinatorPace,
} from "./plan.ts";
import { coordinatorsReady } from "./ready.ts";
import { aheadOfKafka, atMost, noteOf, type Aim } from "./verdict.ts";

export const coordinatorProperties: Properties = {
  "group.consumer.assignment.interval.ms": "0",
  "group.initial.rebalance.delay.ms": "0",
};

export type CoordinatorBench = Pick<Bench, "subjects" | "generator" | "calmUntilMs"> & { pace: CoordinatorPace };

export async function coordinatorsOf(subjects: readonly Subject[]): Promise<void> {
  for (const { port } of subjects) await coordinatorsReady(port);
}

const measurements: {
  [Kind in CoordinatorLine["kind"]]: (bench: CoordinatorBench, line: Line<Kind>) => Promise<Row[]>;
} = {
  commit: measureCommits,
  heartbeat: measureHeartbeats,
  rebalance: measureRebalances,
  transaction: measureTransactions,
};

export function measureCoordinators(bench: CoordinatorBench, line: CoordinatorLine): Promise<Row[]> {
  // As in ../load.ts, the table says which function fits.
  return (measurements[line.kind] as (bench: CoordinatorBench, line: CoordinatorLine) => Promise<Row[]>)(bench, line);
}

type Line<Kind extends CoordinatorLine["kind"]> = Extract<CoordinatorLine, { kind: Kind }>;

async function measureCommits(bench: CoordinatorBench, line: Line<"commit">): Promise<Row[]> {
  const { name, connections } = line;
  const rounds = await inTurns(bench, { partitions: 1 }, (place) => ({
    ...place,
    kind: "commit",
    connections,
    inFlight: IN_FLIGHT,
  }));
  return [rateRow(name, rounds)];
}

async function measureHeartbeats(bench: CoordinatorBench, line: Line<"heartbeat">): Promise<Row[]> {
  const { name, protocol, members } = line;
  const rounds = await inTurns(bench, { partitions: members }, (place) => ({
    ...place,
    kind: "heartbeat",
    protocol,
    members,
  }));
  return [rateRow(name, rounds)];
}

async function measureRebalances(bench: CoordinatorBench, line: Line<"rebalance">): Promise<Row[]> {
  const { name, protocol, members } = line;
  const { warmupRebalances, rebalances } = bench.pace;
  const rounds = await inTurns(bench, { partitions: REBALANCED_PARTITIONS }, (place) => ({
    ...place,
    kind: "rebalance",
    protocol,
    members,
    warmups: warmupRebalances,
    rebalances,
  }));
  const values = mapRounds(rounds, (result) => (result.seconds / result.operations) * 1000);
  const cpu = mapRounds(rounds, cpuEach(1000));
  const judged = atMost(cpu.ottla, aims.rebalanceCpuMs, "less than 1 s of broker time");
  // A joiner takes one partition, from one member.
  const revocations = rounds.ottla?.map(({ remarks }) => Object.values(remarks)[0] ?? 0);
  if (protocol === "consumer") judged.push(...atMost(revocations, 1, "no stop of members that keep their partitions"));
  const row: Row = { label: name, unit: "ms", values, cpu, cpuUnit: "ms", ...loads(rounds) };
  return [{ ...row, ...noteOf([], [...judged, ...aheadOfKafka(values, "less")]) }];
}

const flows: readonly { flow: Flow; label: string; unit: string }[] = [
  { flow: "plain", label: "plain produce of the same", unit: "1/s" },
  { flow: "classic", label: "AddPartitionsToTxn", unit: "txn/s" },
  { flow: "implicit", label: "KIP-890", unit: "txn/s" },
];

async function measureTransactions(bench: CoordinatorBench, line: Line<"transaction">): Promise<Row[]> {
  const { name, producers, records } = line;
  const measured: Record<Flow, Rounds<Counted>> = { plain: {}, classic: {}, implicit: {} };
  // One flow right after the other, so that a disturbance that lasts longer does not count for one alone.
  for (let round = 0; round < bench.pace.rounds; round++) {
    for (const { flow } of flows) {
      const place = { partitions: producers, rounds: 1, isWarm: round > 0 };
      const result = await inTurns(bench, place, (target) => ({
        ...target,
        kind: "transaction",
        transactionalId: `${target.group}-${flow}`,
        producers,
        flow,
        recordsPerBatch: records,
        recordBytes: RECORD_BYTES,
      }));
      append(measured[flow], result);
    }
  }
  return flows.map(({ flow, label, unit }) => {
    const row = rateRow(`${name}, ${label}`, measured[flow], unit);
    return flow === "plain" ? row : withCost(row, measured.plain, records);
  });
}

/** Adds what a transaction costs beside a plain batch of the same records: time, by which the aim is judged, and the broker's CPU. */
function withCost(row: Row, plain: Rounds<Counted>, records: number): Row {
  const costs = ratios(mapRounds(plain, rateOf), row.values);
  const cpuCosts = ratios(row.cpu ?? {}, mapRounds(plain, cpuEach(1e6)));
  const remarks = brokers.flatMap((name) => {
    const [time, cpu] = [costs[name], cpuCosts[name]];
    if (time === undefined || cpu === undefined) return [];
    return [`${name} ${median(time).toFixed(2)} times the plain, CPU ${median(cpu).toFixed(2)} times`];
  });
  const judged: Aim[] = records === 1 ? [] : atMost(costs.ottla, aims.transactionCost, "at most twice the plain");
  return { ...row, ...noteOf(remarks, [...judged, ...aheadOfKafka(row.values, "more")]) };
}

const brokers = ["ottla", "kafka"] as const;

/** Round by round. */
function ratios(above: Row["values"], below: Row["values"]): Row["values"] {
  const each: Row["values"] = {};
  for (const name of brokers) {
    const divisors = below[name];
    if (divisors !== undefined) each[name] = above[name]?.map((value, round) => value / divisors[round]!) ?? [];
  }
  return each;
}

/** What each job needs to know of its round. */
interface Place {
  port: number;
  serverPid: number;
  topic: string;
  group: string;
  partitions: number;
  warmupMs: number;
  measureMs: number;
}

let groupNumber = 0;
let topicNumber = 0;

// One topic for all rounds. Unless the subjects are warm, one round more comes first and does not count.
async function inTurns(
  bench: CoordinatorBench,
  line: { partitions: number; rounds?: number; isWarm?: boolean },
  jobOf: (place: Place) => CoordinatorJob,
): Promise<Rounds<Counted>> {
  const { warmupMs, measureMs, firstWarmupMs } = bench.pace;
  const { partitions, rounds = bench.pace.rounds, isWarm = false } = line;
  const topic = `coordinated${++topicNumber}`;
  const measure = async (subject: Subject, times: { warmupMs: number; measureMs: number }): Promise<Counted> => {
    const place = { port: subject.port, serverPid: subject.pid, topic, group: `group-${++groupNumber}`, partitions };
    return (await bench.generator.run(jobOf({ ...place, ...times }))) as Counted;
  };
  for (const subject of bench.subjects) {
    await subject.createTopic(topic, partitions);
    if (!isWarm) await measure(subject, { warmupMs: 0, measureMs: firstWarmupMs });
  }
  try {
    return (await takeTurns(bench, rounds, (subject) => measure(subject, { warmupMs, measureMs }))) as Rounds<Counted>;
  } finally {
    for (const subject of bench.subjects) await subject.dropTopic(topic);
  }
}

function append(all: Rounds<Counted>, more: Rounds<Counted>): void {
  for (const [name, results] of Object.entries(more)) (all[name as SubjectName] ??= []).push(...results);
}

function rateOf({ operations, seconds }: Counted): number {
  return operations / seconds;
}

function cpuEach(unitsPerSecond: number): (result: Counted) => number {
  return ({ serverCpu, seconds, operations }) => ((serverCpu ?? Number.NaN) * seconds * unitsPerSecond) / operations;
}

function rateRow(label: string, rounds: Rounds<Counted>, unit = "1/s"): Row {
  const values = mapRounds(rounds, rateOf);
  const row: Row = { label, unit, values, cpu: mapRounds(rounds, cpuEach(1e6)), cpuUnit: "µs", ...loads(rounds) };
  return { ...row, ...noteOf([], aheadOfKafka(values, "more")) };
}

function loads(rounds: Rounds<Counted>): Pick<Row, "loadCpu" | "othersCpu"> {
  const all = Object.values(rounds).flat();
  return {
    loadCpu: all.map(({ loadCpu }) => loadCpu ?? Number.NaN),
    othersCpu: all.map(({ othersCpu }) => othersCpu ?? Number.NaN),
  };
}
