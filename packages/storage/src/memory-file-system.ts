// Files in memory: for `ottla start --memory`, the testkit and simulations. Nothing survives the process.
// A file is a list of chunks. An appended buffer lies in one chunk whole when a chunk can hold it, so that the read path hands out
// slices instead of copies. Chunks are never overwritten: a cut followed by an append goes into a new chunk, so slices stay true.

import { assert } from "@ottla/base";
import type { Clock } from "@ottla/base";
import { FileError } from "./file-system.ts";
import type { File, FileLock, FileStatus, FileSystem, FolderEntry, VolumeSpace, WriteDone } from "./file-system.ts";

const FIRST_CHUNK_BYTES = 4 * 1024;
const CHUNK_LIMIT_BYTES = 1024 * 1024;

export class MemoryFileSystem implements FileSystem {
  private readonly clock: Pick<Clock, "nowMs">;
  private readonly files = new Map<string, MemoryContent>();
  private readonly folders = new Map<string, Set<string>>([["/", new Set()]]);
  private readonly locks = new Set<string>();

  constructor(clock: Pick<Clock, "nowMs">) {
    this.clock = clock;
  }

  /** Another with the same files and no locks, at the cost of their lists of chunks: neither sees what the other writes from now on. */
  copy(): MemoryFileSystem {
    const copy = new MemoryFileSystem(this.clock);
    for (const [key, content] of this.files) copy.files.set(key, content.copy());
    copy.folders.clear();
    for (const [key, names] of this.folders) copy.folders.set(key, new Set(names));
    return copy;
  }

  open(path: string, mode: "read" | "append"): File {
    const key = normal(path);
    let content = this.files.get(key);
    if (content === undefined) {
      if (mode === "read") throw new FileError("ENOENT", path);
      content = this.create(key);
    }
    return new MemoryFile(path, content, this.clock);
  }

  status(path: string): FileStatus | null {
    const key = normal(path);
    const content = this.files.get(key);
    if (content !== undefined) return { bytes: content.size, modifiedMs: content.modifiedMs, isFolder: false };
    return this.folders.has(key) ? { bytes: 0, modifiedMs: 0, isFolder: true } : null;
  }

  list(path: string): FolderEntry[] {
    const key = normal(path);
    const names = this.folders.get(key);
    if (names === undefined) throw new FileError("ENOENT", path);
    return [...names].map((name) => ({ name, isFolder: this.folders.has(join(key, name)) }));
  }

  makeFolder(path: string): void {
    const key = normal(path);
    if (this.folders.has(key)) return;
    if (this.files.has(key)) throw new FileError("EEXIST", path);
    this.makeFolder(parentOf(key));
    this.folders.set(key, new Set());
    this.folders.get(parentOf(key))!.add(nameOf(key));
  }

  rename(from: string, to: string): void {
    const [source, target] = [normal(from), normal(to)];
    const siblings = this.folders.get(parentOf(target));
    if (siblings === undefined || (!this.files.has(source) && !this.folders.has(source)))
      throw new FileError("ENOENT", from);
    if (this.files.has(source)) move(this.files, source, target);
    else this.moveFolder(source, target);
    this.folders.get(parentOf(source))!.delete(nameOf(source));
    siblings.add(nameOf(target));
  }

  async remove(path: string): Promise<void> {
    this.removeSync(path);
  }

  removeSync(path: string): void {
    const key = normal(path);
    for (const name of this.folders.get(key) ?? []) this.removeSync(join(key, name));
    this.files.delete(key);
    this.folders.delete(key);
    this.folders.get(parentOf(key))?.delete(nameOf(key));
  }

  readFile(path: string): Buffer | null {
    const content = this.files.get(normal(path));
    if (content === undefined) return null;
    const bytes = Buffer.allocUnsafe(content.size);
    content.copyTo(bytes, 0);
    return bytes;
  }

  writeFile(path: string, bytes: Buffer): void {
    const key = normal(path);
    const content = this.create(key);
    content.append(bytes);
    content.modifiedMs = this.clock.nowMs();
  }

  writeFileSynced(path: string, bytes: Buffer): void {
    this.writeFile(path, bytes);
  }

  async writeFileDurably(path: string, bytes: Buffer): Promise<void> {
    this.writeFile(path, bytes);
  }

  async syncFolder(): Promise<void> {}

  lock(path: string): FileLock | null {
    const key = normal(path);
    if (this.locks.has(key)) return null;
    if (!this.files.has(key)) this.create(key);
    this.locks.add(key);
    return { release: () => void this.locks.delete(key) };
  }

  space(): VolumeSpace | null {
    return null;
  }

  deviceReads(): number {
    return 0;
  }

  private moveFolder(source: string, target: string): void {
    for (const name of this.folders.get(source)!) {
      if (this.folders.has(join(source, name))) this.moveFolder(join(source, name), join(target, name));
      else move(this.files, join(source, name), join(target, name));
    }
    move(this.folders, source, target);
  }

  private create(key: string): MemoryContent {
    const siblings = this.folders.get(parentOf(key));
    if (siblings === undefined) throw new FileError("ENOENT", key);
    if (this.folders.has(key)) throw new FileError("EISDIR", key);
    const content = new MemoryContent();
    content.modifiedMs = this.clock.nowMs();
    this.files.set(key, content);
    siblings.add(nameOf(key));
    return content;
  }
}

interface Chunk {
  start: number;
  /** Bytes in use. */
  length: number;
  /** Bytes ever in use; what lies beyond `length` was cut and may still be held by a reader. */
  written: number;
  bytes: Buffer;
}

/** The bytes of a file, shared by all who have it open. */
class MemoryContent {
  size = 0;
  modifiedMs = 0;
  private readonly chunks: Chunk[] = [];

  // The bytes of chunks are shared. What the copy appends goes into chunks of its own, as after a cut; what the original appends lies beyond
  // the end of the copy.
  copy(): MemoryContent {
    const copy = new MemoryContent();
    copy.size = this.size;
    copy.modifiedMs = this.modifiedMs;
    for (const { start, length, bytes } of this.chunks) copy.chunks.push({ start, length, written: Infinity, bytes });
    return copy;
  }

  append(bytes: Buffer): void {
    let last = this.chunks.at(-1);
    if (last === undefined || last.written > last.length || last.bytes.length - last.length < bytes.length) {
      last = this.addChunk(bytes.length);
    }
    bytes.copy(last.bytes, last.length);
    last.length += bytes.length;
    last.written = last.length;
    this.size += bytes.length;
  }

  copyTo(target: Buffer, position: number): number {
    const end = Math.min(this.size, position + target.length);
    let at = position;
    for (let index = this.chunkAt(position); at < end; index++) {
      const chunk = this.chunks[index]!;
      const until = Math.min(end, chunk.start + chunk.length);
      chunk.bytes.copy(target, at - position, at - chunk.start, until - chunk.start);
      at = until;
    }
    return Math.max(0, end - position);
  }

  view(position: number, minBytes: number, maxBytes: number): Buffer | null {
    const chunk = this.chunks[this.chunkAt(position)];
    if (chunk === undefined || position >= this.size) return null;
    const from = position - chunk.start;
    if (chunk.length - from < minBytes) return null;
    return chunk.bytes.subarray(from, Math.min(chunk.length, from + maxBytes));
  }

  truncate(size: number): void {
    assert(size <= this.size, "a file is only cut shorter");
    while (this.chunks.length > 0 && this.chunks.at(-1)!.start >= size) this.chunks.pop();
    const last = this.chunks.at(-1);
    if (last !== undefined) last.length = size - last.start;
    this.size = size;
  }

  private addChunk(needBytes: number): Chunk {
    const grown = Math.min(CHUNK_LIMIT_BYTES, Math.max(FIRST_CHUNK_BYTES, this.size));
    const chunk = {
      start: this.size,
      length: 0,
      written: 0,
      bytes: Buffer.allocUnsafeSlow(Math.max(grown, needBytes)),
    };
    this.chunks.push(chunk);
    return chunk;
  }

  /** The index of the last chunk that begins at or before `position`. */
  private chunkAt(position: number): number {
    let low = 0;
    let high = this.chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.chunks[middle]!.start <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

class MemoryFile implements File {
  readonly path: string;
  private readonly content: MemoryContent;
  private readonly clock: Pick<Clock, "nowMs">;

  constructor(path: string, content: MemoryContent, clock: Pick<Clock, "nowMs">) {
    this.path = path;
    this.content = content;
    this.clock = clock;
  }

  get size(): number {
    return this.content.size;
  }

  appendv(buffers: Buffer[], done: WriteDone): void {
    for (const buffer of buffers) this.content.append(buffer);
    this.content.modifiedMs = this.clock.nowMs();
    done(null);
  }

  appendSync(bytes: Buffer): void {
    this.content.append(bytes);
    this.content.modifiedMs = this.clock.nowMs();
  }

  readSync(target: Buffer, position: number): number {
    return this.content.copyTo(target, position);
  }

  async read(target: Buffer, position: number): Promise<number> {
    return this.content.copyTo(target, position);
  }

  view(position: number, minBytes: number, maxBytes: number): Buffer | null {
    return this.content.view(position, minBytes, maxBytes);
  }

  truncate(size: number): void {
    this.content.truncate(size);
  }

  async sync(): Promise<void> {}

  close(): void {}
}

function move<Value>(map: Map<string, Value>, from: string, to: string): void {
  map.set(to, map.get(from)!);
  map.delete(from);
}

function normal(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return `/${parts.join("/")}`;
}

function parentOf(key: string): string {
  return key.slice(0, Math.max(1, key.lastIndexOf("/")));
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}

function join(key: string, name: string): string {
  return key === "/" ? `/${name}` : `${key}/${name}`;
}
