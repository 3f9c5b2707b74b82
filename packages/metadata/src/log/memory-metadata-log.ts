// A metadata log that keeps nothing: the image in memory is all there is. For tests and for `--memory`.

import { MetadataImage } from "../image/metadata-image.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";
import type { MetadataLog, OpenedMetadataLog } from "./metadata-log.ts";

class MemoryMetadataLog implements MetadataLog {
  private next = 0;

  nextOffset(): number {
    return this.next;
  }

  leaderEpoch(): number {
    return 1;
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

export function openMemoryMetadataLog(): OpenedMetadataLog {
  return {
    log: new MemoryMetadataLog(),
    image: MetadataImage.empty(),
    hasOpenTransaction: false,
    bootstrapRecords: null,
  };
}
