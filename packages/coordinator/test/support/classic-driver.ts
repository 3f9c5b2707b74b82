// Speaks to classic groups as clients do, without a socket: requests with short names and sensible defaults,
// answers as a client of that version decodes them, and ways to bring a group into each of its states.

import { ByteReader, ByteWriter } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import type { Codec } from "@ottla/protocol";
import { consumerProtocolSubscription } from "@ottla/protocol/embedded-data/consumer-protocol-subscription.ts";
import { joinGroupApi } from "@ottla/protocol/messages/11-join-group.ts";
import type { JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import type { HeartbeatResponse } from "@ottla/protocol/messages/12-heartbeat.ts";
import { leaveGroupApi } from "@ottla/protocol/messages/13-leave-group.ts";
import type { LeaveGroupResponse } from "@ottla/protocol/messages/13-leave-group.ts";
import { syncGroupApi } from "@ottla/protocol/messages/14-sync-group.ts";
import type { SyncGroupResponse } from "@ottla/protocol/messages/14-sync-group.ts";
import { GroupAdmin } from "../../src/group/admin.ts";
import { joinAnswerFor, leaveAnswerFor, normalizedJoin, normalizedLeave } from "../../src/group/classic/by-version.ts";
import { ClassicGroup } from "../../src/group/classic/classic-group.ts";
import { ClassicGroups } from "../../src/group/classic/classic-groups.ts";
import type { GroupContext } from "../../src/group/group-context.ts";
import { groupRecordCodec } from "../../src/group/group-records.ts";
import type { GroupRecord } from "../../src/group/group-records.ts";
import type { Now, Outcome } from "../../src/runtime/outcome.ts";
import type { CoordinatorShard } from "../../src/runtime/shard.ts";
import { TestWorld } from "./group-context.ts";
import { ShardHarness } from "./shard-harness.ts";
import type { Call } from "./shard-harness.ts";

export const GROUP = "orders";

/** A shard that has classic groups and nothing else; committed offsets are names in a table. */
export class ClassicShard implements CoordinatorShard<GroupRecord> {
  readonly context: GroupContext;
  readonly classic: ClassicGroups;
  readonly admin: GroupAdmin;
  readonly committed = new Map<string, GroupRecord[]>();

  constructor(world: TestWorld) {
    this.context = world.context();
    this.classic = new ClassicGroups(this.context);
    const offsets = { deleteAll: (groupId: string) => this.committed.get(groupId) ?? [] };
    this.admin = new GroupAdmin({ context: this.context, classic: this.classic, offsets });
  }

  replay(record: GroupRecord): void {
    if (record.kind === "GroupMetadata") this.classic.replayGroupMetadata(record.key, record.value);
  }

  replayEndTransaction(): void {
    throw new Error("classic groups know no transactions");
  }

  loaded(now: Now): Outcome<GroupRecord> {
    return this.classic.loaded(now);
  }

  nextDeadlineMs(): number | null {
    return this.context.deadlines.nextMs();
  }

  expire(now: Now): Outcome<GroupRecord> | null {
    return this.context.deadlines.takeDue(now.monotonicMs)?.(now) ?? null;
  }
}

export interface JoinOptions {
  readonly group?: string;
  readonly member?: string;
  readonly instance?: string;
  /** Names of protocols, the preferred first; the metadata is a subscription to `topics`. */
  readonly protocols?: readonly string[];
  readonly topics?: readonly string[];
  readonly metadata?: Buffer;
  readonly type?: string;
  readonly sessionMs?: number;
  readonly rebalanceMs?: number;
  readonly version?: number;
  readonly client?: string;
}

export interface SyncOptions {
  readonly group?: string;
  readonly member: string;
  readonly instance?: string;
  readonly generation: number;
  readonly assignments?: Readonly<Record<string, string>>;
  readonly type?: string | null;
  readonly protocol?: string | null;
  readonly version?: number;
}

export const SESSION_MS = 10_000;
export const REBALANCE_MS = 60_000;

export class ClassicDriver {
  readonly world = new TestWorld();
  readonly harness: ShardHarness<GroupRecord, ClassicShard>;
  /** Short names of members, by member id. */
  readonly names = new Map<string, string>();

  constructor(config: Partial<TestWorld["config"]> = {}) {
    this.world.config = { ...this.world.config, ...config };
    this.harness = new ShardHarness({ codec: groupRecordCodec, makeShard: () => new ClassicShard(this.world) });
  }

  get shard(): ClassicShard {
    return this.harness.shard;
  }

  join(options: JoinOptions = {}): Call<JoinGroupResponse> {
    const { group = GROUP, version = 9, client = "app", topics = ["t"], protocols = ["range"] } = options;
    const metadata = options.metadata ?? subscription(topics);
    const request = {
      groupId: group,
      sessionTimeoutMs: options.sessionMs ?? SESSION_MS,
      rebalanceTimeoutMs: version === 0 ? -1 : (options.rebalanceMs ?? REBALANCE_MS),
      memberId: options.member ?? "",
      groupInstanceId: options.instance ?? null,
      protocolType: options.type ?? "consumer",
      protocols: protocols.map((name) => ({ name, metadata })),
      reason: null,
    };
    const from = { clientId: client, clientHost: "/127.0.0.1", apiVersion: version };
    return this.harness.run((shard, pending, now) =>
      shard.classic.join(normalizedJoin(request, version), from, pending, now),
    );
  }

  sync(options: SyncOptions): Call<SyncGroupResponse> {
    const request = {
      groupId: options.group ?? GROUP,
      generationId: options.generation,
      memberId: options.member,
      groupInstanceId: options.instance ?? null,
      protocolType: options.type === undefined ? "consumer" : options.type,
      protocolName: options.protocol === undefined ? "range" : options.protocol,
      assignments: Object.entries(options.assignments ?? {}).map(([memberId, assignment]) => ({
        memberId,
        assignment: Buffer.from(assignment),
      })),
    };
    return this.harness.run((shard, pending, now) => shard.classic.sync(request, pending, now));
  }

  /** The name of the answer's error. */
  heartbeat(member: string, generation: number, instance: string | null = null, group = GROUP): string {
    const request = { groupId: group, generationId: generation, memberId: member, groupInstanceId: instance };
    const { errorCode } = this.harness.ask<HeartbeatResponse>((shard, pending, now) =>
      shard.classic.heartbeat(request, pending, now),
    );
    return errorName(errorCode);
  }

  leaveAll(
    members: readonly { member: string; instance?: string }[],
    { version = 5, group = GROUP }: { version?: number; group?: string } = {},
  ): LeaveGroupResponse {
    const request = {
      groupId: group,
      memberId: version < 3 ? members[0]!.member : "",
      members:
        version < 3
          ? []
          : members.map(({ member, instance = null }) => ({
              memberId: member,
              groupInstanceId: instance,
              reason: null,
            })),
    };
    const answer = this.harness.ask<LeaveGroupResponse>((shard, pending, now) =>
      shard.classic.leave(normalizedLeave(request, version), pending, now),
    );
    return asSent(leaveGroupApi, version, leaveAnswerFor(answer, version));
  }

  /** The name of the error for this one member. */
  leave(member: string, instance?: string): string {
    const answer = this.leaveAll([instance === undefined ? { member } : { member, instance }]);
    return errorName(answer.members[0]!.errorCode);
  }

  /** Asks for a member id, as clients since version 4 do. */
  memberId(options: JoinOptions = {}): string {
    return this.join(options).answer.memberId;
  }

  group(groupId = GROUP): ClassicGroup {
    const group = this.shard.context.groups.get(groupId);
    if (!(group instanceof ClassicGroup)) throw new Error(`there is no classic group ${groupId}`);
    return group;
  }

  state(): string {
    return this.shard.context.groups.get(GROUP)?.stateName() ?? "none";
  }

  advance(byMs: number): void {
    this.harness.advance(byMs);
  }

  /** The records written since the last call, each in a few words; * marks the leader. */
  records(): string[] {
    return this.harness.takeRecords().map((record) => {
      if (record.kind !== "GroupMetadata") return record.kind;
      if (record.value === null) return `tombstone ${record.key.group}`;
      const { generation, protocolType, protocol, leader, members } = record.value;
      const parts = members.map(
        ({ memberId, assignment }) => `${memberId === leader ? "*" : ""}${memberId}=${assignment.toString()}`,
      );
      const text = `${record.key.group} generation ${generation} ${protocolType || "-"} ${protocol ?? "-"} [${parts.join(" ")}]`;
      return withNames(text, this.names);
    });
  }
}

/** Calls members by these names in what is shown of records. */
function withNames(text: string, names: ReadonlyMap<string, string>): string {
  let named = text;
  for (const [memberId, name] of names) named = named.replaceAll(memberId, name);
  return named;
}

/** The answer's error, or that there is none yet. */
export function outcomeOf(call: Call<{ errorCode: number }>): string {
  return call.waits ? "waits" : errorName(call.answer.errorCode);
}

/** A JoinGroup answer as a client of this version decodes it. */
export function joinAsSent(call: Call<JoinGroupResponse>, version: number): JoinGroupResponse {
  return asSent(joinGroupApi, version, joinAnswerFor(call.answer, version));
}

export function syncAsSent(call: Call<SyncGroupResponse>, version: number): SyncGroupResponse {
  return asSent(syncGroupApi, version, call.answer);
}

/** Through the bytes and back. */
export function asSent<Response, Input>(
  api: { readonly response: Codec<Response, Input> },
  version: number,
  answer: Input,
): Response {
  const writer = new ByteWriter(256);
  api.response.encode(writer, version, answer);
  return api.response.decode(new ByteReader(writer.toBuffer()), version);
}

/** What a consumer says for a protocol: a version and the topics that it subscribes to. */
export function subscription(topics: readonly string[]): Buffer {
  const writer = new ByteWriter(64);
  writer.int16(1);
  consumerProtocolSubscription.encode(writer, 1, { topics: [...topics], ownedPartitions: [] });
  return writer.toBuffer();
}

/** Two dynamic members, the first of them the leader. */
export interface Pair {
  readonly leader: string;
  readonly follower: string;
  readonly generation: number;
}

/** A group of two whose members have just got their JoinGroup answers. */
export function completingPair(driver: ClassicDriver): Pair {
  const leader = driver.memberId();
  const follower = driver.memberId();
  driver.names.set(leader, "L").set(follower, "F");
  driver.join({ member: leader });
  const joined = driver.join({ member: follower });
  driver.advance(0);
  return { leader, follower, generation: joined.answer.generationId };
}

/** A group of two with an assignment. */
export function stablePair(driver: ClassicDriver): Pair {
  const pair = completingPair(driver);
  const { leader, follower, generation } = pair;
  driver.sync({ member: follower, generation });
  driver.sync({ member: leader, generation, assignments: { [leader]: "a", [follower]: "b" } });
  return pair;
}

/** A group of two of which the leader joins the next generation and the follower has yet to. */
export function preparingPair(driver: ClassicDriver): Pair & { rejoining: Call<JoinGroupResponse> } {
  const pair = stablePair(driver);
  return { ...pair, rejoining: driver.join({ member: pair.leader }) };
}

/** A group that everybody left. */
export function emptiedPair(driver: ClassicDriver): Pair {
  const pair = stablePair(driver);
  driver.leaveAll([{ member: pair.leader }, { member: pair.follower }]);
  return pair;
}
