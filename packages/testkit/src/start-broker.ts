// Starts the real engine in the caller's process: the same code that `ottla start` runs, on memory storage and a free port.
// Nothing is faked, so what a client does here it does against a broker too. Each call is a cluster of its own.

import type { Clock, Logger } from "@ottla/base";
import { silentLogger } from "@ottla/base";
import { Engine } from "./engine/engine.ts";
import { leakPolicies } from "./leaks.ts";
import type { LeakPolicy } from "./leaks.ts";
import { refuseUnknown, refuseUnlessWhole } from "./options.ts";
import { seedOf } from "./seed.ts";
import { TestBroker } from "./test-broker.ts";

export interface TestBrokerOptions {
  /**
   * Broker configs by Kafka's names, such as `{ "num.partitions": "3" }`. They win over everything else here. Without them all is as with `ottla start`,
   * but that the topics of the coordinators have 5 partitions.
   */
  readonly overrides?: Readonly<Record<string, string>>;
  /** Default 0: any free port of 127.0.0.1. */
  readonly port?: number;
  /** Keeps everything in this folder, so that a later start finds it. Default: in memory, gone on close. */
  readonly dataDir?: string;
  /** Default: silent. `RecordingLogger` keeps lines for a test to look at. */
  readonly logger?: Logger;
  /** Default: the system's. With a `ManualClock`, timeouts and retention happen when the test moves it. */
  readonly clock?: Clock;
  /** What ids and the probabilities of faults are drawn from. Default: the environment variable OTTLA_SEED, else a random one. */
  readonly seed?: number;
  /** How many requests the journal keeps. Default 1000; 0 keeps none. */
  readonly journalEntries?: number;
  /** What happens when clients' connections are open as the broker closes. Default "warn": a warning of the process names them. */
  readonly leaks?: LeakPolicy;
}

const OPTIONS: readonly (keyof TestBrokerOptions)[] = [
  "overrides",
  "port",
  "dataDir",
  "logger",
  "clock",
  "seed",
  "journalEntries",
  "leaks",
];
/** Kafka's coordinators have 50 partitions each, whose logs take longer to make than all else here. */
const SMALL: readonly (readonly [string, string])[] = [
  ["offsets.topic.num.partitions", "5"],
  ["transaction.state.log.num.partitions", "5"],
];
const DEFAULT_JOURNAL_ENTRIES = 1000;

/**
 * Resolves when clients can connect. `await using broker = await startBroker()` closes it at the end of the block.
 * @throws TypeError for an option that there is not.
 * @throws StartError when a config is not valid, the port is taken, or the folder cannot be used.
 */
export async function startBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  refuseUnknown("startBroker", options, OPTIONS);
  refuseUnlessWhole("startBroker", "journalEntries", options.journalEntries, 0);
  const { overrides = {}, port = 0, dataDir, logger = silentLogger, clock, leaks = "warn" } = options;
  if (!leakPolicies.includes(leaks)) throw new TypeError(`startBroker: leaks is ${leakPolicies.join(", ")}`);
  const properties = new Map([["listeners", `PLAINTEXT://127.0.0.1:${port}`], ...SMALL]);
  if (dataDir !== undefined) properties.set("log.dirs", dataDir);
  for (const [name, value] of Object.entries(overrides)) properties.set(name, value);
  const seed = seedOf(options.seed);
  return TestBroker.start({
    seed,
    leaks,
    clock,
    journalEntries: options.journalEntries ?? DEFAULT_JOURNAL_ENTRIES,
    start: (interceptor) =>
      Engine.start({
        properties,
        storage: dataDir === undefined ? "memory" : "disk",
        logger,
        clock,
        random: seed.ids,
        interceptor,
      }),
  });
}
