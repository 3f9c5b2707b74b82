// Builds the image of a log from its record batches, with KIP-868's transactions: what lies between BeginTransactionRecord and
// EndTransactionRecord counts together, and not at all after an AbortTransactionRecord or when the log ends inside.

import { ImageDraft } from "../image/image-draft.ts";
import { MetadataImage } from "../image/metadata-image.ts";
import { replay } from "../image/replay.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";
import { MetadataLogError } from "./metadata-log.ts";

export class ImageLoader {
  private draft = new ImageDraft(MetadataImage.empty());
  /** The image before the transaction that is under way. */
  private beforeTransaction: MetadataImage | null = null;
  private offset = -1;
  private epoch = 0;

  /** The next record of the log. `offset` of a snapshot's records is that of the last record that the snapshot contains. */
  load(record: MetadataRecord, offset: number, epoch: number): void {
    this.offset = offset;
    this.epoch = epoch;
    switch (record.kind) {
      case "beginTransaction":
        return this.begin();
      case "endTransaction":
        this.expectTransaction("EndTransactionRecord");
        this.beforeTransaction = null;
        return;
      case "abortTransaction":
        this.revert(this.expectTransaction("AbortTransactionRecord"));
        return;
      default:
        replay(this.draft, record);
    }
  }

  finish(): { image: MetadataImage; hasOpenTransaction: boolean } {
    const hasOpenTransaction = this.beforeTransaction !== null;
    if (this.beforeTransaction !== null) this.revert(this.beforeTransaction);
    return { image: this.draft.finish(this.offset, this.epoch).image, hasOpenTransaction };
  }

  private begin(): void {
    if (this.beforeTransaction !== null) {
      throw new MetadataLogError(`the metadata log has a transaction inside another one at offset ${this.offset}`);
    }
    this.beforeTransaction = this.draft.finish(this.offset - 1, this.epoch).image;
    this.draft = new ImageDraft(this.beforeTransaction);
  }

  private revert(image: MetadataImage): void {
    this.draft = new ImageDraft(image);
    this.beforeTransaction = null;
  }

  private expectTransaction(what: string): MetadataImage {
    if (this.beforeTransaction !== null) return this.beforeTransaction;
    throw new MetadataLogError(`the metadata log has an ${what} without a transaction at offset ${this.offset}`);
  }
}
