// The session timers of classic members. A heartbeat is the most frequent request of all, so a member keeps its deadline's key and action:
// extending a session allocates nothing.

import type { Deadlines } from "../../runtime/deadlines.ts";
import type { Now, Outcome } from "../../runtime/outcome.ts";
import type { GroupRecord } from "../group-records.ts";
import type { ClassicMember } from "./member.ts";

type Action = (now: Now) => Outcome<GroupRecord>;

export interface MemberSession {
  readonly key: string;
  readonly expire: Action;
}

export class MemberSessions {
  private readonly deadlines: Deadlines<Action>;
  private readonly onExpired: (groupId: string, memberId: string, now: Now) => Outcome<GroupRecord>;

  constructor(
    deadlines: Deadlines<Action>,
    onExpired: (groupId: string, memberId: string, now: Now) => Outcome<GroupRecord>,
  ) {
    this.deadlines = deadlines;
    this.onExpired = onExpired;
  }

  /** The member is alive: it has its session timeout, or `timeoutMs`, from now. */
  extend(groupId: string, member: ClassicMember, now: Now, timeoutMs = member.sessionTimeoutMs): void {
    const session = (member.session ??= this.sessionOf(groupId, member.memberId));
    this.deadlines.set(session.key, now.monotonicMs + timeoutMs, session.expire);
  }

  /** Waits for someone who was given a member id and has yet to join with it. */
  awaitJoin(groupId: string, memberId: string, now: Now, timeoutMs: number): void {
    const session = this.sessionOf(groupId, memberId);
    this.deadlines.set(session.key, now.monotonicMs + timeoutMs, session.expire);
  }

  cancel(groupId: string, memberId: string): void {
    this.deadlines.cancel(keyOf(groupId, memberId));
  }

  private sessionOf(groupId: string, memberId: string): MemberSession {
    return { key: keyOf(groupId, memberId), expire: (now) => this.onExpired(groupId, memberId, now) };
  }
}

// The length keeps a group "a/b" with a member "c" apart from a group "a" with a member "b/c".
function keyOf(groupId: string, memberId: string): string {
  return `classic-heartbeat/${groupId.length}/${groupId}/${memberId}`;
}
