// AddOffsetsToTxn: enters the partition that keeps a group's offsets into a transaction. Versions 0 to 4.
// Clients of KIP-890 do not ask: their TxnOffsetCommit adds the partition.

import { errorCodes } from "@ottla/protocol";
import { addOffsetsToTxnApi } from "@ottla/protocol/messages/25-add-offsets-to-txn.ts";
import type {
  AddOffsetsToTxnRequest,
  AddOffsetsToTxnResponse,
} from "@ottla/protocol/messages/25-add-offsets-to-txn.ts";
import type { Handler } from "../handler.ts";

const FIRST_VERSION_WITH_FENCED = 2;

export const addOffsetsToTxnHandler: Handler<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse> = {
  api: addOffsetsToTxnApi,
  async handle({ transactionalId, producerId, producerEpoch, groupId }, { broker, apiVersion }) {
    const created = await broker.groups.ensureTopic();
    const partition = broker.groups.partitionFor(groupId);
    if (created !== errorCodes.NONE || partition === null) return response(errorCodes.COORDINATOR_NOT_AVAILABLE);
    const topics = [{ topic: broker.groups.topic, partitions: [partition] }];
    const errorCode = await broker.transactions.run<number>(
      transactionalId,
      (refused) => refused,
      (shard, pending, now) =>
        shard.addPartitions({ transactionalId, producerId, producerEpoch, topics }, 0, pending, now),
    );
    const isTooNew = errorCode === errorCodes.PRODUCER_FENCED && apiVersion < FIRST_VERSION_WITH_FENCED;
    return response(isTooNew ? errorCodes.INVALID_PRODUCER_EPOCH : errorCode);
  },
};

function response(errorCode: number): AddOffsetsToTxnResponse {
  return { throttleTimeMs: 0, errorCode };
}
