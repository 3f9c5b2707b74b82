// A broker in a test's own process, and everything that the test can do to it. The engine is the real one; what stands around it
// is here: the interception that all requests pass, and what it feeds.

import type { Node } from "@ottla/broker";
import { Conditions } from "./conditions.ts";
import { Faults } from "./faults/faults.ts";
import { Interception } from "./interception.ts";
import { Journal } from "./journal.ts";
import { OpenConnections } from "./open-connections.ts";
import { replayHint } from "./seed.ts";
import type { Seed } from "./seed.ts";
import type { RequestLookup } from "./seen-request.ts";

/** How many of the last requests a message of a failure shows. */
const SHOWN_REQUESTS = 20;

export interface TestBrokerParts {
  readonly seed: Seed;
  readonly journalEntries: number;
  start(interception: Interception): Promise<Node>;
}

export class TestBroker implements AsyncDisposable {
  /** Breaks answers and connections on purpose. */
  readonly faults: Faults;
  /** The last requests and how they were answered. */
  readonly journal: Journal;
  /** What its ids and the probabilities of faults are drawn from. */
  readonly seed: number;
  private readonly conditions: Conditions;
  private readonly connections = new OpenConnections();
  private current: Node = undefined!;
  private closing: Promise<void> | null = null;

  private constructor(parts: TestBrokerParts) {
    this.seed = parts.seed.value;
    this.journal = new Journal(parts.journalEntries);
    this.conditions = new Conditions(() => this.describe(parts.seed));
    const { conditions, connections } = this;
    this.faults = new Faults({ random: parts.seed.faults, conditions, connections });
  }

  /** For startBroker. */
  static async start(parts: TestBrokerParts): Promise<TestBroker> {
    const broker = new TestBroker(parts);
    const { faults, journal, conditions, connections } = broker;
    const clock = () => broker.node.broker.clock;
    const lookup = lookupIn(broker);
    broker.current = await parts.start(new Interception({ faults, journal, conditions, connections, lookup, clock }));
    return broker;
  }

  /** The node itself: cluster id, node id, and the broker's parts for tests of the broker. */
  get node(): Node {
    return this.current;
  }

  /** "127.0.0.1:port", as clients take it. */
  get bootstrap(): string {
    const { host, port } = this.current.listeners[0]!;
    return `${host}:${port}`;
  }

  get port(): number {
    return this.current.listeners[0]!.port;
  }

  /** Answers what is in flight and closes; a second call waits for the first. */
  close(): Promise<void> {
    return (this.closing ??= this.closeNow());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async closeNow(): Promise<void> {
    this.faults.clear();
    this.connections.close();
    await this.current.close();
    this.conditions.close();
  }

  private describe(seed: Seed): string {
    const requests = this.journal.print(SHOWN_REQUESTS);
    return `${requests === "" ? "" : `the last requests:\n${requests}\n`}${replayHint(seed)}`;
  }
}

function lookupIn(broker: TestBroker): RequestLookup {
  return {
    topicName: (topicId) => broker.node.broker.topicById(topicId)?.name ?? "",
    topicId: (topic) => broker.node.broker.topic(topic)?.id,
    sessionPartitions: (sessionId) =>
      Array.from(broker.node.broker.fetchSessions.targetsOf(sessionId), ({ topic, partition }) => ({
        topic,
        partition,
      })),
  };
}
