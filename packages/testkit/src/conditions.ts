// What tests wait for instead of sleeping: a condition is looked at when something happened in the broker, and now and then besides, because
// some things happen by the clock alone (a session that runs out). Each wait has a limit, and what it says then shows where things stand.

/** A condition that did not come about in time. The message says what is the case instead, and ends with the last requests of the broker. */
export class ConditionTimeout extends Error {
  override name = "ConditionTimeout";
}

export interface Condition {
  /** What is waited for, as in "2 hits of the fault". */
  readonly what: string;
  holds(): boolean;
  /** What is the case now, as in "it has 1". */
  state(): string;
  readonly timeoutMs?: number;
}

export const DEFAULT_TIMEOUT_MS = 5000;
/** How often conditions are looked at though nothing was seen to happen. */
const LOOK_AGAIN_MS = 25;

interface Waiting {
  readonly condition: Condition;
  readonly settle: (error: Error | null) => void;
}

export class Conditions {
  private readonly waiting = new Set<Waiting>();
  private readonly describe: () => string;
  private lookDue = false;
  private lookAgain: NodeJS.Timeout | null = null;
  private closed = false;

  /** `describe` gives what a message should show besides: the last requests, the seed. */
  constructor(describe: () => string) {
    this.describe = describe;
  }

  /** @throws ConditionTimeout when it does not hold in time, or when the broker closes first. */
  async wait(condition: Condition): Promise<void> {
    if (condition.holds()) return;
    if (this.closed) throw this.failure(condition, "the broker is closed");
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = condition;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => waiting.settle(this.failure(condition, `it did not come about within ${timeoutMs} ms`)),
        timeoutMs,
      );
      const waiting: Waiting = {
        condition,
        settle: (error) => {
          clearTimeout(timer);
          this.waiting.delete(waiting);
          if (this.waiting.size === 0) this.stopLooking();
          if (error === null) resolve();
          else reject(error);
        },
      };
      this.waiting.add(waiting);
      this.lookAgain ??= setInterval(() => this.look(), LOOK_AGAIN_MS);
    });
  }

  /** Something happened: conditions are looked at once this turn of the event loop is done. */
  changed(): void {
    if (this.lookDue || this.waiting.size === 0) return;
    this.lookDue = true;
    setImmediate(() => {
      this.lookDue = false;
      this.look();
    });
  }

  /** Whoever still waits is told that it is over. */
  close(): void {
    this.closed = true;
    for (const { condition, settle } of this.waiting) settle(this.failure(condition, "the broker was closed"));
  }

  private look(): void {
    for (const { condition, settle } of this.waiting) {
      try {
        if (condition.holds()) settle(null);
      } catch (error) {
        settle(error as Error);
      }
    }
  }

  private stopLooking(): void {
    if (this.lookAgain !== null) clearInterval(this.lookAgain);
    this.lookAgain = null;
  }

  private failure(condition: Condition, why: string): ConditionTimeout {
    return new ConditionTimeout(`waited for ${condition.what}, but ${why}: ${condition.state()}\n${this.describe()}`);
  }
}
