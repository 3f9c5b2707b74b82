// Makes a log durable up to an offset: old segments with their indexes, the active segment, new names in the folder, the leader epochs.
// One flush runs at a time; who asks meanwhile shares the next one. Invariant: the recovery point moves only after everything below
// it is durable, and never after a failure: the log then goes offline, because the kernel may have dropped the pages (fsyncgate).

import { encodeLeaderEpochs } from "./checkpoint-files.ts";
import type { FileSystem } from "./file-system.ts";
import type { LeaderEpochs } from "./leader-epochs.ts";
import { LEADER_EPOCH_CHECKPOINT } from "./leader-epochs.ts";
import type { SegmentList } from "./segment-list.ts";

/** What the flusher sees of its log. */
export interface Flushable {
  readonly folder: string;
  readonly segments: SegmentList;
  readonly leaderEpochs: LeaderEpochs;
  readonly logEndOffset: number;
  /** Snapshot files that were written and not yet synced. */
  takeUnsyncedSnapshots(): string[];
}

export class LogFlusher {
  /** Everything below is durable. */
  recoveryPoint: number;
  private readonly fileSystem: FileSystem;
  private readonly log: Flushable;
  private running: Promise<void> | null = null;
  private next: Promise<void> | null = null;
  /** The base offset of the newest segment whose name is durable, -1 when not even the folder's is. */
  private namesSyncedUpTo: number;
  /** What the running flush will have made durable. */
  private target = 0;

  constructor(options: { fileSystem: FileSystem; log: Flushable; recoveryPoint: number; isNew: boolean }) {
    this.fileSystem = options.fileSystem;
    this.log = options.log;
    this.recoveryPoint = options.recoveryPoint;
    this.namesSyncedUpTo = options.isNew ? -1 : options.log.segments.active.baseOffset;
  }

  /** Resolves when all that is in the log now is durable; rejects when that failed. */
  flush(): Promise<void> {
    if (this.running === null) return this.start();
    this.next ??= this.running.then(() => {
      this.next = null;
      return this.start();
    });
    return this.next;
  }

  /** Takes back the recovery point after a truncation. */
  truncatedTo(offset: number): void {
    this.recoveryPoint = Math.min(this.recoveryPoint, offset);
    this.target = Math.min(this.target, offset);
  }

  /** Makes small files durable; those that are gone meanwhile are left out. */
  async syncFiles(paths: string[]): Promise<void> {
    for (const path of paths) {
      if (this.fileSystem.status(path) === null) continue;
      const file = this.fileSystem.open(path, "append");
      try {
        await file.sync();
      } finally {
        file.close();
      }
    }
  }

  private start(): Promise<void> {
    this.running = this.run().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async run(): Promise<void> {
    const { segments, leaderEpochs, folder } = this.log;
    this.target = this.log.logEndOffset;
    if (this.target <= this.recoveryPoint && this.namesSyncedUpTo >= segments.active.baseOffset && !leaderEpochs.dirty) return;
    const active = segments.active;
    const dirty = segments.all().slice(Math.max(0, segments.floorIndex(this.recoveryPoint)));
    for (const segment of dirty) {
      const isOld = segment !== active;
      await segment.sync({ indexes: isOld });
      if (isOld) segment.closeAppender();
    }
    await this.syncFiles(this.log.takeUnsyncedSnapshots());
    await this.syncNames(active.baseOffset);
    if (leaderEpochs.dirty) {
      leaderEpochs.dirty = false;
      await this.fileSystem.writeFileDurably(`${folder}/${LEADER_EPOCH_CHECKPOINT}`, encodeLeaderEpochs(leaderEpochs.all()));
    }
    this.recoveryPoint = Math.max(this.recoveryPoint, this.target);
  }

  private async syncNames(activeBaseOffset: number): Promise<void> {
    if (this.namesSyncedUpTo >= activeBaseOffset) return;
    await this.fileSystem.syncFolder(this.log.folder);
    if (this.namesSyncedUpTo === -1) await this.fileSystem.syncFolder(parentOf(this.log.folder));
    this.namesSyncedUpTo = activeBaseOffset;
  }
}

function parentOf(folder: string): string {
  const slash = folder.lastIndexOf("/");
  return slash === -1 ? "." : folder.slice(0, Math.max(1, slash));
}
