// The fields of ConsumerGroupHeartbeat: all of them when joining, afterwards those that changed since they were last told (KIP-848).
// What an unanswered heartbeat told counts as untold.

import type { ConsumerGroupHeartbeatRequestInput } from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import type { MemberOptions, MemberSubscription } from "./member.ts";

export type OwnedById = readonly { readonly topicId: string; readonly partitions: readonly number[] }[];

interface Told {
  readonly topics: string;
  readonly serverPattern: string | null;
}

export class HeartbeatFields {
  private readonly options: MemberOptions;
  private readonly serverAssignor: string | null;
  private told: Told | null = null;

  constructor(options: MemberOptions, serverAssignor: string | null) {
    this.options = options;
    this.serverAssignor = serverAssignor;
  }

  /** The next heartbeat has to tell everything again. */
  forget(): void {
    this.told = null;
  }

  /** `owned` null: nothing new to tell of it. */
  request(
    { memberId, memberEpoch }: { memberId: string; memberEpoch: number },
    { topics, serverPattern }: MemberSubscription,
    owned: OwnedById | null,
  ): ConsumerGroupHeartbeatRequestInput {
    const { told } = this;
    const all = told === null || memberEpoch === 0;
    const now: Told = { topics: topics.join(), serverPattern };
    const isPatternTold = !all && told.serverPattern === serverPattern;
    this.told = now;
    return {
      groupId: this.options.groupId,
      memberId,
      memberEpoch,
      instanceId: this.options.groupInstanceId,
      rackId: memberEpoch === 0 ? this.options.rack : null,
      rebalanceTimeoutMs: all ? this.options.maxPollIntervalMs : -1,
      subscribedTopicNames: all || told.topics !== now.topics ? [...topics] : null,
      // An empty pattern takes the one of before back.
      subscribedTopicRegex: isPatternTold || (all && serverPattern === null) ? null : (serverPattern ?? ""),
      serverAssignor: all ? this.serverAssignor : null,
      topicPartitions: owned?.map(({ topicId, partitions }) => ({ topicId, partitions: [...partitions] })) ?? null,
    };
  }

  leaving(memberId: string, memberEpoch: number): ConsumerGroupHeartbeatRequestInput {
    const { groupId, groupInstanceId } = this.options;
    return { groupId, memberId, memberEpoch, instanceId: groupInstanceId };
  }
}
