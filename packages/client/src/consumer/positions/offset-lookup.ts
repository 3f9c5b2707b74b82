// Offsets that the application asks for: beginning, end, by time. Asks the leaders, again on errors that pass, until all are known.

import { brokerError, TimeoutError } from "../../errors.ts";
import type { Cluster } from "../../network/cluster.ts";
import type { CallOptions, TopicPartition } from "../../records.ts";
import { errorOf } from "../error-of.ts";
import type { Answered, OffsetQuestion } from "./offset-requests.ts";
import { listOffsets } from "./offset-requests.ts";

export interface FoundOffset extends TopicPartition {
  /** -1 when there is none. */
  readonly offset: number;
  /** Of the record that was found; -1 when it is not one record's offset. */
  readonly timestamp: number;
  readonly leaderEpoch: number;
}

export interface LookupOptions extends CallOptions {
  readonly timeoutMs: number;
  readonly readCommitted: boolean;
  readonly lane: string;
}

/**
 * One answer for each question, in their order.
 * @throws TimeoutError, AbortedError, BrokerError
 */
export async function lookUpOffsets(
  cluster: Cluster,
  asked: readonly (TopicPartition & { readonly timestamp: number })[],
  options: LookupOptions,
): Promise<FoundOffset[]> {
  const deadlineMs = cluster.clock.monotonicMs() + options.timeoutMs;
  const found = new Map<string, FoundOffset>();
  let left = asked;
  let lastErrorCode = 0;
  for (let attempt = 0; left.length > 0; attempt++) {
    const leftMs = deadlineMs - cluster.clock.monotonicMs();
    if (leftMs <= 0) throw timedOut(left, lastErrorCode);
    if (attempt > 0) {
      await cluster.delay(Math.min(leftMs, cluster.backoffMs(attempt - 1)), options.signal);
      await refresh(cluster, deadlineMs - cluster.clock.monotonicMs(), options.signal);
    }
    const again: (TopicPartition & { timestamp: number })[] = [];
    for (const answer of await askLeaders(cluster, left, deadlineMs, options)) {
      if (answer.kind === "failed") throw answer.error;
      const { topic, partition } = answer.question;
      if (answer.kind === "found") {
        const { offset, timestamp, leaderEpoch } = answer;
        found.set(`${topic}-${partition}`, { topic, partition, offset, timestamp, leaderEpoch });
      } else {
        again.push(answer.question);
        lastErrorCode = answer.errorCode;
      }
    }
    left = again;
  }
  return asked.map(({ topic, partition }) => found.get(`${topic}-${partition}`)!);
}

async function askLeaders(
  cluster: Cluster,
  asked: readonly (TopicPartition & { readonly timestamp: number })[],
  deadlineMs: number,
  options: LookupOptions,
): Promise<Answered<OffsetQuestion>[]> {
  const topics = [...new Set(asked.map(({ topic }) => topic))];
  const limits = { timeoutMs: Math.max(1, deadlineMs - cluster.clock.monotonicMs()), signal: options.signal };
  await Promise.all(
    topics.map((topic) => cluster.topicMetadata(topic, { ...withoutUndefined(limits), allowAutoTopicCreation: false })),
  );
  const byLeader = new Map<number, OffsetQuestion[]>();
  for (const { topic, partition, timestamp } of asked) {
    const { leaderId = -1, leaderEpoch = -1 } = cluster.metadata.topics.get(topic)?.partitions[partition] ?? {};
    const question = { topic, partition, timestamp, leaderEpoch };
    const list = byLeader.get(leaderId);
    if (list === undefined) byLeader.set(leaderId, [question]);
    else list.push(question);
  }
  const answers = await Promise.all(
    [...byLeader].map(([nodeId, questions]) =>
      askOne(cluster, nodeId, questions, { ...options, timeoutMs: limits.timeoutMs }),
    ),
  );
  return answers.flat();
}

// Lost requests are asked again; what is final is thrown.
async function askOne(
  cluster: Cluster,
  nodeId: number,
  questions: readonly OffsetQuestion[],
  { timeoutMs, signal, lane, readCommitted }: LookupOptions,
): Promise<Answered<OffsetQuestion>[]> {
  const lost = (): Answered<OffsetQuestion>[] =>
    questions.map((question) => ({ kind: "retry", question, errorCode: 0 }));
  if (nodeId < 0) return lost();
  try {
    const limits = withoutUndefined({ timeoutMs: Math.min(timeoutMs, cluster.options.requestTimeoutMs), signal });
    return await listOffsets(cluster, nodeId, questions, { ...limits, lane, readCommitted });
  } catch (error) {
    if (errorOf(error).retriable) return lost();
    throw error;
  }
}

async function refresh(cluster: Cluster, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await cluster.refreshMetadata(withoutUndefined({ timeoutMs: Math.max(1, timeoutMs), signal }));
  } catch (error) {
    if (!errorOf(error).retriable) throw error;
  }
}

function withoutUndefined(limits: {
  timeoutMs: number;
  signal: AbortSignal | undefined;
}): CallOptions & { timeoutMs: number } {
  const { timeoutMs, signal } = limits;
  return signal === undefined ? { timeoutMs } : { timeoutMs, signal };
}

function timedOut(left: readonly TopicPartition[], errorCode: number): TimeoutError {
  const { topic, partition } = left[0]!;
  const cause =
    errorCode === 0 ? {} : { cause: brokerError(errorCode, null, { topic, partition, api: "ListOffsets" }) };
  return new TimeoutError(
    `the offsets of ${left.length} partitions, such as ${topic}-${partition}, were not found in time`,
    {
      context: { topic, partition, api: "ListOffsets" },
      ...cause,
    },
  );
}
