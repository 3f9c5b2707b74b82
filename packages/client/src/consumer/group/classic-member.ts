// A member of a classic group, as Java's AbstractCoordinator and ConsumerCoordinator: joins, is assigned to, heartbeats, joins again.
// Pure: see member.ts and member-base.ts.
//
// It never believes to own a partition without a generation: whoever loses the generation loses the partitions first, then joins again.

import { errorCodes, errorName } from "@ottla/protocol";
import type { HeartbeatResponse } from "@ottla/protocol/messages/12-heartbeat.ts";
import type { JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import type { SyncGroupResponse } from "@ottla/protocol/messages/14-sync-group.ts";
import { brokerError } from "../../errors.ts";
import type { KafkaError } from "../../errors.ts";
import type { TopicPartition } from "../../records.ts";
import type { ResolvedAssignors } from "./assignors/resolve-assignors.ts";
import { reactionTo } from "./classic-answers.ts";
import type { Reaction } from "./classic-answers.ts";
import { heartbeatRequest, joinRequest, leaveRequest, syncRequest } from "./classic-requests.ts";
import { decodeAssignment, PROTOCOL_TYPE } from "./consumer-protocol.ts";
import { isBusy, nextPhase } from "./classic-phases.ts";
import type { Phase } from "./classic-phases.ts";
import { assignGroup, groupToLead, isUnfinished, topicsFingerprint } from "./group-leader.ts";
import type { GroupToLead } from "./group-leader.ts";
import { MemberBase } from "./member-base.ts";
import type { Standing } from "./member-base.ts";
import type { CommitAccess, MemberCommand, MemberIdentity, MemberOptions, MemberSubscription } from "./member.ts";
import { compareText, without } from "./partition-set.ts";
import { matches } from "./topic-watch.ts";

/** Java's JOIN_GROUP_TIMEOUT_LAPSE: a JoinGroup may wait for the whole rebalance timeout, and the answer needs a moment. */
const JOIN_EXTRA_MS = 5_000;
/** So many heartbeats after a cooperative assignment that is not the last one its leader looks after the next. Java's does not. */
const FOLLOW_UP_HEARTBEATS = 3;

export interface ClassicMemberOptions extends MemberOptions, ResolvedAssignors {}

export class ClassicMember extends MemberBase<ClassicMemberOptions> {
  private phase: Phase = "outside";
  private memberId = "";
  private generationId = -1;
  private protocolName = "";
  /** What the last JoinGroup said. */
  private joinedTopics: readonly string[] = [];
  private rejoinReason: string | null = null;
  private retryAtMs = 0;
  private attempt = 0;
  /** Id of the JoinGroup, SyncGroup or refresh that the phase waits for. */
  private awaited = 0;
  private pendingAssignment: readonly TopicPartition[] | null = null;
  private lastAssignment: readonly TopicPartition[] | null = null;
  private lastGenerationId = -1;
  private leading: GroupToLead | null = null;
  private fingerprint: string | null = null;
  private isUnfinished = false;
  /** Others wait for what it was told to give up, until it joins again. */
  private owesJoin = false;
  private followUpAtMs = Infinity;

  get identity(): MemberIdentity {
    return { memberId: this.memberId, generationId: this.generationId };
  }

  // While JoinGroup waits, the coordinator still takes commits of the generation before: nobody else owns anything of it yet.
  get commitAccess(): CommitAccess {
    if (this.generationId < 0) return "closed";
    const isForming = this.phase === "findingTopics" || this.phase === "syncing";
    return isForming ? "later" : "open";
  }

  protected get standing(): Standing {
    return this.phase === "outside" || this.phase === "failed" || this.phase === "closed" ? this.phase : "inside";
  }

  protected get isInGroup(): boolean {
    return this.memberId !== "" && this.phase !== "failed" && this.phase !== "closed";
  }

  // Who waits in JoinGroup or SyncGroup is alive for the coordinator without them.
  protected get heartbeats(): boolean {
    if (this.generationId < 0) return false;
    return this.phase !== "joining" && this.phase !== "syncing" && this.phase !== "failed" && this.phase !== "closed";
  }

  protected get ownDueMs(): number {
    if (this.isCalling || this.subscription === null || this.isLate) return Infinity;
    if (this.wantsToJoin) return this.retryAtMs;
    return this.phase === "stable" ? this.followUpAtMs : Infinity;
  }

  protected takeOwn(command: MemberCommand): void {
    switch (command.kind) {
      case "joined":
        if (this.isAwaited(command.id, "joining")) this.joined(command.response);
        break;
      case "synced":
        if (this.isAwaited(command.id, "syncing")) this.synced(command.response);
        break;
      case "heartbeatAnswered":
        if (this.pace.isAnswerOf(command.id)) this.heartbeatAnswered(command.response);
        break;
      case "refreshed":
        if (this.isAwaited(command.id, "refreshing")) this.join();
        else if (this.isAwaited(command.id, "findingTopics")) this.lead();
        break;
      case "requestFailed":
        this.requestFailed(command.id, command.error);
        break;
      case "rejoin":
        this.rejoinReason ??= command.reason;
        break;
      case "commitRefused":
        this.commitRefused(command.errorCode, command.identity);
        break;
      default:
        break;
    }
  }

  protected resubscribed(before: MemberSubscription | null): void {
    if (this.subscription !== null && this.phase === "failed") {
      this.failure = null;
      this.attempt = 0;
      this.enter("outside");
    }
    if (before === null) this.retryAtMs = this.nowMs;
  }

  protected step(subscription: MemberSubscription): void {
    if (this.pendingAssignment !== null) {
      this.takeAssignment(this.pendingAssignment);
      return;
    }
    if (this.phase === "stable") this.noteChanges(subscription);
    if (this.wantsToJoin && this.nowMs >= this.retryAtMs) this.prepare(subscription);
  }

  private noteChanges({ topics }: MemberSubscription): void {
    if (topics.join() !== this.joinedTopics.join()) this.rejoinReason ??= "subscription has changed";
    if (this.leading !== null && this.fingerprint !== this.currentFingerprint(this.leading))
      this.rejoinReason ??= "cached metadata has changed";
    if (this.nowMs >= this.followUpAtMs) this.rejoinReason ??= "partitions that were given up have no owner";
  }

  private currentFingerprint({ topics }: GroupToLead): string {
    return topicsFingerprint(topics, this.view, this.options.rack !== null);
  }

  private prepare({ topics, pattern }: MemberSubscription): void {
    const owned = this.owned.list();
    const isEager = this.options.protocol === "eager";
    if (this.giveUp("revoked", isEager ? owned : owned.filter(({ topic }) => !topics.includes(topic)))) return;
    if (pattern === null) {
      this.join();
      return;
    }
    // Members that see a new topic at different times would each begin a rebalance; with fresh metadata one is enough.
    this.enter("refreshing");
    this.effects.push({ kind: "refresh", id: this.nextRequest(), topics: null });
  }

  private join(): void {
    const { topics } = this.subscription!;
    this.enter("joining");
    this.joinedTopics = topics;
    this.isUnfinished = this.owesJoin = false;
    this.followUpAtMs = Infinity;
    this.pace.stop();
    this.rebalanceStarted(this.rejoinReason ?? "joins the group");
    const { lastAssignment, lastGenerationId, memberId, generationId } = this;
    const body = joinRequest(this.options, this.options.assignors, {
      memberId,
      generationId,
      owned: this.owned.list(),
      context: { topics, lastAssignment, lastGenerationId },
      reason: this.rejoinReason,
    });
    const { maxPollIntervalMs, requestTimeoutMs } = this.options;
    const timeoutMs = Math.max(requestTimeoutMs, maxPollIntervalMs + JOIN_EXTRA_MS);
    this.effects.push({ kind: "join", id: this.nextRequest(), body, timeoutMs });
  }

  private joined(response: JoinGroupResponse): void {
    if (response.errorCode !== errorCodes.NONE) {
      if (response.errorCode === errorCodes.MEMBER_ID_REQUIRED) this.memberId = response.memberId;
      this.rebalanceRefused("JoinGroup", reactionTo("join", response.errorCode), response.errorCode);
      return;
    }
    const { protocolType, protocolName, leader, memberId, generationId } = response;
    if ((protocolType !== null && protocolType !== PROTOCOL_TYPE) || !this.hasAssignor(protocolName)) {
      this.fail(brokerError(errorCodes.INCONSISTENT_GROUP_PROTOCOL, null, this.context("JoinGroup")));
      return;
    }
    this.memberId = memberId;
    this.generationId = generationId;
    this.protocolName = protocolName!;
    this.pace.restart(this.nowMs);
    this.leading = leader === memberId ? groupToLead(response) : null;
    if (this.leading === null) {
      this.sync(null);
      return;
    }
    for (const each of this.leading.unreadable)
      this.tell("warn", { name: "member:unreadable", sentence: `the subscription of ${each} cannot be read` });
    this.enter("findingTopics");
    this.effects.push({ kind: "refresh", id: this.nextRequest(), topics: this.leading.topics });
  }

  /** Divides the partitions among the members, and hands that in. */
  private lead(): void {
    const leading = this.leading!;
    this.fingerprint = this.currentFingerprint(leading);
    const isCooperative = this.options.protocol === "cooperative";
    if (leading.skipAssignment) {
      this.isUnfinished = isCooperative && isUnfinished(leading, null);
      this.sync(null);
      return;
    }
    const assignor = this.options.assignors.find(({ name }) => name === this.protocolName)!;
    try {
      const assignment = assignGroup(leading, assignor, { view: this.view, isCooperative });
      this.isUnfinished = isCooperative && isUnfinished(leading, assignment);
      this.sync(assignment);
    } catch (error) {
      this.fail(error as KafkaError);
    }
  }

  private sync(assignment: ReturnType<typeof assignGroup> | null): void {
    this.enter("syncing");
    const body = syncRequest(this.options, this.identity, this.protocolName, assignment);
    this.effects.push({ kind: "sync", id: this.nextRequest(), body });
  }

  private synced({ errorCode, protocolName, assignment }: SyncGroupResponse): void {
    if (errorCode !== errorCodes.NONE) {
      this.rebalanceRefused("SyncGroup", reactionTo("sync", errorCode), errorCode);
      return;
    }
    if (protocolName !== null && protocolName !== this.protocolName) {
      this.fail(brokerError(errorCodes.INCONSISTENT_GROUP_PROTOCOL, null, this.context("SyncGroup")));
      return;
    }
    this.enter("stable");
    this.attempt = 0;
    this.retryAtMs = this.nowMs;
    this.rejoinReason = null;
    if (this.isUnfinished) this.followUpAtMs = this.nowMs + FOLLOW_UP_HEARTBEATS * this.options.heartbeatIntervalMs;
    this.rebalanceEnded(`is in generation ${this.generationId}`);
    const decoded = decodeAssignment(assignment);
    if (decoded === null)
      this.tell("warn", { name: "member:unreadable", sentence: "the leader assigned nothing that can be read" });
    this.receive(decoded ?? []);
  }

  private receive(assigned: readonly TopicPartition[]): void {
    const wanted = wantedOf(assigned, this.subscription);
    if (wanted.partitions.length < assigned.length)
      this.rejoinReason = "received assignment does not match the current subscription";
    if (this.subscription !== null && wanted.newTopics.length > 0) {
      this.joinedTopics = [...this.joinedTopics, ...wanted.newTopics].toSorted(compareText);
      const topics = [...this.subscription.topics, ...wanted.newTopics].toSorted(compareText);
      this.subscription = { ...this.subscription, topics };
    }
    this.lastAssignment = wanted.partitions;
    this.lastGenerationId = this.generationId;
    this.pendingAssignment = wanted.partitions;
  }

  private takeAssignment(assigned: readonly TopicPartition[]): void {
    const revoked = without(this.owned.list(), assigned);
    if (revoked.length > 0) {
      this.rejoinReason ??= "need to revoke partitions and re-join";
      this.owesJoin = true;
      this.giveUp("revoked", revoked);
      return;
    }
    this.pendingAssignment = null;
    this.assign(without(assigned, this.owned.list()));
  }

  private rebalanceRefused(api: string, reaction: Reaction, errorCode: number): void {
    if (reaction === "fatal") {
      this.fail(brokerError(errorCode, null, this.context(api)));
      return;
    }
    if (reaction !== "takeId")
      this.tell("info", { name: "rebalance:failed", sentence: `${api} was answered ${errorName(errorCode)}` });
    this.interrupted();
    if (reaction === "takeId") {
      this.retryAtMs = this.nowMs;
      return;
    }
    this.rejoinReason ??= `rebalance failed due to ${errorName(errorCode)}`;
    if (reaction === "moved") this.effects.push({ kind: "forgetCoordinator" });
    if (reaction === "memberLost" || reaction === "generationLost")
      this.loseGeneration(`${errorName(errorCode)} from ${api}`, reaction === "memberLost");
    // The first time at once, as in Java; but a coordinator that repeats itself is not asked in a loop.
    const isUrgent = reaction !== "later" && reaction !== "moved";
    this.retryAtMs = this.nowMs + (isUrgent && this.attempt === 0 ? 0 : this.options.backoffMs(this.attempt));
    this.attempt++;
  }

  private requestFailed(id: number, error: KafkaError): void {
    const isHeartbeat = this.pace.isAnswerOf(id);
    if (!isHeartbeat && id !== this.awaited) return;
    if (isHeartbeat) this.pace.failed(this.nowMs, this.options.backoffMs);
    if (!error.retriable) {
      this.fail(error);
      return;
    }
    this.effects.push({ kind: "forgetCoordinator" });
    if (isHeartbeat) return;
    this.tell("info", { name: "rebalance:failed", sentence: error.message });
    this.interrupted();
    this.rejoinReason ??= `rebalance failed due to ${error.code}`;
    this.retryAtMs = this.nowMs + this.options.backoffMs(this.attempt++);
  }

  protected heartbeat(): void {
    const id = ++this.requests;
    this.pace.sent(id, this.nowMs);
    const timeoutMs = Math.min(this.options.requestTimeoutMs, this.options.sessionTimeoutMs);
    this.effects.push({ kind: "heartbeat", id, body: heartbeatRequest(this.options, this.identity), timeoutMs });
  }

  // An answer to a heartbeat of another generation never comes here: joining stops the pace.
  private heartbeatAnswered({ errorCode }: HeartbeatResponse): void {
    if (errorCode === errorCodes.NONE) {
      this.pace.answered(this.nowMs);
      return;
    }
    const reaction = reactionTo("heartbeat", errorCode);
    if (reaction === "rebalance") {
      this.pace.answered(this.nowMs);
      if (this.phase === "stable") this.rejoinReason ??= "group is already rebalancing";
    } else if (reaction === "memberLost" || reaction === "generationLost") {
      this.loseGeneration(`${errorName(errorCode)} from Heartbeat`, reaction === "memberLost");
    } else if (reaction === "fatal") this.fail(brokerError(errorCode, null, this.context("Heartbeat")));
    else {
      this.pace.failed(this.nowMs, this.options.backoffMs);
      if (reaction === "moved") this.effects.push({ kind: "forgetCoordinator" });
    }
  }

  private commitRefused(errorCode: number, { memberId, generationId }: MemberIdentity): void {
    // What a rebalance under way makes of an old generation, its own answers tell.
    if (memberId !== this.memberId || generationId !== this.generationId || isBusy(this.phase)) return;
    if (errorCode === errorCodes.REBALANCE_IN_PROGRESS)
      this.rejoinReason ??= "offset commit failed since group is already rebalancing";
    else if (errorCode === errorCodes.UNKNOWN_MEMBER_ID || errorCode === errorCodes.ILLEGAL_GENERATION)
      this.loseGeneration(`${errorName(errorCode)} from OffsetCommit`, errorCode === errorCodes.UNKNOWN_MEMBER_ID);
    else if (errorCode === errorCodes.FENCED_INSTANCE_ID)
      this.fail(brokerError(errorCode, null, this.context("OffsetCommit")));
  }

  protected loseMembership(why: string): void {
    this.loseGeneration(why, true);
    this.rejoinReason = null;
  }

  protected heard(): void {}

  /** The generation does not count any more, or not even the member id; what is owned is lost. */
  private loseGeneration(why: string, withMember: boolean): void {
    this.tell("info", { name: "generation:lost", sentence: why });
    this.effects.push({ kind: "abandon" });
    this.awaited = 0;
    this.pace.stop();
    this.generationId = -1;
    if (withMember) this.memberId = "";
    this.leading = null;
    this.followUpAtMs = Infinity;
    this.owesJoin = false;
    this.pendingAssignment = null;
    this.isLost = this.owned.size > 0;
    this.retryAtMs = this.nowMs;
    if (this.phase !== "failed") this.enter("outside");
  }

  private interrupted(): void {
    this.awaited = 0;
    this.enter(this.generationId >= 0 ? "between" : "outside");
    if (this.generationId >= 0) this.pace.restart(this.nowMs);
  }

  protected interrupt(): void {
    if (isBusy(this.phase)) {
      this.effects.push({ kind: "abandon" });
      this.interrupted();
    }
    this.pendingAssignment = null;
  }

  protected leave(reason: string, wanted: boolean | undefined): void {
    const should = wanted ?? this.options.groupInstanceId === null;
    if (!should || this.memberId === "") return;
    this.effects.push({ kind: "leave", body: leaveRequest(this.options, this.memberId, reason) });
    this.tell("info", { name: "left", sentence: reason });
  }

  protected enterFailed(): void {
    this.enter("failed");
  }

  protected close(leaveGroup: boolean | undefined): void {
    // A static member that owes the others a rebalance brings it about by leaving.
    this.leave("the consumer is being closed", leaveGroup ?? (this.owesJoin ? true : undefined));
    this.forgetAll();
    this.generationId = -1;
    this.memberId = "";
    this.enter("closed");
  }

  private get wantsToJoin(): boolean {
    if (this.isLate) return false;
    return (
      this.phase === "outside" || this.phase === "between" || (this.phase === "stable" && this.rejoinReason !== null)
    );
  }

  private hasAssignor(protocolName: string | null): boolean {
    return this.options.assignors.some(({ name }) => name === protocolName);
  }

  private isAwaited(id: number, phase: Phase): boolean {
    return id === this.awaited && this.phase === phase;
  }

  private nextRequest(): number {
    this.awaited = ++this.requests;
    return this.awaited;
  }

  private context(api: string): { api: string; groupId: string } {
    return { api, groupId: this.options.groupId };
  }

  private enter(phase: Phase): void {
    this.phase = nextPhase(this.phase, phase);
  }
}

// With a pattern the leader may know topics that this member has not seen yet. Anything else that was not asked for comes from a
// subscription of before, and is not taken.
function wantedOf(
  assigned: readonly TopicPartition[],
  subscription: MemberSubscription | null,
): { partitions: readonly TopicPartition[]; newTopics: readonly string[] } {
  const { topics = [], pattern = null } = subscription ?? {};
  const isNew = ({ topic }: TopicPartition): boolean =>
    !topics.includes(topic) && pattern !== null && matches(pattern, topic);
  return {
    partitions: assigned.filter((each) => topics.includes(each.topic) || isNew(each)),
    newTopics: [...new Set(assigned.filter(isNew).map(({ topic }) => topic))],
  };
}
