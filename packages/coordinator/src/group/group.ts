// What every kind of group tells the offsets and the admin calls, whatever its protocol (Kafka's Group interface).

import type { Now } from "../runtime/outcome.ts";
import type { GroupRecord } from "./group-records.ts";

export type GroupType = "classic" | "consumer";

/** Decides whether committed offsets of a group may be forgotten (KIP-211). */
export interface OffsetExpiration {
  /** Since when the group's offsets age, given the time of the commit; wall milliseconds. */
  baseTimestampMs(commitTimestampMs: number): number;
}

export interface CommitClaim {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** Generation of a classic member or epoch of a consumer member; -1 for whoever only commits. */
  readonly generationIdOrMemberEpoch: number;
  readonly isTransactional: boolean;
  readonly apiVersion: number;
}

export interface Group {
  readonly type: GroupType;
  readonly groupId: string;
  /** As ListGroups and DescribeGroups spell it: Empty, Stable, PreparingRebalance, CompletingRebalance, Assigning, Reconciling, Dead. */
  stateName(): string;
  /** As ListGroups reports; "consumer" for consumer groups, "" for a group that never had a protocol. */
  protocolType(): string;
  isEmpty(): boolean;
  memberCount(): number;
  /**
   * An error code; NONE when the commit may go on. Without `commitOf` what holds for the whole request: a consumer member's epoch that is
   * older than its own passes. With `commitOf` one partition, whose assignment may be older than the member's epoch (KIP-1251);
   * only consumer groups are asked that.
   */
  refuseCommit(claim: CommitClaim, commitOf?: { topicId: string; partition: number }): number;
  /** A member's commit was let in; for a member of a classic group it counts as a heartbeat. */
  commitAccepted?(memberId: string, now: Now): void;
  /** An error code; the member is null and -1 for whoever only asks. */
  refuseFetch(memberId: string | null, memberEpoch: number): number;
  refuseOffsetDelete(): number;
  refuseDelete(): number;
  isSubscribedTo(topic: string): boolean;
  /** Null while no offset may expire. */
  offsetExpiration(): OffsetExpiration | null;
  /** The records that make the group be forgotten (not its offsets). */
  tombstones(): GroupRecord[];
}
