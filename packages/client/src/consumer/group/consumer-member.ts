// A member of a group of the consumer protocol (KIP-848), as Java's ConsumerMembershipManager: one request, ConsumerGroupHeartbeat, joins,
// reports and leaves, and its answers bring the member's epoch and the partitions that it shall have. The member comes there by itself:
// gives back what is not in it, tells that, takes what is new, tells that.
// Pure: see member.ts and member-base.ts. Partitions are told by topic id on the wire and owned by name here; ids are resolved by the metadata.

import { assert } from "@ottla/base";
import { errorCodes, errorName } from "@ottla/protocol";
import type { ConsumerGroupHeartbeatResponse } from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import { brokerError } from "../../errors.ts";
import type { KafkaError } from "../../errors.ts";
import type { TopicPartition } from "../../records.ts";
import { heartbeatReaction } from "./consumer-answers.ts";
import { HeartbeatFields } from "./consumer-request.ts";
import type { OwnedById } from "./consumer-request.ts";
import { MemberBase } from "./member-base.ts";
import type { Standing } from "./member-base.ts";
import type {
  CommitAccess,
  ListenerCall,
  MemberCommand,
  MemberIdentity,
  MemberOptions,
  MemberSubscription,
} from "./member.ts";
import { byTopic, without } from "./partition-set.ts";

/** outside: not in the group. joining: told the group with epoch 0. member: has an epoch. */
type Phase = "outside" | "joining" | "member" | "failed" | "closed";

/** Member epochs that mean something else. */
const JOINING_EPOCH = 0;
const LEAVING_EPOCH = -1;
/** A static member that will be back. */
const LEAVING_STATIC_EPOCH = -2;

export interface ConsumerMemberOptions extends MemberOptions {
  /** A UUID for the member's whole life (KIP-1082). */
  readonly memberId: string;
  readonly serverAssignor: string | null;
}

export class ConsumerMember extends MemberBase<ConsumerMemberOptions> {
  private readonly fields: HeartbeatFields;
  private phase: Phase = "outside";
  private memberEpoch = -1;
  /** What heartbeats tell: the subscription, or the last one while the member gives back what it had. */
  private toldSubscription: MemberSubscription = { topics: [], pattern: null, serverPattern: null };
  /** What the coordinator wants the member to have, by topic id; null when it is there. */
  private target: OwnedById | null = null;
  /** Ids of topics that were assigned, and their names. */
  private readonly names = new Map<string, string>();
  private readonly ids = new Map<string, string>();
  /** What is owned has changed since it was told. */
  private hasNews = false;
  private refresh = { id: 0, retryAtMs: 0, attempt: 0, isAwaited: false };

  constructor(options: ConsumerMemberOptions) {
    super(options);
    this.fields = new HeartbeatFields(options, options.serverAssignor);
  }

  get identity(): MemberIdentity {
    const isMember = this.phase === "member";
    return { memberId: isMember ? this.options.memberId : "", generationId: isMember ? this.memberEpoch : -1 };
  }

  get commitAccess(): CommitAccess {
    return this.phase === "member" ? "open" : "closed";
  }

  protected get standing(): Standing {
    return this.isInGroup ? "inside" : (this.phase as Exclude<Phase, "joining" | "member">);
  }

  protected get isInGroup(): boolean {
    return this.phase === "joining" || this.phase === "member";
  }

  protected get heartbeats(): boolean {
    return this.isInGroup;
  }

  protected get ownDueMs(): number {
    return this.needsRefresh ? this.refresh.retryAtMs : Infinity;
  }

  protected takeOwn(command: MemberCommand): void {
    switch (command.kind) {
      case "consumerHeartbeatAnswered":
        if (this.pace.isAnswerOf(command.id)) this.heartbeatAnswered(command.response);
        break;
      case "refreshed":
        if (command.id === this.refresh.id) this.refreshEnded();
        break;
      case "requestFailed":
        this.requestFailed(command.id, command.error);
        break;
      case "commitRefused":
        // A stale epoch is only old; an unknown member and a fenced instance the next heartbeat is told as well.
        if (this.isInGroup) this.pace.hurry(this.nowMs);
        break;
      // The coordinator decides when to rebalance: Java's enforceRebalance does nothing either.
      default:
        break;
    }
  }

  protected resubscribed(before: MemberSubscription | null): void {
    const { subscription } = this;
    if (subscription === null) return;
    this.toldSubscription = subscription;
    if (this.phase === "failed") {
      this.failure = null;
      this.enter("outside");
    }
    const isSame =
      before?.topics.join() === subscription.topics.join() && before.serverPattern === subscription.serverPattern;
    if (this.isInGroup && before !== null && !isSame) this.pace.hurry(this.nowMs);
  }

  protected step(): void {
    if (this.isLate) return;
    if (this.phase === "outside") this.join();
    else if (this.target !== null) this.reconcile(this.target);
  }

  private join(): void {
    this.enter("joining");
    this.memberEpoch = JOINING_EPOCH;
    this.hasNews = true;
    this.fields.forget();
    this.rebalanceStarted("joins the group");
    this.pace.hurry(this.nowMs);
  }

  protected heartbeat(): void {
    const id = ++this.requests;
    this.pace.sent(id, this.nowMs);
    const identity = { memberId: this.options.memberId, memberEpoch: this.memberEpoch };
    const body = this.fields.request(identity, this.toldSubscription, this.hasNews ? this.ownedById() : null);
    this.hasNews = false;
    this.effects.push({ kind: "consumerHeartbeat", id, body, timeoutMs: this.options.requestTimeoutMs });
  }

  private ownedById(): OwnedById {
    return [...byTopic(this.owned.list())].map(([topic, partitions]) => ({
      topicId: this.ids.get(topic)!,
      partitions,
    }));
  }

  private heartbeatAnswered(response: ConsumerGroupHeartbeatResponse): void {
    if (response.errorCode !== errorCodes.NONE) {
      this.heartbeatRefused(response);
      return;
    }
    this.pace.intervalMs = response.heartbeatIntervalMs;
    this.pace.answered(this.nowMs);
    if (this.phase === "joining") this.enter("member");
    this.memberEpoch = response.memberEpoch;
    if (response.assignment === null) return;
    this.target = response.assignment.topicPartitions;
    this.rebalanceStarted(`is assigned anew with epoch ${this.memberEpoch}`);
  }

  private heartbeatRefused({ errorCode, errorMessage }: ConsumerGroupHeartbeatResponse): void {
    const reaction = heartbeatReaction(errorCode);
    // Whatever it told was not taken.
    this.untold();
    const isFenced = reaction === "fenced" || reaction === "gone";
    if (isFenced && this.phase === "member") {
      this.loseMembership(`${errorName(errorCode)} from ConsumerGroupHeartbeat`);
    } else if (reaction === "fatal" || reaction === "gone") {
      const context = { api: "ConsumerGroupHeartbeat", groupId: this.options.groupId };
      this.fail(brokerError(errorCode, errorMessage, context));
    } else {
      this.pace.failed(this.nowMs, this.options.backoffMs);
      if (reaction === "moved") this.effects.push({ kind: "forgetCoordinator" });
      if (reaction === "denied")
        this.tell("warn", { name: "rebalance:failed", sentence: errorMessage ?? errorName(errorCode) });
    }
  }

  private requestFailed(id: number, error: KafkaError): void {
    if (this.refresh.isAwaited && id === this.refresh.id) {
      this.refreshEnded();
      if (!error.retriable) this.fail(error);
      return;
    }
    if (!this.pace.isAnswerOf(id)) return;
    this.untold();
    this.pace.failed(this.nowMs, this.options.backoffMs);
    if (error.retriable) this.effects.push({ kind: "forgetCoordinator" });
    else this.fail(error);
  }

  private untold(): void {
    this.fields.forget();
    this.hasNews = true;
  }

  /** Goes on towards the target: what has to go goes first, what is new comes when it is gone. */
  private reconcile(target: OwnedById): void {
    const { wanted, idOf, isComplete } = this.resolve(target);
    const owned = this.owned.list();
    // A topic that was deleted and made again is another one.
    const isStale = ({ topic }: TopicPartition): boolean => idOf.has(topic) && idOf.get(topic) !== this.ids.get(topic);
    const revoked = [...without(owned, wanted), ...owned.filter(isStale)];
    if (this.giveUp("revoked", [...new Set(revoked)])) return;
    const added = without(wanted, owned);
    for (const [topic, topicId] of idOf) this.ids.set(topic, topicId);
    if (isComplete) {
      this.target = null;
      this.refresh.attempt = 0;
      this.rebalanceEnded(`has its partitions of epoch ${this.memberEpoch}`);
    } else this.askForNames();
    if (added.length > 0) this.assign(added);
    else if (isComplete) this.report();
  }

  /** Names that are not known yet leave their partitions out; what is owned already keeps its name. */
  private resolve(target: OwnedById): {
    wanted: TopicPartition[];
    idOf: ReadonlyMap<string, string>;
    isComplete: boolean;
  } {
    const wanted: TopicPartition[] = [];
    const idOf = new Map<string, string>();
    let isComplete = true;
    for (const { topicId, partitions } of target) {
      const topic = this.names.get(topicId) ?? this.view.topicNames.get(topicId);
      if (topic === undefined) {
        isComplete = false;
        continue;
      }
      this.names.set(topicId, topic);
      idOf.set(topic, topicId);
      for (const partition of partitions) wanted.push({ topic, partition });
    }
    return { wanted, idOf, isComplete };
  }

  private askForNames(): void {
    if (this.refresh.isAwaited || this.nowMs < this.refresh.retryAtMs) return;
    this.refresh.isAwaited = true;
    this.refresh.id = ++this.requests;
    this.effects.push({ kind: "refresh", id: this.refresh.id, topics: null });
  }

  private refreshEnded(): void {
    this.refresh.isAwaited = false;
    this.refresh.retryAtMs = this.nowMs + this.options.backoffMs(this.refresh.attempt++);
  }

  /** Tells what is owned with a heartbeat at once: the coordinator waits for it before it gives it to others. */
  private report(): void {
    this.hasNews = true;
    this.pace.hurry(this.nowMs);
  }

  protected heard(call: ListenerCall): void {
    if (call !== "lost" && this.phase === "member") this.report();
  }

  protected loseMembership(why: string): void {
    this.tell("info", { name: "generation:lost", sentence: why });
    this.pace.stop();
    this.memberEpoch = -1;
    this.target = null;
    this.rebalanceStartMs = null;
    this.isLost = this.owned.size > 0;
    if (this.phase !== "failed") this.enter("outside");
  }

  protected interrupt(): void {
    this.target = null;
  }

  // A static member says that it will be back, and keeps its partitions until its session ends; told to leave, it leaves for good.
  protected leave(reason: string, wanted: boolean | undefined): void {
    const isStatic = this.options.groupInstanceId !== null;
    if (!this.isInGroup || (wanted === false && !isStatic)) return;
    const memberEpoch = isStatic && wanted !== true ? LEAVING_STATIC_EPOCH : LEAVING_EPOCH;
    const body = this.fields.leaving(this.options.memberId, memberEpoch);
    this.effects.push({ kind: "abandon" }, { kind: "consumerLeave", body });
    this.tell("info", { name: "left", sentence: reason });
  }

  protected enterFailed(): void {
    this.enter("failed");
  }

  protected close(leaveGroup: boolean | undefined): void {
    this.leave("the consumer is being closed", leaveGroup);
    this.forgetAll();
    this.enter("closed");
  }

  private get needsRefresh(): boolean {
    if (this.target === null || this.isCalling || this.refresh.isAwaited || this.isLate) return false;
    return this.phase === "member";
  }

  private enter(phase: Phase): void {
    this.phase = nextPhase(this.phase, phase);
  }
}

const transitions: Readonly<Record<Phase, readonly Phase[]>> = {
  outside: ["outside", "joining"],
  joining: ["outside", "member"],
  member: ["outside"],
  failed: ["outside"],
  closed: [],
};

function nextPhase(from: Phase, to: Phase): Phase {
  const isLegal = to === "failed" || to === "closed" || transitions[from].includes(to);
  assert(isLegal, `a member ${from} does not become ${to}`);
  return to;
}
