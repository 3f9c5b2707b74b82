// Makes a group rebalance: a member that nobody wrote joins it and leaves again. The group's own rules do the rest, as they would for
// a consumer that was started and stopped.

import { loadPatternEngine } from "@ottla/coordinator";
import type { Broker } from "@ottla/broker";
import { errorCodes, errorName } from "@ottla/protocol";
import type { Conditions } from "./conditions.ts";

const CLIENT = { clientId: "ottla-testkit", clientHost: "/127.0.0.1" };
/** The last version of JoinGroup in which a new member needs not ask twice (KIP-394). */
const JOIN_VERSION = 3;
/** The first of ConsumerGroupHeartbeat in which a member makes its own id (KIP-1082). */
const HEARTBEAT_VERSION = 1;
const SESSION_TIMEOUT_MS = 30_000;
const JOIN_EPOCH = 0;
const LEAVE_EPOCH = -1;
/** Members of the consumer protocol learn of changes by heartbeats, 5 s apart by default, and need two or three of them. */
const CONSUMER_TIMEOUT_MS = 30_000;

/** What is used of a group of JoinGroup. */
interface ClassicGroup {
  readonly type: "classic";
  readonly members: ReadonlyMap<
    string,
    {
      readonly protocolType: string;
      readonly rebalanceTimeoutMs: number;
      readonly protocols: readonly { readonly name: string; readonly metadata: Buffer }[];
    }
  >;
}

/** What is used of a group of KIP-848. */
interface ConsumerGroup {
  readonly type: "consumer";
  readonly groupEpoch: number;
  readonly members: ReadonlyMap<
    string,
    {
      readonly memberId: string;
      readonly memberEpoch: number;
      readonly topicNames: readonly string[];
      readonly topicRegex: string;
    }
  >;
}

/**
 * Resolves when the members are bound to rebalance (classic: at their next heartbeats), or have given up what the new member was to have (KIP-848).
 * @throws Error when the group has no members.
 */
export async function rebalance(broker: Broker, groupId: string, conditions: Conditions): Promise<void> {
  const partition = broker.groups.partitionFor(groupId);
  const runtime = partition === null ? undefined : broker.groups.runtime(partition);
  const group = runtime?.shard.context.groups.get(groupId) as ClassicGroup | ConsumerGroup | undefined;
  if (group === undefined || group.members.size === 0) throw new Error(`group ${groupId} has no members to rebalance`);
  if (group.type === "classic") await rebalanceClassic(broker, groupId, group);
  else await rebalanceConsumer(broker, groupId, group, conditions);
}

async function rebalanceClassic({ groups }: Broker, groupId: string, { members }: ClassicGroup): Promise<void> {
  const [like] = members.values();
  const before = new Set(members.keys());
  const request = {
    groupId,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    rebalanceTimeoutMs: like!.rebalanceTimeoutMs,
    memberId: "",
    groupInstanceId: null,
    protocolType: like!.protocolType,
    protocols: like!.protocols.map(({ name, metadata }) => ({ name, metadata })),
    reason: "the test asked for a rebalance",
  };
  const client = { ...CLIENT, apiVersion: JOIN_VERSION };
  const joined = groups.run(groupId, refusedJoin, (shard, pending, now) => shard.join(request, client, pending, now));
  // Its answer would come with the generation, of which it is to be no part.
  const memberId = [...members.keys()].find((id) => !before.has(id));
  if (memberId === undefined) throw new Error(`group ${groupId}: ${errorName((await joined).errorCode)}`);
  const leaving = { groupId, memberId: "", members: [{ memberId, groupInstanceId: null, reason: null }] };
  await groups.run(groupId, refusedLeave, (shard, pending, now) => shard.leave(leaving, client, pending, now));
  await joined;
}

// It stays until the others have come to the epoch in which it has its part, so that partitions really move.
async function rebalanceConsumer(
  { groups }: Broker,
  groupId: string,
  group: ConsumerGroup,
  conditions: Conditions,
): Promise<void> {
  const others = [...group.members.values()];
  const memberId = `ottla-testkit-${group.groupEpoch}`;
  const topicRegex = others.find((member) => member.topicRegex !== "")?.topicRegex ?? null;
  if (topicRegex !== null) await loadPatternEngine();
  const heartbeat = async (memberEpoch: number): Promise<void> => {
    const request = {
      groupId,
      memberId,
      memberEpoch,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: SESSION_TIMEOUT_MS,
      subscribedTopicNames: [...new Set(others.flatMap(({ topicNames }) => topicNames))],
      subscribedTopicRegex: topicRegex,
      serverAssignor: null,
      topicPartitions: [],
    };
    const client = { ...CLIENT, apiVersion: HEARTBEAT_VERSION };
    const { errorCode } = await groups.run(groupId, refusedHeartbeat, (shard, pending, now) =>
      shard.consumerHeartbeat(request, client, pending, now),
    );
    if (errorCode !== errorCodes.NONE) throw new Error(`group ${groupId}: ${errorName(errorCode)}`);
  };
  await heartbeat(JOIN_EPOCH);
  const epoch = group.groupEpoch;
  const behind = (): string[] =>
    others
      .filter((member) => (group.members.get(member.memberId)?.memberEpoch ?? epoch) < epoch)
      .map((member) => member.memberId);
  try {
    await conditions.wait({
      what: `the members of group ${groupId} to come to epoch ${epoch}`,
      holds: () => behind().length === 0,
      state: () => `these have not: ${behind().join(", ")}`,
      timeoutMs: CONSUMER_TIMEOUT_MS,
    });
  } finally {
    await heartbeat(LEAVE_EPOCH);
  }
}

function refusedJoin(errorCode: number) {
  return {
    throttleTimeMs: 0,
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: "",
    skipAssignment: false,
    memberId: "",
    members: [],
  };
}

function refusedLeave(errorCode: number) {
  return { throttleTimeMs: 0, errorCode, members: [] };
}

function refusedHeartbeat(errorCode: number) {
  return {
    throttleTimeMs: 0,
    errorCode,
    errorMessage: null,
    memberId: null,
    memberEpoch: 0,
    heartbeatIntervalMs: 0,
    assignment: null,
  };
}
