// Coordinators that moved away, as clients see it on a cluster of one broker: every connection that was open then is told once, for the group or
// transactional id that moved, that this is not its coordinator. What comes after, or on another connection, has found the new one.

import type { InterceptedRequest } from "@ottla/broker";
import type { Connection } from "@ottla/net";
import type { ApiName } from "./api-names.ts";
import type { SeenRequest } from "./seen-request.ts";

export type CoordinatorKind = "group" | "transaction";

const ASKED_OF: Readonly<Record<CoordinatorKind, ReadonlySet<ApiName>>> = {
  group: new Set<ApiName>([
    "OffsetCommit",
    "OffsetFetch",
    "JoinGroup",
    "Heartbeat",
    "LeaveGroup",
    "SyncGroup",
    "DescribeGroups",
    "TxnOffsetCommit",
    "DeleteGroups",
    "OffsetDelete",
    "ConsumerGroupHeartbeat",
    "ConsumerGroupDescribe",
  ]),
  transaction: new Set<ApiName>(["InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn", "EndTxn"]),
};

interface Move {
  readonly kind: CoordinatorKind;
  readonly id: string;
  /** Who has not been told. */
  readonly connections: Set<Connection>;
}

export class MovedCoordinators {
  private readonly moves = new Set<Move>();

  add(kind: CoordinatorKind, id: string, connections: Iterable<Connection>): void {
    const move = { kind, id, connections: new Set(connections) };
    if (move.connections.size > 0) this.moves.add(move);
  }

  clear(): void {
    this.moves.clear();
  }

  /** Whether this request is to be told that its coordinator is elsewhere. */
  isElsewhere(seen: SeenRequest): boolean {
    for (const move of this.moves) {
      const ids = move.kind === "group" ? seen.groupIds : seen.transactionalIds;
      if (!ids.includes(move.id)) continue;
      // Who looks for it again knows already.
      const asks = ASKED_OF[move.kind].has(seen.api);
      if (!asks && seen.api !== "FindCoordinator") continue;
      if (this.told(move, seen.call) && asks) return true;
    }
    return false;
  }

  closed(connection: Connection): void {
    for (const move of this.moves) this.forget(move, connection);
  }

  private told(move: Move, { connection }: InterceptedRequest): boolean {
    return this.forget(move, connection);
  }

  private forget(move: Move, connection: Connection): boolean {
    const known = move.connections.delete(connection);
    if (move.connections.size === 0) this.moves.delete(move);
    return known;
  }
}
