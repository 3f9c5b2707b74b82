// The cluster as a whole: its brokers, a broker's registration, this client's instance id.
// Java: Admin.describeCluster (KIP-700, KIP-919, KIP-1073), unregisterBroker (KIP-500), clientInstanceId (KIP-714).

import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { describeClusterApi } from "@ottla/protocol/messages/60-describe-cluster.ts";
import { getTelemetrySubscriptionsApi } from "@ottla/protocol/messages/71-get-telemetry-subscriptions.ts";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { unregisterBrokerApi } from "@ottla/protocol/messages/64-unregister-broker.ts";
import type { BrokerNode } from "../network/cluster.ts";
import type { CallOptions } from "../records.ts";
import { authorizedOperations } from "./acl-names.ts";
import type { AclOperation } from "./acl-names.ts";
import { needsVersion, throwOnError } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";
import { isBrokerError } from "./lookups.ts";

export interface DescribeClusterOptions extends CallOptions {
  /** Also tell what the caller may do with the cluster (KIP-430). Default false. */
  readonly includeAuthorizedOperations?: boolean;
  /** Also brokers that are registered but fenced (KIP-1073, Kafka 4.0). Default false. */
  readonly includeFencedBrokers?: boolean;
  /** "CONTROLLER" where the bootstrap servers are controllers (KIP-919). Default "BROKER". */
  readonly endpointType?: "BROKER" | "CONTROLLER";
}

export interface ClusterNode extends BrokerNode {
  readonly isFenced: boolean;
}

export interface ClusterDescription {
  /** null from brokers that have none. */
  readonly clusterId: string | null;
  /** With KRaft, from brokers, any broker: controller requests may go to each. null when there is none. */
  readonly controllerId: number | null;
  /** Brokers, or with endpointType "CONTROLLER" the controllers, by node id. */
  readonly nodes: ReadonlyMap<number, ClusterNode>;
  /** null unless asked for. */
  readonly authorizedOperations: readonly AclOperation[] | null;
}

/** Java: Admin.describeCluster. Brokers before 2.8 tell it in Metadata. */
export async function describeCluster(call: AdminCall, options: DescribeClusterOptions): Promise<ClusterDescription> {
  return call.retry(async () => {
    try {
      return await describeByCluster(call, options);
    } catch (error) {
      const isPlain = options.includeFencedBrokers !== true && options.endpointType !== "CONTROLLER";
      if (!isPlain || !isBrokerError(error, errorCodes.UNSUPPORTED_VERSION)) throw error;
      return describeByMetadata(call, options);
    }
  });
}

async function describeByCluster(call: AdminCall, options: DescribeClusterOptions): Promise<ClusterDescription> {
  const response = await call.send(null, describeClusterApi, (version) => {
    if (options.includeFencedBrokers === true)
      needsVersion(describeClusterApi, version, 2, "describing fenced brokers");
    if (options.endpointType === "CONTROLLER") needsVersion(describeClusterApi, version, 1, "describing controllers");
    return {
      includeClusterAuthorizedOperations: options.includeAuthorizedOperations ?? false,
      endpointType: options.endpointType === "CONTROLLER" ? 2 : 1,
      includeFencedBrokers: options.includeFencedBrokers ?? false,
    };
  });
  throwOnError(response.errorCode, response.errorMessage);
  const nodes = response.brokers.map(({ brokerId, host, port, rack, isFenced }) => ({
    nodeId: brokerId,
    host,
    port,
    rack,
    isFenced,
  }));
  return {
    clusterId: response.clusterId,
    controllerId: response.controllerId < 0 ? null : response.controllerId,
    nodes: new Map(nodes.map((node) => [node.nodeId, node])),
    authorizedOperations: authorizedOperations(response.clusterAuthorizedOperations),
  };
}

async function describeByMetadata(call: AdminCall, options: DescribeClusterOptions): Promise<ClusterDescription> {
  const response = await call.send(null, metadataApi, (version) => ({
    topics: [],
    includeClusterAuthorizedOperations: version >= 8 && version <= 10 && options.includeAuthorizedOperations === true,
    includeTopicAuthorizedOperations: false,
  }));
  throwOnError(response.errorCode);
  return {
    clusterId: response.clusterId,
    controllerId: response.controllerId < 0 ? null : response.controllerId,
    nodes: new Map(response.brokers.map((broker) => [broker.nodeId, { ...broker, isFenced: false }])),
    authorizedOperations: authorizedOperations(response.clusterAuthorizedOperations),
  };
}

/** Java: Admin.unregisterBroker. */
export async function unregisterBroker(call: AdminCall, brokerId: number): Promise<void> {
  await call.retry(async () => {
    const { errorCode, errorMessage } = await call.send(null, unregisterBrokerApi, { brokerId });
    throwOnError(errorCode, errorMessage, { nodeId: brokerId });
  });
}

/** Java: Admin.clientInstanceId. Brokers without a telemetry plugin do not serve the request. */
export async function clientInstanceId(call: AdminCall): Promise<string> {
  return call.retry(async () => {
    const response = await call.send(null, getTelemetrySubscriptionsApi, { clientInstanceId: ZERO_UUID });
    throwOnError(response.errorCode);
    return response.clientInstanceId;
  });
}
