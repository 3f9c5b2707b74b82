// Makes a log durable up to an offset: old segments with their indexes, the active segment, new names in the folder, the leader epochs.
// One flush runs at a time; who asks meanwhile shares the next one. Invariant: the recovery point moves only after everything below
// it is durable, and never after a failure: the log then goes offline, because the kernel may have dropped the pages (fsyncgate).

import { encodeLeaderEpochs } from "./checkpoint-files.ts";
import { LEADER_EPOCH_CHECKPOINT } from "./leader-epochs.ts";
import { parentOf } from "./log-file-names.ts";
import type { LogState } from "./log-state.ts";
import type { Segment } from "./segment.ts";
import { SharedRun } from "./shared-run.ts";

export class LogFlusher {
  /** Records below are durable. */
  private flushedTo: number;
  /** Segments that were rolled and whose index files are not synced yet, oldest first. */
  private rolled: Segment[] = [];
  private readonly state: LogState;
  private readonly runs = new SharedRun(() => this.run());
  /** Why a flush failed: a later one could succeed without the pages that this one lost. */
  private failure: Error | null = null;
  /** The base offset of the newest segment whose name is durable, -1 when not even the folder's is. */
  private namesSyncedUpTo: number;
  /** What the running flush will have made durable. */
  private target = 0;

  constructor(state: LogState, options: { recoveryPoint: number; namesDurable: boolean }) {
    this.state = state;
    this.flushedTo = options.recoveryPoint;
    this.namesSyncedUpTo = options.namesDurable ? state.segments.active.baseOffset : -1;
  }

  /** Everything below is durable, the indexes of old segments included. */
  get recoveryPoint(): number {
    return Math.min(this.flushedTo, this.rolled[0]?.baseOffset ?? this.flushedTo);
  }

  /** How many records are not durable yet. */
  unflushedRecords(): number {
    return this.state.logEndOffset - this.flushedTo;
  }

  /** A segment became an old one: the next flush makes its index files durable, even when its records are. */
  noteRolled(segment: Segment): void {
    this.rolled.push(segment);
  }

  /** Resolves when no flush is under way; never rejects. */
  idle(): Promise<void> {
    return this.runs.idle();
  }

  /** Resolves when all that is in the log now is durable; rejects when that failed. */
  flush(): Promise<void> {
    return this.runs.run();
  }

  /** Takes back the recovery point after a truncation. */
  truncatedTo(offset: number): void {
    this.flushedTo = Math.min(this.flushedTo, offset);
    this.target = Math.min(this.target, offset);
  }

  /** After a clean stop no start looks in the records for producers or aborted transactions: what the close wrote of them is durable. */
  async syncClosed(): Promise<void> {
    const { snapshots, producers, segments, context, folder } = this.state;
    const written = snapshots.takeUnsynced();
    if (written.length === 0 || (producers.producerCount === 0 && !segments.active.hasTransactions)) return;
    await this.syncFiles(written);
    await segments.active.syncTransactions();
    await context.fileSystem.syncFolder(folder);
  }

  private async run(): Promise<void> {
    if (this.failure !== null) throw this.failure;
    try {
      await this.syncAll();
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  }

  private async syncAll(): Promise<void> {
    const { segments, leaderEpochs, folder, snapshots } = this.state;
    const { active } = segments;
    this.target = this.state.logEndOffset;
    // Segments that are rolled from now on belong to the next flush, but their records may belong to this one.
    const rolled = this.rolled.slice();
    for (const segment of rolled) {
      await segment.sync({ indexes: true });
      segment.closeAppender();
    }
    const mustSyncNames = this.namesSyncedUpTo < active.baseOffset;
    if (this.target > this.flushedTo || mustSyncNames) await this.syncFrom(this.flushedTo, active, rolled);
    await this.syncFiles(snapshots.takeUnsynced());
    const { fileSystem } = this.state.context;
    if (leaderEpochs.dirty) {
      leaderEpochs.dirty = false;
      // Syncs the names of the folder too.
      await fileSystem.writeFileDurably(`${folder}/${LEADER_EPOCH_CHECKPOINT}`, encodeLeaderEpochs(leaderEpochs.all()));
    } else if (mustSyncNames) {
      await fileSystem.syncFolder(folder);
    }
    if (mustSyncNames) await this.noteNames(active.baseOffset);
    this.rolled.splice(0, rolled.length);
    this.flushedTo = Math.max(this.flushedTo, this.target);
  }

  /** Syncs the records from `offset` on; after recovery there may be old segments among them that were never rolled here. */
  private async syncFrom(offset: number, active: Segment, synced: readonly Segment[]): Promise<void> {
    const { segments } = this.state;
    for (const segment of segments.all().slice(Math.max(0, segments.floorIndex(offset)))) {
      if (segment.baseOffset < this.target && !synced.includes(segment))
        await segment.sync({ indexes: segment !== active });
    }
  }

  /** The names in the folder are durable; the folder's own must be too. */
  private async noteNames(activeBaseOffset: number): Promise<void> {
    const { folder, context } = this.state;
    if (this.namesSyncedUpTo === -1) await context.folderSyncs.sync(parentOf(folder));
    this.namesSyncedUpTo = activeBaseOffset;
  }

  /** Makes small files durable; those that are gone meanwhile are left out. */
  private async syncFiles(paths: string[]): Promise<void> {
    const { fileSystem } = this.state.context;
    for (const path of paths) {
      if (fileSystem.status(path) === null) continue;
      const file = fileSystem.open(path, "append");
      try {
        await file.sync();
      } finally {
        file.close();
      }
    }
  }
}
