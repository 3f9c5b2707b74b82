// How a node ends: by itself, or by handing its listeners over to a successor. Either happens once, and ends within a bound.

import type { Logger } from "@ottla/base";
import type { Controller, RegisteredBroker } from "@ottla/metadata";
import type { TurnScheduler } from "@ottla/net";
import type { LogDirectory } from "@ottla/storage";
import type { Broker } from "./broker.ts";
import type { MarkerWriter } from "./coordinators/marker-writer.ts";
import type { ListenerSet } from "./listener-set.ts";

/** The broker, and the registration that its producer ids are asked with once it is there. */
export interface Wired {
  broker: Broker;
  markerWriter: MarkerWriter;
  registered: RegisteredBroker;
}

export interface NodeEndParts {
  readonly listenerSet: ListenerSet;
  readonly controller: Controller;
  readonly logDirectory: LogDirectory;
  readonly wired: Wired;
  readonly logger: Logger;
  readonly scheduler: TurnScheduler;
}

/** What a successor takes over; requests on the listeners wait until it serves them. */
export interface HandedOver {
  readonly listenerSet: ListenerSet;
  /** Listeners and logs share it, so that answers leave in the turn in which their appends end. */
  readonly scheduler: TurnScheduler;
}

// How long requests in flight may take when the node stops; the rest of the five seconds is for the disk.
const CLOSE_GRACE_MS = 2000;

export class NodeEnd {
  private readonly parts: NodeEndParts;
  private ending: Promise<void> | null = null;

  constructor(parts: NodeEndParts) {
    this.parts = parts;
  }

  /** A second call waits for the first. */
  close(): Promise<void> {
    return (this.ending ??= endNode(this.parts, () => this.parts.listenerSet.close(CLOSE_GRACE_MS)));
  }

  /** Ends everything but the listeners. @throws Error when the node has ended. */
  async handOver(): Promise<HandedOver> {
    if (this.ending !== null) throw new Error("a node that has ended has nothing to hand over");
    const { listenerSet, scheduler } = this.parts;
    listenerSet.hold();
    this.ending = endNode(this.parts, () => Promise.resolve());
    await this.ending;
    return { listenerSet, scheduler };
  }
}

export async function attempt(action: () => unknown, logger: Logger): Promise<void> {
  try {
    await action();
  } catch (error) {
    logger.error({ error }, "a part of the node could not be closed");
  }
}

// Waiting fetches are answered first, or they would hold their connections open for the whole grace. The controller goes before the logs:
// a topic that is still being created must have its logs when all of them are closed, and closing them gives the folder's lock back.
// When the disk fails at the end, each part is still closed: what it could not write is in the log, and the next start checks the folder.
async function endNode(
  { controller, logDirectory, wired, logger }: NodeEndParts,
  closeListeners: () => Promise<void>,
): Promise<void> {
  const closed = closeListeners();
  wired.broker.purgatory.close();
  wired.markerWriter.close();
  wired.broker.transactions.close();
  wired.broker.groups.close();
  await closed;
  await wired.broker.missingPartitions.stop();
  await attempt(() => controller.stopBroker(wired.registered), logger);
  await attempt(() => controller.close(), logger);
  await logDirectory.close(wired.registered.brokerEpoch);
}
