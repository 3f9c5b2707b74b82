// A session's request as the wire has it. Pure.

import { ZERO_UUID } from "@ottla/base";
import type { FetchRequestInput } from "@ottla/protocol/messages/01-fetch.ts";
import type { FetchEntry, SessionRequest } from "./fetch-session.ts";

/** Without an id for every topic this is the highest version that can be used (KIP-516). */
export const HIGHEST_VERSION_BY_NAME = 12;

export interface FetchLimits {
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly readCommitted: boolean;
  readonly rack: string | null;
}

export function fetchRequest(session: SessionRequest, limits: FetchLimits): FetchRequestInput {
  return {
    replicaId: -1,
    maxWaitMs: limits.maxWaitMs,
    minBytes: limits.minBytes,
    maxBytes: limits.maxBytes,
    isolationLevel: limits.readCommitted ? 1 : 0,
    sessionId: session.sessionId,
    sessionEpoch: session.sessionEpoch,
    topics: byTopic(session.toSend, (entry) => ({
      partition: entry.partition,
      currentLeaderEpoch: entry.leaderEpoch,
      fetchOffset: entry.fetchOffset,
      partitionMaxBytes: entry.maxBytes,
    })),
    forgottenTopicsData: byTopic(session.toForget, (entry) => entry.partition),
    rackId: limits.rack ?? "",
  };
}

function byTopic<P>(
  entries: readonly FetchEntry[],
  part: (entry: FetchEntry) => P,
): { topic: string; topicId: string; partitions: P[] }[] {
  const topics = new Map<string, { topic: string; topicId: string; partitions: P[] }>();
  for (const entry of entries) {
    const key = entry.topicId === ZERO_UUID ? entry.topic : entry.topicId;
    const topic = topics.get(key);
    if (topic !== undefined) topic.partitions.push(part(entry));
    else topics.set(key, { topic: entry.topic, topicId: entry.topicId, partitions: [part(entry)] });
  }
  return [...topics.values()];
}
