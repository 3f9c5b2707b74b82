// Gives out producer ids from blocks of the controller. A block is recorded in the metadata log before its first id is used,
// so an id is never given twice; ids left in a block are lost with a restart, as in Kafka.

import { errorCodes } from "@ottla/protocol";

/** A run of ids: `size` of them from `first` on; or why there is none. */
export interface ProducerIdBlock {
  errorCode: number;
  first: number;
  size: number;
}

export class ProducerIds {
  private readonly allocate: () => Promise<ProducerIdBlock>;
  private block: ProducerIdBlock = { errorCode: errorCodes.NONE, first: 0, size: 0 };
  private used = 0;
  private allocating: Promise<void> | null = null;

  constructor(allocate: () => Promise<ProducerIdBlock>) {
    this.allocate = allocate;
  }

  /** The next id, or the error of the controller. Callers that come while a block is being allocated share that allocation. */
  async next(): Promise<{ errorCode: number; producerId: number }> {
    while (this.used >= this.block.size) {
      this.allocating ??= this.refill();
      await this.allocating;
      if (this.block.errorCode !== errorCodes.NONE) return { errorCode: this.block.errorCode, producerId: -1 };
    }
    return { errorCode: errorCodes.NONE, producerId: this.block.first + this.used++ };
  }

  /** Waits until `take` has an id, or the controller has said that there is none. */
  async ready(): Promise<void> {
    if (this.used < this.block.size) return;
    this.allocating ??= this.refill();
    await this.allocating;
  }

  /** The next id without waiting; null when the next block is still being allocated. */
  take(): number | null {
    if (this.used < this.block.size) return this.block.first + this.used++;
    this.allocating ??= this.refill();
    return null;
  }

  // COORDINATOR_NOT_AVAILABLE makes a producer try again: the metadata log may be writable later.
  private async refill(): Promise<void> {
    try {
      this.block = await this.allocate();
    } catch {
      this.block = { errorCode: errorCodes.COORDINATOR_NOT_AVAILABLE, first: 0, size: 0 };
    }
    this.used = 0;
    this.allocating = null;
  }
}
