// The file system of the machine. The only file of this package that imports node:fs.
// Small appends are written synchronously: the kernel copies them into its page cache faster than the thread pool is reached.

import fs from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { errorCodeOf } from "./file-system.ts";
import type { File, FileLock, FileStatus, FileSystem, FolderEntry, VolumeSpace, WriteDone } from "./file-system.ts";

/**
 * Up to this many bytes an append is written synchronously: about 30 µs of the event loop at the limit. Above, the thread pool takes the
 * copy off the event loop for about 10 µs. Measured by bench/write-threshold.ts.
 */
export const SYNC_WRITE_LIMIT_BYTES = 128 * 1024;

export class DiskFileSystem implements FileSystem {
  open(path: string, mode: "read" | "append"): File {
    // Not O_APPEND: positions are ours, so that a write after a failed one lands where it must.
    const flags = mode === "read" ? fs.constants.O_RDONLY : fs.constants.O_RDWR | fs.constants.O_CREAT;
    const descriptor = fs.openSync(path, flags, 0o644);
    return new DiskFile(path, descriptor, fs.fstatSync(descriptor).size);
  }

  status(path: string): FileStatus | null {
    const found = fs.statSync(path, { throwIfNoEntry: false });
    return found === undefined ? null : { bytes: found.size, modifiedMs: found.mtimeMs, isFolder: found.isDirectory() };
  }

  list(path: string): FolderEntry[] {
    return fs
      .readdirSync(path, { withFileTypes: true })
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  }

  // Not with `recursive`: Node then never returns where a file system answers ENOENT though the parent is there, as /proc does.
  makeFolder(path: string): void {
    try {
      fs.mkdirSync(path);
    } catch (error) {
      if (this.status(path)?.isFolder === true) return;
      const parent = dirname(path);
      if (errorCodeOf(error) !== "ENOENT" || parent === path || this.status(parent) !== null) throw error;
      this.makeFolder(parent);
      fs.mkdirSync(path);
    }
  }

  rename(from: string, to: string): void {
    fs.renameSync(from, to);
  }

  async remove(path: string): Promise<void> {
    await fs.promises.rm(path, { recursive: true, force: true });
  }

  removeSync(path: string): void {
    fs.rmSync(path, { force: true });
  }

  readFile(path: string): Buffer | null {
    try {
      return fs.readFileSync(path);
    } catch (error) {
      if (errorCodeOf(error) === "ENOENT") return null;
      throw error;
    }
  }

  writeFile(path: string, bytes: Buffer): void {
    fs.writeFileSync(`${path}.tmp`, bytes);
    fs.renameSync(`${path}.tmp`, path);
  }

  writeFileSynced(path: string, bytes: Buffer): void {
    fs.writeFileSync(`${path}.tmp`, bytes, { flush: true });
    fs.renameSync(`${path}.tmp`, path);
  }

  async writeFileDurably(path: string, bytes: Buffer): Promise<void> {
    const temporary = await fs.promises.open(`${path}.tmp`, "w");
    try {
      await temporary.writeFile(bytes);
      await temporary.sync();
    } finally {
      await temporary.close();
    }
    await fs.promises.rename(`${path}.tmp`, path);
    await this.syncFolder(dirname(path));
  }

  async syncFolder(path: string): Promise<void> {
    if (process.platform === "win32") return; // Windows has no handle for a folder; its journal keeps names.
    const folder = await fs.promises.open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  lock(path: string): FileLock | null {
    // Loaded here, because reading the folder's files needs no native code.
    const native = createRequire(import.meta.url)("fs-native-extensions") as { tryLock(descriptor: number): boolean };
    const descriptor = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644);
    let held = false;
    try {
      held = native.tryLock(descriptor);
    } finally {
      if (!held) fs.closeSync(descriptor);
    }
    return held ? { release: () => fs.closeSync(descriptor) } : null;
  }

  space(path: string): VolumeSpace | null {
    const volume = fs.statfsSync(path);
    return { totalBytes: volume.blocks * volume.bsize, usableBytes: volume.bavail * volume.bsize };
  }

  deviceReads(): number {
    // Windows counts every read, also those that its cache answers.
    return process.platform === "win32" ? 0 : process.resourceUsage().fsRead;
  }
}

class DiskFile implements File {
  readonly path: string;
  size: number;
  private readonly descriptor: number;

  constructor(path: string, descriptor: number, size: number) {
    this.path = path;
    this.descriptor = descriptor;
    this.size = size;
  }

  appendv(buffers: Buffer[], done: WriteDone): void {
    let total = 0;
    for (const buffer of buffers) total += buffer.length;
    if (total > SYNC_WRITE_LIMIT_BYTES) {
      this.appendInPool(buffers, total, done);
      return;
    }
    try {
      this.appendvSync(buffers, total);
    } catch (error) {
      done(asError(error));
      return;
    }
    done(null);
  }

  appendSync(bytes: Buffer): void {
    this.appendvSync([bytes], bytes.length);
  }

  readSync(target: Buffer, position: number): number {
    let filled = 0;
    while (filled < target.length) {
      const count = fs.readSync(this.descriptor, target, filled, target.length - filled, position + filled);
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  read(target: Buffer, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const readOn = (filled: number): void => {
        fs.read(this.descriptor, target, filled, target.length - filled, position + filled, (error, count) => {
          if (error !== null) reject(error);
          else if (count === 0 || filled + count === target.length) resolve(filled + count);
          else readOn(filled + count);
        });
      };
      readOn(0);
    });
  }

  view(): Buffer | null {
    return null;
  }

  truncate(size: number): void {
    fs.ftruncateSync(this.descriptor, size);
    this.size = size;
  }

  /** fdatasync: the data and the length, not the times. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.descriptor, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  close(): void {
    fs.closeSync(this.descriptor);
  }

  private appendvSync(buffers: Buffer[], total: number): void {
    const written =
      buffers.length === 1
        ? fs.writeSync(this.descriptor, buffers[0]!, 0, total, this.size)
        : fs.writevSync(this.descriptor, buffers, this.size);
    for (let sum = written, rest = buffers; sum < total;) {
      rest = withoutFirst(buffers, sum);
      sum += fs.writevSync(this.descriptor, rest, this.size + sum);
    }
    this.size += total;
  }

  private appendInPool(buffers: Buffer[], total: number, done: WriteDone): void {
    const start = this.size;
    const writeOn = (rest: Buffer[], sum: number): void => {
      fs.writev(this.descriptor, rest, start + sum, (error, count) => {
        if (error !== null) {
          done(error);
        } else if (sum + count < total) {
          writeOn(withoutFirst(buffers, sum + count), sum + count);
        } else {
          this.size = start + total;
          done(null);
        }
      });
    };
    writeOn(buffers, 0);
  }
}

/** What is left of `buffers` after the first `count` bytes. */
function withoutFirst(buffers: Buffer[], count: number): Buffer[] {
  const rest: Buffer[] = [];
  let skip = count;
  for (const buffer of buffers) {
    if (skip >= buffer.length) {
      skip -= buffer.length;
    } else {
      rest.push(skip === 0 ? buffer : buffer.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
