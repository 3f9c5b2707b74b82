// What a test left open: connections to the broker, found when it closes, and whatever else keeps the process from ending.

import type { Conditions } from "./conditions.ts";
import { ConditionTimeout } from "./conditions.ts";
import type { OpenConnection, OpenConnections } from "./open-connections.ts";
import { refuseUnknown } from "./options.ts";

/** What happens when connections are open as the broker closes. */
export type LeakPolicy = "throw" | "warn" | "ignore";

export const leakPolicies: readonly LeakPolicy[] = ["throw", "warn", "ignore"];

/** Something was left open. */
export class LeakError extends Error {
  override name = "LeakError";
}

/** Clients that were just closed may need a moment until the broker has seen it. */
const GRACE_MS = 100;

/** The connections that stay open. */
export async function leakedConnections(
  connections: OpenConnections,
  conditions: Conditions,
): Promise<OpenConnection[]> {
  try {
    await conditions.wait({
      what: "all connections to be closed",
      holds: () => connections.list().length === 0,
      state: () => `${connections.list().length} are open`,
      timeoutMs: GRACE_MS,
    });
  } catch (error) {
    if (!(error instanceof ConditionTimeout)) throw error;
  }
  return connections.list();
}

/** Throws or warns, as the policy says. */
export function reportLeaks(leaked: readonly OpenConnection[], policy: LeakPolicy, hint: string): void {
  if (leaked.length === 0 || policy === "ignore") return;
  const lines = leaked.map(
    ({ clientId, remote, requests }) => `  client ${clientId ?? "(unnamed)"} from ${remote}, ${requests} requests`,
  );
  const message = [`the broker closes, and ${leaked.length} connections to it are open:`, ...lines, hint].join("\n");
  if (policy === "throw") throw new LeakError(message);
  process.emitWarning(message, { type: "OttlaLeak" });
}

/** What keeps the process alive, counted by Node's names: "TCPSocketWrap", "Timeout". */
export type OpenResources = Readonly<Record<string, number>>;

/** To be taken before what is tested, and given to `assertNoLeaks` after it. */
export function openResources(): OpenResources {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

export interface NoLeaksOptions {
  /** How long what is being closed may take. Default 1000. */
  readonly graceMs?: number;
}

const DEFAULT_GRACE_MS = 1000;
const LOOK_AGAIN_MS = 10;

/**
 * Resolves when no more sockets, timers and the like keep the process alive than before.
 * @throws LeakError that names what is left when the grace is over.
 */
export async function assertNoLeaks(before: OpenResources, options: NoLeaksOptions = {}): Promise<void> {
  refuseUnknown("assertNoLeaks", options, ["graceMs"]);
  const untilMs = performance.now() + (options.graceMs ?? DEFAULT_GRACE_MS);
  let left = leftSince(before);
  while (left.length > 0 && performance.now() < untilMs) {
    // A timer of its own would be counted.
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    left = leftSince(before);
  }
  if (left.length > 0) throw new LeakError(`this was not open before and is now: ${left.join(", ")}`);
}

function leftSince(before: OpenResources): string[] {
  return Object.entries(openResources())
    .filter(([name, count]) => count > (before[name] ?? 0))
    .map(([name, count]) => `${count - (before[name] ?? 0)} ${name}`);
}
