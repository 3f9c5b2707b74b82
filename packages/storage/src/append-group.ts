// What is appended to one log in one write. Each member is checked and, if good, given its offsets in place; nothing of the log changes
// until the write succeeded (`commit`), but members see what those before them in the group will have done: offsets, producers, sizes.
// Invariant: the buffers, in order, are exactly the batches in `batches`, without gaps in offsets.

import { batchFormat, errorCodes, validateRecords } from "@ottla/protocol";
import type { BatchSummary, RecordError, Validated } from "@ottla/protocol";
import type { LogConfig } from "./log-config.ts";
import type { AppendOptions, AppendResult } from "./log-results.ts";
import { MAX_RELATIVE_OFFSET } from "./offset-index.ts";
import type { ProducerState } from "./producer-state.ts";
import type { AppendedBatch, Segment } from "./segment.ts";

/** An append that waits for its group. */
export interface WaitingAppend {
  records: Buffer;
  readonly options: AppendOptions;
  readonly done: (result: AppendResult) => void;
  /** Set once the records were checked. */
  checked: Validated | null;
}

export interface Refusal {
  errorCode: number;
  errorMessage?: string | null;
  recordErrors?: RecordError[];
}

/** An append whose fate hangs on the group's write. */
interface Member {
  waiting: WaitingAppend;
  result: AppendResult;
}

export interface GroupStart {
  config: LogConfig;
  segment: Segment;
  producers: ProducerState;
  logStartOffset: number;
  logEndOffset: number;
  nowMs: number;
}

interface StagedBatch extends AppendedBatch {
  baseOffset: number;
  leaderEpoch: number;
}

/** "answered": refused, its result given. "roll": does not fit the segment. "failed": a file could not be read. The last two change nothing. */
export type AddOutcome = "added" | "answered" | "roll" | "failed";

export class AppendGroup {
  readonly buffers: Buffer[] = [];
  readonly batches: StagedBatch[] = [];
  readonly members: Member[] = [];
  bytes = 0;
  nextOffset: number;
  /** Where the next segment begins, after `add` said "roll". */
  rollOffset = -1;
  /** Why `add` said "failed". */
  failure: unknown = null;
  private readonly start: GroupStart;

  constructor(start: GroupStart) {
    this.start = start;
    this.nextOffset = start.logEndOffset;
  }

  add(waiting: WaitingAppend): AddOutcome {
    const checked = waiting.checked ?? this.check(waiting);
    if (checked === null) return "answered";
    waiting.checked = checked;
    if (!this.fitsSegment(waiting, checked)) return "answered";
    const range = this.offsetsOf(waiting, checked);
    if (range === null) return "answered";
    const outcome = this.checkProducers(waiting, checked);
    if (outcome !== null) return outcome;
    try {
      if (this.shouldRoll(checked, range.last)) {
        this.rollOffset = range.first;
        return "roll";
      }
    } catch (error) {
      this.failure = error;
      return "failed";
    }
    this.stage(waiting, checked);
    return "added";
  }

  /** Answers an append that is not part of the group. */
  refuse(waiting: WaitingAppend, refusal: Refusal): void {
    const result = this.newResult({ baseOffset: -1, lastOffset: -1 });
    result.errorCode = refusal.errorCode;
    result.errorMessage = refusal.errorMessage ?? null;
    result.recordErrors = refusal.recordErrors ?? [];
    waiting.done(result);
  }

  /** Every member gets `errorCode`; offsets are those of a refusal. */
  refuseAll(errorCode: number): void {
    for (const member of this.members) this.refuse(member.waiting, { errorCode });
  }

  /** Every member gets its result. */
  answerAll(logStartOffset: number): void {
    for (const member of this.members) {
      member.result.logStartOffset = logStartOffset;
      member.waiting.done(member.result);
    }
  }

  private check(waiting: WaitingAppend): Validated | null {
    const { config, nowMs } = this.start;
    const level =
      config.compressionType === "gzip" || config.compressionType === "lz4" || config.compressionType === "zstd"
        ? config.compressionLevels[config.compressionType]
        : null;
    const checked = validateRecords(waiting.records, {
      origin: waiting.options.origin,
      maxMessageBytes: config.maxMessageBytes,
      compressionType: config.compressionType,
      compressionLevel: level,
      timestampType: config.timestampType,
      nowMs,
      timestampBeforeMaxMs: config.timestampBeforeMaxMs,
      timestampAfterMaxMs: config.timestampAfterMaxMs,
      compacted: config.compacted,
    });
    if (!checked.ok) {
      this.refuse(waiting, checked);
      return null;
    }
    return checked;
  }

  // Not part of `check`, because segment.bytes may have become smaller since: no roll would make room.
  private fitsSegment(waiting: WaitingAppend, checked: Validated): boolean {
    const { segmentBytes } = this.start.config;
    if (checked.records.length <= segmentBytes) return true;
    const errorMessage = `The records take ${checked.records.length} bytes, more than a whole segment of ${segmentBytes}.`;
    this.refuse(waiting, { errorCode: errorCodes.RECORD_LIST_TOO_LARGE, errorMessage });
    return false;
  }

  /** The offsets that the records will have, or null when they are refused for them: only replicated ones bring their own. */
  private offsetsOf(waiting: WaitingAppend, checked: Validated): { first: number; last: number } | null {
    const { batches } = checked;
    if (waiting.options.origin !== "replication")
      return { first: this.nextOffset, last: this.nextOffset + offsetsIn(batches) - 1 };
    const first = batches[0]?.baseOffset ?? -1;
    const last = first === -1 ? -1 : batches.at(-1)!.baseOffset + batches.at(-1)!.lastOffsetDelta;
    if (first >= this.nextOffset && last - first <= MAX_RELATIVE_OFFSET) return { first, last };
    const errorMessage = `Replicated offsets ${first} to ${last} cannot follow ${this.nextOffset - 1}.`;
    this.refuse(waiting, { errorCode: errorCodes.INVALID_RECORD, errorMessage });
    return null;
  }

  /** Null when all batches may be appended. */
  private checkProducers(waiting: WaitingAppend, checked: Validated): AddOutcome | null {
    for (const batch of checked.batches) {
      if (batch.producerId < 0) continue;
      const verdict = this.start.producers.check(batch, waiting.options.origin, waiting.options);
      if (verdict.kind === "refused") {
        this.refuse(waiting, verdict);
        return "answered";
      }
      if (verdict.kind === "duplicate") {
        const result = this.newResult({ baseOffset: verdict.baseOffset, lastOffset: verdict.lastOffset });
        result.duplicate = true;
        // Whatever the topic's timestamp type is: Kafka tells the timestamp of the batch it has (UnifiedLog.append).
        result.logAppendTimeMs = verdict.timestamp;
        this.members.push({ waiting, result });
        return "added";
      }
    }
    return null;
  }

  // Kafka's LogSegment.shouldRoll, with what is already in the group counted in.
  private shouldRoll(checked: Validated, lastOffset: number): boolean {
    const { config, segment, nowMs } = this.start;
    const size = segment.size + this.bytes;
    if (size > config.segmentBytes - checked.records.length) return true;
    if (size > 0) {
      const first = segment.size === 0 ? this.batches[0]!.maxTimestamp : null;
      const waitedMs =
        first === null || first < 0
          ? segment.waitedForRollMs(nowMs, checked.maxTimestamp)
          : checked.maxTimestamp - first;
      if (waitedMs > config.segmentMs - segment.rollJitterMs) return true;
    }
    if (!segment.holdsOffset(lastOffset)) return true;
    const entries = this.batches.length;
    return segment.indexesFull(config.segmentIndexBytes, entries) && size > 0;
  }

  private stage(waiting: WaitingAppend, checked: Validated): void {
    const { producers, segment } = this.start;
    const { records, batches } = checked;
    const keepsOffsets = waiting.options.origin === "replication";
    const first = keepsOffsets ? batches[0]!.baseOffset : this.nextOffset;
    for (const batch of batches) {
      const baseOffset = keepsOffsets ? batch.baseOffset : this.nextOffset;
      if (!keepsOffsets) {
        batchFormat.setBaseOffset(records, batch.position, baseOffset);
        batchFormat.setPartitionLeaderEpoch(records, batch.position, waiting.options.leaderEpoch);
      }
      const leaderEpoch = keepsOffsets
        ? batchFormat.partitionLeaderEpoch(records, batch.position)
        : waiting.options.leaderEpoch;
      const lastOffset = baseOffset + batch.lastOffsetDelta;
      const position = segment.size + this.bytes + batch.position;
      this.batches.push({
        position,
        sizeInBytes: batch.sizeInBytes,
        baseOffset,
        lastOffset,
        maxTimestamp: batch.maxTimestamp,
        leaderEpoch,
      });
      if (batch.producerId >= 0) producers.stage(batch, baseOffset, waiting.options);
      this.nextOffset = lastOffset + 1;
    }
    this.buffers.push(records);
    this.bytes += records.length;
    const result = this.newResult({ baseOffset: first, lastOffset: this.nextOffset - 1 });
    result.logAppendTimeMs = checked.logAppendTimeMs;
    result.appendedBytes = records.length;
    result.appendedRecords = checked.recordCount;
    this.members.push({ waiting, result });
  }

  private newResult(offsets: { baseOffset: number; lastOffset: number }): AppendResult {
    return {
      errorCode: errorCodes.NONE,
      errorMessage: null,
      baseOffset: offsets.baseOffset,
      lastOffset: offsets.lastOffset,
      logAppendTimeMs: -1,
      logStartOffset: this.start.logStartOffset,
      recordErrors: [],
      appendedBytes: 0,
      appendedRecords: 0,
      duplicate: false,
    };
  }
}

function offsetsIn(batches: readonly BatchSummary[]): number {
  let sum = 0;
  for (const batch of batches) sum += batch.lastOffsetDelta + 1;
  return sum;
}
