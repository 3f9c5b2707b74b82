// Something that must not overlap itself and that several ask for at once: whoever asks while it runs shares the run after it,
// since the one under way may have looked at the state already. So there are never more than one running and one to come.

export class SharedRun {
  private readonly action: () => Promise<void>;
  private running: Promise<void> | null = null;
  private next: Promise<void> | null = null;

  constructor(action: () => Promise<void>) {
    this.action = action;
  }

  /** Settles with a run that began after this call. */
  run(): Promise<void> {
    if (this.next !== null) return this.next;
    if (this.running === null) return this.start();
    this.next = this.running.then(
      () => this.startNext(),
      () => this.startNext(),
    );
    return this.next;
  }

  /** Resolves when nothing runs and nothing is to come, however it ended. */
  async idle(): Promise<void> {
    for (let last = this.next ?? this.running; last !== null; last = this.next ?? this.running)
      await last.catch(() => {});
  }

  private startNext(): Promise<void> {
    this.next = null;
    return this.start();
  }

  private async start(): Promise<void> {
    const running = this.action();
    this.running = running;
    try {
      await running;
    } finally {
      if (this.running === running) this.running = null;
    }
  }
}
