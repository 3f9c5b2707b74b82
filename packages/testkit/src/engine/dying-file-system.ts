// The files of a node that can die: until then everything goes through; from then on nothing is written any more, as far as the files are
// concerned, while the node believes that it is. So what the next node finds is what was there when the process ended.
// After a death, the tails of logs that were never synced can be torn, as a power cut does.

import type { File, FileLock, FileStatus, FileSystem, FolderEntry, VolumeSpace, WriteDone } from "@ottla/storage";

const LOG_FILE = /\.log$/;

export class DyingFileSystem implements FileSystem {
  readonly inner: FileSystem;
  isDead = false;
  /** How much of each log file was synced, of those that were opened here. */
  readonly syncedBytes = new Map<string, number>();

  constructor(inner: FileSystem) {
    this.inner = inner;
  }

  /** The process is gone: nothing that its node does from now on reaches the files. */
  die(): void {
    this.isDead = true;
  }

  /** Cuts so many bytes off each log that was written here, but none that were synced. The node must have closed its files. */
  tear(tailBytes: number): void {
    for (const [path, synced] of this.syncedBytes) {
      const bytes = this.inner.status(path)?.bytes ?? 0;
      const left = Math.max(synced, bytes - tailBytes);
      if (left >= bytes) continue;
      const file = this.inner.open(path, "append");
      file.truncate(left);
      file.close();
    }
  }

  open(path: string, mode: "read" | "append"): File {
    const inner = this.inner.open(path, mode);
    if (mode === "append" && LOG_FILE.test(path) && !this.syncedBytes.has(path)) {
      // What was there before this node is as old as its folder: nothing that it could lose.
      this.syncedBytes.set(path, inner.size);
    }
    return new DyingFile(this, inner);
  }

  status(path: string): FileStatus | null {
    return this.inner.status(path);
  }

  list(path: string): FolderEntry[] {
    return this.inner.list(path);
  }

  makeFolder(path: string): void {
    if (!this.isDead) this.inner.makeFolder(path);
  }

  rename(from: string, to: string): void {
    if (!this.isDead) this.inner.rename(from, to);
  }

  async remove(path: string): Promise<void> {
    if (!this.isDead) await this.inner.remove(path);
  }

  removeSync(path: string): void {
    if (!this.isDead) this.inner.removeSync(path);
  }

  readFile(path: string): Buffer | null {
    return this.inner.readFile(path);
  }

  writeFile(path: string, bytes: Buffer): void {
    if (!this.isDead) this.inner.writeFile(path, bytes);
  }

  writeFileSynced(path: string, bytes: Buffer): void {
    if (!this.isDead) this.inner.writeFileSynced(path, bytes);
  }

  async writeFileDurably(path: string, bytes: Buffer): Promise<void> {
    if (!this.isDead) await this.inner.writeFileDurably(path, bytes);
  }

  async syncFolder(path: string): Promise<void> {
    if (!this.isDead) await this.inner.syncFolder(path);
  }

  lock(path: string): FileLock | null {
    return this.inner.lock(path);
  }

  space(path: string): VolumeSpace | null {
    return this.inner.space(path);
  }

  deviceReads(): number {
    return this.inner.deviceReads();
  }
}

class DyingFile implements File {
  readonly path: string;
  private readonly files: DyingFileSystem;
  private readonly inner: File;
  /** Bytes that were given to it after the end. */
  private lostBytes = 0;

  constructor(files: DyingFileSystem, inner: File) {
    this.files = files;
    this.inner = inner;
    this.path = inner.path;
  }

  get size(): number {
    return this.inner.size + this.lostBytes;
  }

  appendv(buffers: Buffer[], done: WriteDone): void {
    if (!this.files.isDead) {
      this.inner.appendv(buffers, done);
      return;
    }
    for (const { length } of buffers) this.lostBytes += length;
    done(null);
  }

  appendSync(bytes: Buffer): void {
    if (this.files.isDead) this.lostBytes += bytes.length;
    else this.inner.appendSync(bytes);
  }

  readSync(target: Buffer, position: number): number {
    return this.inner.readSync(target, position);
  }

  read(target: Buffer, position: number): Promise<number> {
    return this.inner.read(target, position);
  }

  view(position: number, minBytes: number, maxBytes: number): Buffer | null {
    return this.inner.view(position, minBytes, maxBytes);
  }

  truncate(size: number): void {
    if (!this.files.isDead) this.inner.truncate(size);
  }

  async sync(): Promise<void> {
    if (this.files.isDead) return;
    const { size } = this.inner;
    await this.inner.sync();
    if (this.files.syncedBytes.has(this.path)) this.files.syncedBytes.set(this.path, size);
  }

  close(): void {
    this.inner.close();
  }
}
