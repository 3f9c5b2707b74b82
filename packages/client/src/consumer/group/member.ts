// What the two kinds of group members have in common: the commands that reach them, the effects they ask for, and what is seen of them.
// A member is a pure state machine: no sockets, no timers, no promises. The shell (group-shell.ts) performs the effects, and reports back
// with commands. Exactly one call of the listener is under way at a time.

import type { HeartbeatRequestInput, HeartbeatResponse } from "@ottla/protocol/messages/12-heartbeat.ts";
import type { JoinGroupRequestInput, JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import type { LeaveGroupRequestInput } from "@ottla/protocol/messages/13-leave-group.ts";
import type { SyncGroupRequestInput, SyncGroupResponse } from "@ottla/protocol/messages/14-sync-group.ts";
import type {
  ConsumerGroupHeartbeatRequestInput,
  ConsumerGroupHeartbeatResponse,
} from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import type { KafkaError } from "../../errors.ts";
import type { MetadataView } from "../../network/cluster.ts";
import type { TopicPartition } from "../../records.ts";
import type { PartitionSet } from "./partition-set.ts";

/** What the member shall read, as far as it is known now. */
export interface MemberSubscription {
  /** Sorted; those that the pattern matches, with a pattern. Empty with a pattern of the broker. */
  readonly topics: readonly string[];
  /** The client's own pattern. */
  readonly pattern: RegExp | null;
  /** The broker's (KIP-848). */
  readonly serverPattern: string | null;
}

export type MemberRequest = "join" | "sync" | "heartbeat" | "refresh";

export type MemberCommand =
  /** null: gives everything back and leaves. */
  | { readonly kind: "subscribe"; readonly subscription: MemberSubscription | null }
  | { readonly kind: "metadata"; readonly view: MetadataView }
  | { readonly kind: "joined"; readonly id: number; readonly response: JoinGroupResponse }
  | { readonly kind: "synced"; readonly id: number; readonly response: SyncGroupResponse }
  | { readonly kind: "heartbeatAnswered"; readonly id: number; readonly response: HeartbeatResponse }
  | {
      readonly kind: "consumerHeartbeatAnswered";
      readonly id: number;
      readonly response: ConsumerGroupHeartbeatResponse;
    }
  /** The metadata that was asked for is there (it came with "metadata" commands). */
  | { readonly kind: "refreshed"; readonly id: number }
  | { readonly kind: "requestFailed"; readonly id: number; readonly error: KafkaError }
  /** The listener has done what it was asked to, or threw. */
  | { readonly kind: "called"; readonly error: KafkaError | null }
  | { readonly kind: "progressed" }
  | { readonly kind: "waiting"; readonly isWaiting: boolean }
  | { readonly kind: "rejoin"; readonly reason: string }
  /** A commit with this identity was refused. */
  | { readonly kind: "commitRefused"; readonly errorCode: number; readonly identity: MemberIdentity }
  | { readonly kind: "tick" }
  /** Leaves without calling the listener. `leaveGroup` undefined: as is right for the kind of member. */
  | { readonly kind: "close"; readonly leaveGroup: boolean | undefined };

export type MemberEffect =
  | { readonly kind: "join"; readonly id: number; readonly body: JoinGroupRequestInput; readonly timeoutMs: number }
  | { readonly kind: "sync"; readonly id: number; readonly body: SyncGroupRequestInput }
  | {
      readonly kind: "heartbeat";
      readonly id: number;
      readonly body: HeartbeatRequestInput;
      readonly timeoutMs: number;
    }
  | {
      readonly kind: "consumerHeartbeat";
      readonly id: number;
      readonly body: ConsumerGroupHeartbeatRequestInput;
      readonly timeoutMs: number;
    }
  /** Sent once; nobody needs the answer, but closing waits for it. */
  | { readonly kind: "leave"; readonly body: LeaveGroupRequestInput }
  | { readonly kind: "consumerLeave"; readonly body: ConsumerGroupHeartbeatRequestInput }
  /** Requests under way are of no interest any more. */
  | { readonly kind: "abandon" }
  | { readonly kind: "forgetCoordinator" }
  /** Keeps these topics in the metadata and asks for them; null asks for what is of interest already. */
  | { readonly kind: "refresh"; readonly id: number; readonly topics: readonly string[] | null }
  | { readonly kind: "call"; readonly call: ListenerCall; readonly partitions: readonly TopicPartition[] }
  | { readonly kind: "failed"; readonly error: KafkaError }
  | { readonly kind: "tell"; readonly level: "debug" | "info" | "warn" | "error"; readonly event: MemberEvent };

export type ListenerCall = "assigned" | "revoked" | "lost";

/** What logs, metrics and diagnostics channels are told. */
export interface MemberEvent {
  readonly name:
    | "rebalance:start"
    | "rebalance:end"
    | "rebalance:failed"
    | "generation:lost"
    | "poll:late"
    | "left"
    | "member:unreadable";
  readonly sentence: string;
  readonly latencyMs?: number;
}

/** Who commits. */
export interface MemberIdentity {
  readonly memberId: string;
  /** Generation id or member epoch; -1 outside a group. */
  readonly generationId: number;
}

/**
 * Whether commits may be sent now. `open`: with the identity as it is. `later`: the generation is being formed, wait for it.
 * `closed`: the member is in no generation.
 */
export type CommitAccess = "open" | "later" | "closed";

export interface Member {
  readonly identity: MemberIdentity;
  readonly owned: PartitionSet;
  readonly commitAccess: CommitAccess;
  /** It is in no group, and nothing is under way that would bring it there. */
  readonly isIdle: boolean;
  /** When `tick` is due, by the monotonic clock; Infinity when never. */
  readonly dueMs: number;
  handle(command: MemberCommand, nowMs: number): MemberEffect[];
}

/** What both kinds are made with; times in milliseconds. */
export interface MemberOptions {
  readonly groupId: string;
  readonly groupInstanceId: string | null;
  readonly sessionTimeoutMs: number;
  readonly maxPollIntervalMs: number;
  readonly requestTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** The metadata as they are when the member is made. */
  readonly view: MetadataView;
  readonly rack: string | null;
  readonly backoffMs: (attempt: number) => number;
}
