// The folder that holds all logs of a node, before any log is opened: made if missing, locked against every other broker (Kafka's
// too), and asked whom it belongs to. Whoever claims it must release it.

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

export class DataFolder {
  readonly fileSystem: FileSystem;
  readonly path: string;
  private readonly lock: FileLock;
  private released = false;

  private constructor(fileSystem: FileSystem, path: string, lock: FileLock) {
    this.fileSystem = fileSystem;
    this.path = path;
    this.lock = lock;
  }

  /** Makes the folder if needed and locks it. @throws FolderInUseError, or the operating system's error. */
  static claim(fileSystem: FileSystem, path: string): DataFolder {
    fileSystem.makeFolder(path);
    const lock = fileSystem.lock(`${path}/${LOCK_FILE}`);
    if (lock === null) throw new FolderInUseError(path);
    return new DataFolder(fileSystem, path, lock);
  }

  /** Null in a new folder. @throws Error when the file is there and cannot be understood. */
  readMetaProperties(): MetaProperties | null {
    const bytes = this.fileSystem.readFile(`${this.path}/${META_PROPERTIES_FILE}`);
    if (bytes === null) return null;
    const properties = decodeMetaProperties(bytes);
    if (properties === null) throw new Error(`${this.path}/${META_PROPERTIES_FILE} has a version that is not known`);
    return properties;
  }

  /** Resolves when the properties would survive a power cut. */
  writeMetaProperties(properties: MetaProperties): Promise<void> {
    return this.fileSystem.writeFileDurably(`${this.path}/${META_PROPERTIES_FILE}`, encodeMetaProperties(properties));
  }

  /** Gives the folder free for others. */
  release(): void {
    if (!this.released) this.lock.release();
    this.released = true;
  }
}
