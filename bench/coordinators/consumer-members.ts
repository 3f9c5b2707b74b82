// Members of one KIP-848 group: each has a connection and sends heartbeats without a pause, so that what is measured is the broker and
// not the interval of the clients. What a member is told to give up it gives up at once.

import { randomUUID } from "node:crypto";
import { failOn } from "../wire.ts";
import { openCallers, type Caller } from "./caller.ts";
import { consumerHeartbeatFrame, readConsumerHeartbeat, type ConsumerHeartbeatAnswer } from "./frames-groups.ts";
import type { Loop } from "./loop.ts";

export interface ConsumerGroupOptions {
  port: number;
  group: string;
  topic: string;
  partitions: number;
  /** One connection each, whether they have joined or not. */
  members: number;
}

const LEAVE_EPOCH = -1;

export class ConsumerMembers {
  readonly members: ConsumerMember[] = [];
  private readonly options: ConsumerGroupOptions;
  private readonly callers: Caller[];
  private readonly loop: Loop;
  private converged: (() => void) | null = null;
  private leastEpoch = 0;

  private constructor(options: ConsumerGroupOptions, callers: Caller[], loop: Loop) {
    this.options = options;
    this.callers = callers;
    this.loop = loop;
    this.members = callers.map((caller) => new ConsumerMember(caller, options));
  }

  static async open(options: ConsumerGroupOptions, loop: Loop): Promise<ConsumerMembers> {
    return new ConsumerMembers(options, await openCallers(options.port, options.members, loop.lost), loop);
  }

  /** Lets these join. Resolves when every partition has an owner and every member has the newest epoch. */
  join(joining: readonly ConsumerMember[]): Promise<void> {
    return this.settle(() => {
      for (const member of joining) member.join();
    });
  }

  /** Lets one leave. Resolves when the others have its partitions. */
  leave(member: ConsumerMember): Promise<void> {
    return this.settle(() => member.leave());
  }

  /** How many partitions members were told to give up since the last call. */
  takeRevocations(): number {
    let revocations = 0;
    for (const member of this.members) {
      revocations += member.revocations;
      member.revocations = 0;
    }
    return revocations;
  }

  close(): void {
    for (const caller of this.callers) caller.close();
  }

  // Each member has one heartbeat on its way at most, also one that is left from before.
  private settle(change: () => void): Promise<void> {
    this.leastEpoch = 1 + Math.max(...this.members.map(({ epoch }) => epoch));
    return this.loop.race(
      new Promise((resolve) => {
        this.converged = resolve;
        change();
        for (const member of this.members) if (member.isIn && !member.isWaiting) this.keepAlive(member);
      }),
    );
  }

  private keepAlive(member: ConsumerMember): void {
    member.heartbeat(() => {
      if (this.converged !== null && this.hasConverged()) {
        this.converged();
        this.converged = null;
      }
      if (this.converged !== null && member.isIn) this.keepAlive(member);
    });
  }

  // An assignment in which some have more than their share is one from before all had joined.
  private hasConverged(): boolean {
    const { partitions } = this.options;
    const members = this.members.filter(({ isIn }) => isIn);
    const share = Math.ceil(partitions / members.length);
    const epoch = members[0]!.epoch;
    if (epoch < this.leastEpoch) return false;
    let owned = 0;
    for (const member of members) {
      if (member.epoch !== epoch || member.hasNews || member.partitions.length > share) return false;
      owned += member.partitions.length;
    }
    return owned === partitions;
  }
}

export class ConsumerMember {
  /** Has joined or is about to, and has not left. */
  isIn = false;
  epoch = 0;
  partitions: readonly number[] = [];
  /** Its partitions changed and the coordinator does not know yet that it follows. */
  hasNews = false;
  /** A heartbeat is on its way. */
  isWaiting = false;
  /** Partitions that it was told to give up. */
  revocations = 0;
  readonly caller: Caller;
  private readonly options: ConsumerGroupOptions;
  private readonly memberId = randomUUID();
  private topicId: Buffer = Buffer.alloc(16);
  private isJoining = false;

  constructor(caller: Caller, options: ConsumerGroupOptions) {
    this.caller = caller;
    this.options = options;
  }

  /** The next heartbeat is its first. */
  join(): void {
    this.isIn = true;
    this.isJoining = true;
    this.epoch = 0;
    this.partitions = [];
  }

  // Behind a heartbeat that is on its way.
  leave(): void {
    this.isIn = false;
    this.caller.send(this.frame(LEAVE_EPOCH), (response) => {
      failOn("ConsumerGroupHeartbeat", readConsumerHeartbeat(response).errorCode);
    });
  }

  heartbeat(answered: () => void): void {
    this.isWaiting = true;
    this.caller.send(this.frame(this.epoch), (response) => {
      this.isWaiting = false;
      this.follow(readConsumerHeartbeat(response));
      answered();
    });
    this.isJoining = false;
    this.hasNews = false;
  }

  /** What it says while nothing changes. */
  idleFrame(): Buffer {
    return this.frame(this.epoch);
  }

  private frame(epoch: number): Buffer {
    const { group, topic } = this.options;
    return consumerHeartbeatFrame({
      group,
      memberId: this.memberId,
      epoch,
      ...(this.isJoining ? { topic } : {}),
      ...(this.hasNews ? { owned: { topicId: this.topicId, partitions: this.partitions } } : {}),
    });
  }

  private follow({ errorCode, errorMessage, epoch, assignment }: ConsumerHeartbeatAnswer): void {
    if (errorCode !== 0) throw new Error(`ConsumerGroupHeartbeat was answered with ${errorCode}: ${errorMessage}`);
    this.epoch = epoch;
    if (assignment === null) return;
    const kept = new Set(assignment.partitions);
    this.revocations += this.partitions.filter((partition) => !kept.has(partition)).length;
    this.hasNews = !sameMembers(this.partitions, kept);
    this.partitions = assignment.partitions;
    if (assignment.partitions.length > 0) this.topicId = assignment.topicId;
  }
}

function sameMembers(left: readonly number[], right: ReadonlySet<number>): boolean {
  return left.length === right.size && left.every((partition) => right.has(partition));
}
