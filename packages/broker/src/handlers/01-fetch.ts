// Fetch: reads record batches from partitions, at once or when min_bytes have arrived or max_wait_ms is over.
// Versions 4 to 18. Sessions (KIP-227), topic ids from 13 (KIP-516), leader epochs (KIP-320), read_committed.
// Record bytes are never joined: the response lists buffers and file ranges, which leave as the socket drains.
// Leaves out: fetching by followers (refused with NOT_LEADER_OR_FOLLOWER until replication exists), tiered storage.

import { errorCodes } from "@ottla/protocol";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import type { FetchRequest } from "@ottla/protocol/messages/01-fetch.ts";
import type { Input } from "@ottla/protocol";
import { endpointsOf } from "../leader-endpoints.ts";
import { FetchRound } from "../fetch/round.ts";
import type { Handler, RequestContext } from "../handler.ts";
import type { FetchPlan } from "../fetch/session.ts";

const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;
const FIRST_VERSION_WITH_IDS = 13;

export const fetchHandler: Handler<FetchRequest, Answer> = {
  api: fetchApi,
  handle(request, context) {
    const { broker, apiVersion } = context;
    const { isolationLevel } = request;
    if (isolationLevel !== READ_UNCOMMITTED && isolationLevel !== READ_COMMITTED)
      return refusedAll(request, apiVersion, errorCodes.UNKNOWN_SERVER_ERROR);
    const plan = broker.fetchSessions.plan(
      request,
      apiVersion,
      broker.clock.nowMs(),
      (id) => broker.replicas.topicName(id) ?? "",
    );
    if (plan.kind === "refused") return refused(plan.errorCode);
    const options = {
      apiVersion,
      readCommitted: isolationLevel === READ_COMMITTED,
      maxBytes: Math.min(request.maxBytes, broker.config.get("fetch.max.bytes")),
      fromFollower: Math.max(request.replicaId, request.replicaState.replicaId) >= 0,
    };
    const readNow = (): FetchRound => new FetchRound(broker, plan, options);
    const round = readNow();
    // More than max_bytes will never come, whatever min_bytes asks for.
    const wantedBytes = Math.min(request.minBytes, options.maxBytes);
    if (round.mustAnswer || wantedBytes <= round.bytes || request.maxWaitMs <= 0) return answer(round, plan, context);
    const { readCommitted } = options;
    return waitForMore({ wantedBytes, readCommitted, maxWaitMs: request.maxWaitMs }, context, plan, round, readNow);
  },
};

type Answer = Input<typeof fetchApi.response>;

function waitForMore(
  wait: { wantedBytes: number; maxWaitMs: number; readCommitted: boolean },
  context: RequestContext,
  plan: Exclude<FetchPlan, { kind: "refused" }>,
  first: FetchRound,
  readNow: () => FetchRound,
): Promise<Answer> {
  first.release();
  const recount = (): number => {
    const round = readNow();
    round.release();
    return round.mustAnswer ? 0 : wait.wantedBytes - round.bytes;
  };
  return new Promise((resolve) => {
    const delayed = context.broker.purgatory.park({
      missingBytes: wait.wantedBytes - first.bytes,
      maxWaitMs: wait.maxWaitMs,
      partitions: first.partitions,
      recount: wait.readCommitted ? recount : null,
      complete: () => {
        context.onGone(null);
        resolve(answer(readNow(), plan, context));
      },
    });
    context.onGone(() => delayed.cancel());
  });
}

function answer(round: FetchRound, plan: Exclude<FetchPlan, { kind: "refused" }>, context: RequestContext): Answer {
  return {
    throttleTimeMs: 0,
    errorCode: errorCodes.NONE,
    sessionId: plan.session?.id ?? 0,
    responses: round.responses(),
    nodeEndpoints: round.leaders.length === 0 ? [] : endpointsOf(round.leaders, context),
  };
}

function refused(errorCode: number): Answer {
  return { throttleTimeMs: 0, errorCode, sessionId: 0, responses: [] };
}

// Kafka's FetchRequest.getErrorResponse: until there were ids, each partition is told as well. It has no code for an unknown
// isolation level, over which it trips with an IllegalArgumentException.
function refusedAll(request: FetchRequest, apiVersion: number, errorCode: number): Answer {
  if (apiVersion >= FIRST_VERSION_WITH_IDS) return refused(errorCode);
  const responses = request.topics.map(({ topic, topicId, partitions }) => ({
    topic,
    topicId,
    partitions: partitions.map(({ partition }) => ({
      partitionIndex: partition,
      errorCode,
      highWatermark: -1,
      abortedTransactions: [],
      records: Buffer.alloc(0),
    })),
  }));
  return { ...refused(errorCode), responses };
}
