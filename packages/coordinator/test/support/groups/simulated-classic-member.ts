// A member of a classic group as a careful client behaves: eager (gives up everything before it joins) or cooperative (keeps what it has, and
// joins again when the leader took something away). The leader assigns round robin; in a cooperative group it gives nothing that another one still holds.

import { ByteReader, ByteWriter } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import { consumerProtocolAssignment } from "@ottla/protocol/embedded-data/consumer-protocol-assignment.ts";
import { consumerProtocolSubscription } from "@ottla/protocol/embedded-data/consumer-protocol-subscription.ts";
import type { JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import type { HeartbeatResponse } from "@ottla/protocol/messages/12-heartbeat.ts";
import type { LeaveGroupResponse } from "@ottla/protocol/messages/13-leave-group.ts";
import type { SyncGroupResponse } from "@ottla/protocol/messages/14-sync-group.ts";
import type { Call } from "../shard-harness.ts";
import { SimulatedMember } from "./simulated-member.ts";
import { byTopic, TOPICS } from "./simulated-world.ts";
import type { SimulatedWorld } from "./simulated-world.ts";

const VERSION = 3;
export const SESSION_MS = 10_000;
const REBALANCE_MS = 30_000;

type Phase =
  | { readonly kind: "outside" }
  | { readonly kind: "joining"; readonly call: Call<JoinGroupResponse> }
  | { readonly kind: "syncing"; readonly call: Call<SyncGroupResponse> }
  | { readonly kind: "stable" };

export class ClassicSimulatedMember extends SimulatedMember {
  private readonly cooperative: boolean;
  private phase: Phase = { kind: "outside" };

  constructor(
    world: SimulatedWorld,
    identity: { group: string; name: string; instanceId: string | null },
    { cooperative }: { cooperative: boolean },
  ) {
    super(world, identity);
    this.cooperative = cooperative;
  }

  poll(): void {
    if (!this.alive) return;
    if (this.phase.kind === "outside") this.join();
    else if (this.phase.kind === "joining") this.joined(this.phase.call.response);
    else if (this.phase.kind === "syncing") this.synced(this.phase.call.response);
    else this.heartbeat();
  }

  leave(): void {
    if (!this.alive) return;
    const request = {
      groupId: this.group,
      memberId: "",
      members: [{ memberId: this.memberId, groupInstanceId: this.instanceId, reason: null }],
    };
    this.world.harness.ask<LeaveGroupResponse>((shard, pending, now) =>
      shard.leave(request, this.client(), pending, now),
    );
    this.release(this.owned);
    this.alive = false;
  }

  // A static member that missed a rebalance stays in the group, fenced by its old generation.
  // One whose SyncGroup was answered and who has not read the answer yet is not counted once its group is upgraded: what the answer takes away
  // is free for the coordinator then, as in Kafka, where a cooperative group would have waited for the member to join again.
  override isInGroup(): boolean {
    const unread = this.phase.kind === "syncing" && this.phase.call.response !== undefined;
    if (unread && this.world.isConsumerGroup(this.group)) return false;
    const answer = this.phase.kind === "joining" ? this.phase.call.response : undefined;
    const epoch = answer === undefined || answer.generationId < 0 ? this.epoch : answer.generationId;
    return super.isInGroup() && epoch === this.world.generation(this.group, this.memberId);
  }

  coordinatorRestarted(): void {
    if (this.phase.kind === "joining" || this.phase.kind === "syncing") this.phase = { kind: "outside" };
  }

  private client() {
    return { clientId: this.name, clientHost: "/127.0.0.1", apiVersion: 9 };
  }

  private join(): void {
    if (!this.cooperative) this.release(this.owned);
    const metadata = encode(consumerProtocolSubscription, {
      topics: TOPICS.map(({ name }) => name),
      userData: null,
      ownedPartitions: [...byTopic(this.owned)].map(([topic, partitions]) => ({ topic, partitions })),
      generationId: this.epoch,
      rackId: null,
    });
    const request = {
      groupId: this.group,
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: REBALANCE_MS,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      protocolType: "consumer",
      protocols: [{ name: this.cooperative ? "cooperative-sticky" : "roundrobin", metadata }],
      reason: null,
    };
    const call = this.world.harness.run<JoinGroupResponse>((shard, pending, now) =>
      shard.join(request, this.client(), pending, now),
    );
    this.phase = { kind: "joining", call };
    this.joined(call.response);
  }

  private joined(answer: JoinGroupResponse | undefined): void {
    if (answer === undefined) return;
    const error = errorName(answer.errorCode);
    if (error === "MEMBER_ID_REQUIRED") this.memberId = answer.memberId;
    if (error !== "NONE") {
      this.failed(error);
      return;
    }
    this.memberId = answer.memberId;
    this.epoch = answer.generationId;
    const leads = answer.leader === this.memberId && !answer.skipAssignment;
    const request = {
      groupId: this.group,
      generationId: this.epoch,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      protocolType: "consumer",
      protocolName: answer.protocolName,
      assignments: leads ? this.assign(answer) : [],
    };
    const call = this.world.harness.run<SyncGroupResponse>((shard, pending, now) =>
      shard.sync(request, this.client(), pending, now),
    );
    this.phase = { kind: "syncing", call };
    this.synced(call.response);
  }

  private assign({ members }: JoinGroupResponse): { memberId: string; assignment: Buffer }[] {
    const claims = new Map<string, string>();
    for (const { memberId, metadata } of members) {
      for (const { topic, partitions } of decode(consumerProtocolSubscription, metadata).ownedPartitions) {
        for (const index of partitions) claims.set(`${topic}-${index}`, memberId);
      }
    }
    const assigned = new Map<string, string[]>(members.map(({ memberId }) => [memberId, []]));
    for (const [at, partition] of this.world.allPartitions().entries()) {
      const { memberId } = members[at % members.length]!;
      const holder = claims.get(partition);
      const waits = this.cooperative && holder !== undefined && holder !== memberId;
      if (!waits) assigned.get(memberId)!.push(partition);
    }
    return [...assigned].map(([memberId, partitions]) => ({ memberId, assignment: this.encodeAssignment(partitions) }));
  }

  private encodeAssignment(partitions: readonly string[]): Buffer {
    const given =
      this.world.plant === "a partition is left out" ? partitions.filter((each) => each !== "orders-5") : partitions;
    const assignedPartitions = [...byTopic(given)].map(([topic, indexes]) => ({ topic, partitions: indexes }));
    return encode(consumerProtocolAssignment, { assignedPartitions, userData: null });
  }

  private synced(answer: SyncGroupResponse | undefined): void {
    if (answer === undefined) return;
    const error = errorName(answer.errorCode);
    if (error !== "NONE") {
      this.failed(error);
      return;
    }
    this.phase = { kind: "stable" };
    const assigned = new Set<string>();
    if (answer.assignment.length > 0) {
      for (const { topic, partitions } of decode(consumerProtocolAssignment, answer.assignment).assignedPartitions) {
        for (const index of partitions) assigned.add(`${topic}-${index}`);
      }
    }
    if (this.world.plant === "an assignment goes to two" && this.world.random.chance(0.05)) assigned.add("orders-0");
    const revoked = [...this.owned].filter((partition) => !assigned.has(partition));
    this.release(revoked);
    this.own(assigned);
    // KIP-429: who lost something joins again, so that it can be given to its new owner.
    if (this.cooperative && revoked.length > 0) this.join();
  }

  private heartbeat(): void {
    const request = {
      groupId: this.group,
      generationId: this.epoch,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
    };
    const { errorCode } = this.world.harness.ask<HeartbeatResponse>((shard, pending, now) =>
      shard.heartbeat(request, this.client(), pending, now),
    );
    const error = errorName(errorCode);
    if (error !== "NONE") this.failed(error);
  }

  protected override commitRefused(error: string): void {
    if (this.alive && error !== "REBALANCE_IN_PROGRESS") this.failed(error);
  }

  // As Java's ConsumerCoordinator: an unknown member or an old generation owns nothing any more.
  private failed(error: string): void {
    this.phase = { kind: "outside" };
    if (error === "UNKNOWN_MEMBER_ID" || error === "ILLEGAL_GENERATION") {
      this.release(this.owned);
      this.epoch = -1;
      if (error === "UNKNOWN_MEMBER_ID") this.memberId = "";
    } else if (error === "FENCED_INSTANCE_ID") {
      this.release(this.owned);
      this.die();
    } else if (error !== "REBALANCE_IN_PROGRESS" && error !== "MEMBER_ID_REQUIRED") {
      this.world.history.violations.push(`${this.name} of ${this.group} was answered ${error}`);
    }
  }
}

interface EmbeddedSchema<Decoded, Input> {
  decode(reader: ByteReader, version: number): Decoded;
  encode(writer: ByteWriter, version: number, value: Input): void;
}

function encode<Decoded, Input>(schema: EmbeddedSchema<Decoded, Input>, value: Input): Buffer {
  const writer = new ByteWriter(64);
  writer.int16(VERSION);
  schema.encode(writer, VERSION, value);
  return writer.toBuffer();
}

function decode<Decoded, Input>(schema: EmbeddedSchema<Decoded, Input>, bytes: Buffer): Decoded {
  const reader = new ByteReader(bytes);
  return schema.decode(reader, reader.int16());
}
