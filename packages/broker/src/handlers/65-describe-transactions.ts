// DescribeTransactions: the state of transactions by transactional id (KIP-664). Version 0.

import { undescribed } from "@ottla/coordinator";
import type { TransactionDescription } from "@ottla/coordinator";
import { describeTransactionsApi } from "@ottla/protocol/messages/65-describe-transactions.ts";
import type {
  DescribeTransactionsRequest,
  DescribeTransactionsResponse,
} from "@ottla/protocol/messages/65-describe-transactions.ts";
import type { Handler } from "../handler.ts";

export const describeTransactionsHandler: Handler<DescribeTransactionsRequest, DescribeTransactionsResponse> = {
  api: describeTransactionsApi,
  async handle({ transactionalIds }, { broker }) {
    const transactionStates = await Promise.all(
      transactionalIds.map((transactionalId) =>
        broker.transactions.run<TransactionDescription>(
          transactionalId,
          (errorCode) => undescribed(transactionalId, errorCode),
          (shard, pending) => shard.describe(transactionalId, pending),
        ),
      ),
    );
    return { throttleTimeMs: 0, transactionStates };
  },
};
