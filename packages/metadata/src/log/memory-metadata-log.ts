// A metadata log that keeps nothing: the image in memory is all there is. For tests and for `--memory`.

import { MetadataImage } from "../image/metadata-image.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";
import type { MetadataLog, OpenedMetadataLog } from "./metadata-log.ts";

class MemoryMetadataLog implements MetadataLog {
  private next: number;
  private readonly epoch: number;

  constructor(image: MetadataImage) {
    this.next = image.offset + 1;
    this.epoch = image.epoch + 1;
  }

  nextOffset(): number {
    return this.next;
  }

  leaderEpoch(): number {
    return this.epoch;
  }

  async append(batches: readonly (readonly MetadataRecord[])[]): Promise<void> {
    for (const batch of batches) this.next += batch.length;
  }

  snapshotIsDue(): boolean {
    return false;
  }

  async writeSnapshot(): Promise<void> {}

  close(): void {}
}

/** @param image what there is already: that of an earlier log in memory */
export function openMemoryMetadataLog(image: MetadataImage = MetadataImage.empty()): OpenedMetadataLog {
  return {
    log: new MemoryMetadataLog(image),
    image,
    hasOpenTransaction: false,
    bootstrapRecords: null,
  };
}
