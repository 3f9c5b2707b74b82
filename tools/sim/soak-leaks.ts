// What a process holds on to: sockets, timers and listeners that are there after everything was closed and were not before.

import { setTimeout as sleep } from "node:timers/promises";
import type { SoakHistory } from "./soak-history.ts";

/** Sockets end a little after they were closed. */
const LET_GO_MS = 3_000;
const LOOK_AGAIN_MS = 50;
/** A wait like ours is a timer too, and files that a test runner reads are not ours. */
const NOT_OURS = new Set(["Immediate", "FSReqCallback", "FSReqPromise", "TTYWrap", "PipeWrap"]);

/** Watches warnings and rejections from its making on. */
export class LeakWatch {
  private readonly history: SoakHistory;
  private readonly before = count();
  private readonly onWarning = (warning: Error): void => this.history.fault(`a warning: ${warning.message}`);
  private readonly onRejection = (reason: unknown): void =>
    this.history.fault(`an unhandled rejection: ${reason instanceof Error ? reason.stack : String(reason)}`);

  constructor(history: SoakHistory) {
    this.history = history;
    process.on("warning", this.onWarning);
    process.on("unhandledRejection", this.onRejection);
  }

  /** To be called when all is closed; waits a little for what is ending. */
  async end(letGoMs = LET_GO_MS): Promise<void> {
    const untilMs = performance.now() + letGoMs;
    let more = this.more();
    while (more.length > 0 && performance.now() < untilMs) {
      await sleep(LOOK_AGAIN_MS);
      more = this.more();
    }
    for (const each of more) this.history.fault(`a leak: ${each} after everything was closed`);
    process.off("warning", this.onWarning);
    process.off("unhandledRejection", this.onRejection);
  }

  private more(): string[] {
    return [...count()].flatMap(([kind, now]) => {
      const before = this.before.get(kind) ?? 0;
      return now > before ? [`${now} ${kind} instead of ${before}`] : [];
    });
  }
}

function count(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo())
    if (!NOT_OURS.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
