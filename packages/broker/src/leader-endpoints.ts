// KIP-951: Produce and Fetch tell a client that came to the wrong broker, or with an old leader epoch, who leads and where.

import { errorCodes } from "@ottla/protocol";
import type { RequestContext } from "./handler.ts";
import type { Partition } from "./partition.ts";

export interface CurrentLeader {
  leaderId: number;
  leaderEpoch: number;
}

export interface NodeEndpoint {
  nodeId: number;
  host: string;
  port: number;
  rack: string | null;
}

/** The leader to tell beside this error, or null when the error does not come from asking the wrong leader. */
export function leaderToTell(errorCode: number, partition: Partition | undefined): CurrentLeader | null {
  if (partition === undefined) return null;
  if (errorCode !== errorCodes.NOT_LEADER_OR_FOLLOWER && errorCode !== errorCodes.FENCED_LEADER_EPOCH) return null;
  return { leaderId: partition.leaderId, leaderEpoch: partition.leaderEpoch };
}

/** Where this client reaches the leaders, each broker once. */
export function endpointsOf(leaders: Iterable<CurrentLeader>, { broker, connection }: RequestContext): NodeEndpoint[] {
  const endpoints: NodeEndpoint[] = [];
  for (const leaderId of new Set(Array.from(leaders, (leader) => leader.leaderId))) {
    const node = broker.endpointOf(leaderId, connection);
    if (node !== null) endpoints.push({ nodeId: node.nodeId, host: node.host, port: node.port, rack: node.rack });
  }
  return endpoints;
}
