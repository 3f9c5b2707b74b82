// A file system in memory that goes wrong on demand: errors of single calls, and the end of the process or of the power in the middle of
// any change. It knows what a real disk would have kept: contents only up to the last sync of the file, names only up to the last
// sync of their folder, and of the rest a part that the seed decides. For tests and simulations; small files only.
// Stricter than most real file systems: syncing a file does not make its name durable.

import { assert } from "@ottla/base";
import type { Clock, SeededRandom } from "@ottla/base";
import { DurableTree } from "./durable-tree.ts";
import type { FaultyContent } from "./durable-tree.ts";
import { FileError } from "./file-system.ts";
import type { File, FileLock, FileStatus, FileSystem, FolderEntry, VolumeSpace, WriteDone } from "./file-system.ts";

/** The calls that can go wrong; each but "read" changes something and counts as a place to crash. */
export type FaultyOperation =
  | "open"
  | "append"
  | "truncate"
  | "sync"
  | "rename"
  | "remove"
  | "write"
  | "syncFolder"
  | "makeFolder"
  | "read";

/** An error of one call to come. */
export interface Fault {
  operation: FaultyOperation;
  /** Only for paths that contain this. */
  path?: string;
  code: "ENOSPC" | "EIO";
  /** Of an append: how many bytes still reach the file. Default 0. */
  shortBytes?: number;
}

/** The process ended here: no call after it does anything. */
export class SimulatedCrash extends Error {
  override name = "SimulatedCrash";
}

export interface FaultyOptions {
  clock: Pick<Clock, "nowMs">;
  random: SeededRandom;
  /** Whether appends complete in a later turn. Default false. */
  slowAppends?: boolean;
  /** How long syncs and slow appends take. Default: to the next microtask. */
  pause?: () => Promise<void>;
}

export class FaultyFileSystem implements FileSystem {
  /** How many changes were made or tried. */
  operations = 0;
  crashed = false;
  /** The change, counted from 1, at which the process ends, half done; 0 for never. */
  crashAt = 0;
  slowAppends: boolean;
  readonly random: SeededRandom;
  readonly pause: () => Promise<void>;
  private readonly clock: Pick<Clock, "nowMs">;
  private readonly tree: DurableTree;
  private readonly faults: Fault[] = [];
  private readonly locks = new Set<string>();

  constructor(options: FaultyOptions, tree?: DurableTree) {
    this.clock = options.clock;
    this.random = options.random;
    this.slowAppends = options.slowAppends ?? false;
    this.pause = options.pause ?? (() => Promise.resolve());
    this.tree = tree ?? new DurableTree(options.random);
  }

  /** The next call that fits goes wrong, once. */
  failNext(fault: Fault): void {
    this.faults.push(fault);
  }

  /** Faults that were not met are taken back. */
  clearFaults(): void {
    this.faults.length = 0;
  }

  /** What the next process finds: after "kill" all that was written, after "powerCut" what the disk kept. This one is dead. */
  survivor(end: "kill" | "powerCut"): FaultyFileSystem {
    this.crashed = true;
    const tree = end === "kill" ? this.tree : this.tree.afterPowerCut();
    const { clock, random, slowAppends, pause } = this;
    return new FaultyFileSystem({ clock, random, slowAppends, pause }, tree);
  }

  /** Changes one bit of a file, as a bad disk does. False when the file is empty. */
  flipBit(path: string): boolean {
    const content = this.tree.content(path);
    return content !== null && content.flipBit(this.random);
  }

  open(path: string, mode: "read" | "append"): File {
    let content = this.tree.content(path);
    if (content === null) {
      if (mode === "read") throw new FileError("ENOENT", path);
      this.change("open", path);
      content = this.tree.create(path, this.clock.nowMs());
    }
    return new FaultyFile(this, path, content);
  }

  status(path: string): FileStatus | null {
    this.alive();
    const content = this.tree.content(path);
    if (content !== null) return { bytes: content.bytes.length, modifiedMs: content.modifiedMs, isFolder: false };
    return this.tree.isFolder(path) ? { bytes: 0, modifiedMs: 0, isFolder: true } : null;
  }

  list(path: string): FolderEntry[] {
    this.alive();
    if (!this.tree.isFolder(path)) throw new FileError("ENOENT", path);
    return this.tree.list(path);
  }

  makeFolder(path: string): void {
    this.alive();
    if (this.tree.isFolder(path)) return;
    this.change("makeFolder", path);
    this.tree.makeFolder(path);
  }

  rename(from: string, to: string): void {
    this.change("rename", from);
    this.tree.rename(from, to);
  }

  async remove(path: string): Promise<void> {
    this.removeSync(path);
  }

  removeSync(path: string): void {
    this.change("remove", path);
    this.tree.remove(path);
  }

  readFile(path: string): Buffer | null {
    this.meetFault("read", path);
    const content = this.tree.content(path);
    return content === null ? null : Buffer.from(content.bytes);
  }

  writeFile(path: string, bytes: Buffer): void {
    this.writeTemporary(path, bytes);
    this.change("rename", path);
    this.tree.rename(`${path}.tmp`, path);
  }

  writeFileSynced(path: string, bytes: Buffer): void {
    const content = this.writeTemporary(path, bytes);
    this.change("sync", path);
    content.synced(Buffer.from(bytes), content.beginSync());
    this.change("rename", path);
    this.tree.rename(`${path}.tmp`, path);
  }

  async writeFileDurably(path: string, bytes: Buffer): Promise<void> {
    const content = this.writeTemporary(path, bytes);
    await this.syncContent(content, path);
    this.change("rename", path);
    this.tree.rename(`${path}.tmp`, path);
    await this.syncFolder(path.slice(0, path.lastIndexOf("/")));
  }

  async syncFolder(path: string): Promise<void> {
    const names = this.tree.pendingNames(path);
    await this.pause();
    this.change("syncFolder", path);
    this.tree.commitNames(names);
  }

  lock(path: string): FileLock | null {
    if (this.locks.has(path)) return null;
    this.locks.add(path);
    return { release: () => void this.locks.delete(path) };
  }

  space(): VolumeSpace | null {
    return null;
  }

  deviceReads(): number {
    return 0;
  }

  /** For the files of this file system: counts a change, and ends it with a fault or the process when that was asked for. */
  change(operation: FaultyOperation, path: string): void {
    this.meetFault(operation, path);
    this.operations++;
    if (this.operations === this.crashAt) this.die();
  }

  /** The fault that an append must meet, if any. */
  takeFault(operation: FaultyOperation, path: string): Fault | null {
    const index = this.faults.findIndex((fault) => fault.operation === operation && path.includes(fault.path ?? ""));
    return index === -1 ? null : this.faults.splice(index, 1)[0]!;
  }

  alive(): void {
    if (this.crashed) throw new SimulatedCrash("the process has ended");
  }

  die(): never {
    this.crashed = true;
    throw new SimulatedCrash(`the process ended at change ${this.operations}`);
  }

  /** Makes durable what the content is now, some time later. */
  async syncContent(content: FaultyContent, path: string): Promise<void> {
    const bytes = Buffer.from(content.bytes);
    const order = content.beginSync();
    await this.pause();
    this.change("sync", path);
    content.synced(bytes, order);
  }

  touch(content: FaultyContent, bytes: Buffer): void {
    content.append(bytes, this.clock.nowMs());
  }

  private writeTemporary(path: string, bytes: Buffer): FaultyContent {
    this.change("write", path);
    const content = this.tree.create(`${path}.tmp`, this.clock.nowMs());
    content.append(bytes, this.clock.nowMs());
    return content;
  }

  private meetFault(operation: FaultyOperation, path: string): void {
    this.alive();
    const fault = this.takeFault(operation, path);
    if (fault !== null) throw new FileError(fault.code, path);
  }
}

class FaultyFile implements File {
  readonly path: string;
  size: number;
  private readonly system: FaultyFileSystem;
  private readonly content: FaultyContent;
  private appending = false;
  private closed = false;

  constructor(system: FaultyFileSystem, path: string, content: FaultyContent) {
    this.system = system;
    this.path = path;
    this.content = content;
    this.size = content.bytes.length;
  }

  appendv(buffers: Buffer[], done: WriteDone): void {
    assert(!this.appending, "appends do not overlap");
    this.assertOpen();
    this.appending = true;
    const finish = (): void => {
      this.appending = false;
      done(this.write(Buffer.concat(buffers)));
    };
    if (this.system.slowAppends) void this.system.pause().then(finish);
    else finish();
  }

  appendSync(bytes: Buffer): void {
    this.assertOpen();
    const error = this.write(bytes);
    if (error !== null) throw error;
  }

  readSync(target: Buffer, position: number): number {
    this.assertOpen();
    this.system.alive();
    const fault = this.system.takeFault("read", this.path);
    if (fault !== null) throw new FileError(fault.code, this.path);
    return this.content.bytes.copy(target, 0, Math.min(position, this.content.bytes.length));
  }

  async read(target: Buffer, position: number): Promise<number> {
    return this.readSync(target, position);
  }

  view(): Buffer | null {
    return null;
  }

  truncate(size: number): void {
    this.assertOpen();
    this.system.change("truncate", this.path);
    this.content.truncate(size);
    this.size = size;
  }

  sync(): Promise<void> {
    this.assertOpen();
    return this.system.syncContent(this.content, this.path);
  }

  close(): void {
    this.assertOpen();
    assert(!this.appending, "a file is not closed while it is appended to");
    this.closed = true;
  }

  /** On a disk, the descriptor of a closed file may be another file's by now. */
  private assertOpen(): void {
    assert(!this.closed, `${this.path} is closed`);
  }

  private write(bytes: Buffer): Error | null {
    try {
      this.system.alive();
      const fault = this.system.takeFault("append", this.path);
      if (fault !== null) {
        this.system.touch(this.content, bytes.subarray(0, fault.shortBytes ?? 0));
        return new FileError(fault.code, this.path);
      }
      this.system.operations++;
      if (this.system.operations === this.system.crashAt) {
        this.system.touch(this.content, bytes.subarray(0, this.system.random.below(bytes.length + 1)));
        this.system.die();
      }
      this.system.touch(this.content, bytes);
      this.size = this.content.bytes.length;
      return null;
    } catch (error) {
      return error as Error;
    }
  }
}
