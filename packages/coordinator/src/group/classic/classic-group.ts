// One classic group: its state, generation, members, and the counts that decide when a rebalance can go on (ClassicGroup in Kafka).
// It says what is so and changes what it is told to; when to rebalance and whom to answer is decided in rebalances.ts and beside it.
// Invariants: the leader is a member whenever there are members; each static instance has one member; counts agree with the members' flags.
// An idle group, which only holds offsets, has no table but an empty one.

import { assert } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import type { SyncGroupResponse } from "@ottla/protocol/messages/14-sync-group.ts";
import type { Now, Pending } from "../../runtime/outcome.ts";
import type { GroupRecord } from "../group-records.ts";
import type { CommitClaim, Group, OffsetExpiration } from "../group.ts";
import { joinRefused, syncRefused } from "./answers.ts";
import type { Effects } from "./effects.ts";
import { ClassicMember } from "./member.ts";
import type { ClassicProtocol } from "./member.ts";
import type { MemberSessions } from "./member-sessions.ts";
import { previousStates } from "./states.ts";
import type { ClassicGroupState } from "./states.ts";
import { subscribedTopicsOf } from "./subscribed-topics.ts";

const CONSUMER_PROTOCOL_TYPE = "consumer";

export interface ClassicGroupOptions {
  readonly groupId: string;
  readonly sessions: MemberSessions;
  readonly state?: "Empty" | "Stable";
  readonly generationId?: number;
  readonly protocolType?: string | null;
  readonly protocolName?: string | null;
  readonly leaderId?: string | null;
  /** Since when the group is in its state, wall time; -1 where the record that it was loaded from does not say. */
  readonly stateSinceMs: number;
}

export class ClassicGroup implements Group {
  readonly type = "classic" as const;
  readonly groupId: string;
  /** By member id, in the order in which they joined. Changed only through the methods below. */
  readonly members = new Map<string, ClassicMember>();
  generationId: number;
  /** Null for a group that nobody ever joined. */
  memberProtocolType: string | null;
  /** The protocol that the generation agreed on; null while there is none. */
  protocolName: string | null;
  leaderId: string | null;
  stateSinceMs: number;
  /** Someone joined since the first rebalance's delay began, so that it may be extended. */
  newMemberAdded = false;
  /** Null while they are not known. */
  subscribedTopics: ReadonlySet<string> | null = null;
  private currentState: ClassicGroupState;
  private previous: ClassicGroupState | null = null;
  private readonly sessions: MemberSessions;
  private staticMembers: Map<string, string> | null = null;
  private pendingJoins: Set<string> | null = null;
  private supporters: Map<string, number> | null = null;
  private awaitingJoinCount = 0;
  private pendingSyncCount = 0;

  constructor(options: ClassicGroupOptions) {
    this.groupId = options.groupId;
    this.sessions = options.sessions;
    this.currentState = options.state ?? "Empty";
    this.generationId = options.generationId ?? 0;
    this.memberProtocolType = options.protocolType ?? null;
    this.protocolName = options.protocolName ?? null;
    this.leaderId = options.leaderId ?? null;
    this.stateSinceMs = options.stateSinceMs;
  }

  get state(): ClassicGroupState {
    return this.currentState;
  }

  /** The state before this one; null when the group was created or loaded in this one. */
  get previousState(): ClassicGroupState | null {
    return this.previous;
  }

  transitionTo(state: ClassicGroupState, now: Now): void {
    assert(
      previousStates[state].includes(this.currentState),
      `group ${this.groupId} cannot go from ${this.currentState} to ${state}`,
    );
    this.previous = this.currentState;
    this.currentState = state;
    this.stateSinceMs = now.wallMs;
  }

  // --- members ---

  add(member: ClassicMember, awaitingJoin: Pending<JoinGroupResponse> | null): void {
    const { memberId, groupInstanceId } = member;
    assert(!this.members.has(memberId), `${memberId} is a member already`);
    if (groupInstanceId !== null) {
      this.staticMembers ??= new Map();
      assert(!this.staticMembers.has(groupInstanceId), `static member ${groupInstanceId} is there already`);
      this.staticMembers.set(groupInstanceId, memberId);
    }
    if (this.members.size === 0) this.memberProtocolType = member.protocolType;
    assert(this.memberProtocolType === member.protocolType, "members of a group have one protocol type");
    this.leaderId ??= memberId;
    this.members.set(memberId, member);
    this.countSupport(member, 1);
    this.setAwaitingJoin(member, awaitingJoin);
    this.pendingJoins?.delete(memberId);
  }

  /** Forgets a member, or someone who was to join. Whoever waits for it must have been answered. */
  remove(memberId: string): void {
    this.pendingJoins?.delete(memberId);
    const member = this.members.get(memberId);
    if (member === undefined) return;
    assert(member.awaitingJoin === null && member.awaitingSync === null, "a member that leaves waits for nothing");
    this.setPendingSync(member, false);
    this.members.delete(memberId);
    this.countSupport(member, -1);
    if (member.groupInstanceId !== null) this.staticMembers?.delete(member.groupInstanceId);
    if (this.leaderId === memberId) this.leaderId = this.members.keys().next().value ?? null;
  }

  /** A static member came back under a new member id: it takes the old one's place, and requests of the old one are fenced. */
  replaceStaticMember(options: { groupInstanceId: string; newMemberId: string }, effects: Effects): ClassicMember {
    const { groupInstanceId, newMemberId } = options;
    const old = this.members.get(this.staticMemberId(groupInstanceId)!);
    assert(old !== undefined, `static member ${groupInstanceId} is there`);
    this.answerJoin(old, joinRefused(errorCodes.FENCED_INSTANCE_ID, old.memberId), effects);
    this.answerSync(old, syncRefused(errorCodes.FENCED_INSTANCE_ID), effects);
    const { clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs, protocolType, protocols, assignment } = old;
    const member = new ClassicMember({
      memberId: newMemberId,
      groupInstanceId,
      clientId,
      clientHost,
      rebalanceTimeoutMs,
      sessionTimeoutMs,
      protocolType,
      protocols,
      assignment,
    });
    member.pendingSync = old.pendingSync;
    this.members.delete(old.memberId);
    this.members.set(newMemberId, member);
    if (this.leaderId === old.memberId) this.leaderId = newMemberId;
    this.staticMembers!.set(groupInstanceId, newMemberId);
    return member;
  }

  /** A known member joined again. */
  update(
    member: ClassicMember,
    said: { protocols: readonly ClassicProtocol[]; rebalanceTimeoutMs: number; sessionTimeoutMs: number },
    awaitingJoin: Pending<JoinGroupResponse> | null,
    effects: Effects,
  ): void {
    this.countSupport(member, -1);
    member.protocols = said.protocols;
    this.countSupport(member, 1);
    member.rebalanceTimeoutMs = said.rebalanceTimeoutMs;
    member.sessionTimeoutMs = said.sessionTimeoutMs;
    // Kafka forgets the request that still waits; here each is answered, if only for a connection that is gone.
    this.answerJoin(member, joinRefused(errorCodes.REBALANCE_IN_PROGRESS, member.memberId), effects);
    this.setAwaitingJoin(member, awaitingJoin);
  }

  isLeader(memberId: string): boolean {
    return this.leaderId === memberId;
  }

  staticMemberId(groupInstanceId: string): string | null {
    return this.staticMembers?.get(groupInstanceId) ?? null;
  }

  addPendingJoin(memberId: string): void {
    this.pendingJoins ??= new Set();
    this.pendingJoins.add(memberId);
  }

  /** Whether someone was given this member id and has yet to join with it. */
  isPendingJoin(memberId: string): boolean {
    return this.pendingJoins?.has(memberId) ?? false;
  }

  /** An error code: whether this is a member, and the one that has the instance id (KIP-345). */
  refuseMember(memberId: string, groupInstanceId: string | null): number {
    if (groupInstanceId !== null) {
      const known = this.staticMemberId(groupInstanceId);
      if (known === null) return errorCodes.UNKNOWN_MEMBER_ID;
      if (known !== memberId) return errorCodes.FENCED_INSTANCE_ID;
    }
    return this.members.has(memberId) ? errorCodes.NONE : errorCodes.UNKNOWN_MEMBER_ID;
  }

  /** The longest time that a member asks for; 0 without members. */
  rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const { rebalanceTimeoutMs } of this.members.values()) longest = Math.max(longest, rebalanceTimeoutMs);
    return longest;
  }

  // --- who waits ---

  get joinsWaiting(): number {
    return this.awaitingJoinCount;
  }

  get hasAllMembersJoined(): boolean {
    return this.members.size === this.awaitingJoinCount && (this.pendingJoins === null || this.pendingJoins.size === 0);
  }

  get hasAllSyncs(): boolean {
    return this.pendingSyncCount === 0;
  }

  setPendingSync(member: ClassicMember, pendingSync: boolean): void {
    if (member.pendingSync === pendingSync) return;
    member.pendingSync = pendingSync;
    this.pendingSyncCount += pendingSync ? 1 : -1;
  }

  clearPendingSyncs(): void {
    if (this.pendingSyncCount === 0) return;
    for (const member of this.members.values()) this.setPendingSync(member, false);
  }

  /** Answers the member's JoinGroup, if it waits. */
  answerJoin(member: ClassicMember, response: JoinGroupResponse, effects: Effects): void {
    const waiting = member.awaitingJoin;
    if (waiting === null) return;
    this.setAwaitingJoin(member, null);
    effects.answer(waiting, response);
  }

  /** Answers the member's SyncGroup, if it waits; returns whether it did. */
  answerSync(member: ClassicMember, response: SyncGroupResponse, effects: Effects): boolean {
    const waiting = member.awaitingSync;
    if (waiting === null) return false;
    member.awaitingSync = null;
    effects.answer(waiting, response);
    return true;
  }

  /** Refuses whatever the member waits for. */
  refuseWaiting(member: ClassicMember, errorCode: number, effects: Effects, memberId = member.memberId): void {
    this.answerJoin(member, joinRefused(errorCode, memberId), effects);
    this.answerSync(member, syncRefused(errorCode), effects);
  }

  private setAwaitingJoin(member: ClassicMember, pending: Pending<JoinGroupResponse> | null): void {
    this.awaitingJoinCount += (pending === null ? 0 : 1) - (member.awaitingJoin === null ? 0 : 1);
    member.awaitingJoin = pending;
  }

  // --- protocols ---

  usesConsumerProtocol(): boolean {
    return this.memberProtocolType === CONSUMER_PROTOCOL_TYPE;
  }

  /** Whether someone with these protocols may join: all members must keep at least one in common. */
  supportsProtocols(protocolType: string, protocols: readonly { readonly name: string }[]): boolean {
    if (this.currentState === "Empty") return protocolType !== "" && protocols.length > 0;
    if (this.memberProtocolType !== protocolType) return false;
    return protocols.some(({ name }) => (this.supporters?.get(name) ?? 0) === this.members.size);
  }

  /** Of the protocols that all members know, the one that most of them prefer. Of equals that whose first voter joined first. */
  selectProtocol(): string {
    assert(this.members.size > 0, "only a group with members has a protocol");
    const votes = new Map<string, number>();
    for (const { memberId, protocols } of this.members.values()) {
      const choice = protocols.find(({ name }) => this.supporters?.get(name) === this.members.size);
      assert(choice !== undefined, `${memberId} shares a protocol with all members`);
      votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1);
    }
    let chosen: string | null = null;
    for (const [name, count] of votes) if (chosen === null || count > votes.get(chosen)!) chosen = name;
    return chosen!;
  }

  /** All members joined, or those that did not are gone: the generation gets its number and its protocol. */
  beginGeneration(now: Now): void {
    this.generationId = nextGeneration(this.generationId);
    this.protocolName = this.members.size > 0 ? this.selectProtocol() : null;
    this.findSubscribedTopics();
    this.transitionTo(this.members.size > 0 ? "CompletingRebalance" : "Empty", now);
    this.clearPendingSyncs();
  }

  findSubscribedTopics(): void {
    this.subscribedTopics = null;
    if (!this.usesConsumerProtocol()) return;
    if (this.members.size === 0) this.subscribedTopics = new Set();
    else if (this.protocolName !== null) this.subscribedTopics = subscribedTopicsOf(this.chosenMetadata());
  }

  private *chosenMetadata(): Iterable<Buffer> {
    for (const member of this.members.values()) {
      const metadata = member.metadataFor(this.protocolName);
      if (metadata !== null) yield metadata;
    }
  }

  private countSupport(member: ClassicMember, by: 1 | -1): void {
    this.supporters ??= new Map();
    for (const { name } of member.protocols) {
      const count = (this.supporters.get(name) ?? 0) + by;
      if (count === 0) this.supporters.delete(name);
      else this.supporters.set(name, count);
    }
  }

  // --- what offsets and admin calls ask ---

  stateName(): string {
    return this.currentState;
  }

  protocolType(): string {
    return this.memberProtocolType ?? "";
  }

  isEmpty(): boolean {
    return this.currentState === "Empty";
  }

  /** Whether it is there for offsets alone: no record says that it exists, so that a group of another kind may take its place. */
  isSimple(): boolean {
    return (
      this.memberProtocolType === null && this.isEmpty() && (this.pendingJoins === null || this.pendingJoins.size === 0)
    );
  }

  memberCount(): number {
    return this.members.size;
  }

  refuseCommit({
    memberId,
    groupInstanceId,
    generationIdOrMemberEpoch: generationId,
    isTransactional,
  }: CommitClaim): number {
    // From an admin client, or from a consumer that assigns partitions itself.
    if (generationId < 0 && this.isEmpty()) return errorCodes.NONE;
    if (generationId >= 0 || memberId !== "" || groupInstanceId !== null) {
      const errorCode = this.refuseMember(memberId, groupInstanceId);
      if (errorCode !== errorCodes.NONE) return errorCode;
      if (generationId !== this.generationId) return errorCodes.ILLEGAL_GENERATION;
    } else if (!isTransactional && !this.isEmpty()) {
      return errorCodes.UNKNOWN_MEMBER_ID;
    }
    // The member knows of the new generation, but not yet what it is to do in it.
    const isBetween = !isTransactional && this.currentState === "CompletingRebalance";
    return isBetween ? errorCodes.REBALANCE_IN_PROGRESS : errorCodes.NONE;
  }

  commitAccepted(memberId: string, now: Now): void {
    const member = this.members.get(memberId);
    if (member === undefined) return;
    if (this.currentState === "Stable" || this.currentState === "PreparingRebalance") {
      this.sessions.extend(this.groupId, member, now);
    }
  }

  refuseFetch(): number {
    return errorCodes.NONE;
  }

  refuseOffsetDelete(): number {
    return this.isEmpty() || this.usesConsumerProtocol() ? errorCodes.NONE : errorCodes.NON_EMPTY_GROUP;
  }

  refuseDelete(): number {
    return this.isEmpty() ? errorCodes.NONE : errorCodes.NON_EMPTY_GROUP;
  }

  isSubscribedTo(topic: string): boolean {
    return this.subscribedTopics?.has(topic) ?? this.usesConsumerProtocol();
  }

  offsetExpiration(): OffsetExpiration | null {
    if (this.memberProtocolType === null) return sinceCommit;
    if (this.isEmpty()) {
      const { stateSinceMs } = this;
      return stateSinceMs === -1 ? sinceCommit : { baseTimestampMs: () => stateSinceMs };
    }
    const knowsTopics = this.usesConsumerProtocol() && this.subscribedTopics !== null;
    return knowsTopics && this.currentState === "Stable" ? sinceCommit : null;
  }

  tombstones(): GroupRecord[] {
    return [{ kind: "GroupMetadata", key: { group: this.groupId }, value: null }];
  }
}

const sinceCommit: OffsetExpiration = { baseTimestampMs: (commitTimestampMs) => commitTimestampMs };

// Java's int wraps around, and so does the number in the record.
function nextGeneration(generationId: number): number {
  return (generationId + 1) | 0;
}
