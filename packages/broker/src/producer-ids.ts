// Gives out producer ids from blocks of the controller. A block is recorded in the metadata log before its first id is used,
// so an id is never given twice; ids left in a block are lost with a restart, as in Kafka.

/** A run of ids: `size` of them from `first` on. */
export interface ProducerIdBlock {
  first: number;
  size: number;
}

export class ProducerIds {
  private readonly allocate: () => Promise<ProducerIdBlock>;
  private block: ProducerIdBlock = { first: 0, size: 0 };
  private used = 0;
  private allocating: Promise<void> | null = null;

  constructor(allocate: () => Promise<ProducerIdBlock>) {
    this.allocate = allocate;
  }

  /** The next id. Callers that come while a block is being allocated share that allocation. */
  async next(): Promise<number> {
    while (this.used >= this.block.size) {
      this.allocating ??= this.allocate().then((block) => {
        this.block = block;
        this.used = 0;
      }).finally(() => {
        this.allocating = null;
      });
      await this.allocating;
    }
    return this.block.first + this.used++;
  }
}
