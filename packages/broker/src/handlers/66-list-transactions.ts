// ListTransactions: the transactions that this broker coordinates (KIP-664). Versions 0 to 2: by state, by producer id, from 1 on by
// duration (KIP-994), from 2 on by a pattern of the transactional id (KIP-1152), which here is one of RE2's language: it is matched in linear time.

import { filterableStates, loadPatternEngine } from "@ottla/coordinator";
import type { TransactionFilter, TransactionListing } from "@ottla/coordinator";
import { errorCodes } from "@ottla/protocol";
import { listTransactionsApi } from "@ottla/protocol/messages/66-list-transactions.ts";
import type {
  ListTransactionsRequest,
  ListTransactionsResponse,
} from "@ottla/protocol/messages/66-list-transactions.ts";
import type { Broker } from "../broker.ts";
import type { Handler } from "../handler.ts";

export const listTransactionsHandler: Handler<ListTransactionsRequest, ListTransactionsResponse> = {
  api: listTransactionsApi,
  async handle(request, { broker }) {
    const matches = await matcherOf(request.transactionalIdPattern);
    if (matches === "invalid") return response(errorCodes.INVALID_REGULAR_EXPRESSION);
    const states = new Set(request.stateFilters);
    const filter: TransactionFilter = {
      states,
      producerIds: new Set(request.producerIdFilters),
      longerThanMs: request.durationFilter,
      matches,
    };
    const unknown = [...states].filter((state) => !filterableStates.has(state));
    return list(broker, filter, unknown);
  },
};

async function list(broker: Broker, filter: TransactionFilter, unknown: string[]): Promise<ListTransactionsResponse> {
  const { transactions } = broker;
  const listings = await Promise.all(
    transactions.partitions().map((partition) =>
      transactions.runOn<readonly TransactionListing[] | number>(
        partition,
        (errorCode) => errorCode,
        (shard, pending, now) => shard.list(filter, pending, now),
      ),
    ),
  );
  // As in Kafka, whoever asks while the coordinator loads is to ask again.
  if (listings.includes(errorCodes.COORDINATOR_LOAD_IN_PROGRESS))
    return response(errorCodes.COORDINATOR_LOAD_IN_PROGRESS);
  const transactionStates = listings.flatMap((listing) => (typeof listing === "number" ? [] : listing));
  return { ...response(errorCodes.NONE), unknownStateFilters: unknown, transactionStates };
}

async function matcherOf(pattern: string | null): Promise<TransactionFilter["matches"] | "invalid"> {
  if (pattern === null || pattern === "") return null;
  const compiled = (await loadPatternEngine()).compile(pattern);
  return "description" in compiled ? "invalid" : (transactionalId) => compiled.matches(transactionalId);
}

function response(errorCode: number): ListTransactionsResponse {
  return { throttleTimeMs: 0, errorCode, unknownStateFilters: [], transactionStates: [] };
}
