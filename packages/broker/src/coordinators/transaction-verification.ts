// Before a partition takes the first records of a producer's transaction, the transaction coordinator is asked (KIP-890): older clients have
// added the partition and that is verified, newer ones leave the adding to the broker. Kafka's AddPartitionsToTxnManager and
// ReplicaManager.maybeSendPartitionsToTransactionCoordinator.
// Invariants: a batch is appended only with the guard that was taken before the asking; while a question of a producer is open, its later
// batches wait behind it, also those that need no asking, so that they stay in order although Produce requests overlap here.

import { errorCodes } from "@ottla/protocol";
import { NO_GUARD } from "@ottla/storage";
import type { TransactionTerms } from "@ottla/storage";
import type { Broker } from "../broker.ts";
import type { Partition } from "../partition.ts";

/** What a client's version of Produce or TxnOffsetCommit can do: leave adding to the broker, be told TRANSACTION_ABORTABLE, or neither. */
export type TransactionSupport = "adds partitions" | "knows abortable" | "neither";

export interface TransactionalWriter {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface TransactionalWrite {
  readonly partition: Partition;
  /** Of the first record, -1 for offsets. */
  readonly sequence: number;
}

export interface Verdict {
  errorCode: number;
  /** Append with this. */
  terms: TransactionTerms;
}

/** Kafka's add.partitions.to.txn.retry.backoff.max.ms: how long a Produce waits for the markers of the transaction before. */
const RETRY_LIMIT_MS = 100;
/** In Kafka 20 ms: there the question goes over the network. */
const RETRY_BACKOFF_MS = 5;

export class TransactionVerification {
  private readonly broker: Broker;
  /** By producer id, what its next write waits for. */
  private readonly asking = new Map<number, Promise<unknown>>();

  constructor(broker: Broker) {
    this.broker = broker;
  }

  /** A verdict for each write, in order; at once when all of them belong to a transaction that is under way. */
  verify(
    writer: TransactionalWriter,
    writes: readonly TransactionalWrite[],
    support: TransactionSupport,
  ): Verdict[] | Promise<Verdict[]> {
    const isChecked = this.broker.config.get("transaction.partition.verification.enable");
    if (!isChecked && support !== "adds partitions")
      return writes.map(() => ({ errorCode: errorCodes.NONE, terms: {} }));
    // Also for one that will wait: batches with later sequences must know of it.
    const begun = begin(writer, writes, support);
    const before = this.asking.get(writer.producerId);
    if (before === undefined && begun.every(isSettled)) return withTerms(begun, isChecked);
    const ask = (): Promise<Begun[]> => this.askWithRetries(writer, writes, support);
    const asked = before === undefined ? ask() : before.then(ask, ask);
    const verdicts = asked.then((found) => withTerms(found, isChecked));
    this.asking.set(writer.producerId, verdicts);
    const answered = (): void => {
      if (this.asking.get(writer.producerId) === verdicts) this.asking.delete(writer.producerId);
    };
    // Not before whoever asked has appended by the verdicts: else what comes next might overtake it.
    void verdicts
      .catch(() => {})
      .then(() => {})
      .then(answered);
    return verdicts;
  }

  // A marker may have come while this waited: so each question begins anew.
  private async askWithRetries(
    writer: TransactionalWriter,
    writes: readonly TransactionalWrite[],
    support: TransactionSupport,
  ): Promise<Begun[]> {
    const { clock } = this.broker;
    const untilMs = clock.monotonicMs() + RETRY_LIMIT_MS;
    for (;;) {
      const begun = begin(writer, writes, support);
      const open = begun.filter((each) => !isSettled(each));
      if (open.length === 0) return begun;
      const codes = await this.ask(writer, open, support);
      for (const [index, each] of open.entries()) each.errorCode = errorFor(codes[index]!, support);
      const isBusy = codes.includes(errorCodes.CONCURRENT_TRANSACTIONS);
      if (support !== "adds partitions" || !isBusy || clock.monotonicMs() >= untilMs) return begun;
      await new Promise<void>((resolve) => void clock.schedule(RETRY_BACKOFF_MS, resolve));
    }
  }

  private ask(
    { transactionalId, producerId, producerEpoch }: TransactionalWriter,
    open: readonly Begun[],
    support: TransactionSupport,
  ): Promise<readonly number[]> {
    const topics = open.map(({ partition }) => ({ topic: partition.topic, partitions: [partition.index] }));
    const claim = { transactionalId, producerId, producerEpoch, topics };
    const all = (errorCode: number): number[] => open.map(() => errorCode);
    const { transactions } = this.broker;
    if (support === "adds partitions") {
      return transactions
        .run<number>(
          transactionalId,
          (errorCode) => errorCode,
          (shard, pending, now) => shard.addPartitions(claim, 2, pending, now),
        )
        .then(all);
    }
    return transactions.run<readonly number[]>(transactionalId, all, (shard, pending) =>
      shard.verifyPartitions(claim, pending),
    );
  }
}

interface Begun {
  readonly partition: Partition;
  readonly guard: number;
  errorCode: number;
}

function begin(
  { producerId, producerEpoch }: TransactionalWriter,
  writes: readonly TransactionalWrite[],
  support: TransactionSupport,
): Begun[] {
  const epochPerTransaction = support === "adds partitions";
  return writes.map(({ partition, sequence }) => {
    const leadership = partition.checkLeader(-1);
    if (leadership !== errorCodes.NONE) return { partition, guard: NO_GUARD, errorCode: leadership };
    const beginning = { producerId, producerEpoch, sequence, epochPerTransaction };
    return { partition, ...partition.log.beginVerification(beginning) };
  });
}

function isSettled({ errorCode, guard }: Begun): boolean {
  return errorCode !== errorCodes.NONE || guard === NO_GUARD;
}

function withTerms(begun: readonly Begun[], isChecked: boolean): Verdict[] {
  return begun.map(({ errorCode, guard }) => ({ errorCode, terms: isChecked ? { verificationGuard: guard } : {} }));
}

function errorFor(errorCode: number, support: TransactionSupport): number {
  if (errorCode === errorCodes.PRODUCER_FENCED) return errorCodes.INVALID_PRODUCER_EPOCH;
  if (errorCode === errorCodes.TRANSACTION_ABORTABLE && support === "neither") return errorCodes.INVALID_TXN_STATE;
  return errorCode;
}
