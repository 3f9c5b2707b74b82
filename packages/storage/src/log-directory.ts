// All logs of a node in one folder: Kafka's LogManager. Opens them at start, makes and removes them, and while running looks after
// retention, flushes and checkpoints. `close` leaves the folder so that the next start need not check anything.
// Invariants: one log per partition; the clean shutdown marker exists only while no log is open and only if all were closed well.

import { assert } from "@ottla/base";
import type { Clock, Logger, Random } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import {
  CLEAN_SHUTDOWN_FILE,
  decodeCleanShutdown,
  decodeOffsetCheckpoint,
  encodeCleanShutdown,
  encodeOffsetCheckpoint,
  HIGH_WATERMARK_CHECKPOINT,
  LOG_START_OFFSET_CHECKPOINT,
  RECOVERY_POINT_CHECKPOINT,
} from "./checkpoint-files.ts";
import type { DataFolder } from "./data-folder.ts";
import { DelayedRemoval } from "./delayed-removal.ts";
import type { VolumeSpace } from "./file-system.ts";
import type { LogConfig } from "./log-config.ts";
import { createLogContext } from "./log-context.ts";
import type { LogContext, TurnScheduler } from "./log-context.ts";
import {
  deletedFolderName,
  METADATA_TOPIC,
  parsePartitionFolder,
  partitionFolderName,
  strayFolderName,
} from "./log-file-names.ts";
import { createPartitionLog, openPartitionLog } from "./log-loader.ts";
import type { PartitionLog } from "./partition-log.ts";
import { RepeatingTask } from "./repeating-task.ts";
import { SharedRun } from "./shared-run.ts";

/** How often the folder looks after its logs, in milliseconds; LONG_MAX means never. The comments name Kafka's configs. */
export interface LogDirectorySettings {
  /** log.retention.check.interval.ms */
  retentionCheckMs: number;
  /** log.flush.scheduler.interval.ms */
  flushCheckMs: number;
  /** log.flush.offset.checkpoint.interval.ms */
  recoveryPointCheckpointMs: number;
  /** log.flush.start.offset.checkpoint.interval.ms */
  logStartCheckpointMs: number;
  /** replica.high.watermark.checkpoint.interval.ms */
  highWatermarkCheckpointMs: number;
  /** producer.id.expiration.ms */
  producerIdExpirationMs: number;
  /** producer.id.expiration.check.interval.ms */
  producerIdExpirationCheckMs: number;
}

export const defaultSettings: LogDirectorySettings = {
  retentionCheckMs: 300_000,
  flushCheckMs: Number.MAX_SAFE_INTEGER,
  recoveryPointCheckpointMs: 60_000,
  logStartCheckpointMs: 60_000,
  highWatermarkCheckpointMs: 5_000,
  producerIdExpirationMs: 86_400_000,
  producerIdExpirationCheckMs: 600_000,
};

export interface LogDirectoryOptions {
  /** Claimed by the caller; `close` releases it. */
  folder: DataFolder;
  clock: Clock;
  scheduler: TurnScheduler;
  logger: Logger;
  random: Random;
  /** The settings of a topic's logs, asked when a log is opened or made. */
  configFor(topic: string): LogConfig;
  settings?: Partial<LogDirectorySettings>;
  /** A log went offline after a failed write or sync. */
  onOffline?(log: PartitionLog, error: unknown): void;
}

/** How many logs are closed at a time: their syncs share the thread pool and the disk's journal. */
const CLOSE_CONCURRENCY = 16;

type OffsetsByFolder = ReadonlyMap<string, number>;

export class LogDirectory {
  /** Whether the folder had been closed in order. */
  readonly wasClean: boolean;
  /** The broker epoch noted at that close; -1 when it was not clean, or nothing was noted. */
  readonly closedInEpoch: number;
  private readonly options: LogDirectoryOptions;
  private readonly settings: LogDirectorySettings;
  private readonly context: LogContext;
  private readonly removal: DelayedRemoval;
  private readonly logs = new Map<string, PartitionLog>();
  private readonly written = new Map<string, Buffer>();
  private readonly recoveryPoints = this.checkpoint(RECOVERY_POINT_CHECKPOINT, (log) => log.recoveryPoint);
  // Kafka leaves out what the first segment's name says. The removal of segments may not survive a power cut, so it is written here.
  private readonly logStarts = this.checkpoint(LOG_START_OFFSET_CHECKPOINT, (log) => this.startToNote(log) || null);
  private readonly highWatermarks = this.checkpoint(HIGH_WATERMARK_CHECKPOINT, (log) => log.highWatermark);
  /** Log starts that are noted before they hold. */
  private readonly startsToCome = new Map<PartitionLog, number[]>();
  private tasks: RepeatingTask[] = [];
  private failed = false;

  private constructor(options: LogDirectoryOptions, marker: Buffer | null) {
    const { folder, clock, logger, scheduler, random } = options;
    const { fileSystem } = folder;
    this.options = options;
    this.wasClean = marker !== null;
    this.closedInEpoch = marker === null ? -1 : decodeCleanShutdown(marker);
    this.settings = { ...defaultSettings, ...options.settings };
    this.removal = new DelayedRemoval({ fileSystem, clock, logger });
    const { producerIdExpirationMs } = this.settings;
    this.context = createLogContext({
      fileSystem,
      clock,
      logger,
      scheduler,
      random,
      producerIdExpirationMs,
      events: {
        removeLater: (paths, delayMs) => this.removal.add(paths, delayMs),
        wentOffline: (log, error) => {
          this.failed = true;
          options.onOffline?.(log, error);
        },
      },
    });
  }

  /** Opens every partition's log. @throws when a log cannot be read at all; then nothing stays open, and the folder is still the caller's. */
  static async open(options: LogDirectoryOptions): Promise<LogDirectory> {
    const { fileSystem, path } = options.folder;
    const marker = `${path}/${CLEAN_SHUTDOWN_FILE}`;
    const found = fileSystem.readFile(marker);
    // Gone before anything changes: should the start be cut short, the next one checks everything.
    fileSystem.removeSync(marker);
    const directory = new LogDirectory(options, found);
    const steps = await Promise.allSettled([
      directory.load(),
      options.folder.syncName(),
      found === null ? null : fileSystem.syncFolder(path),
    ]);
    const failed = steps.find((step) => step.status === "rejected");
    if (failed !== undefined) {
      await directory.abandon();
      throw failed.reason;
    }
    directory.startTasks();
    return directory;
  }

  get path(): string {
    return this.options.folder.path;
  }

  /** True once a write to the folder failed; the marker of a clean stop will not be written. */
  get offline(): boolean {
    return this.failed;
  }

  get(topic: string, partition: number): PartitionLog | null {
    return this.logs.get(partitionFolderName(topic, partition)) ?? null;
  }

  all(): IterableIterator<PartitionLog> {
    return this.logs.values();
  }

  /**
   * The log of a partition, made if it is missing. A log of another topic id is that of a deleted topic of the same name:
   * it is set aside with the suffix `-stray` and a new one is made.
   * @throws the operating system's error; then nothing is left of a new log.
   */
  async create(topic: string, partition: number, topicId: string): Promise<PartitionLog> {
    const known = this.get(topic, partition);
    if (known !== null && (known.topicId === null || known.topicId === topicId)) {
      known.assignTopicId(topicId);
      return known;
    }
    if (known !== null) await this.setAside(known, strayFolderName({ topic, partition, uniqueId: this.uniqueId() }));
    const folder = `${this.path}/${partitionFolderName(topic, partition)}`;
    this.clearWay(folder, strayFolderName({ topic, partition, uniqueId: this.uniqueId() }));
    const place = { topic, partition, folder, topicId, cleanStop: true, recoveryPoint: 0, logStartOffset: 0 };
    try {
      const log = createPartitionLog(this.context, { ...place, config: this.options.configFor(topic) });
      this.logs.set(partitionFolderName(topic, partition), log);
      return log;
    } catch (error) {
      await this.removeUnfinished(folder);
      throw error;
    }
  }

  /** Takes a log out of use; its files go after file.delete.delay.ms. Nothing happens when there is none. */
  async remove(topic: string, partition: number): Promise<void> {
    const log = this.get(topic, partition);
    if (log === null) return;
    const folder = await this.setAside(log, deletedFolderName({ topic, partition, uniqueId: this.uniqueId() }));
    this.removal.add([folder], log.config.fileDeleteDelayMs);
  }

  /** Takes a log out of use that belongs to no topic any more, and keeps its files under a name with `-stray`. */
  async markStray(topic: string, partition: number): Promise<void> {
    const log = this.get(topic, partition);
    if (log !== null) await this.setAside(log, strayFolderName({ topic, partition, uniqueId: this.uniqueId() }));
  }

  /** Cuts a log and notes its new recovery point, so that what is appended next is not taken for durable. */
  async truncateTo(log: PartitionLog, offset: number): Promise<void> {
    if (await log.truncateTo(offset)) await this.checkpointRecoveryPoints();
  }

  /**
   * Moves a log's start as PartitionLog does, but notes it durably before anybody can see it: a start that was seen never goes back.
   * Resolves with the error code. @throws the operating system's error; then nothing has moved.
   */
  async deleteRecordsBefore(log: PartitionLog, offset: number): Promise<number> {
    const refusal = log.refuseLogStart(offset);
    if (refusal !== errorCodes.NONE || offset <= log.logStartOffset) return refusal;
    const toCome = this.startsToCome.get(log) ?? [];
    this.startsToCome.set(log, toCome);
    toCome.push(offset);
    try {
      await this.checkpointLogStarts();
    } finally {
      toCome.splice(toCome.indexOf(offset), 1);
      if (toCome.length === 0) this.startsToCome.delete(log);
    }
    return log.deleteRecordsBefore(offset);
  }

  /** What the volume has; -1 when that is not known. */
  space(): VolumeSpace {
    return this.options.folder.fileSystem.space(this.path) ?? { totalBytes: -1, usableBytes: -1 };
  }

  /** Resolves when every log's recovery point is noted durably. */
  checkpointRecoveryPoints(): Promise<void> {
    return this.recoveryPoints.run();
  }

  /** Resolves when every log's start is noted durably. */
  checkpointLogStarts(): Promise<void> {
    return this.logStarts.run();
  }

  checkpointHighWatermarks(): Promise<void> {
    return this.highWatermarks.run();
  }

  /** Removes what retention allows in all logs; returns how many segments. */
  deleteOldSegments(): number {
    let count = 0;
    for (const log of this.logs.values()) count += log.deleteOldSegments();
    return count;
  }

  /** Flushes the logs whose flush.ms has passed. */
  async flushDue(): Promise<void> {
    const nowMs = this.context.clock.monotonicMs();
    for (const log of this.logs.values()) {
      if (log.dirtySinceMs !== null && !log.offline && nowMs - log.dirtySinceMs >= log.config.flushMs)
        await log.flush();
    }
  }

  /**
   * Closes all logs and releases the folder. `brokerEpoch` goes into the marker of the clean stop (KIP-966), -1 when there is none.
   * Never rejects: what could not be closed well is logged, and the marker is left out, so that the next start checks the folder.
   */
  async close(brokerEpoch = -1): Promise<void> {
    this.removal.stop();
    await Promise.all(this.tasks.map((task) => task.stop()));
    const waiting = [...this.logs.values()];
    const closeNext = async (): Promise<void> => {
      for (let log = waiting.pop(); log !== undefined; log = waiting.pop()) await this.closeOne(log);
    };
    await Promise.all(Array.from({ length: CLOSE_CONCURRENCY }, closeNext));
    try {
      await Promise.all([this.checkpointRecoveryPoints(), this.checkpointLogStarts(), this.checkpointHighWatermarks()]);
      if (!this.failed) {
        await this.options.folder.fileSystem.writeFileDurably(
          `${this.path}/${CLEAN_SHUTDOWN_FILE}`,
          encodeCleanShutdown(brokerEpoch),
        );
      }
    } catch (error) {
      this.options.logger.error({ path: this.path, error }, "the log folder could not be closed cleanly");
    }
    this.context.openFiles.close();
    this.options.folder.release();
  }

  private async load(): Promise<void> {
    const { fileSystem } = this.options.folder;
    const recoveryPoints = this.readCheckpoint(RECOVERY_POINT_CHECKPOINT);
    const logStarts = this.readCheckpoint(LOG_START_OFFSET_CHECKPOINT);
    const highWatermarks = this.readCheckpoint(HIGH_WATERMARK_CHECKPOINT);
    for (const { name, isFolder } of fileSystem.list(this.path)) {
      const found = isFolder ? parsePartitionFolder(name) : null;
      if (found === null || found.topic === METADATA_TOPIC) continue;
      const config = this.options.configFor(found.topic);
      if (found.state === "delete") this.removal.add([`${this.path}/${name}`], config.fileDeleteDelayMs);
      if (found.state !== "live") continue;
      const log = await openPartitionLog(this.context, {
        topic: found.topic,
        partition: found.partition,
        folder: `${this.path}/${name}`,
        config,
        topicId: null,
        cleanStop: this.wasClean,
        recoveryPoint: recoveryPoints.get(name) ?? 0,
        logStartOffset: logStarts.get(name) ?? 0,
      });
      log.updateHighWatermark(highWatermarks.get(name) ?? 0);
      this.logs.set(name, log);
    }
  }

  /** Gives back what a start that fails had opened. */
  private async abandon(): Promise<void> {
    this.removal.stop();
    for (const log of this.logs.values()) await log.discard();
    this.context.openFiles.close();
  }

  private startTasks(): void {
    const { clock, logger } = this.options;
    const { settings } = this;
    const repeat = (name: string, periodMs: number, run: () => Promise<void> | void): RepeatingTask =>
      new RepeatingTask({ clock, logger, name, periodMs, run });
    this.tasks = [
      repeat("retention", settings.retentionCheckMs, () => void this.deleteOldSegments()),
      repeat("flush", settings.flushCheckMs, () => this.flushDue()),
      repeat("recovery points", settings.recoveryPointCheckpointMs, () => this.checkpointRecoveryPoints()),
      repeat("log starts", settings.logStartCheckpointMs, () => this.checkpointLogStarts()),
      repeat("high watermarks", settings.highWatermarkCheckpointMs, () => this.checkpointHighWatermarks()),
      repeat("producer expiry", settings.producerIdExpirationCheckMs, () => this.removeExpiredProducers()),
    ];
  }

  private removeExpiredProducers(): void {
    for (const log of this.logs.values()) log.removeExpiredProducers();
  }

  /** A folder that is there and has no log is not the new partition's: its removal failed, or somebody put it there. */
  private clearWay(folder: string, strayName: string): void {
    const { fileSystem, logger } = this.context;
    if (fileSystem.status(folder) === null) return;
    logger.warn({ folder, strayName }, "a folder in the way of a new log is set aside");
    fileSystem.rename(folder, `${this.path}/${strayName}`);
  }

  /** What was made of a log that could not be made. */
  private async removeUnfinished(folder: string): Promise<void> {
    const { fileSystem, logger } = this.context;
    await fileSystem
      .remove(folder)
      .catch((error: unknown) => logger.warn({ folder, error }, "an unfinished folder could not be removed"));
  }

  /** Stops a log and renames its folder; returns the new path. */
  private async setAside(log: PartitionLog, folderName: string): Promise<string> {
    const name = partitionFolderName(log.topic, log.partition);
    assert(this.logs.get(name) === log, "a log is set aside once");
    this.logs.delete(name);
    await log.discard();
    this.context.fileSystem.rename(log.folder, `${this.path}/${folderName}`);
    return `${this.path}/${folderName}`;
  }

  private async closeOne(log: PartitionLog): Promise<void> {
    try {
      await log.close();
    } catch (error) {
      this.failed = true;
      this.options.logger.error({ folder: log.folder, error }, "a log could not be closed cleanly");
    }
  }

  private startToNote(log: PartitionLog): number {
    return Math.max(log.logStartOffset, ...(this.startsToCome.get(log) ?? []));
  }

  /** The writes of one file follow one another: two at once would take the temporary file from each other. */
  private checkpoint(fileName: string, offsetOf: (log: PartitionLog) => number | null): SharedRun {
    return new SharedRun(() => this.writeCheckpoint(fileName, offsetOf));
  }

  private async writeCheckpoint(fileName: string, offsetOf: (log: PartitionLog) => number | null): Promise<void> {
    const entries: { topic: string; partition: number; offset: number }[] = [];
    for (const log of this.logs.values()) {
      const offset = offsetOf(log);
      if (offset !== null) entries.push({ topic: log.topic, partition: log.partition, offset });
    }
    const bytes = encodeOffsetCheckpoint(entries);
    if (this.written.get(fileName)?.equals(bytes)) return;
    this.written.delete(fileName);
    try {
      await this.context.fileSystem.writeFileDurably(`${this.path}/${fileName}`, bytes);
    } catch (error) {
      this.failed = true;
      throw error;
    }
    this.written.set(fileName, bytes);
  }

  private readCheckpoint(fileName: string): OffsetsByFolder {
    const path = `${this.path}/${fileName}`;
    const bytes = this.context.fileSystem.readFile(path);
    if (bytes === null) return new Map();
    const entries = decodeOffsetCheckpoint(bytes);
    if (entries === null) this.options.logger.warn({ path }, "a checkpoint cannot be read and counts as empty");
    return new Map(
      (entries ?? []).map(({ topic, partition, offset }) => [partitionFolderName(topic, partition), offset]),
    );
  }

  private uniqueId(): string {
    const { random } = this.options;
    return Array.from({ length: 4 }, () => random.uint32().toString(16).padStart(8, "0")).join("");
  }
}
