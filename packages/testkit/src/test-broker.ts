// A broker in a test's own process, and everything that the test can do to it. The engine is the real one; what stands around it
// is here: the interception that all requests pass, and what it feeds.

import { ManualClock } from "@ottla/base";
import type { Clock } from "@ottla/base";
import type { Node, RequestInterceptor } from "@ottla/broker";
import { Conditions } from "./conditions.ts";
import type { Engine, Snapshot } from "./engine/engine.ts";
import { Faults } from "./faults/faults.ts";
import { Inspection } from "./inspection.ts";
import { Interception } from "./interception.ts";
import { Journal } from "./journal.ts";
import { leakedConnections, reportLeaks } from "./leaks.ts";
import type { LeakPolicy } from "./leaks.ts";
import { MovedCoordinators } from "./moved-coordinators.ts";
import type { CoordinatorKind } from "./moved-coordinators.ts";
import { OpenConnections } from "./open-connections.ts";
import { refuseUnknown, refuseUnlessWhole } from "./options.ts";
import { rebalance } from "./phantom-member.ts";
import { replayHint } from "./seed.ts";
import type { Seed } from "./seed.ts";
import { Until } from "./until.ts";

/** How many of the last requests a message of a failure shows. */
const SHOWN_REQUESTS = 20;

export interface TestBrokerParts {
  readonly seed: Seed;
  readonly journalEntries: number;
  readonly leaks: LeakPolicy;
  readonly clock: Clock | undefined;
  start(interceptor: RequestInterceptor): Promise<Engine>;
}

export interface CrashOptions {
  /** How many bytes the logs lose that were written last and never synced, as in a power cut. Default 0: only the process ended. */
  readonly tornTailBytes?: number;
}

export class TestBroker implements AsyncDisposable {
  /** Breaks answers and connections on purpose. */
  readonly faults: Faults;
  /** The last requests and how they were answered. */
  readonly journal: Journal;
  /** Waits for what shall come about, in place of sleeping. */
  readonly until: Until;
  /** What the broker holds: topics, records, groups, offsets. */
  readonly inspect: Inspection;
  /** What its ids and the probabilities of faults are drawn from. */
  readonly seed: number;
  private readonly parts: TestBrokerParts;
  private readonly conditions: Conditions;
  private readonly connections = new OpenConnections();
  private readonly moved = new MovedCoordinators();
  private engine: Engine = undefined!;
  private closing: Promise<void> | null = null;

  private constructor(parts: TestBrokerParts) {
    this.parts = parts;
    this.seed = parts.seed.value;
    this.journal = new Journal(parts.journalEntries);
    this.conditions = new Conditions(() => this.report());
    const { conditions, connections } = this;
    this.inspect = new Inspection(() => this.node.broker, connections);
    this.until = new Until(conditions, this.inspect, this.journal);
    this.faults = new Faults({ random: parts.seed.faults, conditions, connections });
  }

  /** For startBroker. */
  static async start(parts: TestBrokerParts): Promise<TestBroker> {
    const broker = new TestBroker(parts);
    const { faults, journal, conditions, connections, moved } = broker;
    const of = () => broker.node.broker;
    broker.engine = await parts.start(
      new Interception({ faults, journal, conditions, connections, moved, broker: of }),
    );
    return broker;
  }

  /** The node itself: cluster id, node id, and the broker's parts for tests of the broker. Another one after reset, restore and restart. */
  get node(): Node {
    return this.engine.node;
  }

  /** "127.0.0.1:port", as clients take it. */
  get bootstrap(): string {
    const { host, port } = this.node.listeners[0]!;
    return `${host}:${port}`;
  }

  get port(): number {
    return this.node.listeners[0]!.port;
  }

  /**
   * Back to how it began: no topics, groups, transactions, altered configs; no faults; an empty journal. Ports and connections stay; what
   * waited on them is answered as by a broker that gives everything up. Clients that are left running join their groups again.
   * @throws TypeError with a `dataDir`.
   */
  async reset(): Promise<void> {
    this.clear();
    await this.engine.restore();
    this.journal.clear();
    this.conditions.changed();
  }

  /** All that it holds now, for `restore`. Takes no copy of the records. @throws TypeError with a `dataDir` */
  snapshot(): Snapshot {
    return this.engine.snapshot();
  }

  /** Back to how it was at a snapshot, of this broker or another one of its configs; otherwise as `reset`, but that faults and journal stay. */
  async restore(snapshot: Snapshot): Promise<void> {
    await this.engine.restore(snapshot);
    this.conditions.changed();
  }

  /** Ends as a process does that is killed: connections are cut, nothing more is written. Resolves when it is down; then `restart`. */
  async crash(options: CrashOptions = {}): Promise<void> {
    refuseUnknown("crash", options, ["tornTailBytes"]);
    refuseUnlessWhole("crash", "tornTailBytes", options.tornTailBytes, 0);
    await this.engine.crash(options.tornTailBytes ?? 0, () => this.connections.cut());
    this.conditions.changed();
  }

  /** After a crash: the same port, and what the crash left. */
  async restart(): Promise<void> {
    await this.engine.restart();
    this.conditions.changed();
  }

  /**
   * The coordinator of a group or transactional id moves to another broker, as far as clients can tell: who waits, and each open connection at its
   * next request for the id, is told NOT_COORDINATOR; the coordinator loads its state anew. Resolves when it serves again.
   * @throws Error when there is no such coordinator yet.
   */
  async moveCoordinator(kind: CoordinatorKind, id: string): Promise<void> {
    const coordinator = kind === "group" ? this.node.broker.groups : this.node.broker.transactions;
    const partition = coordinator.partitionFor(id);
    const runtime = (): { isActive: boolean } | undefined =>
      partition === null ? undefined : coordinator.runtime(partition);
    if (runtime() === undefined) throw new Error(`there is no ${kind} coordinator for ${id} yet: nobody has used one`);
    this.moved.add(kind, id, this.connections.all());
    coordinator.reload(partition!);
    await this.conditions.wait({
      what: `the ${kind} coordinator of ${id} to have loaded its state`,
      holds: () => runtime()?.isActive === true,
      state: () => "it is loading",
    });
  }

  /**
   * A member joins the group and leaves again. Resolves when the members are bound to rebalance: then wait with `until.groupStable`.
   * @throws Error when the group has no members.
   */
  rebalance(groupId: string): Promise<void> {
    return rebalance(this.node.broker, groupId, this.conditions);
  }

  /** Moves the `ManualClock` that the broker was started with, and lets what falls due happen. @throws TypeError with another clock */
  async advance(byMs: number): Promise<void> {
    const { clock } = this.parts;
    if (!(clock instanceof ManualClock)) throw new TypeError("advance needs startBroker({ clock: new ManualClock() })");
    clock.advance(byMs);
    this.conditions.changed();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** What a failure should show: the last requests, and the seed with which to run it again. */
  report(): string {
    const requests = this.journal.print(SHOWN_REQUESTS);
    return `${requests === "" ? "" : `the last requests:\n${requests}\n`}${replayHint(this.parts.seed)}`;
  }

  /**
   * Answers what is in flight and closes; a second call waits for the first.
   * @throws LeakError when connections are open and `leaks` says "throw"; the broker is closed all the same.
   */
  close(): Promise<void> {
    return (this.closing ??= this.closeNow());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async closeNow(): Promise<void> {
    this.clear();
    const { leaks } = this.parts;
    const leaked = leaks === "ignore" ? [] : await leakedConnections(this.connections, this.conditions);
    const hint = leaked.length === 0 ? "" : this.report();
    this.connections.close();
    await this.engine.close();
    this.conditions.close();
    reportLeaks(leaked, leaks, hint);
  }

  private clear(): void {
    this.faults.clear();
    this.moved.clear();
    this.connections.endDelays();
  }
}
