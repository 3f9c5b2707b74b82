// The folder that holds all logs of a node, before any log is opened: made if missing, locked against every other broker (Kafka's
// too), and asked whom it belongs to. Whoever claims it must release it.

import { parentOf } from "./log-file-names.ts";
import { decodeMetaProperties, encodeMetaProperties, LOCK_FILE, META_PROPERTIES_FILE } from "./checkpoint-files.ts";
import type { MetaProperties } from "./checkpoint-files.ts";
import type { FileLock, FileSystem } from "./file-system.ts";

/** Another process, or another node of this process, has the folder. */
export class FolderInUseError extends Error {
  override name = "FolderInUseError";
  readonly path: string;

  constructor(path: string) {
    super(`the data folder ${path} is in use by another broker`);
    this.path = path;
  }
}

/** The folder's own files say nothing that can be understood. The message is one line for the user. */
export class FolderDamagedError extends Error {
  override name = "FolderDamagedError";
}

export class DataFolder {
  readonly fileSystem: FileSystem;
  readonly path: string;
  private readonly lock: FileLock;
  private released = false;
  /** Folders that got a new folder when this one was made, and are to be synced. */
  private unsyncedParents: string[];

  private constructor(fileSystem: FileSystem, path: string, taken: { lock: FileLock; unsyncedParents: string[] }) {
    this.fileSystem = fileSystem;
    this.path = path;
    this.lock = taken.lock;
    this.unsyncedParents = taken.unsyncedParents;
  }

  /** Makes the folder if needed and locks it. @throws FolderInUseError, or the operating system's error. */
  static claim(fileSystem: FileSystem, path: string): DataFolder {
    const unsyncedParents = parentsOfMissing(fileSystem, path);
    fileSystem.makeFolder(path);
    const lock = fileSystem.lock(`${path}/${LOCK_FILE}`);
    if (lock === null) throw new FolderInUseError(path);
    return new DataFolder(fileSystem, path, { lock, unsyncedParents });
  }

  /** Null in a new folder. @throws FolderDamagedError when the file is there and cannot be understood. */
  readMetaProperties(): MetaProperties | null {
    const bytes = this.fileSystem.readFile(`${this.path}/${META_PROPERTIES_FILE}`);
    if (bytes === null) return null;
    const properties = decodeMetaProperties(bytes);
    if (properties === null) {
      const path = `${this.path}/${META_PROPERTIES_FILE}`;
      throw new FolderDamagedError(`${path} names no cluster, or has a version that is not known`);
    }
    return properties;
  }

  /** Resolves when the folder's own name would survive a power cut. */
  async syncName(): Promise<void> {
    const parents = this.unsyncedParents;
    this.unsyncedParents = [];
    for (const parent of parents) await this.fileSystem.syncFolder(parent);
  }

  /** Resolves when the properties would survive a power cut. */
  async writeMetaProperties(properties: MetaProperties): Promise<void> {
    await this.syncName();
    await this.fileSystem.writeFileDurably(`${this.path}/${META_PROPERTIES_FILE}`, encodeMetaProperties(properties));
  }

  /** Gives the folder free for others. */
  release(): void {
    if (!this.released) this.lock.release();
    this.released = true;
  }
}

/** The folders in which making `path` will make another, the outermost first. */
function parentsOfMissing(fileSystem: FileSystem, path: string): string[] {
  const parents: string[] = [];
  for (let at = path; fileSystem.status(at) === null; at = parentOf(at)) {
    parents.unshift(parentOf(at));
    if (at === parentOf(at)) break;
  }
  return parents;
}
