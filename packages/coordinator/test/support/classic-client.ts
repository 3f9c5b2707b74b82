// A consumer of the classic protocol against a whole group shard, for groups that change their protocol: JoinGroup, SyncGroup, Heartbeat, LeaveGroup
// with the cooperative assignor's bytes, and answers as short texts.

import { ByteReader, ByteWriter } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import { consumerProtocolAssignment } from "@ottla/protocol/embedded-data/consumer-protocol-assignment.ts";
import { consumerProtocolSubscription } from "@ottla/protocol/embedded-data/consumer-protocol-subscription.ts";
import type { JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import type { HeartbeatResponse } from "@ottla/protocol/messages/12-heartbeat.ts";
import type { LeaveGroupResponse } from "@ottla/protocol/messages/13-leave-group.ts";
import type { SyncGroupResponse } from "@ottla/protocol/messages/14-sync-group.ts";
import { GROUP } from "./consumer-driver.ts";
import type { ConsumerDriver } from "./consumer-driver.ts";
import type { Call } from "./shard-harness.ts";

export interface ClassicClientOptions {
  readonly instance?: string;
  readonly topics?: readonly string[];
  readonly protocols?: readonly string[];
  readonly version?: number;
  readonly sessionMs?: number;
  readonly rebalanceMs?: number;
  readonly metadata?: Buffer;
}

export class ClassicClient {
  memberId = "";
  generation = -1;
  /** As "t 0 1 | u 0". */
  owned = "";
  private readonly driver: ConsumerDriver;
  private readonly options: ClassicClientOptions;

  constructor(driver: ConsumerDriver, options: ClassicClientOptions = {}) {
    this.driver = driver;
    this.options = options;
  }

  join(change: ClassicClientOptions = {}): Call<JoinGroupResponse> {
    const {
      instance = null,
      topics = ["t"],
      protocols = ["cooperative-sticky"],
      ...rest
    } = { ...this.options, ...change };
    const metadata = rest.metadata ?? subscriptionBytes(topics, this.owned);
    const request = {
      groupId: GROUP,
      sessionTimeoutMs: rest.sessionMs ?? 10_000,
      rebalanceTimeoutMs: rest.rebalanceMs ?? 60_000,
      memberId: this.memberId,
      groupInstanceId: instance,
      protocolType: "consumer",
      protocols: protocols.map((name) => ({ name, metadata })),
      reason: null,
    };
    const client = { clientId: "classic", clientHost: "/127.0.0.1", apiVersion: rest.version ?? 9 };
    return this.driver.harness.run((shard, pending, now) => shard.join(request, client, pending, now));
  }

  /** Joins, with the id that it may have to ask for first; gives "generation 3" or the error. */
  enter(change: ClassicClientOptions = {}): string {
    let call = this.join(change);
    if (!call.waits && errorName(call.answer.errorCode) === "MEMBER_ID_REQUIRED") {
      this.memberId = call.answer.memberId;
      call = this.join(change);
    }
    this.driver.advance(0);
    return this.joined(call);
  }

  joined(call: Call<JoinGroupResponse>): string {
    if (call.answer.errorCode !== 0) return errorName(call.answer.errorCode);
    this.memberId = call.answer.memberId;
    this.generation = call.answer.generationId;
    return `generation ${this.generation}`;
  }

  /** Asks for the assignment, which is "t 0 1", or the error; a leader brings one for all. */
  sync(assignments: ReadonlyMap<string, string> = new Map(), protocol: string | null = "cooperative-sticky"): string {
    const request = {
      groupId: GROUP,
      generationId: this.generation,
      memberId: this.memberId,
      groupInstanceId: this.options.instance ?? null,
      protocolType: "consumer",
      protocolName: protocol,
      assignments: [...assignments].map(([memberId, text]) => ({ memberId, assignment: assignmentBytes(text) })),
    };
    const client = { clientId: "classic", clientHost: "/127.0.0.1", apiVersion: 5 };
    const call = this.driver.harness.run<SyncGroupResponse>((shard, pending, now) =>
      shard.sync(request, client, pending, now),
    );
    if (call.waits) return "waits";
    if (call.answer.errorCode !== 0) return errorName(call.answer.errorCode);
    this.owned = assignmentText(call.answer.assignment);
    return this.owned;
  }

  heartbeat(generation = this.generation): string {
    const request = {
      groupId: GROUP,
      generationId: generation,
      memberId: this.memberId,
      groupInstanceId: this.options.instance ?? null,
    };
    const client = { clientId: "classic", clientHost: "/127.0.0.1", apiVersion: 4 };
    const answer = this.driver.harness.ask<HeartbeatResponse>((shard, pending, now) =>
      shard.heartbeat(request, client, pending, now),
    );
    return errorName(answer.errorCode);
  }

  leave(memberId = this.memberId): string {
    const request = {
      groupId: GROUP,
      memberId: "",
      members: [{ memberId, groupInstanceId: this.options.instance ?? null, reason: null }],
    };
    const client = { clientId: "classic", clientHost: "/127.0.0.1", apiVersion: 5 };
    const answer = this.driver.harness.ask<LeaveGroupResponse>((shard, pending, now) =>
      shard.leave(request, client, pending, now),
    );
    return errorName(answer.members[0]!.errorCode);
  }

  /** What a cooperative consumer does with one heartbeat: rejoins when it is told to, having given up what it must. */
  poll(): string {
    const told = this.heartbeat();
    if (told !== "REBALANCE_IN_PROGRESS") return told;
    const answer = this.enter();
    return answer.startsWith("generation") ? `${answer} [${this.sync()}]` : answer;
  }
}

/** "t 0 1 | u 0" as a subscription's owned partitions, behind version 3. */
export function subscriptionBytes(topics: readonly string[], owned = ""): Buffer {
  const writer = new ByteWriter();
  writer.int16(3);
  const value = { topics, userData: null, ownedPartitions: partitionsOf(owned), generationId: -1, rackId: null };
  consumerProtocolSubscription.encode(writer, 3, value);
  return Buffer.concat(writer.finish() as Buffer[]);
}

export function assignmentBytes(text: string, userData: Buffer | null = null): Buffer {
  const writer = new ByteWriter();
  writer.int16(3);
  consumerProtocolAssignment.encode(writer, 3, { assignedPartitions: partitionsOf(text), userData });
  return Buffer.concat(writer.finish() as Buffer[]);
}

export function assignmentText(bytes: Buffer): string {
  if (bytes.length === 0) return "";
  const { assignedPartitions } = consumerProtocolAssignment.decode(new ByteReader(bytes, 2), bytes.readInt16BE(0));
  return assignedPartitions.map(({ topic, partitions }) => `${topic} ${partitions.join(" ")}`).join(" | ");
}

function partitionsOf(text: string): { topic: string; partitions: number[] }[] {
  if (text === "") return [];
  return text.split(" | ").map((each) => {
    const [topic, ...partitions] = each.split(" ");
    return { topic: topic!, partitions: partitions.map(Number) };
  });
}
