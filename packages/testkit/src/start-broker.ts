// Starts the real engine in the caller's process: the same code that `ottla start` runs, on memory storage and a free port.
// Nothing is faked, so what a client does here it does against a broker too. Each call is a cluster of its own.

import type { Clock, Logger } from "@ottla/base";
import { startNode } from "@ottla/broker";
import { refuseUnknown, refuseUnlessWhole } from "./options.ts";
import { seedOf } from "./seed.ts";
import { TestBroker } from "./test-broker.ts";

export interface TestBrokerOptions {
  /** Broker configs by Kafka's names, such as `{ "num.partitions": "3" }`. They win over everything else here. */
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
}

const OPTIONS: readonly (keyof TestBrokerOptions)[] = [
  "overrides",
  "port",
  "dataDir",
  "logger",
  "clock",
  "seed",
  "journalEntries",
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
  const { overrides = {}, port = 0, dataDir, logger, clock } = options;
  const properties = new Map([["listeners", `PLAINTEXT://127.0.0.1:${port}`]]);
  if (dataDir !== undefined) properties.set("log.dirs", dataDir);
  for (const [name, value] of Object.entries(overrides)) properties.set(name, value);
  const seed = seedOf(options.seed);
  return TestBroker.start({
    seed,
    journalEntries: options.journalEntries ?? DEFAULT_JOURNAL_ENTRIES,
    start: (interceptor) =>
      startNode({
        properties,
        storage: dataDir === undefined ? "memory" : "disk",
        random: seed.ids,
        interceptor,
        ...(logger === undefined ? {} : { logger }),
        ...(clock === undefined ? {} : { clock }),
      }),
  });
}
