// A node from its properties to its ready listeners, and back: the wiring of storage, metadata, broker and net.
// Start: folder and lock, metadata log, registration, logs, listeners. Stop: the reverse, within a bound.
// What a user caused (a bad value, a port in use, a folder in use) ends the start with a StartError of one line.

import { silentLogger } from "@ottla/base";
import type { Clock, Logger } from "@ottla/base";
import { ConfigError, openController, readBrokerProperties } from "@ottla/metadata";
import type { BrokerConfig, Controller, Endpoint } from "@ottla/metadata";
import { BufferPool, ConnectionCounter, startListener, StreamBudget, TurnScheduler } from "@ottla/net";
import type { Listener } from "@ottla/net";
import { DiskFileSystem, LogDirectory, MemoryFileSystem } from "@ottla/storage";
import { Broker } from "./broker.ts";
import { connectionClosed, dispatch } from "./dispatch.ts";
import { FetchPurgatory } from "./fetch/purgatory.ts";
import { FetchSessionCache } from "./fetch/session.ts";
import { handlers } from "./handlers/index.ts";
import { ProducerIds } from "./producer-ids.ts";
import { publish, publishAll } from "./publisher.ts";
import { registerNode } from "./registration.ts";
import { Replicas } from "./replicas.ts";
import { StartError, startErrorOf } from "./start-error.ts";
import { systemClock, systemRandom } from "./system-clock.ts";

export interface NodeOptions {
  /** Kafka's server.properties, after all overrides. */
  readonly properties: ReadonlyMap<string, string>;
  /** "memory" keeps nothing on disk and takes no lock. Default "disk". */
  readonly storage?: "disk" | "memory";
  /** Default: no log lines. */
  readonly logger?: Logger;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** A listener as it was bound. */
export interface BoundListener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface Node {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly listeners: readonly BoundListener[];
  /** Null when nothing is kept on disk. */
  readonly dataDir: string | null;
  /** From the call of startNode until every listener served, milliseconds. */
  readonly startedInMs: number;
  readonly broker: Broker;
  /** Answers what is in flight, writes everything down, gives the folder free. Ends within 5 s. */
  close(): Promise<void>;
}

// How long requests in flight may take when the node stops; the rest of the five seconds is for the disk.
const CLOSE_GRACE_MS = 2000;
const FRAME_POOL_BYTES = 32 * 1024 * 1024;
const STREAM_BUDGET_BYTES = 32 * 1024 * 1024;
const STREAM_CHUNK_BYTES = 256 * 1024;
const BULK_IN_FLIGHT = 16;
const PENDING_RESPONSE_BYTES = 1024 * 1024;

/** @throws StartError for what the user can mend. */
export async function startNode(options: NodeOptions): Promise<Node> {
  try {
    return await new NodeStart(options).run();
  } catch (error) {
    throw startErrorOf(error);
  }
}
