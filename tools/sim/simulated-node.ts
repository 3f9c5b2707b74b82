// A whole node over files that fail, crash and lose power: started, stopped and killed inside this process, as often as wanted. Only the sockets
// are missing. Each life has a clock of its own, so that the timers of a dead one never fire.

import { ManualClock, RecordingLogger } from "@ottla/base";
import type { SeededRandom } from "@ottla/base";
import { startNode } from "@ottla/broker";
import type { Node } from "@ottla/broker";
import { FaultyFileSystem } from "@ottla/storage/faulty";
import { DirectClient } from "./direct-client.ts";

export type End = "clean" | "kill" | "powerCut";

const PATH = "/data";
const START_ATTEMPTS = 4;

export class SimulatedNode {
  system: FaultyFileSystem;
  readonly logger = new RecordingLogger(200);
  private readonly random: SeededRandom;
  private readonly properties: ReadonlyMap<string, string>;
  private clock = new ManualClock();
  private current: { node: Node; client: DirectClient } | null = null;

  constructor(random: SeededRandom, overrides: Readonly<Record<string, string>>) {
    this.random = random;
    this.properties = new Map(Object.entries({ listeners: "PLAINTEXT://127.0.0.1:0", "log.dirs": PATH, ...overrides }));
    this.system = new FaultyFileSystem({
      clock: { nowMs: () => this.clock.nowMs() },
      random,
      slowAppends: random.chance(0.5),
      pause: () => turns(random.below(3)),
    });
  }

  get node(): Node {
    return this.current!.node;
  }

  get client(): DirectClient {
    return this.current!.client;
  }

  nowMs(): number {
    return this.clock.nowMs();
  }

  advance(byMs: number): void {
    this.clock.advance(byMs);
  }

  /** Whether some log or the metadata log is of no use until the next start. */
  hasFailed(): boolean {
    return this.system.crashed || this.node.broker.logDirectory.offline;
  }

  /** Starts; with `mayCrash` the process may end in the middle of a start, and the next start must get through. */
  async start(mayCrash: boolean): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt === START_ATTEMPTS;
      if (mayCrash && !isLast && this.random.chance(0.2)) this.system.crashAt = 1 + this.random.below(60);
      try {
        const { logger, properties, random, clock, system: fileSystem } = this;
        const node = await startNode({ properties, fileSystem, clock, logger, random });
        this.current = { node, client: new DirectClient(node.broker) };
        if (!this.system.crashed) {
          this.system.crashAt = 0;
          return;
        }
        this.end("kill");
      } catch (error) {
        if (!this.system.crashed || isLast) throw error;
        this.system = this.system.survivor("kill");
        this.clock = new ManualClock(this.clock.nowMs());
      }
    }
  }

  /** Ends this process. Returns how it ended: a clean stop may crash on its way. */
  async stop(end: End): Promise<End> {
    this.system.clearFaults();
    if (end !== "clean") {
      this.end(end);
      return end;
    }
    await this.node.close();
    const ended = this.system.crashed ? "kill" : "clean";
    this.end("kill");
    return ended;
  }

  private end(how: "kill" | "powerCut"): void {
    this.system = this.system.survivor(how);
    this.client.lose();
    // Frees the port. Everything else in there fails, because its file system is gone.
    void this.node.close();
    this.clock = new ManualClock(this.clock.nowMs());
  }
}

/** So many turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => void setImmediate(resolve));
}
