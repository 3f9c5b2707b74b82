// Which broker coordinates a group or a transactional id: asked for once and remembered until somebody finds that it moved.
// Keys that are asked for in one turn share a request where the broker can (version 4, KIP-699).

import type { Clock } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { brokerError, ClosedError } from "../errors.ts";
import type { ResolvedClientOptions } from "../options.ts";
import type { BrokerNode, CoordinatorKind, RequestOptions } from "./cluster.ts";
import type { Connection } from "./connection.ts";
import type { Waits } from "./waits.ts";

/** Who asks for more keys than this has the oldest forgotten. */
const MAX_REMEMBERED = 10_000;
const FIRST_BATCHED_VERSION = 4;
const keyTypes: Readonly<Record<CoordinatorKind, number>> = { group: 0, transaction: 1 };

export interface CoordinatorParts {
  readonly options: ResolvedClientOptions;
  readonly clock: Clock;
  readonly waits: Waits;
  readonly backoffMs: (attempt: number) => number;
  /** A connection to any broker. */
  connection(): Promise<Connection>;
  onBroker(node: BrokerNode): void;
}

interface Lookup {
  readonly key: string;
  readonly promise: Promise<number>;
  resolve(nodeId: number): void;
  reject(error: unknown): void;
}

interface Answer {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

export class Coordinators {
  private readonly parts: CoordinatorParts;
  private readonly known = new Map<string, number>();
  private readonly asked = new Map<string, Promise<number>>();
  private readonly batches = new Map<CoordinatorKind, Lookup[]>();

  constructor(parts: CoordinatorParts) {
    this.parts = parts;
  }

  /** Node id of the coordinator; tries again while there is none. @throws TimeoutError, AbortedError, BrokerError, ClosedError */
  find(kind: CoordinatorKind, key: string, options: RequestOptions): Promise<number> {
    const known = this.known.get(nameOf(kind, key));
    if (known !== undefined) return Promise.resolve(known);
    const { clock, waits, backoffMs } = this.parts;
    const { signal, timeoutMs = this.parts.options.defaultApiTimeoutMs } = options;
    const limits = {
      signal,
      deadlineMs: clock.monotonicMs() + timeoutMs,
      sentence: `no coordinator of ${kind} ${key} was found`,
    };
    return waits.retry(limits, backoffMs, () => this.ask(kind, key));
  }

  forget(kind: CoordinatorKind, key: string): void {
    this.known.delete(nameOf(kind, key));
  }

  /** One attempt, shared by all who want this coordinator. */
  private ask(kind: CoordinatorKind, key: string): Promise<number> {
    const name = nameOf(kind, key);
    let asked = this.asked.get(name);
    if (asked === undefined) {
      const lookup: Lookup = { key, ...Promise.withResolvers<number>() };
      asked = lookup.promise.finally(() => this.asked.delete(name));
      asked.catch(() => {});
      this.asked.set(name, asked);
      this.enlist(kind, lookup);
    }
    return asked;
  }

  private enlist(kind: CoordinatorKind, lookup: Lookup): void {
    const batch = this.batches.get(kind);
    if (batch !== undefined) {
      batch.push(lookup);
      return;
    }
    const lookups = [lookup];
    this.batches.set(kind, lookups);
    queueMicrotask(() => {
      this.batches.delete(kind);
      this.run(kind, lookups).catch((error: unknown) => {
        for (const each of lookups) each.reject(error);
      });
    });
  }

  private async run(kind: CoordinatorKind, lookups: readonly Lookup[]): Promise<void> {
    const connection = await this.parts.connection();
    if (connection.versionOf(findCoordinatorApi) < FIRST_BATCHED_VERSION) {
      await Promise.all(lookups.map((lookup) => this.askOne(connection, kind, lookup)));
      return;
    }
    const body = { key: "", keyType: keyTypes[kind], coordinatorKeys: lookups.map(({ key }) => key) };
    const response = await connection.send(findCoordinatorApi, body, {});
    const byKey = new Map(response.coordinators.map((coordinator) => [coordinator.key, coordinator]));
    for (const lookup of lookups) this.settle(kind, lookup, byKey.get(lookup.key), connection);
  }

  private async askOne(connection: Connection, kind: CoordinatorKind, lookup: Lookup): Promise<void> {
    const body = { key: lookup.key, keyType: keyTypes[kind], coordinatorKeys: [] };
    const response = await connection.send(findCoordinatorApi, body, { maxVersion: FIRST_BATCHED_VERSION - 1 });
    this.settle(kind, lookup, response, connection);
  }

  private settle(kind: CoordinatorKind, lookup: Lookup, answer: Answer | undefined, connection: Connection): void {
    const { key } = lookup;
    const context = {
      ...connection.context(findCoordinatorApi.name),
      ...(kind === "group" ? { groupId: key } : { transactionalId: key }),
    };
    if (answer === undefined || answer.errorCode !== errorCodes.NONE) {
      const code = answer?.errorCode ?? errorCodes.COORDINATOR_NOT_AVAILABLE;
      lookup.reject(brokerError(code, answer?.errorMessage || null, context));
      return;
    }
    const { nodeId, host, port } = answer;
    this.parts.onBroker({ nodeId, host, port, rack: null });
    if (this.known.size >= MAX_REMEMBERED) this.known.delete(this.known.keys().next().value!);
    this.known.set(nameOf(kind, key), nodeId);
    lookup.resolve(nodeId);
  }

  /** Rejects nothing itself: what is asked for ends with its connection. */
  close(): void {
    const error = new ClosedError("client");
    for (const lookups of this.batches.values()) for (const lookup of lookups) lookup.reject(error);
    this.known.clear();
  }
}

function nameOf(kind: CoordinatorKind, key: string): string {
  return `${kind}:${key}`;
}
