// The transaction coordinator of one partition of __transaction_state: the table of its transactional ids, and what must happen by itself.
// Decisions are made in init-producer-id.ts, add-partitions.ts and end-transaction.ts; only `replay` changes the table.
// What the broker does for it besides running commands: when `context.markersWaiting` is called it runs `takeMarkers` (later, not in the
// call), writes each of the markers to its partitions, retrying, and comes back with `markersWritten` for those that are written.
// Invariant: a transaction that is decided has markers outstanding, or is complete; nothing else happens to it in between.

import { errorCodes } from "@ottla/protocol";
import type { InitProducerIdRequest, InitProducerIdResponse } from "@ottla/protocol/messages/22-init-producer-id.ts";
import type { EndTxnRequest, EndTxnResponse } from "@ottla/protocol/messages/26-end-txn.ts";
import { Deadlines } from "../runtime/deadlines.ts";
import { answered, NOTHING, replyTo } from "../runtime/outcome.ts";
import type { Now, Outcome, Pending } from "../runtime/outcome.ts";
import type { CoordinatorShard } from "../runtime/shard.ts";
import { decideAddPartitions, verifyPartitions } from "./add-partitions.ts";
import type { TopicPartitions } from "./add-partitions.ts";
import type { Decision, DecisionContext } from "./decision.ts";
import { decideEnd, fencedAbort } from "./end-transaction.ts";
import { decideInitProducerId } from "./init-producer-id.ts";
import type { ProducerClaim } from "./init-producer-id.ts";
import type { TransactionContext } from "./transaction-context.ts";
import { describeTransaction, listTransactions, undescribed } from "./transaction-listing.ts";
import type { TransactionDescription, TransactionFilter, TransactionListing } from "./transaction-listing.ts";
import { OutstandingMarkers } from "./transaction-markers.ts";
import type { MarkerPartition, TransactionMarkers } from "./transaction-markers.ts";
import type { TransactionRecord } from "./transaction-records.ts";
import { completed, isBeingEnded, NEVER_TIMES_OUT } from "./transaction.ts";
import type { Transaction, TransactionState } from "./transaction.ts";

/** A producer's word on its transaction. */
export interface TransactionClaim extends ProducerClaim {
  readonly transactionalId: string;
  readonly topics: readonly TopicPartitions[];
}

type TransactionOutcome = Outcome<TransactionRecord>;

const ABORT_TIMED_OUT = "abort timed out transactions";
const REMOVE_EXPIRED = "remove expired transactional ids";

/** More do not fit the key of a record, whose strings have 15 bits of length. */
const TRANSACTIONAL_ID_BYTES_MAX = 0x7fff;

// Until these versions clients know INVALID_PRODUCER_EPOCH for what is PRODUCER_FENCED since (KIP-588).
const FIRST_INIT_WITH_FENCED = 4;
const FIRST_END_WITH_FENCED = 2;
const FIRST_END_WITH_EPOCH = 5;

export class TransactionShard implements CoordinatorShard<TransactionRecord> {
  private readonly context: TransactionContext;
  private readonly transactions = new Map<string, Transaction>();
  /** The transactional ids in state Ongoing. */
  private readonly ongoing = new Set<string>();
  private readonly outstanding = new OutstandingMarkers();
  private readonly deadlines = new Deadlines<(now: Now) => TransactionOutcome>();
  private isLoaded = false;

  constructor(context: TransactionContext) {
    this.context = context;
  }

  /** How many transactional ids are known. */
  get size(): number {
    return this.transactions.size;
  }

  /** How many transactional ids are in each state; states that none is in are absent. */
  countByState(): Map<TransactionState, number> {
    const counts = new Map<TransactionState, number>();
    for (const { state } of this.transactions.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
    return counts;
  }

  initProducerId(
    request: InitProducerIdRequest,
    apiVersion: number,
    pending: Pending<InitProducerIdResponse>,
    now: Now,
  ): TransactionOutcome {
    const { transactionalId, transactionTimeoutMs: timeoutMs } = request;
    const claim = request.producerId === -1 ? null : request;
    const errorCode = this.refuseInit(request);
    if (errorCode !== errorCodes.NONE || !transactionalId) return answered(pending, initResponse(errorCode, -1, -1));
    const before = this.transactions.get(transactionalId) ?? null;
    const decision = decideInitProducerId(before, { transactionalId, timeoutMs, claim }, this.decisionContext(now));
    this.repeat(REMOVE_EXPIRED, this.context.config().removeExpiredIntervalMs, now);
    const told = apiVersion < FIRST_INIT_WITH_FENCED ? withoutFenced(decision.errorCode) : decision.errorCode;
    return this.enact(decision, pending, initResponse(told, decision.producerId, decision.producerEpoch));
  }

  /** Answers an error code. @param clientTransactionVersion 2 when a client or broker of KIP-890's second part asks, else 0 */
  addPartitions(
    claim: TransactionClaim,
    clientTransactionVersion: number,
    pending: Pending<number>,
    now: Now,
  ): TransactionOutcome {
    if (claim.transactionalId === "") return answered<number>(pending, errorCodes.INVALID_REQUEST);
    const before = this.transactions.get(claim.transactionalId) ?? null;
    const decision = decideAddPartitions(before, { ...claim, clientTransactionVersion }, this.decisionContext(now));
    if (decision.steps.length > 0) this.repeat(ABORT_TIMED_OUT, this.context.config().abortTimedOutIntervalMs, now);
    return this.enact(decision, pending, decision.errorCode);
  }

  /** Answers the error code of each partition, in the order of the claim: NONE where it is part of the transaction. */
  verifyPartitions(claim: TransactionClaim, pending: Pending<readonly number[]>): TransactionOutcome {
    const verdict =
      claim.transactionalId === ""
        ? errorCodes.INVALID_REQUEST
        : verifyPartitions(this.transactions.get(claim.transactionalId) ?? null, claim);
    const codes = claim.topics.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => (typeof verdict === "number" ? verdict : verdict(topic, partition))),
    );
    return answered(pending, codes);
  }

  endTransaction(
    request: EndTxnRequest,
    apiVersion: number,
    pending: Pending<EndTxnResponse>,
    now: Now,
  ): TransactionOutcome {
    const { transactionalId } = request;
    if (transactionalId === "") return answered(pending, endResponse(errorCodes.INVALID_REQUEST, -1, -1));
    const clientTransactionVersion = apiVersion >= FIRST_END_WITH_EPOCH ? 2 : 0;
    const before = this.transactions.get(transactionalId) ?? null;
    const decision = decideEnd(before, { ...request, clientTransactionVersion }, this.decisionContext(now));
    const told = apiVersion < FIRST_END_WITH_FENCED ? withoutFenced(decision.errorCode) : decision.errorCode;
    return this.enact(decision, pending, endResponse(told, decision.producerId, decision.producerEpoch));
  }

  /** Answers the markers that are to be written and that nobody has taken yet. */
  takeMarkers(pending: Pending<readonly TransactionMarkers[]>): TransactionOutcome {
    return answered(pending, this.outstanding.take());
  }

  /** Notes where a transaction's markers are kept; with the last of them the transaction is complete. Answers whether it is. */
  markersWritten(
    markers: TransactionMarkers,
    partitions: readonly MarkerPartition[],
    pending: Pending<boolean>,
    now: Now,
  ): TransactionOutcome {
    if (!this.outstanding.written(markers, partitions)) return answered(pending, false);
    const transaction = this.transactions.get(markers.transactionalId)!;
    return { records: [this.record(completed(transaction, now.wallMs))], replies: [replyTo(pending, true)] };
  }

  describe(transactionalId: string, pending: Pending<TransactionDescription>): TransactionOutcome {
    if (transactionalId === "") return answered(pending, undescribed("", errorCodes.INVALID_REQUEST));
    const transaction = this.transactions.get(transactionalId);
    if (transaction === undefined)
      return answered(pending, undescribed(transactionalId, errorCodes.TRANSACTIONAL_ID_NOT_FOUND));
    const partitions = this.outstanding.missingOf(transactionalId) ?? transaction.partitions;
    return answered(pending, describeTransaction(transaction, partitions));
  }

  list<Refusal>(
    filter: TransactionFilter,
    pending: Pending<readonly TransactionListing[] | Refusal>,
    now: Now,
  ): TransactionOutcome {
    return answered<readonly TransactionListing[] | Refusal>(
      pending,
      listTransactions(this.transactions.values(), filter, now.wallMs),
    );
  }

  replay({ transactionalId, transaction }: TransactionRecord): void {
    this.ongoing.delete(transactionalId);
    if (transaction === null) {
      this.transactions.delete(transactionalId);
      return;
    }
    this.transactions.set(transactionalId, transaction);
    if (transaction.state === "Ongoing") this.ongoing.add(transactionalId);
    // While the log is read, most of what was decided turns out to be complete: `loaded` sees to the rest.
    if (!this.isLoaded || !isBeingEnded(transaction)) return;
    if (transaction.state === "PrepareCommit") this.context.counters.committed++;
    else this.context.counters.aborted++;
    this.expectMarkers(transaction);
  }

  /** No transaction is ever written about in a transaction. */
  replayEndTransaction(): void {}

  /** What was decided and not completed is driven on. */
  loaded(now: Now): TransactionOutcome {
    this.isLoaded = true;
    const { abortTimedOutIntervalMs, removeExpiredIntervalMs } = this.context.config();
    if (this.ongoing.size > 0) this.repeat(ABORT_TIMED_OUT, abortTimedOutIntervalMs, now);
    if (this.transactions.size > 0) this.repeat(REMOVE_EXPIRED, removeExpiredIntervalMs, now);
    const records: TransactionRecord[] = [];
    for (const transaction of this.transactions.values()) {
      if (!isBeingEnded(transaction)) continue;
      if (transaction.partitions.size === 0) records.push(this.record(completed(transaction, now.wallMs)));
      else this.expectMarkers(transaction);
    }
    return { records, replies: [], splittable: true };
  }

  nextDeadlineMs(): number | null {
    return this.deadlines.nextMs();
  }

  expire(now: Now): TransactionOutcome | null {
    const action = this.deadlines.takeDue(now.monotonicMs);
    return action === null ? null : action(now);
  }

  private refuseInit({
    transactionalId,
    transactionTimeoutMs,
    producerId,
    producerEpoch,
  }: InitProducerIdRequest): number {
    if ((producerId === -1) !== (producerEpoch === -1)) return errorCodes.INVALID_REQUEST;
    if (!transactionalId) return errorCodes.INVALID_REQUEST;
    // As Kafka answers, which finds out when it writes the record.
    if (Buffer.byteLength(transactionalId) > TRANSACTIONAL_ID_BYTES_MAX) return errorCodes.UNKNOWN_SERVER_ERROR;
    const isPossible =
      transactionTimeoutMs > 0 && transactionTimeoutMs <= this.context.config().transactionMaxTimeoutMs;
    return isPossible ? errorCodes.NONE : errorCodes.INVALID_TRANSACTION_TIMEOUT;
  }

  private decisionContext(now: Now): DecisionContext {
    return {
      nowMs: now.wallMs,
      transactionVersion: this.context.transactionVersion(),
      takeProducerId: () => this.context.takeProducerId(),
    };
  }

  private enact<Response>(decision: Decision, pending: Pending<Response>, response: Response): TransactionOutcome {
    return { records: this.records(decision.steps), replies: [replyTo(pending, response)] };
  }

  private expectMarkers(transaction: Transaction): void {
    if (transaction.partitions.size === 0) return;
    this.outstanding.add(transaction, this.context.coordinatorEpoch);
    this.context.markersWaiting();
  }

  private records(steps: readonly Transaction[]): TransactionRecord[] {
    return steps.map((transaction) => this.record(transaction));
  }

  private record(transaction: Transaction): TransactionRecord {
    return { transactionalId: transaction.transactionalId, transaction, valueVersion: this.valueVersion() };
  }

  private valueVersion(): 0 | 1 {
    return this.context.transactionVersion() >= 1 ? 1 : 0;
  }

  private repeat(key: string, afterMs: number, now: Now): void {
    if (this.deadlines.has(key)) return;
    const action = key === ABORT_TIMED_OUT ? this.abortTimedOut : this.removeExpired;
    this.deadlines.set(key, now.monotonicMs + afterMs, action);
  }

  // Kafka's abortTimedOutTransactions: looks in intervals, so that an abort comes up to one interval late.
  private readonly abortTimedOut = (now: Now): TransactionOutcome => {
    const records: TransactionRecord[] = [];
    for (const transactionalId of this.ongoing) {
      const transaction = this.transactions.get(transactionalId)!;
      const { startMs, timeoutMs } = transaction;
      if (timeoutMs === NEVER_TIMES_OUT || startMs + timeoutMs >= now.wallMs) continue;
      const steps = fencedAbort(transaction, this.decisionContext(now));
      if (steps === null) continue;
      this.context.logger.info(
        { transactionalId, timeoutMs },
        "a transaction took longer than its timeout and is aborted",
      );
      this.context.counters.timedOut++;
      records.push(...this.records(steps));
    }
    if (this.ongoing.size > 0) this.repeat(ABORT_TIMED_OUT, this.context.config().abortTimedOutIntervalMs, now);
    return { records, replies: [], splittable: true };
  };

  // Kafka's removeExpiredTransactionalIds.
  private readonly removeExpired = (now: Now): TransactionOutcome => {
    const { transactionalIdExpirationMs, removeExpiredIntervalMs } = this.context.config();
    const records: TransactionRecord[] = [];
    for (const { transactionalId, state, lastUpdateMs } of this.transactions.values()) {
      const isIdle = state === "Empty" || state === "CompleteCommit" || state === "CompleteAbort";
      if (!isIdle || lastUpdateMs > now.wallMs - transactionalIdExpirationMs) continue;
      records.push({ transactionalId, transaction: null, valueVersion: this.valueVersion() });
    }
    if (this.transactions.size > 0) this.repeat(REMOVE_EXPIRED, removeExpiredIntervalMs, now);
    return records.length === 0 ? NOTHING : { records, replies: [], splittable: true };
  };
}

function withoutFenced(errorCode: number): number {
  return errorCode === errorCodes.PRODUCER_FENCED ? errorCodes.INVALID_PRODUCER_EPOCH : errorCode;
}

function initResponse(errorCode: number, producerId: number, producerEpoch: number): InitProducerIdResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    producerId,
    producerEpoch,
    ongoingTxnProducerId: -1,
    ongoingTxnProducerEpoch: -1,
  };
}

function endResponse(errorCode: number, producerId: number, producerEpoch: number): EndTxnResponse {
  return { throttleTimeMs: 0, errorCode, producerId, producerEpoch };
}
