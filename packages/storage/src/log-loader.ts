// Opens the folder of a partition: Kafka's LogLoader. After a clean stop that is a listing and a few small reads. After any other,
// everything from the recovery point on is read and checked: the log ends before the first batch that is not good, and indexes,
// leader epochs and producers are built again from what is there.

import { walkBatches } from "./batch-walker.ts";
import { decodeLeaderEpochs, decodePartitionMetadata, PARTITION_METADATA_FILE } from "./checkpoint-files.ts";
import { LEADER_EPOCH_CHECKPOINT, LeaderEpochs } from "./leader-epochs.ts";
import type { LogConfig } from "./log-config.ts";
import type { LogContext } from "./log-context.ts";
import { readLogFolder } from "./log-folder.ts";
import type { LogFolder } from "./log-folder.ts";
import { newSegment, segmentAt } from "./log-state.ts";
import type { LogState } from "./log-state.ts";
import { dropDurably, loadLatestSnapshot, replaySegment, startAnew } from "./log-truncation.ts";
import { PartitionLog } from "./partition-log.ts";
import { ProducerSnapshots } from "./producer-snapshots.ts";
import { ProducerState } from "./producer-state.ts";
import { SegmentList } from "./segment-list.ts";
import type { Segment } from "./segment.ts";

export interface OpenLogOptions {
  topic: string;
  partition: number;
  /** The partition's own folder; made when it is missing. */
  folder: string;
  config: LogConfig;
  /** Written into a new folder, or into one that lacks it. */
  topicId: string | null;
  /** Whether the folder was left in order; then nothing is checked. */
  cleanStop: boolean;
  /** From the checkpoints; 0 when they do not say. */
  recoveryPoint: number;
  logStartOffset: number;
}

/** Makes the folder of a new partition. @throws the operating system's error. */
export function createPartitionLog(context: LogContext, options: OpenLogOptions): PartitionLog {
  context.fileSystem.makeFolder(options.folder);
  const state = newState(context, options, { segments: [], snapshotOffsets: [], names: new Set() });
  try {
    state.segments.add(newSegment(state, options.logStartOffset));
    state.segments.active.appender();
    state.producers.reset(state.logEndOffset);
    return finish(state, options, false);
  } catch (error) {
    closeFiles(state);
    throw error;
  }
}

/** Opens the folder of a partition, or makes it. @throws the operating system's error. */
export async function openPartitionLog(context: LogContext, options: OpenLogOptions): Promise<PartitionLog> {
  if (context.fileSystem.status(options.folder) === null) return createPartitionLog(context, options);
  const found = readLogFolder(context.fileSystem, options.folder);
  const state = newState(context, options, found);
  try {
    return await openFound(state, options, found);
  } catch (error) {
    closeFiles(state);
    throw error;
  }
}

async function openFound(state: LogState, options: OpenLogOptions, found: LogFolder): Promise<PartitionLog> {
  const { context } = state;
  for (const { modifiedMs, ...segment } of found.segments)
    state.segments.add(segmentAt(state, { ...segment, createdMs: modifiedMs }));
  if (state.segments.count === 0) {
    warnOfLostSegments(context, options);
    state.segments.add(newSegment(state, options.logStartOffset));
    state.segments.active.appender();
  }
  state.logStartOffset = Math.max(options.logStartOffset, state.segments.first.baseOffset);
  const { active } = state.segments;
  const end = options.cleanStop ? active.end() : null;
  // A folder may have been tampered with although the stop was clean.
  const intact = end !== null && end.position === active.size;
  if (intact) state.logEndOffset = end.offset;
  else await recover(state, options.recoveryPoint);
  if (state.logEndOffset < state.logStartOffset) {
    context.logger.warn(
      { folder: options.folder, logEndOffset: state.logEndOffset },
      "a log ends before its start offset and begins anew there",
    );
    await startAnew(state, state.logStartOffset);
  }
  state.leaderEpochs.truncateFromEnd(state.logEndOffset);
  state.leaderEpochs.truncateFromStart(state.logStartOffset);
  if (intact) restoreCleanProducers(state);
  state.snapshots.removeStray(new Set(state.segments.all().map((segment) => segment.baseOffset)));
  const recoveryPoint = intact ? state.logEndOffset : Math.min(options.recoveryPoint, state.logEndOffset);
  const log = finish(state, { ...options, recoveryPoint }, intact);
  // A kill may have come before the flush. What is shown now must not be lost to a power cut either.
  if (log.flushIsDue()) await log.flush();
  return log;
}

// A kill can come between the making of a folder and of its first segment; after anything else there was one.
function warnOfLostSegments(context: LogContext, options: OpenLogOptions): void {
  const { folder, recoveryPoint, logStartOffset } = options;
  if (!options.cleanStop && recoveryPoint === 0 && logStartOffset === 0) return;
  context.logger.warn(
    { folder, recoveryPoint, logStartOffset },
    "a log has no segment left and begins anew at its start offset",
  );
}

function closeFiles(state: LogState): void {
  for (const segment of state.segments.all()) segment.abandon();
}

function newState(context: LogContext, options: OpenLogOptions, found: LogFolder): LogState {
  const { topic, partition, folder, config } = options;
  const { fileSystem } = context;
  const epochs = found.names.has(LEADER_EPOCH_CHECKPOINT)
    ? fileSystem.readFile(`${folder}/${LEADER_EPOCH_CHECKPOINT}`)
    : null;
  const metadata = found.names.has(PARTITION_METADATA_FILE)
    ? fileSystem.readFile(`${folder}/${PARTITION_METADATA_FILE}`)
    : null;
  return {
    context,
    topic,
    partition,
    folder,
    config,
    topicId: metadata === null ? null : decodePartitionMetadata(metadata),
    segments: new SegmentList(),
    leaderEpochs: new LeaderEpochs((epochs === null ? null : decodeLeaderEpochs(epochs)) ?? []),
    producers: new ProducerState({ expirationMs: context.producerIdExpirationMs }),
    snapshots: new ProducerSnapshots({ fileSystem, folder, offsets: found.snapshotOffsets }),
    logStartOffset: options.logStartOffset,
    logEndOffset: options.logStartOffset,
    highWatermark: options.logStartOffset,
  };
}

/** `namesDurable`: whether a power cut would keep the names in the folder, and the folder's own. */
function finish(state: LogState, options: OpenLogOptions, namesDurable: boolean): PartitionLog {
  state.highWatermark = state.logStartOffset;
  const log = new PartitionLog(state, { recoveryPoint: options.recoveryPoint, namesDurable });
  if (options.topicId !== null) log.assignTopicId(options.topicId);
  return log;
}

// As Kafka: without any snapshot after a clean stop there were no idempotent producers, or an old version; nothing is read.
function restoreCleanProducers(state: LogState): void {
  if (state.snapshots.latest() === -1) {
    state.producers.reset(state.logEndOffset);
    return;
  }
  const from = loadLatestSnapshot(state, state.logEndOffset);
  if (from < state.logEndOffset) replayFrom(state, from, state.segments.count);
}

function replayFrom(state: LogState, offset: number, endIndex: number): void {
  const first = Math.max(0, state.segments.floorIndex(offset));
  for (const segment of state.segments.all().slice(first, endIndex)) replaySegment(state, segment, offset);
}

/** Reads and checks every segment from the recovery point on; drops what follows the first bad batch. */
async function recover(state: LogState, recoveryPoint: number): Promise<void> {
  const { segments, snapshots, context } = state;
  // A segment that ends at the recovery point may have been rolled just when the end came, its records durable and its indexes not,
  // among them the aborted transactions.
  const first = Math.max(0, segments.floorIndex(recoveryPoint - 1));
  const firstBaseOffset = segments.at(first)!.baseOffset;
  snapshots.removeAbove(firstBaseOffset);
  const from = loadLatestSnapshot(state, firstBaseOffset);
  replayFrom(state, from, first);
  let previousEnd = firstBaseOffset;
  for (let index = first; index < segments.count; index++) {
    const segment = segments.at(index)!;
    if (index > first) snapshots.write(segment.baseOffset, state.producers.snapshot());
    const end = await recoverSegment(state, segment);
    if (index < segments.count - 1) segment.becomeInactive();
    previousEnd = end.offset;
    const problem = end.problem ?? gapBehind(state, index, end.offset);
    if (problem === null) continue;
    const { position } = end;
    const dropped = segments.removeFrom(index + 1);
    context.logger.warn(
      { path: segment.path, position, problem, segmentsDropped: dropped.length },
      "a log is cut at its first bad batch",
    );
    await dropDurably(state, dropped);
    segment.appender().truncate(position);
    await segment.sync({ indexes: false });
  }
  state.logEndOffset = previousEnd;
}

// A power cut may keep the name of a new segment and lose the end of the one before. Compaction leaves such gaps rightly.
function gapBehind(state: LogState, index: number, endOffset: number): string | null {
  const next = state.segments.at(index + 1);
  if (next === null || state.config.compacted || next.baseOffset <= endOffset) return null;
  return `it ends at offset ${endOffset}, the next segment begins at ${next.baseOffset}`;
}

async function recoverSegment(
  state: LogState,
  segment: Segment,
): Promise<{ offset: number; position: number; problem: string | null }> {
  const { leaderEpochs, producers } = state;
  const to = segment.size;
  segment.restart();
  segment.indexes.resetTransactions();
  let offset = segment.baseOffset;
  const handle = segment.hold();
  try {
    const range = { file: handle.file, from: 0, to, baseOffset: segment.baseOffset, verifyChecksum: true };
    const end = await walkBatches(range, ({ head, producerBatch }) => {
      segment.appended(head);
      offset = head.lastOffset + 1;
      if (head.leaderEpoch > leaderEpochs.latestEpoch()) leaderEpochs.assign(head.leaderEpoch, head.baseOffset);
      if (producerBatch === null) return;
      const aborted = producers.replay(producerBatch, head.baseOffset);
      if (aborted !== null) segment.indexes.transactionIndexForAppend().append(aborted);
    });
    return { offset, position: end.position, problem: end.problem };
  } finally {
    handle.release();
  }
}
