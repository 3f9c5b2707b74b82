// One member of a classic group: what it said when it joined, what the leader assigned to it, and the request it waits with.
// It owns its buffers: what a request brings is copied, because the frame it came in is used again.
// A member loaded from the log knows only the protocol that its generation had chosen, as in Kafka.

import type { Random } from "@ottla/base";
import type { JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import type { SyncGroupResponse } from "@ottla/protocol/messages/14-sync-group.ts";
import type { Pending } from "../../runtime/outcome.ts";
import type { MemberSession } from "./member-sessions.ts";

/** An assignor that a member can follow, with what it tells the leader; for consumers a ConsumerProtocolSubscription behind its version. */
export interface ClassicProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

export interface ClassicMemberOptions {
  readonly memberId: string;
  /** Null for a dynamic member (KIP-345). */
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  readonly protocolType: string;
  /** The preferred one first. */
  readonly protocols: readonly ClassicProtocol[];
  readonly assignment?: Buffer;
}

export const EMPTY_ASSIGNMENT: Buffer = Buffer.alloc(0);

export class ClassicMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly protocolType: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  protocols: readonly ClassicProtocol[];
  assignment: Buffer;
  /** Changed only by the group, which counts those who wait. */
  awaitingJoin: Pending<JoinGroupResponse> | null = null;
  awaitingSync: Pending<SyncGroupResponse> | null = null;
  /** Joined in this generation's rebalance for the first time: it has no member id to send heartbeats with yet. */
  isNew = false;
  /** Has its JoinGroup answer and has not sent SyncGroup since. Changed only by the group, which counts them. */
  pendingSync = false;
  /** Set by `MemberSessions` with the first deadline. */
  session: MemberSession | null = null;

  constructor(options: ClassicMemberOptions) {
    this.memberId = options.memberId;
    this.groupInstanceId = options.groupInstanceId;
    this.clientId = options.clientId;
    this.clientHost = options.clientHost;
    this.protocolType = options.protocolType;
    this.rebalanceTimeoutMs = options.rebalanceTimeoutMs;
    this.sessionTimeoutMs = options.sessionTimeoutMs;
    this.protocols = options.protocols;
    this.assignment = options.assignment ?? EMPTY_ASSIGNMENT;
  }

  /** Who waits for an answer counts as alive, but for new members: their clients may have given up long ago. */
  get hasSatisfiedHeartbeat(): boolean {
    return !this.isNew && (this.awaitingJoin !== null || this.awaitingSync !== null);
  }

  /** What the member said for a protocol; null when it does not know it. */
  metadataFor(protocolName: string | null): Buffer | null {
    return this.protocols.find(({ name }) => name === protocolName)?.metadata ?? null;
  }

  /** Whether a new JoinGroup says the same as the last one did. */
  matches(protocols: readonly ClassicProtocol[]): boolean {
    return (
      protocols.length === this.protocols.length &&
      protocols.every(({ name, metadata }, index) => {
        const mine = this.protocols[index]!;
        return name === mine.name && metadata.equals(mine.metadata);
      })
    );
  }
}

/** Takes over a request's protocols. Of two with one name the first counts; Kafka would count both and never again find a common protocol. */
export function keepProtocols(protocols: readonly ClassicProtocol[]): ClassicProtocol[] {
  const kept = new Map<string, ClassicProtocol>();
  for (const { name, metadata } of protocols) {
    if (!kept.has(name)) kept.set(name, { name, metadata: Buffer.from(metadata) });
  }
  return [...kept.values()];
}

/** As Kafka makes them: the client id, or the static member's instance id, a dash, and a random UUID. */
export function newMemberId(random: Random, prefix: string): string {
  const bytes = Buffer.allocUnsafe(16);
  for (let at = 0; at < 16; at += 4) bytes.writeUInt32BE(random.uint32(), at);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return `${prefix}-${parts.join("-")}`;
}
