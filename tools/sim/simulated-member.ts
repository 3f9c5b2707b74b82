// The static member of a group that a simulated holder is: joins as its instance, which fences the member before it (KIP-345), and commits
// offsets outside of transactions. What it is told goes into the history.

import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { offsetCommitApi } from "@ottla/protocol/messages/08-offset-commit.ts";
import { joinGroupApi } from "@ottla/protocol/messages/11-join-group.ts";
import { syncGroupApi } from "@ottla/protocol/messages/14-sync-group.ts";
import { nameOf } from "./simulated-producer.ts";
import type { Place } from "./simulated-producer.ts";
import type { TransactionHistory } from "./transaction-history.ts";
import { NO_MEMBER, toldBy } from "./transactional-calls.ts";
import type { MemberClaim } from "./transactional-calls.ts";
import type { Caller } from "./wire-client.ts";

/** Longer than any pause that a simulation makes: members leave by being replaced only. */
const SESSION_TIMEOUT_MS = 1_800_000;
const PROTOCOL = { name: "range", metadata: Buffer.from([0, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]) };

export class SimulatedMember {
  claim: MemberClaim = NO_MEMBER;
  private readonly group: string;
  private readonly instance: string;
  private readonly source: Place;
  private readonly history: TransactionHistory;

  constructor(options: { group: string; instance: string; source: Place; history: TransactionHistory }) {
    this.group = options.group;
    this.instance = options.instance;
    this.source = options.source;
    this.history = options.history;
  }

  /** One attempt to join; NONE when it is a member now. */
  async join(client: Caller): Promise<number> {
    const { group: groupId, instance: groupInstanceId } = this;
    const begun = this.history.tick();
    const joined = await client.call(joinGroupApi, 5, {
      groupId,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      rebalanceTimeoutMs: 60_000,
      memberId: "",
      groupInstanceId,
      protocolType: "consumer",
      protocols: [PROTOCOL],
    });
    if (joined.errorCode !== errorCodes.NONE) return joined.errorCode;
    const { memberId, generationId } = joined;
    const isLeader = joined.leader === memberId;
    const synced = await client.call(syncGroupApi, 3, {
      groupId,
      generationId,
      memberId,
      groupInstanceId,
      assignments: isLeader ? [{ memberId, assignment: Buffer.from("all") }] : [],
    });
    if (synced.errorCode !== errorCodes.NONE) return synced.errorCode;
    this.claim = { generation: generationId, member: memberId, instance: groupInstanceId };
    const partitions = [nameOf(this.source)];
    this.history.members.push({ group: groupId, ...this.claim, partitions, begun, ended: this.history.tick() });
    return errorCodes.NONE;
  }

  /** Commits an offset outside of transactions. */
  async commit(client: Caller, { topic, partition }: Place, committedOffset: number): Promise<number> {
    const { claim, history, group } = this;
    const begun = history.tick();
    const response = await client.call(offsetCommitApi, 8, {
      groupId: group,
      generationIdOrMemberEpoch: claim.generation,
      memberId: claim.member,
      groupInstanceId: claim.instance,
      topics: [
        {
          name: topic,
          topicId: ZERO_UUID,
          partitions: [{ partitionIndex: partition, committedOffset, committedMetadata: "" }],
        },
      ],
    });
    const { errorCode } = response.topics[0]!.partitions[0]!;
    history.memberCommits.push({ group, ...claim, begun, ended: history.tick(), told: toldBy(errorCode) });
    return errorCode;
  }
}
