// Asks for a producer id and epoch (InitProducerId), once. What an error means is decided by who asks.

import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import type { InitProducerIdResponse } from "@ottla/protocol/messages/22-init-producer-id.ts";
import type { Cluster } from "../network/cluster.ts";
import type { ProducerIdentity } from "./sequences.ts";

export interface IdentityRequest {
  /** null for any broker. */
  readonly nodeId: number | null;
  readonly lane: string;
  readonly transactionalId: string | null;
  readonly transactionTimeoutMs: number;
  /** The id and epoch to go on from (KIP-360). */
  readonly current: ProducerIdentity;
}

/** Not for use without transactions, where no transaction times out. */
export const NO_TRANSACTION_TIMEOUT_MS = 0x7fff_ffff;

export function requestIdentity(cluster: Cluster, request: IdentityRequest): Promise<InitProducerIdResponse> {
  const { nodeId, lane, transactionalId, transactionTimeoutMs, current } = request;
  const { producerId, producerEpoch } = current;
  return cluster.send(
    nodeId,
    initProducerIdApi,
    { transactionalId, transactionTimeoutMs, producerId, producerEpoch },
    { lane },
  );
}
