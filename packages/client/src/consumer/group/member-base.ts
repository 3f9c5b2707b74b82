// What members of both protocols do alike: take commands, ask the listener for one thing at a time, watch that the application is not late,
// give up what is lost, withdraw, fail. What a protocol adds are its answers and its one step at a time.
//
// Whatever happens, `handle` first takes the command and then looks at the whole state for the one step that is due, so that nothing that comes
// at an odd moment (a lost generation while the listener works, a new subscription while a request waits) is forgotten.

import { assert } from "@ottla/base";
import type { KafkaError } from "../../errors.ts";
import type { MetadataView } from "../../network/cluster.ts";
import type { TopicPartition } from "../../records.ts";
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
import { PartitionSet } from "./partition-set.ts";
import { PollWatch } from "./poll-watch.ts";

/** What every phase of either protocol comes to. */
export type Standing = "outside" | "inside" | "failed" | "closed";

export abstract class MemberBase<Options extends MemberOptions> implements Member {
  readonly owned = new PartitionSet();
  protected readonly options: Options;
  protected readonly watch: PollWatch;
  protected readonly pace: HeartbeatPace;
  protected subscription: MemberSubscription | null = null;
  protected view: MetadataView;
  /** Partitions are owned whose generation is lost. */
  protected isLost = false;
  protected isLate = false;
  /** Gives everything back and leaves, whatever is subscribed to meanwhile. */
  protected isWithdrawing = false;
  protected failure: KafkaError | null = null;
  /** When the rebalance under way began. */
  protected rebalanceStartMs: number | null = null;
  protected requests = 0;
  protected effects: MemberEffect[] = [];
  protected nowMs = 0;
  /** It is the listener that is late, and no longer when it has ended. */
  private isLateCall = false;
  private calling: { readonly call: ListenerCall; readonly partitions: readonly TopicPartition[] } | null = null;
  private assignments = 0;

  constructor(options: Options) {
    this.options = options;
    this.view = options.view;
    this.watch = new PollWatch(options.maxPollIntervalMs);
    this.pace = new HeartbeatPace(options.heartbeatIntervalMs);
  }

  abstract get identity(): MemberIdentity;
  abstract get commitAccess(): CommitAccess;
  protected abstract get standing(): Standing;
  /** The coordinator knows it, as far as it knows itself. */
  protected abstract get isInGroup(): boolean;
  protected abstract get heartbeats(): boolean;
  /** When something of the protocol's own is due. */
  protected abstract get ownDueMs(): number;

  /** A command that is the protocol's own. */
  protected abstract takeOwn(command: MemberCommand): void;
  protected abstract resubscribed(before: MemberSubscription | null): void;
  /** The one step that is due: the listener is free, nothing is lost, and this is subscribed to. */
  protected abstract step(subscription: MemberSubscription): void;
  protected abstract heartbeat(): void;
  /** Drops what is under way, so that everything can be given back. */
  protected abstract interrupt(): void;
  protected abstract leave(reason: string, wanted: boolean | undefined): void;
  /** The coordinator does not count it any more: out of its generation, and what is owned is lost. */
  protected abstract loseMembership(why: string): void;
  protected abstract enterFailed(): void;
  protected abstract close(leaveGroup: boolean | undefined): void;
  /** The listener has ended what it was asked to. */
  protected abstract heard(call: ListenerCall): void;

  get isIdle(): boolean {
    if (this.standing === "closed") return true;
    if (this.calling !== null) return false;
    return (
      this.standing === "failed" || (this.subscription === null && !this.isWithdrawing && this.standing === "outside")
    );
  }

  get dueMs(): number {
    const heartbeat = this.heartbeats ? this.pace.dueMs : Infinity;
    const late = this.isInGroup && !this.isLate ? this.watch.lateAtMs : Infinity;
    return Math.min(heartbeat, late, this.ownDueMs);
  }

  handle(command: MemberCommand, nowMs: number): MemberEffect[] {
    this.nowMs = nowMs;
    this.effects = [];
    if (this.standing === "closed") return [];
    this.take(command);
    if (this.isInGroup && !this.isLate && nowMs >= this.watch.lateAtMs) this.tooLate();
    this.advance();
    if (this.heartbeats && nowMs >= this.pace.dueMs) this.heartbeat();
    return this.effects;
  }

  protected get isCalling(): boolean {
    return this.calling !== null;
  }

  /** Owns these from now on, and tells the listener. */
  protected assign(partitions: readonly TopicPartition[]): void {
    this.owned.add(partitions, ++this.assignments);
    this.call("assigned", partitions);
  }

  /** Whether there was something to give up, so that the listener is busy now. */
  protected giveUp(call: "revoked" | "lost", partitions: readonly TopicPartition[]): boolean {
    if (partitions.length === 0) return false;
    // What is revoked is owned until the listener has ended: it commits.
    if (call === "lost") this.owned.remove(partitions);
    this.call(call, partitions);
    return true;
  }

  protected fail(error: KafkaError): void {
    if (this.standing === "failed") return;
    // Another one has its place: there is nothing to leave.
    if (error.code !== "FENCED_INSTANCE_ID" && error.code !== "UNRELEASED_INSTANCE_ID")
      this.leave(`the consumer failed: ${error.code}`, undefined);
    this.loseMembership(error.message);
    this.failure = error;
    this.enterFailed();
  }

  /** It is closed: nothing is owned, nobody is waited for. */
  protected forgetAll(): void {
    this.effects.push({ kind: "abandon" });
    this.calling = null;
    this.owned.clear();
    this.pace.stop();
  }

  protected tell(level: "info" | "warn", event: MemberEvent): void {
    this.effects.push({ kind: "tell", level, event });
  }

  protected rebalanceStarted(sentence: string): void {
    if (this.rebalanceStartMs !== null) return;
    this.rebalanceStartMs = this.nowMs;
    this.tell("info", { name: "rebalance:start", sentence });
  }

  protected rebalanceEnded(sentence: string): void {
    const latencyMs = this.nowMs - (this.rebalanceStartMs ?? this.nowMs);
    this.rebalanceStartMs = null;
    this.tell("info", { name: "rebalance:end", sentence, latencyMs });
  }

  private take(command: MemberCommand): void {
    if (command.kind === "subscribe") this.subscribe(command.subscription);
    else if (command.kind === "metadata") this.view = command.view;
    else if (command.kind === "called") this.called(command.error);
    else if (command.kind === "close") this.close(command.leaveGroup);
    else if (command.kind === "progressed") {
      this.watch.progressed(this.nowMs);
      this.isLate = false;
    } else if (command.kind === "waiting") {
      this.watch.waiting(command.isWaiting, this.nowMs);
      this.isLate = false;
    } else this.takeOwn(command);
  }

  private subscribe(subscription: MemberSubscription | null): void {
    const before = this.subscription;
    if (before === null) this.watch.progressed(this.nowMs);
    this.subscription = subscription;
    if (subscription === null && (this.isInGroup || this.standing === "inside")) this.isWithdrawing = true;
    this.resubscribed(before);
  }

  private advance(): void {
    if (this.calling !== null || this.standing === "closed") return;
    if (this.isLost) {
      this.isLost = false;
      if (this.giveUp("lost", this.owned.list())) return;
    }
    if (this.standing === "failed") {
      if (this.failure !== null) this.effects.push({ kind: "failed", error: this.failure });
      this.failure = null;
      return;
    }
    if (this.isWithdrawing && this.withdraw()) return;
    if (this.subscription !== null) this.step(this.subscription);
  }

  /** What is left to give back is given back, then the member leaves. Whether the listener is busy with that. */
  private withdraw(): boolean {
    this.interrupt();
    if (this.giveUp("revoked", this.owned.list())) return true;
    this.isWithdrawing = false;
    this.leave("the consumer unsubscribed from all topics", undefined);
    this.loseMembership("unsubscribed");
    this.rebalanceStartMs = null;
    return false;
  }

  private call(call: ListenerCall, partitions: readonly TopicPartition[]): void {
    assert(this.calling === null, "the listener is asked for one thing at a time");
    this.calling = { call, partitions };
    this.watch.callStarted(this.nowMs);
    this.effects.push({ kind: "call", call, partitions });
  }

  private called(error: KafkaError | null): void {
    if (this.calling === null) return;
    const { call, partitions } = this.calling;
    this.calling = null;
    if (this.isLateCall) this.isLate = false;
    this.watch.callEnded(this.nowMs);
    if (call === "revoked") this.owned.remove(partitions);
    this.heard(call);
    if (error !== null) this.fail(error);
  }

  // What the application does not come back for belongs to others soon: leave now, and join again when it moves (KIP-62).
  private tooLate(): void {
    this.isLate = true;
    this.isLateCall = this.calling !== null;
    const limit = `maxPollIntervalMs (${this.options.maxPollIntervalMs} ms)`;
    const sentence = `leaves the group, as records or a rebalance were worked on for more than ${limit}`;
    this.tell("warn", { name: "poll:late", sentence });
    this.leave("consumer poll timeout has expired.", undefined);
    this.loseMembership("poll timeout");
  }
}
