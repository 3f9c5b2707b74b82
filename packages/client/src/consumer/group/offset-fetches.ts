// Committed offsets of a group: OffsetFetch with retries. Offsets of open transactions are waited for (KIP-447), as Java's consumer always
// does: whoever started from an older one would read again what the transaction is about to commit.

import { ZERO_UUID } from "@ottla/base";
import { errorCodes, isRetriable } from "@ottla/protocol";
import { offsetFetchApi } from "@ottla/protocol/messages/09-offset-fetch.ts";
import type { OffsetFetchRequestInput, OffsetFetchResponse } from "@ottla/protocol/messages/09-offset-fetch.ts";
import { brokerError, KafkaError, TimeoutError } from "../../errors.ts";
import type { Cluster } from "../../network/cluster.ts";
import type { CallOptions, CommittedOffset, TopicPartition } from "../../records.ts";
import { byTopic, keyOf } from "./partition-set.ts";

const FIRST_VERSION_WITH_STABLE = 7;
const FIRST_VERSION_WITH_GROUPS = 8;
const FIRST_VERSION_WITH_IDS = 10;

export interface OffsetFetchParts {
  readonly cluster: Cluster;
  readonly groupId: string;
  readonly lane: string;
}

/** One entry per partition, in the order asked for. @throws BrokerError, TimeoutError, AbortedError */
export async function fetchCommitted(
  parts: OffsetFetchParts,
  partitions: readonly TopicPartition[],
  options: CallOptions = {},
): Promise<CommittedOffset[]> {
  if (partitions.length === 0) return [];
  const { cluster, groupId } = parts;
  const { timeoutMs = cluster.options.defaultApiTimeoutMs, signal } = options;
  const deadlineMs = cluster.clock.monotonicMs() + timeoutMs;
  for (let attempt = 0; ; attempt++) {
    const leftMs = deadlineMs - cluster.clock.monotonicMs();
    const outcome = await attemptFetch(parts, partitions, { leftMs, signal });
    if (!(outcome instanceof KafkaError)) return outcome;
    const backoffMs = cluster.backoffMs(attempt);
    if (!outcome.retriable) throw outcome;
    if (cluster.clock.monotonicMs() + backoffMs >= deadlineMs) {
      const sentence = `committed offsets could not be fetched within ${timeoutMs} ms`;
      throw new TimeoutError(sentence, { context: { groupId }, cause: outcome });
    }
    await cluster.delay(backoffMs, signal);
  }
}

async function attemptFetch(
  { cluster, groupId, lane }: OffsetFetchParts,
  partitions: readonly TopicPartition[],
  { leftMs, signal }: { leftMs: number; signal: AbortSignal | undefined },
): Promise<CommittedOffset[] | KafkaError> {
  const timeoutMs = Math.max(1, Math.min(leftMs, cluster.options.requestTimeoutMs));
  const options = { lane, timeoutMs, ...(signal === undefined ? {} : { signal }) };
  let outcome: CommittedOffset[] | KafkaError;
  try {
    const nodeId = await cluster.coordinator("group", groupId, options);
    const { body, maxVersion } = requestFor(cluster, groupId, partitions);
    const response = await cluster.send(nodeId, offsetFetchApi, body, { ...options, maxVersion });
    outcome = read(response, { cluster, groupId, partitions });
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    outcome = error;
    if (error.retriable) cluster.forgetCoordinator("group", groupId);
  }
  if (outcome instanceof KafkaError) note(outcome, cluster, groupId);
  return outcome;
}

function note({ code }: KafkaError, cluster: Cluster, groupId: string): void {
  if (code === "NOT_COORDINATOR" || code === "COORDINATOR_NOT_AVAILABLE") cluster.forgetCoordinator("group", groupId);
  if (code === "UNKNOWN_TOPIC_ID") cluster.refreshMetadata().catch(() => {});
}

function requestFor(cluster: Cluster, groupId: string, partitions: readonly TopicPartition[]) {
  const topics = [...byTopic(partitions)];
  const idOf = (topic: string): string => cluster.metadata.topics.get(topic)?.topicId ?? ZERO_UUID;
  const haveIds = topics.every(([topic]) => idOf(topic) !== ZERO_UUID);
  const body = (version: number): OffsetFetchRequestInput => {
    const requireStable = version >= FIRST_VERSION_WITH_STABLE;
    if (version < FIRST_VERSION_WITH_GROUPS) {
      const listed = topics.map(([name, partitionIndexes]) => ({ name, partitionIndexes }));
      return { groupId, topics: listed, groups: [], requireStable };
    }
    const listed = topics.map(([name, partitionIndexes]) => ({
      ...(version >= FIRST_VERSION_WITH_IDS ? { name: "", topicId: idOf(name) } : { name, topicId: ZERO_UUID }),
      partitionIndexes,
    }));
    return { groupId: "", topics: [], groups: [{ groupId, topics: listed }], requireStable };
  };
  return { body, maxVersion: haveIds ? offsetFetchApi.versions.to : FIRST_VERSION_WITH_IDS - 1 };
}

function read(
  response: OffsetFetchResponse,
  { cluster, groupId, partitions }: { cluster: Cluster; groupId: string; partitions: readonly TopicPartition[] },
): CommittedOffset[] | KafkaError {
  const group = response.groups.find((each) => each.groupId === groupId);
  const { errorCode } = group ?? response;
  const context = { groupId, api: offsetFetchApi.name };
  if (errorCode !== errorCodes.NONE) return brokerError(errorCode, null, context);
  const found = new Map<string, CommittedOffset>();
  let retriable: KafkaError | null = null;
  for (const each of group === undefined
    ? response.topics.map((topic) => ({ ...topic, topicId: ZERO_UUID }))
    : group.topics) {
    const topic = each.name === "" ? (cluster.metadata.topicNames.get(each.topicId) ?? "") : each.name;
    for (const {
      partitionIndex: partition,
      committedOffset,
      committedLeaderEpoch,
      metadata,
      errorCode: code,
    } of each.partitions) {
      if (code !== errorCodes.NONE) {
        const error = brokerError(code, null, { ...context, topic, partition });
        if (!isRetriable(code)) return error;
        retriable = error;
        continue;
      }
      const offset = committedOffset < 0 ? null : committedOffset;
      const leaderEpoch = committedLeaderEpoch < 0 ? null : committedLeaderEpoch;
      found.set(keyOf({ topic, partition }), { topic, partition, offset, leaderEpoch, metadata: metadata ?? "" });
    }
  }
  if (retriable !== null) return retriable;
  return partitions.map(
    ({ topic, partition }) =>
      found.get(keyOf({ topic, partition })) ?? { topic, partition, offset: null, leaderEpoch: null, metadata: "" },
  );
}
