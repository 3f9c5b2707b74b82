// How a node makes itself known to the controller: with a new incarnation, its features and where it listens.
// It is fenced until its logs are there, and fenced again when it stops.

import type { Endpoint, NodeListeners, RegisteredBroker, ControllerApi, SupportedFeature } from "@ottla/metadata";
import { errorName } from "@ottla/protocol";
import type { NodeIdentity } from "./node-identity.ts";
import type { BoundListener } from "./node.ts";

/** A node with what its registration adds to its identity. */
export interface RegisteringNode extends NodeIdentity {
  readonly rack: string | null;
  /** The epoch in which the folder was closed cleanly; -1 after a crash, upon which the controller recovers leadership (KIP-966). */
  readonly previousBrokerEpoch: number;
}

// Kafka's SecurityProtocol.PLAINTEXT.
const PLAINTEXT = 0;

/** Registers the node, still fenced. @throws when the controller refuses it. */
export async function registerNode(
  controller: ControllerApi,
  identity: RegisteringNode,
  endpoints: readonly Endpoint[],
  features: readonly SupportedFeature[],
): Promise<RegisteredBroker> {
  const result = await controller.registerBroker({
    brokerId: identity.nodeId,
    clusterId: identity.clusterId,
    incarnationId: identity.incarnationId,
    listeners: endpoints.map(({ name, host, port }) => ({ name, host, port, securityProtocol: PLAINTEXT })),
    features: [...features],
    rack: identity.rack,
    isMigratingZkBroker: false,
    logDirs: [identity.directoryId],
    previousBrokerEpoch: identity.previousBrokerEpoch,
  });
  if (result.errorCode !== 0)
    throw new Error(`the controller refused the registration: ${errorName(result.errorCode)}`);
  return { brokerId: identity.nodeId, brokerEpoch: result.brokerEpoch };
}

/** What other brokers are told: the advertised listeners, or what was bound when none are set. */
export function registeredEndpoints(listeners: NodeListeners, bound: readonly BoundListener[]): Endpoint[] {
  if (listeners.advertised !== null) return [...listeners.advertised.values()];
  return bound.map(({ name, host, port }) => ({ name, host: isWildcard(host) ? "localhost" : host, port }));
}

function isWildcard(host: string): boolean {
  return host === "" || host === "0.0.0.0" || host === "::";
}
