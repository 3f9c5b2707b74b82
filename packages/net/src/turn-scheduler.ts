// Runs actions once all sockets that were readable in this turn of the event loop have been read.
// An action that is added while others run still runs in the same turn: so a group of appends that completes at the end of
// a turn has its responses written in that turn as well. An action that adds itself without end would starve the sockets.

/** Something to do at the end of the turn; storage and net share one, so that their work meets in the same turn. */
export interface EndOfTurn {
  endOfTurn(action: () => void): void;
}

export class TurnScheduler implements EndOfTurn {
  private actions: (() => void)[] = [];
  private readonly run = (): void => this.runAll();

  endOfTurn(action: () => void): void {
    if (this.actions.push(action) === 1) setImmediate(this.run);
  }

  // Should an action throw, those behind it run in the next turn: the error is a bug and travels on.
  private runAll(): void {
    let ran = 0;
    try {
      while (ran < this.actions.length) this.actions[ran++]!();
    } finally {
      if (ran === this.actions.length) {
        this.actions.length = 0;
      } else {
        this.actions.splice(0, ran);
        setImmediate(this.run);
      }
    }
  }
}
