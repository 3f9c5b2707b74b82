// The membership of a consumer, made of its options.

import type { Cluster } from "../network/cluster.ts";
import type { ResolvedConsumerOptions } from "./consumer-options.ts";
import { createMembership } from "./group/create-membership.ts";
import type { AssignmentListener, Membership } from "./membership.ts";

/** null without a groupId. Nothing is sent before it subscribes, commits or asks for what is committed. @throws ConfigError */
export function membershipOf(
  cluster: Cluster,
  options: ResolvedConsumerOptions,
  listener: AssignmentListener,
  lane: string,
): Membership | null {
  const { groupId, groupProtocol, groupInstanceId, sessionTimeoutMs, heartbeatIntervalMs } = options;
  if (groupId === null) return null;
  return createMembership(
    cluster,
    {
      groupId,
      groupProtocol,
      groupInstanceId,
      sessionTimeoutMs,
      heartbeatIntervalMs,
      maxPollIntervalMs: options.maxPollIntervalMs,
      assignors: options.partitionAssignors,
      groupRemoteAssignor: options.groupRemoteAssignor,
      rack: options.rack,
      lane,
    },
    listener,
  );
}
