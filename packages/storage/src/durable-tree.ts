// The names and contents below FaultyFileSystem, twice: as the processes see them, and as the disk has them. A content becomes durable
// by a sync of its file, a change of names by a sync of its folder; a power cut keeps the durable ones, and of the others
// what the seed decides: contents up to some length, possibly with a tail of zeros, and changes of names up to some point in time.

import type { SeededRandom } from "@ottla/base";
import { parentOf } from "./log-file-names.ts";
import type { FolderEntry } from "./file-system.ts";

export class FaultyContent {
  bytes: Buffer = Buffer.alloc(0);
  durable: Buffer = Buffer.alloc(0);
  modifiedMs: number;
  private syncs = 0;
  private durableSync = 0;

  constructor(modifiedMs: number) {
    this.modifiedMs = modifiedMs;
  }

  /** The number of a sync that begins now. */
  beginSync(): number {
    return ++this.syncs;
  }

  /** What the content was when that sync began is durable, unless a later one was faster. */
  synced(bytes: Buffer, order: number): void {
    if (order < this.durableSync) return;
    this.durableSync = order;
    this.durable = bytes;
  }

  append(bytes: Buffer, nowMs: number): void {
    this.bytes = Buffer.concat([this.bytes, bytes]);
    this.modifiedMs = nowMs;
  }

  truncate(size: number): void {
    this.bytes = this.bytes.subarray(0, size);
  }

  flipBit(random: SeededRandom): boolean {
    if (this.bytes.length === 0) return false;
    this.bytes = Buffer.from(this.bytes);
    const at = random.below(this.bytes.length);
    this.bytes[at] = this.bytes[at]! ^ (1 << random.below(8));
    return true;
  }

  /** What the disk may have after a power cut. */
  afterPowerCut(random: SeededRandom): Buffer {
    const { bytes, durable } = this;
    const grown = bytes.length > durable.length && bytes.subarray(0, durable.length).equals(durable);
    if (!grown) return random.chance(0.5) ? durable : bytes;
    const kept = durable.length + random.below(bytes.length - durable.length + 1);
    const result = Buffer.from(bytes.subarray(0, kept));
    // The length may have reached the disk before the data did.
    if (random.chance(0.3)) result.fill(0, durable.length + random.below(kept - durable.length + 1));
    return result;
  }
}

type NameChange =
  | { kind: "file"; path: string; content: FaultyContent }
  | { kind: "folder"; path: string }
  | { kind: "remove"; path: string }
  | { kind: "rename"; path: string; to: string };

/** A path's content, or null for a folder. */
type Names = Map<string, FaultyContent | null>;

export class DurableTree {
  private readonly random: SeededRandom;
  private readonly names: Names;
  private readonly durableNames: Names;
  private pending: NameChange[] = [];

  constructor(random: SeededRandom, names: Names = new Map([["/", null]])) {
    this.random = random;
    this.names = names;
    this.durableNames = new Map(names);
  }

  content(path: string): FaultyContent | null {
    return this.names.get(path) ?? null;
  }

  isFolder(path: string): boolean {
    return this.names.get(path) === null;
  }

  list(path: string): FolderEntry[] {
    const entries: FolderEntry[] = [];
    for (const [name, content] of this.names) {
      if (name !== "/" && parentOf(name) === path)
        entries.push({ name: name.slice(name.lastIndexOf("/") + 1), isFolder: content === null });
    }
    return entries;
  }

  create(path: string, nowMs: number): FaultyContent {
    const content = new FaultyContent(nowMs);
    this.apply({ kind: "file", path, content });
    return content;
  }

  makeFolder(path: string): void {
    if (this.isFolder(path)) return;
    this.makeFolder(parentOf(path));
    this.apply({ kind: "folder", path });
  }

  rename(from: string, to: string): void {
    this.apply({ kind: "rename", path: from, to });
  }

  remove(path: string): void {
    this.apply({ kind: "remove", path });
  }

  /** The changes of names in a folder that are not durable. */
  pendingNames(folder: string): NameChange[] {
    return this.pending.filter((change) => parentOf(change.path) === folder);
  }

  commitNames(changes: readonly NameChange[]): void {
    for (const change of changes) {
      const at = this.pending.indexOf(change);
      if (at === -1) continue;
      this.pending.splice(at, 1);
      applyTo(this.durableNames, change);
    }
  }

  afterPowerCut(): DurableTree {
    const kept = this.random.below(this.pending.length + 1);
    this.commitNames(this.pending.slice(0, kept));
    const names: Names = new Map();
    for (const [path, content] of this.durableNames) {
      if (content === null) {
        names.set(path, null);
        continue;
      }
      const survived = new FaultyContent(content.modifiedMs);
      survived.bytes = content.afterPowerCut(this.random);
      survived.durable = survived.bytes;
      names.set(path, survived);
    }
    return new DurableTree(this.random, withParents(names));
  }

  private apply(change: NameChange): void {
    applyTo(this.names, change);
    this.pending.push(change);
  }
}

function applyTo(names: Names, change: NameChange): void {
  switch (change.kind) {
    case "file":
      names.set(change.path, change.content);
      break;
    case "folder":
      names.set(change.path, null);
      break;
    case "remove":
    case "rename":
      for (const [path, content] of names) {
        if (path !== change.path && !path.startsWith(`${change.path}/`)) continue;
        names.delete(path);
        if (change.kind === "rename") names.set(change.to + path.slice(change.path.length), content);
      }
      break;
  }
}

/** Leaves out what lies in a folder that did not survive. */
function withParents(names: Names): Names {
  const reachable = (path: string): boolean =>
    path === "/" || (names.get(parentOf(path)) === null && reachable(parentOf(path)));
  return new Map([...names].filter(([path]) => reachable(path)));
}
