// FindCoordinator: which broker coordinates a group (key type 0), a transactional id (1) or a share partition (2, from version 6). Versions 0 to 6,
// several keys from 4 (KIP-699).
// The coordinator's topic is created at the first question, and the answer waits for it, where Kafka answers COORDINATOR_NOT_AVAILABLE and lets the client ask again.
// Leaves out: the share coordinator that a share partition's key leads to; its APIs are not advertised.

import { errorCodes, errorMessage } from "@ottla/protocol";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import type {
  FindCoordinatorRequest,
  FindCoordinatorResponseInput,
} from "@ottla/protocol/messages/10-find-coordinator.ts";
import { isSharePartitionKey } from "../coordinators/share-state-topic.ts";
import type { ClientEndpoint } from "../broker.ts";
import type { Handler, RequestContext } from "../handler.ts";

const GROUP = 0;
const TRANSACTION = 1;
const SHARE = 2;
const SHARE_SINCE_VERSION = 6;

interface Found {
  errorCode: number;
  endpoint: ClientEndpoint | null;
}

export const findCoordinatorHandler: Handler<FindCoordinatorRequest, FindCoordinatorResponseInput> = {
  api: findCoordinatorApi,
  async handle(request, context) {
    if (context.apiVersion < 4) {
      const found = await find(request.keyType, request.key, context);
      return { throttleTimeMs: 0, ...answerOf(found), coordinators: [] };
    }
    const coordinators = [];
    for (const key of request.coordinatorKeys) {
      coordinators.push({ key, ...answerOf(await find(request.keyType, key, context)), errorMessage: null });
    }
    return { throttleTimeMs: 0, errorCode: 0, errorMessage: null, nodeId: 0, host: "", port: 0, coordinators };
  },
};

async function find(keyType: number, key: string, context: RequestContext): Promise<Found> {
  const { broker, connection } = context;
  const coordinator = coordinatorOf(keyType, key, context);
  if (coordinator === null) return { errorCode: errorCodes.INVALID_REQUEST, endpoint: null };
  const errorCode = await coordinator.ensureTopic();
  if (errorCode !== errorCodes.NONE) return { errorCode, endpoint: null };
  const partition = coordinator.partitionFor(key);
  const leaderId = partition === null ? undefined : broker.topic(coordinator.topic)?.partitions[partition]?.leader;
  const endpoint = leaderId === undefined ? null : broker.endpointOf(leaderId, connection);
  if (endpoint === null || endpoint.isFenced)
    return { errorCode: errorCodes.COORDINATOR_NOT_AVAILABLE, endpoint: null };
  return { errorCode: errorCodes.NONE, endpoint };
}

interface KeyedTopic {
  readonly topic: string;
  partitionFor(key: string): number | null;
  ensureTopic(): Promise<number>;
}

function coordinatorOf(keyType: number, key: string, { broker, apiVersion }: RequestContext): KeyedTopic | null {
  if (keyType === GROUP) return broker.groups;
  if (keyType === TRANSACTION) return broker.transactions;
  const isShare = keyType === SHARE && apiVersion >= SHARE_SINCE_VERSION && isSharePartitionKey(key);
  return isShare ? broker.shareState : null;
}

function answerOf({ errorCode, endpoint }: Found): {
  errorCode: number;
  errorMessage: string | null;
  nodeId: number;
  host: string;
  port: number;
} {
  return {
    errorCode,
    errorMessage: errorCode === errorCodes.NONE ? "NONE" : errorMessage(errorCode),
    nodeId: endpoint?.nodeId ?? -1,
    host: endpoint?.host ?? "",
    port: endpoint?.port ?? -1,
  };
}
