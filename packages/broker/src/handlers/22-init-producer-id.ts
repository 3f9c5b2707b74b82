// InitProducerId: gives an idempotent producer its id and epoch 0. Versions 0 to 5.
// Ids come from blocks that the controller hands out, so no id is given twice, also after kill -9.
// Leaves out: transactional ids, refused with UNSUPPORTED_VERSION until the transaction coordinator exists.

import { errorCodes } from "@ottla/protocol";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import type { InitProducerIdRequest, InitProducerIdResponse } from "@ottla/protocol/messages/22-init-producer-id.ts";
import type { Handler } from "../handler.ts";

export const initProducerIdHandler: Handler<InitProducerIdRequest, InitProducerIdResponse> = {
  api: initProducerIdApi,
  async handle(request, context) {
    if (request.transactionalId === "") return refused(errorCodes.INVALID_REQUEST);
    if (request.transactionalId !== null) return refused(errorCodes.UNSUPPORTED_VERSION);
    // KIP-360: with an id, its epoch must come too. Without a transactional id Kafka then gives a new id all the same.
    if ((request.producerId === -1) !== (request.producerEpoch === -1)) return refused(errorCodes.INVALID_REQUEST);
    const { errorCode, producerId } = await context.broker.producerIds.next();
    if (errorCode !== errorCodes.NONE) return refused(errorCode);
    return {
      throttleTimeMs: 0,
      errorCode,
      producerId,
      producerEpoch: 0,
      ongoingTxnProducerId: -1,
      ongoingTxnProducerEpoch: -1,
    };
  },
};

function refused(errorCode: number): InitProducerIdResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    producerId: -1,
    producerEpoch: -1,
    ongoingTxnProducerId: -1,
    ongoingTxnProducerEpoch: -1,
  };
}
