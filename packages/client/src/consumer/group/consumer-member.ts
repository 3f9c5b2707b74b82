// A member of a group of the consumer protocol (KIP-848), as Java's ConsumerMembershipManager: one request, ConsumerGroupHeartbeat, joins,
// reports and leaves, and its answers bring the member's epoch and the partitions that it shall have. The member comes there by itself:
// gives back what is not in it, tells that, takes what is new, tells that.
// Pure: see member.ts. Partitions are told by topic id on the wire and owned by name here; ids are resolved by the metadata.

import { assert } from "@ottla/base";
import { errorCodes, errorName } from "@ottla/protocol";
import type { ConsumerGroupHeartbeatResponse } from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import { brokerError } from "../../errors.ts";
import type { KafkaError } from "../../errors.ts";
import type { MetadataView } from "../../network/cluster.ts";
import type { TopicPartition } from "../../records.ts";
import { heartbeatReaction } from "./consumer-answers.ts";
import { HeartbeatFields } from "./consumer-request.ts";
import type { OwnedById } from "./consumer-request.ts";
import { HeartbeatPace } from "./heartbeat-pace.ts";
import type {
  CommitAccess,
  ListenerCall,
  Member,
  MemberCommand,
  MemberEffect,
  MemberEvent,
  MemberIdentity,
  MemberOptions,
  MemberSubscription,
} from "./member.ts";
import { byTopic, PartitionSet, without } from "./partition-set.ts";
import { PollWatch } from "./poll-watch.ts";

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
  readonly heartbeatIntervalMs: number;
  readonly view: MetadataView;
}

export class ConsumerMember implements Member {
  readonly owned = new PartitionSet();
  private readonly options: ConsumerMemberOptions;
  private readonly watch: PollWatch;
  private readonly pace: HeartbeatPace;
  private readonly fields: HeartbeatFields;
  private phase: Phase = "outside";
  private memberEpoch = -1;
  private subscription: MemberSubscription | null = null;
  /** What heartbeats tell: the subscription, or the last one while the member gives back what it had. */
  private toldSubscription: MemberSubscription = { topics: [], pattern: null, serverPattern: null };
  /** What the coordinator wants the member to have, by topic id; null when it is there. */
  private target: OwnedById | null = null;
  /** Ids of topics that were assigned, and their names. */
  private readonly names = new Map<string, string>();
  private readonly ids = new Map<string, string>();
  /** What is owned has changed since it was told. */
  private hasNews = false;
  private calling: { readonly call: ListenerCall; readonly partitions: readonly TopicPartition[] } | null = null;
  private assignments = 0;
  private requests = 0;
  private refresh = { id: 0, retryAtMs: 0, attempt: 0, isAwaited: false };
  private isLost = false;
  private isLate = false;
  /** It is the listener that is late, and no longer when it has ended. */
  private isLateCall = false;
  /** Gives everything back and leaves, whatever is subscribed to meanwhile. */
  private isWithdrawing = false;
  private failure: KafkaError | null = null;
  private rebalanceStartMs: number | null = null;
  private view: MetadataView;
  private effects: MemberEffect[] = [];
  private nowMs = 0;

  constructor(options: ConsumerMemberOptions) {
    this.options = options;
    this.view = options.view;
    this.watch = new PollWatch(options.maxPollIntervalMs);
    this.pace = new HeartbeatPace(options.heartbeatIntervalMs);
    this.fields = new HeartbeatFields(options, options.serverAssignor);
  }

  get identity(): MemberIdentity {
    const isMember = this.phase === "member";
    return { memberId: isMember ? this.options.memberId : "", generationId: isMember ? this.memberEpoch : -1 };
  }

  get commitAccess(): CommitAccess {
    return this.phase === "member" ? "open" : "closed";
  }

  get isIdle(): boolean {
    if (this.phase === "closed") return true;
    return (
      this.calling === null &&
      (this.phase === "failed" || (this.subscription === null && !this.isWithdrawing && this.phase === "outside"))
    );
  }

  get dueMs(): number {
    const late = this.isInGroup && !this.isLate ? this.watch.lateAtMs : Infinity;
    const heartbeat = this.isInGroup ? this.pace.dueMs : Infinity;
    const refresh = this.needsRefresh ? this.refresh.retryAtMs : Infinity;
    return Math.min(late, heartbeat, refresh);
  }

  handle(command: MemberCommand, nowMs: number): MemberEffect[] {
    this.nowMs = nowMs;
    this.effects = [];
    if (this.phase === "closed") return [];
    this.take(command);
    if (this.isInGroup && !this.isLate && nowMs >= this.watch.lateAtMs) this.tooLate();
    this.advance();
    if (this.isInGroup && nowMs >= this.pace.dueMs) this.heartbeat();
    return this.effects;
  }

  private take(command: MemberCommand): void {
    switch (command.kind) {
      case "subscribe":
        this.subscribe(command.subscription);
        break;
      case "metadata":
        this.view = command.view;
        break;
      case "consumerHeartbeatAnswered":
        if (this.pace.isAnswerOf(command.id)) this.heartbeatAnswered(command.response);
        break;
      case "refreshed":
        if (command.id === this.refresh.id) this.refreshEnded();
        break;
      case "requestFailed":
        this.requestFailed(command.id, command.error);
        break;
      case "called":
        this.called(command.error);
        break;
      case "progressed":
        this.watch.progressed(this.nowMs);
        this.isLate = false;
        break;
      case "waiting":
        this.watch.waiting(command.isWaiting, this.nowMs);
        this.isLate = false;
        break;
      case "commitRefused":
        // A stale epoch is only old; an unknown member and a fenced instance the next heartbeat is told as well.
        this.pace.hurry(this.nowMs);
        break;
      case "close":
        this.close(command.leaveGroup);
        break;
      // The coordinator decides when to rebalance: Java's enforceRebalance does nothing either.
      case "rejoin":
      case "joined":
      case "synced":
      case "heartbeatAnswered":
      case "tick":
        break;
    }
  }

  private subscribe(subscription: MemberSubscription | null): void {
    if (subscription !== null && this.phase === "failed") {
      this.failure = null;
      this.enter("outside");
    }
    const before = this.subscription;
    if (before === null) this.watch.progressed(this.nowMs);
    this.subscription = subscription;
    if (subscription !== null) this.toldSubscription = subscription;
    if (subscription === null && this.phase !== "outside") this.isWithdrawing = true;
    if (before === null || subscription === null || this.phase === "outside") return;
    const isSame =
      before.topics.join() === subscription.topics.join() && before.serverPattern === subscription.serverPattern;
    if (!isSame) this.pace.hurry(this.nowMs);
  }

  /** The one step that is due. */
  private advance(): void {
    if (this.calling !== null || this.phase === "closed") return;
    if (this.isLost) {
      this.isLost = false;
      if (this.giveUp("lost", this.owned.list())) return;
    }
    if (this.phase === "failed") {
      if (this.failure !== null) this.effects.push({ kind: "failed", error: this.failure });
      this.failure = null;
      return;
    }
    if (this.isWithdrawing && this.withdraw()) return;
    if (this.subscription === null || this.isLate) return;
    if (this.phase === "outside") this.join();
    else if (this.target !== null) this.reconcile(this.target);
  }

  private join(): void {
    this.enter("joining");
    this.memberEpoch = JOINING_EPOCH;
    this.hasNews = true;
    this.fields.forget();
    this.rebalanceStartMs = this.nowMs;
    this.tell("info", { name: "rebalance:start", sentence: "joins the group" });
    this.pace.hurry(this.nowMs);
  }

  private heartbeat(): void {
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
    if (this.rebalanceStartMs !== null) return;
    this.rebalanceStartMs = this.nowMs;
    this.tell("info", { name: "rebalance:start", sentence: `is assigned anew with epoch ${this.memberEpoch}` });
  }

  private heartbeatRefused({ errorCode, errorMessage }: ConsumerGroupHeartbeatResponse): void {
    const reaction = heartbeatReaction(errorCode);
    // Whatever it told was not taken.
    this.untold();
    const isFenced = reaction === "fenced" || reaction === "gone";
    if (isFenced && this.phase === "member") {
      this.loseEpoch(`${errorName(errorCode)} from ConsumerGroupHeartbeat`);
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
      this.reconciled();
    } else this.askForNames();
    if (added.length > 0) {
      this.owned.add(added, ++this.assignments);
      this.call("assigned", added);
    } else if (isComplete) this.report();
  }

  private reconciled(): void {
    const latencyMs = this.nowMs - (this.rebalanceStartMs ?? this.nowMs);
    this.rebalanceStartMs = null;
    this.refresh.attempt = 0;
    this.tell("info", {
      name: "rebalance:end",
      sentence: `has its partitions of epoch ${this.memberEpoch}`,
      latencyMs,
    });
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

  private called(error: KafkaError | null): void {
    if (this.calling === null) return;
    const { call, partitions } = this.calling;
    this.calling = null;
    if (this.isLateCall) this.isLate = false;
    this.watch.callEnded(this.nowMs);
    if (call === "revoked") this.owned.remove(partitions);
    if (call !== "lost" && this.phase === "member") this.report();
    if (error !== null) this.fail(error);
  }

  // KIP-848: who does not come back leaves, and joins again when it moves.
  private tooLate(): void {
    this.isLate = true;
    this.isLateCall = this.calling !== null;
    const { maxPollIntervalMs } = this.options;
    this.tell("warn", {
      name: "poll:late",
      sentence: `leaves the group, as records or a rebalance were worked on for more than maxPollIntervalMs (${maxPollIntervalMs} ms)`,
    });
    this.leave(this.leavingEpoch, "consumer poll timeout has expired.");
    this.loseEpoch("poll timeout");
  }

  private loseEpoch(why: string): void {
    this.tell("info", { name: "generation:lost", sentence: why });
    this.pace.stop();
    this.memberEpoch = -1;
    this.target = null;
    this.rebalanceStartMs = null;
    this.isLost = this.owned.size > 0;
    if (this.phase !== "failed") this.enter("outside");
  }

  /** What is left to give back is given back, then the member leaves. Whether the listener is busy with that. */
  private withdraw(): boolean {
    this.target = null;
    if (this.giveUp("revoked", this.owned.list())) return true;
    this.isWithdrawing = false;
    this.leave(this.leavingEpoch, "the consumer unsubscribed from all topics");
    this.loseEpoch("unsubscribed");
    return false;
  }

  private get leavingEpoch(): number {
    return this.options.groupInstanceId === null ? LEAVING_EPOCH : LEAVING_STATIC_EPOCH;
  }

  private leave(memberEpoch: number, sentence: string): void {
    if (!this.isInGroup) return;
    this.effects.push(
      { kind: "abandon" },
      { kind: "consumerLeave", body: this.fields.leaving(this.options.memberId, memberEpoch) },
    );
    this.tell("info", { name: "left", sentence });
  }

  private fail(error: KafkaError): void {
    if (this.phase === "failed") return;
    if (!(error.code === "FENCED_INSTANCE_ID" || error.code === "UNRELEASED_INSTANCE_ID"))
      this.leave(this.leavingEpoch, `the consumer failed: ${error.code}`);
    this.loseEpoch(error.message);
    this.failure = error;
    this.enter("failed");
  }

  // A static member says that it will be back, and keeps its partitions until its session ends; told to leave, it leaves for good.
  private close(leaveGroup: boolean | undefined): void {
    const isStatic = this.options.groupInstanceId !== null;
    if (leaveGroup === true) this.leave(LEAVING_EPOCH, "the consumer is being closed");
    else if (leaveGroup === undefined || isStatic) this.leave(this.leavingEpoch, "the consumer is being closed");
    this.effects.push({ kind: "abandon" });
    this.calling = null;
    this.owned.clear();
    this.pace.stop();
    this.enter("closed");
  }

  private giveUp(call: "revoked" | "lost", partitions: readonly TopicPartition[]): boolean {
    if (partitions.length === 0) return false;
    if (call === "lost") this.owned.remove(partitions);
    this.call(call, partitions);
    return true;
  }

  private call(call: ListenerCall, partitions: readonly TopicPartition[]): void {
    assert(this.calling === null, "the listener is asked for one thing at a time");
    this.calling = { call, partitions };
    this.watch.callStarted(this.nowMs);
    this.effects.push({ kind: "call", call, partitions });
  }

  private get needsRefresh(): boolean {
    if (this.target === null || this.calling !== null || this.refresh.isAwaited || this.isLate) return false;
    return this.phase === "member";
  }

  private get isInGroup(): boolean {
    return this.phase === "joining" || this.phase === "member";
  }

  private tell(level: "info" | "warn", event: MemberEvent): void {
    this.effects.push({ kind: "tell", level, event });
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
