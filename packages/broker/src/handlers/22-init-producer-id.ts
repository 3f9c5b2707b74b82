// InitProducerId: gives an idempotent producer its id and epoch 0, and a transactional one the id and epoch of its transactional id.
// Versions 0 to 5. Ids come from blocks that the controller hands out, so no id is given twice, also after kill -9.
// Leaves out: two-phase commit (version 6, KIP-939), as Apache Kafka 4.3 does.

import { errorCodes } from "@ottla/protocol";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import type { InitProducerIdRequest, InitProducerIdResponse } from "@ottla/protocol/messages/22-init-producer-id.ts";
import type { Broker } from "../broker.ts";
import type { Handler } from "../handler.ts";

export const initProducerIdHandler: Handler<InitProducerIdRequest, InitProducerIdResponse> = {
  api: initProducerIdApi,
  async handle(request, { broker, apiVersion }) {
    const { transactionalId } = request;
    if (transactionalId === "") return response(errorCodes.INVALID_REQUEST);
    // KIP-360: with an id, its epoch must come too. Without a transactional id Kafka then gives a new id all the same.
    if ((request.producerId === -1) !== (request.producerEpoch === -1)) return response(errorCodes.INVALID_REQUEST);
    if (transactionalId === null) return idempotent(broker);
    // The coordinator takes an id without waiting, if it needs one: a transactional id that is known has its own.
    await broker.producerIds.ready();
    return broker.transactions.run<InitProducerIdResponse>(transactionalId, response, (shard, pending, now) =>
      shard.initProducerId(request, apiVersion, pending, now),
    );
  },
};

async function idempotent(broker: Broker): Promise<InitProducerIdResponse> {
  const { errorCode, producerId } = await broker.producerIds.next();
  return errorCode === errorCodes.NONE ? response(errorCode, producerId, 0) : response(errorCode);
}

function response(errorCode: number, producerId = -1, producerEpoch = -1): InitProducerIdResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    producerId,
    producerEpoch,
    ongoingTxnProducerId: -1,
    ongoingTxnProducerEpoch: -1,
  };
}
