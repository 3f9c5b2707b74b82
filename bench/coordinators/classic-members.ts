// Members of one classic group as their clients play them: each has a connection, joins, syncs, learns of rebalances by heartbeats.
// The leader gives partition n to the n-th member.

import { failOn } from "../wire.ts";
import { pause } from "../load-produce.ts";
import { openCallers, type Caller } from "./caller.ts";
import {
  heartbeatErrorCode,
  heartbeatFrame,
  joinGroupFrame,
  readJoinGroup,
  readSyncGroup,
  syncGroupFrame,
  type Joined,
} from "./frames-groups.ts";
import type { Loop } from "./loop.ts";

const REBALANCE_IN_PROGRESS = 27;
const MEMBER_ID_REQUIRED = 79;
const FORMING_PAUSE_MS = 50;

export interface ClassicGroupOptions {
  port: number;
  group: string;
  topic: string;
  members: number;
}

export class ClassicMembers {
  readonly members: ClassicMember[] = [];
  private readonly callers: Caller[];

  private constructor(options: ClassicGroupOptions, callers: Caller[]) {
    this.callers = callers;
    this.members = callers.map((caller) => new ClassicMember(caller, options));
  }

  /** Opens the connections and brings all members into one generation. */
  static async form(options: ClassicGroupOptions, loop: Loop): Promise<ClassicMembers> {
    const group = new ClassicMembers(options, await openCallers(options.port, options.members, loop.lost));
    await loop.race(Promise.all(group.members.map((member) => member.participate(() => group.isSettled()))));
    return group;
  }

  /** The leader joins again, which makes all others do so: resolves when every member has its SyncGroup answer. */
  async rebalance(): Promise<void> {
    const leader = this.members.find((member) => member.isLeader)!;
    const generation = leader.generation;
    await Promise.all(
      this.members.map(async (member) => {
        if (member !== leader) while ((await member.heartbeat()) !== REBALANCE_IN_PROGRESS);
        await member.joinAndSync();
      }),
    );
    if (!this.isSettled() || leader.generation !== generation + 1) throw new Error("a rebalance that is none");
  }

  close(): void {
    for (const caller of this.callers) caller.close();
  }

  private isSettled(): boolean {
    const { generation } = this.members[0]!;
    return this.members.every((member) => member.isAssigned && member.generation === generation);
  }
}

export class ClassicMember {
  readonly caller: Caller;
  /** Whether it has the assignment of its generation. */
  isAssigned = false;
  isLeader = false;
  generation = -1;
  private readonly options: ClassicGroupOptions;
  private memberId = "";

  constructor(caller: Caller, options: ClassicGroupOptions) {
    this.caller = caller;
    this.options = options;
  }

  /** Joins, and joins again as often as the others make it, until the group is settled. */
  async participate(isSettled: () => boolean): Promise<void> {
    await this.joinAndSync();
    while (!isSettled()) {
      await pause(FORMING_PAUSE_MS);
      if ((await this.heartbeat()) === REBALANCE_IN_PROGRESS) await this.joinAndSync();
    }
  }

  async joinAndSync(): Promise<void> {
    do this.isAssigned = (await this.sync(await this.join())) !== REBALANCE_IN_PROGRESS;
    while (!this.isAssigned);
  }

  heartbeatFrame(): Buffer {
    return heartbeatFrame({ group: this.options.group, memberId: this.memberId, generation: this.generation });
  }

  async heartbeat(): Promise<number> {
    const errorCode = heartbeatErrorCode(await this.caller.ask(this.heartbeatFrame()));
    if (errorCode !== REBALANCE_IN_PROGRESS) failOn("Heartbeat", errorCode);
    return errorCode;
  }

  private async join(): Promise<Joined> {
    this.isAssigned = false;
    for (;;) {
      const joined = readJoinGroup(
        await this.caller.ask(joinGroupFrame(this.options.group, this.memberId, this.options.topic)),
      );
      this.memberId = joined.memberId;
      if (joined.errorCode === MEMBER_ID_REQUIRED) continue;
      failOn("JoinGroup", joined.errorCode);
      this.generation = joined.generation;
      this.isLeader = joined.leader === joined.memberId;
      return joined;
    }
  }

  private async sync({ members }: Joined): Promise<number> {
    const { group, topic } = this.options;
    const request = syncGroupFrame({ group, memberId: this.memberId, generation: this.generation }, topic, members);
    const { errorCode, assignmentBytes } = readSyncGroup(await this.caller.ask(request));
    if (errorCode === REBALANCE_IN_PROGRESS) return errorCode;
    failOn("SyncGroup", errorCode);
    if (assignmentBytes <= 0) throw new Error("a member without an assignment");
    return errorCode;
  }
}
