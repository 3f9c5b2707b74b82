// Syncs of a folder that many logs ask for at once, as when thousands of new ones are closed: those that come while one is under way
// share the next.

import type { FileSystem } from "./file-system.ts";
import { SharedRun } from "./shared-run.ts";

export class FolderSyncs {
  private readonly fileSystem: FileSystem;
  /** By path; only folders that hold logs are asked for, one in a running node. */
  private readonly runs = new Map<string, SharedRun>();

  constructor(fileSystem: FileSystem) {
    this.fileSystem = fileSystem;
  }

  /** Resolves when the names that the folder has now would survive a power cut. */
  sync(path: string): Promise<void> {
    let run = this.runs.get(path);
    if (run === undefined) this.runs.set(path, (run = new SharedRun(() => this.fileSystem.syncFolder(path))));
    return run.run();
  }
}
