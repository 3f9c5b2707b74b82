// Which batches of one fetch answer belong to aborted transactions (KIP-98). The broker lists producer id and first offset of every aborted
// transaction that overlaps the data; an abort marker in the data ends one. A producer may have several in one answer, which is why the
// list is worked off in order of offsets and not kept by producer. Pure; Kafka's CompletedFetch is the model.

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export class AbortedTransactions {
  private readonly coming: readonly AbortedTransaction[];
  private next = 0;
  private readonly open = new Set<number>();

  /** @param aborted as the answer lists them, in any order; null for none */
  constructor(aborted: readonly AbortedTransaction[] | null) {
    this.coming = (aborted ?? []).toSorted((a, b) => a.firstOffset - b.firstOffset);
  }

  /** A data batch of a producer comes next. Answers whether its transaction was aborted. Batches come in order of offsets. */
  isAborted(batch: { producerId: number; lastOffset: number; isTransactional: boolean }): boolean {
    this.beginUpTo(batch.lastOffset);
    return batch.isTransactional && this.open.has(batch.producerId);
  }

  /** A control batch of a producer comes next; an abort marker ends the producer's aborted transaction. */
  control(batch: { producerId: number; lastOffset: number; isAbort: boolean }): void {
    this.beginUpTo(batch.lastOffset);
    if (batch.isAbort) this.open.delete(batch.producerId);
  }

  private beginUpTo(offset: number): void {
    for (let entry = this.coming[this.next]; entry !== undefined && entry.firstOffset <= offset;) {
      this.open.add(entry.producerId);
      this.next++;
      entry = this.coming[this.next];
    }
  }
}
