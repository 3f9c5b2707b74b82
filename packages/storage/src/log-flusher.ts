// Makes a log durable up to an offset: old segments with their indexes, the active segment, new names in the folder, the leader epochs.
// One flush runs at a time; who asks meanwhile shares the next one. Invariant: the recovery point moves only after everything below
// it is durable, and never after a failure: the log then goes offline, because the kernel may have dropped the pages (fsyncgate).

import { encodeLeaderEpochs } from "./checkpoint-files.ts";
import { LEADER_EPOCH_CHECKPOINT } from "./leader-epochs.ts";
import type { LogState } from "./log-state.ts";

export class LogFlusher {
  /** Everything below is durable. */
  recoveryPoint: number;
  private readonly state: LogState;
  private running: Promise<void> | null = null;
  private next: Promise<void> | null = null;
  /** The base offset of the newest segment whose name is durable, -1 when not even the folder's is. */
  private namesSyncedUpTo: number;
  /** What the running flush will have made durable. */
  private target = 0;

  constructor(state: LogState, options: { recoveryPoint: number; isNew: boolean }) {
    this.state = state;
    this.recoveryPoint = options.recoveryPoint;
    this.namesSyncedUpTo = options.isNew ? -1 : state.segments.active.baseOffset;
  }

  /** Resolves when no flush is under way; never rejects. */
  async idle(): Promise<void> {
    while (this.running !== null) await this.running.catch(() => {});
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

  private start(): Promise<void> {
    this.running = this.run().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async run(): Promise<void> {
    const { segments, leaderEpochs, folder, snapshots } = this.state;
    this.target = this.state.logEndOffset;
    if (this.target <= this.recoveryPoint && this.namesSyncedUpTo >= segments.active.baseOffset && !leaderEpochs.dirty) return;
    const active = segments.active;
    const dirty = segments.all().slice(Math.max(0, segments.floorIndex(this.recoveryPoint)));
    for (const segment of dirty) {
      const isOld = segment !== active;
      await segment.sync({ indexes: isOld });
      if (isOld) segment.closeAppender();
    }
    await this.syncFiles(snapshots.takeUnsynced());
    await this.syncNames(active.baseOffset);
    if (leaderEpochs.dirty) {
      leaderEpochs.dirty = false;
      await this.state.context.fileSystem.writeFileDurably(`${folder}/${LEADER_EPOCH_CHECKPOINT}`, encodeLeaderEpochs(leaderEpochs.all()));
    }
    this.recoveryPoint = Math.max(this.recoveryPoint, this.target);
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

  private async syncNames(activeBaseOffset: number): Promise<void> {
    if (this.namesSyncedUpTo >= activeBaseOffset) return;
    const { folder, context } = this.state;
    await context.fileSystem.syncFolder(folder);
    if (this.namesSyncedUpTo === -1) await context.fileSystem.syncFolder(parentOf(folder));
    this.namesSyncedUpTo = activeBaseOffset;
  }
}

function parentOf(folder: string): string {
  const slash = folder.lastIndexOf("/");
  return slash === -1 ? "." : folder.slice(0, Math.max(1, slash));
}
