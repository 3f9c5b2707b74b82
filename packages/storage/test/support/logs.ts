// Helpers of this package's tests: configs, contexts and batches with few words.

import { ManualClock, SeededRandom, silentLogger } from "@ottla/base";
import type { Clock, FramePart, Logger } from "@ottla/base";
import { batchFormat, readRecords, RecordBatchBuilder } from "@ottla/protocol";
import type { BatchOptions, RecordToAppend } from "@ottla/protocol";
import { createLogContext, MemoryFileSystem, openPartitionLog } from "@ottla/storage";
import type {
  AppendOptions,
  AppendResult,
  FileSystem,
  LogConfig,
  LogContext,
  LogEvents,
  PartitionLog,
  ReadOptions,
} from "@ottla/storage";

/** Kafka's defaults, but small enough to see effects. */
export function logConfig(changes: Partial<LogConfig> = {}): LogConfig {
  return {
    segmentBytes: 1024 * 1024,
    segmentMs: 7 * 24 * 3600_000,
    segmentJitterMs: 0,
    segmentIndexBytes: 10 * 1024 * 1024,
    indexIntervalBytes: 4096,
    flushMessages: Number.MAX_SAFE_INTEGER,
    flushMs: Number.MAX_SAFE_INTEGER,
    retentionMs: -1,
    retentionBytes: -1,
    fileDeleteDelayMs: 60_000,
    maxMessageBytes: 1024 * 1024 + 12,
    compressionType: "producer",
    compressionLevels: { gzip: -1, lz4: 9, zstd: 3 },
    timestampType: "CreateTime",
    timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
    timestampAfterMaxMs: Number.MAX_SAFE_INTEGER,
    compacted: false,
    deleted: true,
    ...changes,
  };
}

/** A turn of the event loop that ends at once: an append is written before `append` returns. */
export const atOnce = { endOfTurn: (action: () => void): void => action() };

/** A turn that ends when the test says so. */
export class ManualTurn {
  private actions: (() => void)[] = [];

  endOfTurn(action: () => void): void {
    this.actions.push(action);
  }

  end(): void {
    const actions = this.actions;
    this.actions = [];
    for (const action of actions) action();
  }
}

export interface ContextChanges {
  fileSystem: FileSystem;
  clock?: Clock;
  logger?: Logger;
  scheduler?: { endOfTurn(action: () => void): void };
  events?: Partial<LogEvents>;
  seed?: number;
}

export function logContext(changes: ContextChanges): LogContext {
  return createLogContext({
    clock: new ManualClock(),
    logger: silentLogger,
    scheduler: atOnce,
    random: new SeededRandom(changes.seed ?? 1),
    producerIdExpirationMs: 86_400_000,
    ...changes,
  });
}

/** One batch of records that carry the given values. */
export function batchOf(values: string[], options: BatchOptions & { timestamp?: number } = {}): Buffer {
  const builder = new RecordBatchBuilder(options);
  for (const value of values)
    builder.append({ timestamp: options.timestamp ?? 1_700_000_000_000, value: Buffer.from(value) });
  return builder.build();
}

export function batchOfRecords(records: RecordToAppend[], options: BatchOptions = {}): Buffer {
  const builder = new RecordBatchBuilder(options);
  for (const record of records) builder.append(record);
  return builder.build();
}

export function append(
  log: PartitionLog,
  records: Buffer,
  options: Partial<AppendOptions> = {},
): Promise<AppendResult> {
  return new Promise((resolve) => log.append(records, { leaderEpoch: 0, origin: "client", ...options }, resolve));
}

export interface LogSetup extends Partial<ContextChanges> {
  config?: Partial<LogConfig>;
  folder?: string;
  recoveryPoint?: number;
  logStartOffset?: number;
  cleanStop?: boolean;
}

/** A log by itself in `/t-0` of a file system, by default a fresh one in memory. The high watermark is not moved. */
export function openLog(setup: LogSetup = {}): Promise<PartitionLog> {
  const clock = setup.clock ?? new ManualClock();
  const context = logContext({ ...setup, clock, fileSystem: setup.fileSystem ?? new MemoryFileSystem(clock) });
  return openPartitionLog(context, {
    topic: "t",
    partition: 0,
    folder: setup.folder ?? "/t-0",
    config: logConfig(setup.config),
    topicId: null,
    cleanStop: setup.cleanStop ?? true,
    recoveryPoint: setup.recoveryPoint ?? 0,
    logStartOffset: setup.logStartOffset ?? 0,
  });
}

/** Appends one batch for each list of values and lets consumers see it. */
export async function fill(
  log: PartitionLog,
  batches: string[][],
  options: BatchOptions & { timestamp?: number } = {},
): Promise<void> {
  for (const values of batches) {
    const result = await append(log, batchOf(values, options));
    if (result.errorCode !== 0) throw new Error(`append refused with ${result.errorCode}: ${result.errorMessage}`);
    log.updateHighWatermark(log.logEndOffset);
  }
}

/** Reads from an offset and returns the values of the whole batches that came. */
export async function valuesAt(
  log: PartitionLog,
  options: Partial<ReadOptions> & { offset: number },
): Promise<string[]> {
  const result = log.read({ maxBytes: 1024 * 1024, minOneBatch: true, upTo: "highWatermark", ...options });
  if (!result.ok) throw new Error(`read refused with ${result.errorCode}`);
  if (result.part === null) return [];
  return valuesIn(await bytesOf(result.part));
}

/** The bytes of a part, which is then released. */
export async function bytesOf(part: FramePart): Promise<Buffer> {
  if (Buffer.isBuffer(part)) return part;
  const bytes = Buffer.alloc(part.length);
  for (let at = 0; at < bytes.length;) at += await part.read(bytes.subarray(at), at);
  part.release();
  return bytes;
}

export function valuesIn(bytes: Buffer): string[] {
  const values: string[] = [];
  batchFormat.forEachBatch(bytes, (position) => {
    for (const record of readRecords(bytes, position)) values.push(String(record.value));
  });
  return values;
}

/** The values of the whole log, by as many reads as it takes. */
export async function allValues(log: PartitionLog): Promise<string[]> {
  const values: string[] = [];
  for (let offset = log.logStartOffset; offset < log.logEndOffset;) {
    const result = log.read({ offset, maxBytes: 1024 * 1024, minOneBatch: true, upTo: "logEnd" });
    if (!result.ok || result.part === null) throw new Error(`nothing to read at ${offset}`);
    const bytes = await bytesOf(result.part);
    values.push(...valuesIn(bytes));
    batchFormat.forEachBatch(bytes, (position) => {
      offset = batchFormat.lastOffset(bytes, position) + 1;
    });
  }
  return values;
}
