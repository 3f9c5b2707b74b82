// Helpers of this package's tests: configs, contexts and batches with few words.

import { ManualClock, SeededRandom, silentLogger } from "@ottla/base";
import type { Clock, Logger } from "@ottla/base";
import { RecordBatchBuilder } from "@ottla/protocol";
import type { BatchOptions, RecordToAppend } from "@ottla/protocol";
import { createLogContext } from "../../src/index.ts";
import type {
  AppendOptions,
  AppendResult,
  FileSystem,
  LogConfig,
  LogContext,
  LogEvents,
  PartitionLog,
} from "../../src/index.ts";

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
    preallocate: false,
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
