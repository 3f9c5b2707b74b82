// The deadlines of members: the session (no heartbeat), the rebalance (partitions not given up), and for members of the classic protocol
// the join (no JoinGroup although a rebalance waits) and the sync (no SyncGroup after the join). All fence the member.
// An action looks the member up when it runs: a deadline that outlived its member does nothing.

import type { Now, Outcome } from "../../runtime/outcome.ts";
import { NOTHING } from "../../runtime/outcome.ts";
import type { GroupContext } from "../group-context.ts";
import type { GroupRecord } from "../group-records.ts";
import { ConsumerGroup } from "./consumer-group.ts";
import type { ConsumerMember } from "./consumer-member.ts";

export type Fence = (group: ConsumerGroup, member: ConsumerMember, now: Now) => Outcome<GroupRecord>;

/** Kept with the group, so that a heartbeat builds neither key nor closure. */
export interface SessionTimer {
  readonly key: string;
  readonly expire: (now: Now) => Outcome<GroupRecord>;
}

export class MemberTimers {
  private readonly context: GroupContext;
  private readonly fence: Fence;

  constructor(context: GroupContext, fence: Fence) {
    this.context = context;
    this.fence = fence;
  }

  /** The session begins again. */
  session(group: ConsumerGroup, memberId: string, timeoutMs: number, now: Now): void {
    let timer = group.sessions.get(memberId);
    if (timer === undefined) {
      timer = this.newSession(group.groupId, memberId);
      group.sessions.set(memberId, timer);
    }
    this.context.deadlines.set(timer.key, now.monotonicMs + timeoutMs, timer.expire);
  }

  /** The member must have given up what it shall not have before this time has gone by. */
  rebalance(groupId: string, { memberId, memberEpoch, rebalanceTimeoutMs }: ConsumerMember, now: Now): void {
    this.context.deadlines.set(key("rebalance", groupId, memberId), now.monotonicMs + rebalanceTimeoutMs, (later) => {
      const reason = `it did not leave epoch ${memberEpoch} within ${rebalanceTimeoutMs} ms`;
      return this.expire(groupId, memberId, { reason, memberEpoch }, later);
    });
  }

  cancelRebalance(groupId: string, memberId: string): void {
    this.context.deadlines.cancel(key("rebalance", groupId, memberId));
  }

  /** A classic member was told to rejoin; the time runs from the first time that it was. */
  joinUnlessSet(groupId: string, { memberId, rebalanceTimeoutMs }: ConsumerMember, now: Now): void {
    const join = key("join", groupId, memberId);
    if (this.context.deadlines.has(join)) return;
    const reason = "it did not join again within the rebalance timeout";
    this.context.deadlines.set(join, now.monotonicMs + rebalanceTimeoutMs, (later) =>
      this.expire(groupId, memberId, { reason }, later),
    );
  }

  cancelJoin(groupId: string, memberId: string): void {
    this.context.deadlines.cancel(key("join", groupId, memberId));
  }

  /** A classic member joined and has yet to ask for its assignment. */
  sync(groupId: string, memberId: string, timeoutMs: number, now: Now): void {
    const reason = "it did not sync in time";
    this.context.deadlines.set(key("sync", groupId, memberId), now.monotonicMs + timeoutMs, (later) =>
      this.expire(groupId, memberId, { reason }, later),
    );
  }

  cancelSync(groupId: string, memberId: string): void {
    this.context.deadlines.cancel(key("sync", groupId, memberId));
  }

  cancelAll(groupId: string, memberId: string): void {
    this.context.deadlines.cancel(key("session", groupId, memberId));
    this.cancelRebalance(groupId, memberId);
    this.cancelJoin(groupId, memberId);
    this.cancelSync(groupId, memberId);
  }

  private newSession(groupId: string, memberId: string): SessionTimer {
    const reason = "its session expired";
    return {
      key: key("session", groupId, memberId),
      expire: (now) => this.expire(groupId, memberId, { reason }, now),
    };
  }

  /** With an epoch only a member that is still at it is fenced. */
  private expire(
    groupId: string,
    memberId: string,
    { reason, memberEpoch }: { reason: string; memberEpoch?: number },
    now: Now,
  ): Outcome<GroupRecord> {
    const group = this.context.groups.get(groupId);
    if (!(group instanceof ConsumerGroup)) return NOTHING;
    const member = group.members.get(memberId);
    if (member === undefined || (memberEpoch !== undefined && member.memberEpoch !== memberEpoch)) return NOTHING;
    this.context.logger.info({ groupId, memberId, reason }, "a member is fenced");
    return this.fence(group, member, now);
  }
}

// With the length of the group id, so that no two pairs make the same key.
function key(what: "session" | "rebalance" | "join" | "sync", groupId: string, memberId: string): string {
  return `consumer-${what}/${groupId.length}/${groupId}/${memberId}`;
}
