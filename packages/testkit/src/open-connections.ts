// The connections of a broker's clients: who they are, what waits to be answered on them, and what is to happen when one closes.
// Invariant: nothing waits on a connection that is gone, and nothing at all once `close` was called.

import type { Clock, Timer } from "@ottla/base";
import { noResponse } from "@ottla/broker";
import type { Connection } from "@ottla/net";

/** A client's connection that is open. */
export interface OpenConnection {
  readonly remote: string;
  /** Of its last request. */
  readonly clientId: string | null;
  readonly requests: number;
}

interface State {
  clientId: string | null;
  hungBy: object | null;
  readonly whenClosed: Set<() => void>;
}

export class OpenConnections {
  private readonly states = new Map<Connection, State>();
  private isClosing = false;
  private readonly delayed = new Set<{ readonly timer: Timer; readonly end: () => void }>();

  /** A request came. */
  seen(connection: Connection, clientId: string | null): void {
    const state = this.states.get(connection);
    if (state !== undefined) state.clientId = clientId;
    else if (!connection.isClosed()) {
      this.states.set(connection, { clientId, hungBy: null, whenClosed: new Set() });
    }
  }

  closed(connection: Connection): void {
    const state = this.states.get(connection);
    this.states.delete(connection);
    for (const action of state?.whenClosed ?? []) action();
  }

  /** At once where the connection is closed already. */
  onceClosed(connection: Connection, action: () => void): void {
    const state = this.states.get(connection);
    if (state === undefined) action();
    else state.whenClosed.add(action);
  }

  /** The answer to a request, and to all later ones of its connection, that never comes. */
  hang(connection: Connection, by: object): unknown {
    const state = this.states.get(connection);
    if (state === undefined) return noResponse;
    if (this.isClosing) connection.destroy();
    state.hungBy ??= by;
    return new Promise((resolve) => this.onceClosed(connection, () => resolve(noResponse)));
  }

  /** Why a connection hangs; null when it does not. */
  hungBy(connection: Connection): object | null {
    return this.states.get(connection)?.hungBy ?? null;
  }

  /** Closes the connections that hang, all or those of one fault. */
  letGo(by?: object): void {
    for (const [connection, { hungBy }] of this.states) {
      if (hungBy !== null && (by === undefined || hungBy === by)) connection.destroy();
    }
  }

  /** Calls `end` after so long, or when everything ends. */
  delay(clock: Clock, delayMs: number, end: () => void): void {
    if (this.isClosing) {
      end();
      return;
    }
    const entry = {
      timer: clock.schedule(delayMs, () => {
        this.delayed.delete(entry);
        end();
      }),
      end,
    };
    this.delayed.add(entry);
  }

  /** Ends all waiting, now and later: what was delayed is answered, what hangs loses its connection. */
  close(): void {
    this.isClosing = true;
    this.endDelays();
    this.letGo();
  }

  /** What was delayed is answered now. */
  endDelays(): void {
    for (const { timer, end } of this.delayed) {
      timer.cancel();
      end();
    }
    this.delayed.clear();
  }

  /** Closes all. */
  cut(): void {
    for (const connection of this.states.keys()) connection.destroy();
  }

  all(): Iterable<Connection> {
    return this.states.keys();
  }

  list(): OpenConnection[] {
    return [...this.states].map(([connection, { clientId }]) => ({
      remote: `${connection.remoteAddress}:${connection.remotePort}`,
      clientId,
      requests: connection.requests,
    }));
  }
}
