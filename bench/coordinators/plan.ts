// The lines about groups and transactions, as data, with the aims that they are judged by. Names are what `--only` and `--profile` look for.

import type { GroupProtocol } from "./load-groups.ts";

/** A line whose figure is operations a second, or the time that one takes. */
export type CoordinatorLine =
  | { kind: "commit"; name: string; connections: number }
  | { kind: "heartbeat"; name: string; protocol: GroupProtocol; members: number }
  | { kind: "rebalance"; name: string; protocol: GroupProtocol; members: number }
  | { kind: "transaction"; name: string; records: number; producers: number };

/** Lines about what is there after a start; each has brokers of its own. */
export interface OffsetsLine {
  name: string;
  groups: number;
  partitions: number;
}

export interface CoordinatorPace {
  rounds: number;
  warmupMs: number;
  measureMs: number;
  /** The same work, once before the first round. */
  firstWarmupMs: number;
  rebalances: number;
  warmupRebalances: number;
  startRounds: number;
}

const defaultPace: CoordinatorPace = {
  rounds: 3,
  warmupMs: 300,
  measureMs: 1500,
  firstWarmupMs: 800,
  rebalances: 10,
  warmupRebalances: 2,
  startRounds: 3,
};

export function coordinatorPace(options: { quick: boolean; reference: boolean }): CoordinatorPace {
  const pace = options.quick ? { ...defaultPace, rounds: 2, measureMs: 500, startRounds: 2 } : defaultPace;
  // A JVM compiles for a while.
  return options.reference ? { ...pace, warmupMs: 1000, firstWarmupMs: 5000, warmupRebalances: 10 } : pace;
}

export const IN_FLIGHT = 5;
export const RECORD_BYTES = 1024;
export const REBALANCED_PARTITIONS = 500;

export const coordinatorLines: readonly CoordinatorLine[] = [
  { kind: "commit", name: "commits x1", connections: 1 },
  { kind: "commit", name: "commits x50", connections: 50 },
  { kind: "heartbeat", name: "heartbeats of 1,000 members, classic", protocol: "classic", members: 1000 },
  { kind: "heartbeat", name: "heartbeats of 1,000 members, KIP-848", protocol: "consumer", members: 1000 },
  { kind: "rebalance", name: "rebalance of 500 members, classic", protocol: "classic", members: 500 },
  { kind: "rebalance", name: "one joins 499 members, KIP-848", protocol: "consumer", members: 500 },
  ...[1, 100].flatMap((records) =>
    [1, 8].map((producers): CoordinatorLine => {
      const name = `transactions of ${records} record${records > 1 ? "s" : ""} x${producers}`;
      return { kind: "transaction", name, records, producers };
    }),
  ),
];

export const loadedOffsetsLine: OffsetsLine = { name: "load of 1,000,000 offsets", groups: 10_000, partitions: 100 };
export const quickLoadedOffsetsLine: OffsetsLine = { name: "load of 100,000 offsets", groups: 1000, partitions: 100 };
export const idleGroupsLine: OffsetsLine = { name: "idle group, one of 100,000", groups: 100_000, partitions: 1 };

/** The aims beside "ahead of the reference". */
export const aims = {
  loadMs: 3000,
  rebalanceCpuMs: 1000,
  transactionCost: 2,
  idleGroupBytes: 4096,
} as const;
