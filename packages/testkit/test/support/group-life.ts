// What every client's consumer group is put through: 1 to 8 members over 12 partitions come, go and are killed while records are
// produced. A ledger keeps who owns what and what was seen, and says when a partition has two owners at once.
// With REFERENCE_PORT set it runs against the broker there, to be started with what `groupOverrides` says:
// `npm run reference -- --port N --override NAME=VALUE …`.

import { AsyncLocalStorage, createHook } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { startBroker } from "@ottla/testkit";

export const PARTITIONS = 12;
/** Short, so that a killed member is missed soon. Kafka's lowest session timeout is 6 s unless it is told. */
export const SESSION_MS = 600;
export const HEARTBEAT_MS = 60;
/** So long that a busy machine is no fault. */
const STAGE_LIMIT_MS = 60_000;
const STAGE_RECORDS = 120;

export const groupOverrides: Readonly<Record<string, string>> = {
  "group.min.session.timeout.ms": "100",
  "group.consumer.min.session.timeout.ms": "100",
  "group.consumer.session.timeout.ms": String(SESSION_MS),
  "group.consumer.min.heartbeat.interval.ms": "10",
  "group.consumer.heartbeat.interval.ms": String(HEARTBEAT_MS),
  "group.consumer.assignment.interval.ms": "0",
};

export interface GroupBroker {
  bootstrap: string;
  /** Topics and groups are named apart on a reference that runs on. */
  name(plain: string): string;
  close(): Promise<void>;
}

export async function startGroupBroker(): Promise<GroupBroker> {
  const port = process.env["REFERENCE_PORT"];
  if (port !== undefined) {
    const prefix = randomBytes(4).toString("hex");
    return { bootstrap: `127.0.0.1:${port}`, name: (plain) => `${prefix}-${plain}`, close: async () => {} };
  }
  const broker = await startBroker({ overrides: groupOverrides });
  return { bootstrap: broker.bootstrap, name: (plain) => plain, close: () => broker.close() };
}

/** One consumer of the group, of whatever client. */
export interface Member {
  /** Leaves the group and closes. */
  leave(): Promise<void>;
  /** Vanishes without a word to the broker. */
  kill(): Promise<void>;
}

export class GroupLedger {
  /** Two owners of one partition at a time, in sentences. */
  readonly violations: string[] = [];
  /** How often each value was processed. */
  readonly seen = new Map<string, number>();
  private readonly owned = new Map<string, readonly number[]>();
  private readonly dead = new Set<string>();
  private waiting: { done: () => boolean; resolve: () => void }[] = [];

  /** The member owns these partitions and no others. */
  own(member: string, partitions: readonly number[]): void {
    if (this.dead.has(member)) return;
    this.owned.set(member, partitions);
    for (const [other, theirs] of this.owned) {
      const shared = other === member ? [] : theirs.filter((partition) => partitions.includes(partition));
      if (shared.length > 0) this.violations.push(`${member} and ${other} both own ${shared.join(", ")}`);
    }
    this.wake();
  }

  processed(member: string, value: string): void {
    if (this.dead.has(member)) return;
    this.seen.set(value, (this.seen.get(value) ?? 0) + 1);
    this.wake();
  }

  /** What the member still does is not the group's any more. */
  gone(member: string): void {
    this.owned.delete(member);
    this.dead.add(member);
    this.wake();
  }

  /** Owners with at least one partition. */
  owners(): string[] {
    return [...this.owned].filter(([, partitions]) => partitions.length > 0).map(([member]) => member);
  }

  allOwned(): boolean {
    return new Set([...this.owned.values()].flat()).size === PARTITIONS;
  }

  /** So many owners, and each partition with one. */
  restsWith(count: number): boolean {
    return this.owners().length === count && this.allOwned() && [...this.owned.values()].flat().length === PARTITIONS;
  }

  /** Resolves as soon as it holds; rejects with what is known after a limit. */
  async until(what: string, done: () => boolean): Promise<void> {
    if (done()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.waiting.push({ done, resolve });
    const limit = setTimeout(() => reject(new Error(`${what}: ${this.state()}`)), STAGE_LIMIT_MS);
    await promise.finally(() => clearTimeout(limit));
  }

  private state(): string {
    const owners = [...this.owned].map(([member, partitions]) => `${member} [${partitions.join(" ")}]`);
    return `${this.seen.size} records seen, owners ${owners.join(", ") || "none"}`;
  }

  private wake(): void {
    const ready = this.waiting.filter(({ done }) => done());
    this.waiting = this.waiting.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  }
}

export interface GroupUnderTest {
  ledger: GroupLedger;
  start: (name: string) => Promise<Member>;
  /** Sends the values, spread over all partitions. */
  produce: (values: readonly string[]) => Promise<void>;
}

interface LifeOptions {
  /** Whether the client's assignor gives each member some of 12 partitions, also the last to come. Default true. */
  everyMemberOwns?: boolean;
}

type Change = { start: string[] } | { leave: string[] } | { kill: string[] };

const changes: readonly Change[] = [
  { start: ["a"] },
  { start: ["b", "c", "d"] },
  { start: ["e", "f", "g", "h"] },
  { kill: ["b", "g"] },
  { leave: ["a", "e"] },
  { start: ["i"] },
  { kill: ["i", "c"] },
];

/** Each change is followed by records and the wait for all of them, with every partition owned. Ends with all members gone. */
export async function liveThrough(group: GroupUnderTest, options: LifeOptions = {}): Promise<string[]> {
  const { ledger, start, produce } = group;
  const { everyMemberOwns = true } = options;
  const members = new Map<string, Member>();
  const values: string[] = [];
  for (const change of changes) {
    await applyChange(change, members, { ledger, start });
    const more = Array.from({ length: STAGE_RECORDS }, (_, index) => `value ${values.length + index}`);
    values.push(...more);
    await produce(more);
    const what = `after ${JSON.stringify(change)}, ${values.length} records sent`;
    await ledger.until(what, () => {
      const enough = !everyMemberOwns || ledger.owners().length === members.size;
      return enough && ledger.allOwned() && ledger.seen.size === values.length;
    });
  }
  for (const [name, member] of members) {
    ledger.gone(name);
    await member.leave();
  }
  return values;
}

async function applyChange(
  change: Change,
  members: Map<string, Member>,
  { ledger, start }: Pick<GroupUnderTest, "ledger" | "start">,
): Promise<void> {
  if ("start" in change) {
    const started = await Promise.all(change.start.map(start));
    for (const [index, name] of change.start.entries()) members.set(name, started[index]!);
    return;
  }
  const names = "kill" in change ? change.kill : change.leave;
  await Promise.all(
    names.map(async (name) => {
      const member = members.get(name)!;
      members.delete(name);
      ledger.gone(name);
      await ("kill" in change ? member.kill() : member.leave());
    }),
  );
}

/**
 * The sockets that code opens, whatever client it belongs to, so that a member can be cut off at once: what opens one from within
 * `run` opens it for that member, also later.
 */
export class MemberSockets {
  private readonly current = new AsyncLocalStorage<string>();
  private readonly sockets = new Map<string, Socket[]>();
  private readonly cut = new Set<string>();

  constructor() {
    subscribe("net.client.socket", (message) => {
      const member = this.current.getStore();
      if (member === undefined) return;
      const { socket } = message as { socket: Socket };
      if (this.cut.has(member)) process.nextTick(() => socket.destroy(new Error("cut off")));
      else this.sockets.set(member, [...(this.sockets.get(member) ?? []), socket]);
    });
  }

  run<Result>(member: string, action: () => Result): Result {
    return this.current.run(member, action);
  }

  /** Destroys what the member has open, and what it will open until `heal`. */
  kill(member: string): void {
    this.cut.add(member);
    for (const socket of this.sockets.get(member) ?? []) socket.destroy();
  }

  /** Lets everybody connect again, so that clients that never give up can be closed. */
  heal(): void {
    this.cut.clear();
  }
}

/**
 * For a client that cannot be stopped: a member of @platformatic/kafka that was joining when it was closed goes on with its heartbeats for
 * ever. Timers that are made from now on keep the process alive no longer, so this is the last call of a file.
 */
export function letProcessEnd(): void {
  createHook({
    init(_id, type, _trigger, resource) {
      if (type === "Timeout") (resource as NodeJS.Timeout).unref();
    },
  }).enable();
}
