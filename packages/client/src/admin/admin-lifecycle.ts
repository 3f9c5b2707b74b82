// The life of an admin client: the calls that are under way, and how it closes within a bound. What the calls do stands elsewhere.

import { ClosedError } from "../errors.ts";
import type { Cluster } from "../network/cluster.ts";
import { wholeNumber } from "../options.ts";
import type { CallOptions } from "../records.ts";
import { AdminCall } from "./admin-call.ts";

export interface AdminOptions {
  /** Called once it is closed. */
  readonly onClosed?: () => void;
}

/** Admins of one process use connections of their own, told apart by this. */
let made = 0;

export abstract class AdminLifecycle {
  protected readonly cluster: Cluster;
  private readonly lane = `admin-${++made}`;
  private readonly onClosed: (() => void) | null;
  private readonly calls = new Set<AdminCall>();
  private closing: Promise<void> | null = null;
  private idle: (() => void) | null = null;

  constructor(cluster: Cluster, options: AdminOptions = {}) {
    this.cluster = cluster;
    this.onClosed = options.onClosed ?? null;
  }

  /**
   * Takes no more calls and waits for those under way, at most `timeoutMs` (default: the client's `defaultApiTimeoutMs`); those that are
   * left then reject with a ClosedError. A second call waits for the first. Never rejects.
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.closing ??= this.closeWithin(
      wholeNumber("timeoutMs", options.timeoutMs, 0, this.cluster.options.defaultApiTimeoutMs),
    );
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async closeWithin(timeoutMs: number): Promise<void> {
    if (this.calls.size > 0) {
      const ended = new Promise<void>((resolve) => (this.idle = resolve));
      const timer = this.cluster.clock.schedule(timeoutMs, () => {
        for (const call of this.calls) call.abort(new ClosedError("admin"));
      });
      await ended;
      timer.cancel();
    }
    this.cluster.closeLane(this.lane);
    this.onClosed?.();
  }

  protected async run<T>(what: string, options: CallOptions, body: (call: AdminCall) => Promise<T>): Promise<T> {
    if (this.closing !== null) throw new ClosedError("admin");
    const { signal, timeoutMs } = options;
    const call = new AdminCall(this.cluster, {
      what,
      lane: this.lane,
      ...(signal === undefined ? {} : { signal }),
      ...(timeoutMs === undefined ? {} : { timeoutMs: wholeNumber("timeoutMs", timeoutMs, 0, 0) }),
    });
    this.calls.add(call);
    try {
      call.throwIfEnded();
      return await body(call);
    } finally {
      call.finish();
      this.calls.delete(call);
      if (this.calls.size === 0) this.idle?.();
    }
  }
}
