// A member of a consumer group (KIP-848) as a careful client behaves: it reports what it owns, gives up at once what it is no longer assigned,
// tells so with its next heartbeat, and begins anew when it is fenced.

import { errorName } from "@ottla/protocol";
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import { SimulatedMember } from "./simulated-member.ts";
import { byTopic, TOPICS } from "./simulated-world.ts";
import type { SimulatedWorld } from "./simulated-world.ts";

const JOINING_EPOCH = 0;
const LEAVING_EPOCH = -1;
/** A static member goes for a while: what it has is kept for whoever comes back as the same instance. */
const STATIC_LEAVING_EPOCH = -2;
const REBALANCE_MS = 30_000;

export class ConsumerSimulatedMember extends SimulatedMember {
  private isJoining = true;
  /** What the member has to report: null when nothing changed since the last heartbeat. */
  private changed = true;

  constructor(world: SimulatedWorld, identity: { group: string; name: string; instanceId: string | null }) {
    super(world, identity);
    // Since version 1 the client makes up its id.
    this.memberId = `${identity.name}-id`;
  }

  poll(): void {
    if (!this.alive) return;
    const answer = this.heartbeat(
      this.isJoining
        ? this.joining()
        : { ...this.nothingNew(), topicPartitions: this.changed ? this.reported() : null },
    );
    const error = errorName(answer.errorCode);
    if (error === "NONE") this.answered(answer);
    else this.failed(error);
  }

  leave(): void {
    if (!this.alive) return;
    const memberEpoch =
      this.instanceId !== null && this.world.random.chance(0.5) ? STATIC_LEAVING_EPOCH : LEAVING_EPOCH;
    if (!this.isJoining) this.heartbeat({ ...this.nothingNew(), memberEpoch });
    this.release(this.owned);
    this.alive = false;
  }

  // The next heartbeat is just tried again.
  coordinatorRestarted(): void {}

  protected override commitRefused(error: string): void {
    if (this.alive && (error === "UNKNOWN_MEMBER_ID" || error === "FENCED_MEMBER_EPOCH")) this.failed(error);
  }

  private joining(): ConsumerGroupHeartbeatRequest {
    return {
      ...this.nothingNew(),
      memberEpoch: JOINING_EPOCH,
      rebalanceTimeoutMs: REBALANCE_MS,
      subscribedTopicNames: TOPICS.map(({ name }) => name),
      topicPartitions: [],
    };
  }

  private nothingNew(): ConsumerGroupHeartbeatRequest {
    return {
      groupId: this.group,
      memberId: this.memberId,
      memberEpoch: this.epoch,
      instanceId: this.instanceId,
      rackId: null,
      rebalanceTimeoutMs: -1,
      subscribedTopicNames: null,
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: null,
    };
  }

  private reported(): { topicId: string; partitions: number[] }[] {
    this.changed = false;
    return [...byTopic(this.owned)].map(([topic, partitions]) => ({
      topicId: TOPICS.find(({ name }) => name === topic)!.id,
      partitions,
    }));
  }

  private heartbeat(request: ConsumerGroupHeartbeatRequest): ConsumerGroupHeartbeatResponse {
    const client = { clientId: this.name, clientHost: "/127.0.0.1", apiVersion: 1 };
    return this.world.harness.ask((shard, pending, now) => shard.consumerHeartbeat(request, client, pending, now));
  }

  private answered(answer: ConsumerGroupHeartbeatResponse): void {
    this.isJoining = false;
    this.epoch = answer.memberEpoch;
    if (answer.assignment === null) return;
    const assigned = new Set<string>();
    for (const { topicId, partitions } of answer.assignment.topicPartitions) {
      const { name } = TOPICS.find(({ id }) => id === topicId)!;
      for (const index of partitions) assigned.add(`${name}-${index}`);
    }
    if (this.world.plant === "an assignment goes to two" && this.world.random.chance(0.05)) assigned.add("orders-0");
    if (this.world.plant === "a partition is left out") assigned.delete("orders-5");
    this.changed = true;
    this.release([...this.owned].filter((partition) => !assigned.has(partition)));
    this.own(assigned);
  }

  // As Java's ConsumerMembershipManager: a fenced member gives up everything and joins again; a replaced instance ends.
  private failed(error: string): void {
    // GROUP_ID_NOT_FOUND: the group went on without this member and is a classic one again, or is gone.
    if (error === "UNKNOWN_MEMBER_ID" || error === "FENCED_MEMBER_EPOCH" || error === "GROUP_ID_NOT_FOUND") {
      if (this.isJoining && error !== "UNKNOWN_MEMBER_ID") this.surprised(error);
      this.release(this.owned);
      this.isJoining = true;
    } else if (error === "FENCED_INSTANCE_ID") {
      this.release(this.owned);
      this.die();
    } else if (error === "UNRELEASED_INSTANCE_ID") {
      // The instance still has a living member; Java's client ends, a supervisor starts it anew until the other's session is over.
    } else {
      this.surprised(error);
    }
  }

  private surprised(error: string): void {
    this.world.history.violations.push(`${this.name} of ${this.group} was answered ${error}`);
  }
}
