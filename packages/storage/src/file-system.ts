// The files under the log: one interface with three implementations (disk, memory, and one that injects faults).
// Calls that the kernel answers from its caches (open, list, rename, small reads) are synchronous, because a round trip
// through the thread pool costs more than the call; what may wait for the device (sync, big writes, big reads) is not.
// Invariant: a File is append-only but for `truncate`; `size` counts the bytes of completed writes only.

/** Called once; null means that every byte was written. After an error the file's length is unknown: truncate it. */
export type WriteDone = (error: Error | null) => void;

/** An open file. Nobody may use it after `close`. */
export interface File {
  readonly path: string;
  /** Length in bytes, counting completed writes. */
  readonly size: number;
  /**
   * Appends all buffers in order. They belong to the file until `done`, which may be called before this returns.
   * One append at a time: the next must wait for `done`.
   */
  appendv(buffers: Buffer[], done: WriteDone): void;
  /** Appends at once. @throws the operating system's error. */
  appendSync(bytes: Buffer): void;
  /** Fills `target` from `position`; the count is less than target.length only at the end of the file. */
  readSync(target: Buffer, position: number): number;
  /** As `readSync`, without blocking. */
  read(target: Buffer, position: number): Promise<number>;
  /**
   * At least `minBytes` and at most `maxBytes` from `position` without a copy, or null when this file cannot.
   * The bytes stay valid and unchanged for as long as the caller holds them.
   */
  view(position: number, minBytes: number, maxBytes: number): Buffer | null;
  /** Cuts the file to `size` bytes. @throws the operating system's error. */
  truncate(size: number): void;
  /** Resolves when everything written so far would survive a power cut. After a rejection nothing may be assumed durable. */
  sync(): Promise<void>;
  close(): void;
}

export interface FolderEntry {
  name: string;
  isFolder: boolean;
}

export interface FileStatus {
  bytes: number;
  modifiedMs: number;
  isFolder: boolean;
}

export interface VolumeSpace {
  totalBytes: number;
  usableBytes: number;
}

/** A held lock; the file itself stays. */
export interface FileLock {
  release(): void;
}

/** All paths are absolute or relative to the process, with forward slashes. Errors are the operating system's (`code` ENOENT, ENOSPC, …). */
export interface FileSystem {
  /** "read" needs the file to exist; "append" creates it when missing. */
  open(path: string, mode: "read" | "append"): File;
  /** Null when there is nothing at `path`. */
  status(path: string): FileStatus | null;
  /** What a folder holds, in no particular order; throws ENOENT when it is missing. */
  list(path: string): FolderEntry[];
  /** With all missing parents; nothing happens when it exists. */
  makeFolder(path: string): void;
  rename(from: string, to: string): void;
  /** A file, or a folder with all it holds; nothing happens when it is missing. */
  remove(path: string): Promise<void>;
  /** As `remove`, for a small file, at once. */
  removeSync(path: string): void;
  /** The whole of a small file, or null when it is missing. */
  readFile(path: string): Buffer | null;
  /** Replaces a small file at once (temporary file, then rename): another process sees the old or the new one. A power cut may lose it. */
  writeFile(path: string, bytes: Buffer): void;
  /** As `writeFile`, but waits for the device: a power cut leaves the old content or the new one, whole. */
  writeFileSynced(path: string, bytes: Buffer): void;
  /** As `writeFile`; resolves when the new content, and every name in its folder, would survive a power cut. */
  writeFileDurably(path: string, bytes: Buffer): Promise<void>;
  /** Resolves when the names in a folder would survive a power cut. */
  syncFolder(path: string): Promise<void>;
  /** Takes an exclusive lock on a file, which is created when missing. Null when another process or another lock of this process has it. */
  lock(path: string): FileLock | null;
  /** How much the volume of `path` holds, or null when that is not known. */
  space(path: string): VolumeSpace | null;
  /** How much this process has had the device read so far, in whatever unit; always 0 where the system does not tell. Takes about 2 µs. */
  deviceReads(): number;
}

/** An error with the operating system's code, for file systems that have no operating system below. */
export class FileError extends Error {
  override name = "FileError";
  readonly code: string;

  constructor(code: string, path: string) {
    super(`${code}: ${path}`);
    this.code = code;
  }
}

/** The operating system's code of an error, or an empty string. */
export function errorCodeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
