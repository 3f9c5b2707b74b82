// Transactions that a producer is about to begin in this log, while the transaction coordinator is asked whether it may (KIP-890).
// Kafka's VerificationStateEntry and VerificationGuard: a guard is good for one beginning. An answer that comes after a marker has
// ended the transaction, or after another batch has begun it, has a guard that is not known any more, and begins nothing.

export interface TransactionVerification {
  readonly guard: number;
  readonly sinceMs: number;
  /** Whether the producer's client has an epoch for each transaction; then a producer unknown here begins at sequence 0. */
  readonly epochPerTransaction: boolean;
  epoch: number;
  /** Batches above it wait until it is there: else the lower one, tried again, would be out of order for ever. */
  lowestSequence: number;
}

/** The batch with which a producer wants to begin. */
export interface TransactionBeginning {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** -1 for offsets, which have no sequences. */
  readonly sequence: number;
  readonly epochPerTransaction: boolean;
}

/** From this version of the transaction protocol on, every marker has a higher epoch than its transaction (KIP-890). */
export const VERSION_WITH_EPOCH_PER_TRANSACTION = 2;

/** What needs no guard, and what is no guard. */
export const NO_GUARD = 0;

export class TransactionVerifications {
  private readonly byProducer = new Map<number, TransactionVerification>();
  private guards: number = NO_GUARD;

  get(producerId: number): TransactionVerification | undefined {
    return this.byProducer.get(producerId);
  }

  /** Begins a verification, or joins the one under way; returns its guard. */
  begin({ producerId, producerEpoch, sequence, epochPerTransaction }: TransactionBeginning, nowMs: number): number {
    let known = this.byProducer.get(producerId);
    if (known === undefined) {
      const guard = ++this.guards;
      known = { guard, sinceMs: nowMs, epochPerTransaction, epoch: producerEpoch, lowestSequence: sequence };
      this.byProducer.set(producerId, known);
    }
    if (producerEpoch > known.epoch) {
      known.epoch = producerEpoch;
      known.lowestSequence = sequence;
    } else if (producerEpoch === known.epoch && sequence < known.lowestSequence) {
      known.lowestSequence = sequence;
    }
    return known.guard;
  }

  /**
   * A transactional batch or a marker of the producer is about to be written: the verification has served, or is void. But a marker in
   * the epoch that is being verified ended the transaction before, where each has its epoch: the next one has begun already. Not so the
   * marker of an EndTxn that kept the epoch. Kafka keeps the guard then too, and the batch would begin a transaction that nobody ends.
   */
  settle(batch: { producerId: number; producerEpoch: number; isControl: boolean }, transactionVersion: number): void {
    if (this.byProducer.size === 0) return;
    const known = this.byProducer.get(batch.producerId);
    if (known === undefined) return;
    const endsWithEpoch = batch.isControl && transactionVersion >= VERSION_WITH_EPOCH_PER_TRANSACTION;
    if (known.epochPerTransaction && endsWithEpoch && batch.producerEpoch === known.epoch) return;
    this.byProducer.delete(batch.producerId);
  }

  removeExpired(nowMs: number, expirationMs: number): void {
    for (const [producerId, { sinceMs }] of this.byProducer)
      if (nowMs - sinceMs >= expirationMs) this.byProducer.delete(producerId);
  }

  clear(): void {
    this.byProducer.clear();
  }
}
