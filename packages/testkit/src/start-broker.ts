// Starts the real engine in the caller's process: the same code that `ottla start` runs, on memory storage and a free port.
// Nothing is faked, so what a client does here it does against a broker too. Each call is a cluster of its own.

import type { Clock, Logger } from "@ottla/base";
import { startNode } from "@ottla/broker";
import type { Node } from "@ottla/broker";

export interface TestBrokerOptions {
  /** Broker configs by Kafka's names, such as `{ "num.partitions": "3" }`. They win over everything else here. */
  readonly overrides?: Readonly<Record<string, string>>;
  /** Default 0: any free port of 127.0.0.1. */
  readonly port?: number;
  /** Keeps everything in this folder, so that a later start finds it. Default: in memory, gone on close. */
  readonly dataDir?: string;
  /** Default: silent. `RecordingLogger` of @ottla/base keeps lines for a test to look at. */
  readonly logger?: Logger;
  /** Default: the system's. With a `ManualClock`, timeouts and retention happen when the test moves it. */
  readonly clock?: Clock;
}

export interface TestBroker extends AsyncDisposable {
  /** "127.0.0.1:port", as clients take it. */
  readonly bootstrap: string;
  readonly port: number;
  /** The node itself: cluster id, node id, and the broker's parts for tests of the broker. */
  readonly node: Node;
  /** Answers what is in flight and closes; a second call waits for the first. */
  close(): Promise<void>;
}

/**
 * Resolves when clients can connect. `await using broker = await startBroker()` closes it at the end of the block.
 * @throws StartError when a config is not valid, the port is taken, or the folder cannot be used.
 */
export async function startBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  const { overrides = {}, port = 0, dataDir, logger, clock } = options;
  const properties = new Map([["listeners", `PLAINTEXT://127.0.0.1:${port}`]]);
  if (dataDir !== undefined) properties.set("log.dirs", dataDir);
  for (const [name, value] of Object.entries(overrides)) properties.set(name, value);
  const node = await startNode({
    properties,
    storage: dataDir === undefined ? "memory" : "disk",
    ...(logger === undefined ? {} : { logger }),
    ...(clock === undefined ? {} : { clock }),
  });
  const bound = node.listeners[0]!;
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => (closing ??= node.close());
  return {
    bootstrap: `${bound.host}:${bound.port}`,
    port: bound.port,
    node,
    close,
    [Symbol.asyncDispose]: close,
  };
}
