// Connects to one of several brokers: to the next when one fails, or when it has not answered for a while, as RFC 8305 does for the addresses
// of a name. A server that swallows packets costs half a second this way, and not the whole time that connecting may take.

import type { Clock, Timer } from "@ottla/base";
import { AuthenticationError, ClosedError, KafkaError } from "../errors.ts";
import type { BrokerNode } from "./cluster.ts";
import type { Connection } from "./connection.ts";

/** How long one is waited for before the next is tried beside it. */
const HEAD_START_MS = 500;

export interface SearchParts {
  readonly clock: Clock;
  readonly connect: (node: BrokerNode) => Connection;
  /** Another one was ready first, and this one is not yet. */
  readonly onLate: (connection: Connection) => void;
}

/** The first that is ready. Credentials that one refuses end the search. @throws what the last one failed with */
export function firstReady(nodes: Iterator<BrokerNode>, parts: SearchParts): Promise<Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<Connection>();
  const tried = new Set<Connection>();
  let connecting = 0;
  let isOver = false;
  let timer: Timer | null = null;
  let upcoming = nodes.next();

  const settle = (action: () => void): void => {
    isOver = true;
    timer?.cancel();
    action();
  };
  const ready = (connection: Connection): void => {
    if (isOver) return;
    settle(() => resolve(connection));
    for (const late of tried) if (!late.isReady) parts.onLate(late);
  };
  const failed = (connection: Connection, error: unknown): void => {
    connecting--;
    tried.delete(connection);
    if (isOver) return;
    const isFinal =
      !(error instanceof KafkaError) || error instanceof AuthenticationError || error instanceof ClosedError;
    if (isFinal) settle(() => reject(error));
    else if (upcoming.done !== true) tryNext();
    else if (connecting === 0) settle(() => reject(error));
  };
  const tryNext = (): void => {
    timer?.cancel();
    if (isOver || upcoming.done === true) return;
    const connection = parts.connect(upcoming.value);
    upcoming = nodes.next();
    connecting++;
    tried.add(connection);
    connection.whenReady().then(ready, (error: unknown) => failed(connection, error));
    if (upcoming.done !== true) timer = parts.clock.schedule(HEAD_START_MS, tryNext);
  };

  tryNext();
  return promise;
}
