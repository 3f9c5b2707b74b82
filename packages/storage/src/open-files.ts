// Which segment files are open, and which indexes of old segments are in memory: shared by all logs of a folder, bounded by
// OPEN_FILES_LIMIT handles and CACHED_INDEX_LIMIT_BYTES. The segment that is written to stays open as long as it is the active one.
// Invariant: a handle with holders is never closed; a reader that streams from a deleted file keeps reading it.

import { assert } from "@ottla/base";
import type { File, FileSystem } from "./file-system.ts";

/** Files of old segments that stay open between reads. */
const OPEN_FILES_LIMIT = 256;
/** Indexes of old segments kept in memory, in bytes over all logs. */
const CACHED_INDEX_LIMIT_BYTES = 16 * 1024 * 1024;

/** An open file that several readers share. */
export class FileHandle {
  readonly file: File;
  holders = 0;
  /** False once the cache gave it up: the last holder closes it. */
  cached = true;

  constructor(file: File) {
    this.file = file;
  }

  hold(): this {
    this.holders++;
    return this;
  }

  release(): void {
    assert(this.holders > 0, "a handle is released once per hold");
    this.holders--;
    if (this.holders === 0 && !this.cached) this.file.close();
  }
}

/** What can give up the indexes that it holds in memory. */
export interface IndexOwner {
  dropIndexes(): void;
}

export class OpenFiles {
  readonly fileSystem: FileSystem;
  private readonly handles = new Map<string, FileHandle>();
  private readonly indexes = new Map<IndexOwner, number>();
  private indexBytes = 0;

  constructor(fileSystem: FileSystem) {
    this.fileSystem = fileSystem;
  }

  /** The handle of an old segment's file; hold it to use it beyond this turn. */
  get(path: string): FileHandle {
    let handle = this.handles.get(path);
    if (handle === undefined) handle = new FileHandle(this.fileSystem.open(path, "read"));
    else this.handles.delete(path);
    this.handles.set(path, handle);
    if (this.handles.size > OPEN_FILES_LIMIT) this.forget(this.handles.keys().next().value!);
    return handle;
  }

  /** Gives up the handle of `path`, for example because the file is renamed. */
  forget(path: string): void {
    const handle = this.handles.get(path);
    if (handle === undefined) return;
    this.handles.delete(path);
    handle.cached = false;
    if (handle.holders === 0) handle.file.close();
  }

  /** Notes that `owner` has just used indexes of `bytes`; those used longest ago are dropped beyond the limit. */
  usedIndexes(owner: IndexOwner, bytes: number): void {
    this.forgetIndexes(owner);
    this.indexes.set(owner, bytes);
    this.indexBytes += bytes;
    while (this.indexBytes > CACHED_INDEX_LIMIT_BYTES && this.indexes.size > 1) {
      const oldest = this.indexes.keys().next().value!;
      this.forgetIndexes(oldest);
      oldest.dropIndexes();
    }
  }

  forgetIndexes(owner: IndexOwner): void {
    this.indexBytes -= this.indexes.get(owner) ?? 0;
    this.indexes.delete(owner);
  }

  /** Closes every handle nobody holds; the others close when released. */
  close(): void {
    for (const path of this.handles.keys()) this.forget(path);
  }
}
