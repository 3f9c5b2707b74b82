// DescribeCluster: the brokers and the controller (KIP-700). Versions 0 to 2.
// Leaves out: the controller endpoint type, which Kafka answers on controller listeners only.

import { errorCodes } from "@ottla/protocol";
import { describeClusterApi } from "@ottla/protocol/messages/60-describe-cluster.ts";
import type { DescribeClusterRequest, DescribeClusterResponse } from "@ottla/protocol/messages/60-describe-cluster.ts";
import { clusterOperations, NOT_ASKED } from "../authorized-operations.ts";
import type { Handler } from "../handler.ts";

const BROKERS = 1;
const CONTROLLERS = 2;

export const describeClusterHandler: Handler<DescribeClusterRequest, DescribeClusterResponse> = {
  api: describeClusterApi,
  handle(request, context) {
    const { broker, connection } = context;
    if (request.endpointType !== BROKERS) return refused(request.endpointType);
    const endpoints = broker.endpoints(connection, request.includeFencedBrokers);
    return {
      throttleTimeMs: 0,
      errorCode: errorCodes.NONE,
      errorMessage: null,
      endpointType: BROKERS,
      clusterId: broker.clusterId,
      controllerId: broker.controllerIdForClients(),
      brokers: endpoints.map(({ nodeId, host, port, rack, isFenced }) => ({
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

function refused(endpointType: number): DescribeClusterResponse {
  const isController = endpointType === CONTROLLERS;
  return {
    throttleTimeMs: 0,
    errorCode: isController ? errorCodes.MISMATCHED_ENDPOINT_TYPE : errorCodes.UNSUPPORTED_ENDPOINT_TYPE,
    errorMessage: isController
      ? "This listener serves brokers' endpoints, not controllers'."
      : `There is no endpoint type ${endpointType}.`,
    endpointType: BROKERS,
    clusterId: "",
    controllerId: -1,
    brokers: [],
    clusterAuthorizedOperations: NOT_ASKED,
  };
}
