// DescribeCluster: the brokers and the controller (KIP-700). Versions 0 to 2.
// Leaves out: the controller endpoint type, which Kafka answers on controller listeners only.

import { errorCodes } from "@ottla/protocol";
import { describeClusterApi } from "@ottla/protocol/messages/60-describe-cluster.ts";
import type { DescribeClusterRequest, DescribeClusterResponse } from "@ottla/protocol/messages/60-describe-cluster.ts";
import { clusterOperations, NOT_ASKED } from "../authorized-operations.ts";
import type { Handler } from "../handler.ts";

const BROKERS = 1;

export const describeClusterHandler: Handler<DescribeClusterRequest, DescribeClusterResponse> = {
  api: describeClusterApi,
  handle(request, context) {
    const { broker, connection } = context;
    const wrongType = request.endpointType !== BROKERS;
    return {
      throttleTimeMs: 0,
      errorCode: wrongType ? errorCodes.MISMATCHED_ENDPOINT_TYPE : errorCodes.NONE,
      errorMessage: wrongType ? "This listener serves brokers' endpoints, not controllers'." : null,
      endpointType: BROKERS,
      clusterId: wrongType ? "" : broker.clusterId,
      controllerId: wrongType ? -1 : broker.controllerIdForClients(),
      brokers: wrongType
        ? []
        : broker.endpoints(connection, request.includeFencedBrokers).map(({ nodeId, host, port, rack, isFenced }) => ({
            brokerId: nodeId,
            host,
            port,
            rack,
            isFenced,
          })),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations : NOT_ASKED,
    };
  },
};
