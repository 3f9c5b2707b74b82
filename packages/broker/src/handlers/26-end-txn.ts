// EndTxn: commits or aborts a transaction. Versions 0 to 5; from 5 on the answer has the epoch of the next transaction (KIP-890).
// Answered once the decision is kept; the markers follow.

import { endTxnApi } from "@ottla/protocol/messages/26-end-txn.ts";
import type { EndTxnRequest, EndTxnResponse } from "@ottla/protocol/messages/26-end-txn.ts";
import type { Handler } from "../handler.ts";

export const endTxnHandler: Handler<EndTxnRequest, EndTxnResponse> = {
  api: endTxnApi,
  handle(request, { broker, apiVersion }) {
    return broker.transactions.run<EndTxnResponse>(
      request.transactionalId,
      (errorCode) => ({ throttleTimeMs: 0, errorCode, producerId: -1, producerEpoch: -1 }),
      (shard, pending, now) => shard.endTransaction(request, apiVersion, pending, now),
    );
  },
};
