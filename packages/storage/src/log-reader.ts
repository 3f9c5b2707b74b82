// Reading a range of a log: which segment, which position, how much, and in what form. Synchronous up to the bytes themselves.
// Small ranges are read at once; a large one becomes a StreamedPart, which reads as the socket drains, synchronously or in the
// thread pool (ReadPace). Never past the offset that the reader may see.

import type { FramePart, StreamedPart } from "@ottla/base";
import { BatchHead } from "./batch-head.ts";
import type { AbortedRange } from "./log-results.ts";
import type { FileHandle } from "./open-files.ts";
import type { ReadPace } from "./read-pace.ts";
import type { SegmentList } from "./segment-list.ts";
import type { Segment } from "./segment.ts";
import { NOT_FOUND } from "./segment-scan.ts";

/** Up to this many bytes are read at once into a buffer of their own; more are read into the pooled buffer that they are sent from. */
export const SYNC_READ_LIMIT_BYTES = 4 * 1024;
/** The end of a segment that this process wrote is taken to be in the page cache, as far back as this. */
export const HOT_TAIL_BYTES = 32 * 1024 * 1024;

export interface ReadRange {
  offset: number;
  /** Nothing at or above this offset is returned. */
  endOffset: number;
  logEndOffset: number;
  maxBytes: number;
  minOneBatch: boolean;
}

/** Where a read begins and how long it is. */
export interface LocatedRange {
  segmentIndex: number;
  segment: Segment;
  position: number;
  bytes: number;
  firstBatchBytes: number;
  /** More can be read now, but not in one piece with this: the segment, or its chunk of memory, ends. */
  endsEarly: boolean;
}

const head = new BatchHead();

/** Null when there is nothing to read below the end offset, or not enough room for the first batch. */
export function locate(segments: SegmentList, range: ReadRange): LocatedRange | null {
  if (range.offset >= range.endOffset) return null;
  for (let index = segments.floorIndex(range.offset); index < segments.count; index++) {
    const segment = segments.at(index)!;
    const position = segment.readPositionOf(range.offset, head);
    if (position === NOT_FOUND) continue;
    const firstBatchBytes = head.sizeInBytes;
    const next = segments.at(index + 1);
    const endPosition = endPositionIn(segment, next, range);
    const limit = range.minOneBatch ? Math.max(range.maxBytes, firstBatchBytes) : range.maxBytes;
    const bytes = Math.min(endPosition - position, limit);
    if (bytes < firstBatchBytes) return null;
    const endsEarly = next !== null && range.endOffset > next.baseOffset && bytes === endPosition - position;
    return { segmentIndex: index, segment, position, bytes, firstBatchBytes, endsEarly };
  }
  return null;
}

/** The bytes of a located range; may shorten `located.bytes` to what one buffer holds. A StreamedPart must be released once. */
export function partOf(located: LocatedRange, pace: ReadPace): FramePart {
  const { segment, position, bytes } = located;
  const view = segment.file().view(position, located.firstBatchBytes, bytes);
  if (view !== null) {
    located.endsEarly ||= view.length < bytes;
    located.bytes = view.length;
    return view;
  }
  if (bytes <= SYNC_READ_LIMIT_BYTES) {
    const target = Buffer.allocUnsafe(bytes);
    const count = segment.file().readSync(target, position);
    located.bytes = count;
    return count === bytes ? target : target.subarray(0, count);
  }
  const hot = position >= segment.hotFrom && position >= segment.size - HOT_TAIL_BYTES;
  return new SegmentPart(segment.hold(), { position, length: bytes, pace: hot ? null : pace });
}

/** The aborted transactions that a reader of the located range must skip (KIP-98). */
export function abortedIn(segments: SegmentList, located: LocatedRange, range: ReadRange): AbortedRange[] {
  const found: AbortedRange[] = [];
  const next = segments.at(located.segmentIndex + 1);
  const upperBoundOffset =
    located.segment.offsetIndex().offsetAtOrAfter(located.position + located.bytes) ??
    next?.baseOffset ??
    range.logEndOffset;
  for (let index = located.segmentIndex; index < segments.count; index++) {
    const complete =
      segments.at(index)!.transactionIndex()?.collect({ fetchOffset: range.offset, upperBoundOffset }, found) ?? false;
    if (complete) break;
  }
  return found;
}

function endPositionIn(segment: Segment, next: Segment | null, range: ReadRange): number {
  if (range.endOffset >= (next?.baseOffset ?? range.logEndOffset)) return segment.size;
  const position = segment.readPositionOf(range.endOffset, head);
  return position === NOT_FOUND ? segment.size : position;
}

/** A range of a segment file, read as it is sent. */
class SegmentPart implements StreamedPart {
  readonly length: number;
  private readonly handle: FileHandle;
  private readonly position: number;
  /** Null for a range that is read at once in any case. */
  private readonly pace: ReadPace | null;

  constructor(handle: FileHandle, range: { position: number; length: number; pace: ReadPace | null }) {
    this.handle = handle;
    this.position = range.position;
    this.length = range.length;
    this.pace = range.pace;
  }

  read(target: Buffer, position: number): number | Promise<number> {
    const wanted = Math.min(target.length, this.length - position);
    const into = wanted === target.length ? target : target.subarray(0, wanted);
    const { file } = this.handle;
    const at = this.position + position;
    const count = this.pace === null ? file.readSync(into, at) : this.pace.read(file, into, at);
    return typeof count === "number" ? atLeastOne(count) : count.then(atLeastOne);
  }

  release(): void {
    this.handle.release();
  }
}

function atLeastOne(count: number): number {
  if (count === 0) throw new Error("the segment file is shorter than the log");
  return count;
}
