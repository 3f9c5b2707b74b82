// ConsumerGroupHeartbeat: the one request of the consumer protocol (KIP-848): join, report, receive an assignment, leave.
// Versions 0 and 1: from 1 on with patterns, and the client makes its member id (KIP-1082).

import { loadPatternEngine } from "@ottla/coordinator";
import { errorCodes } from "@ottla/protocol";
import { consumerGroupHeartbeatApi } from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import { isConsumerProtocolEnabled } from "../coordinators/consumer-protocol.ts";
import { requestClientOf } from "../coordinators/request-client.ts";
import type { Handler } from "../handler.ts";

export const consumerGroupHeartbeatHandler: Handler<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse> = {
  api: consumerGroupHeartbeatApi,
  async handle(request, context) {
    const { broker } = context;
    if (!isConsumerProtocolEnabled(broker)) return refused(errorCodes.UNSUPPORTED_VERSION);
    if (request.subscribedTopicRegex !== null && request.subscribedTopicRegex !== "") await loadPatternEngine();
    const client = requestClientOf(context);
    return broker.groups.run(request.groupId, refused, (shard, pending, now) =>
      shard.consumerHeartbeat(request, client, pending, now),
    );
  },
};

function refused(errorCode: number): ConsumerGroupHeartbeatResponse {
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
