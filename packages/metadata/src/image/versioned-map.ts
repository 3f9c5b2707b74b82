// A map with strings as keys whose versions share memory: changing one entry of ten thousand copies a few dozen, not all.
// Entries lie in shards by a hash of the key. A version never changes; a draft made from it copies the shards that it touches, once.
// Iteration goes shard by shard: the order is the same on every machine, but it is not the order of insertion.

/** A power of two. With 10,000 topics a shard holds 20. */
const SHARDS = 512;

type Shards<Value> = readonly (ReadonlyMap<string, Value> | undefined)[];

export class VersionedMap<Value> {
  readonly size: number;
  readonly shards: Shards<Value>;

  private constructor(size: number, shards: Shards<Value>) {
    this.size = size;
    this.shards = shards;
  }

  static empty<Value>(): VersionedMap<Value> {
    return new VersionedMap<Value>(0, []);
  }

  /** For MapDraft, which owns the shards it gives. */
  static fromDraft<Value>(size: number, shards: Shards<Value>): VersionedMap<Value> {
    return new VersionedMap(size, shards);
  }

  get(key: string): Value | undefined {
    return this.shards[shardOf(key)]?.get(key);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  *entries(): Generator<[string, Value]> {
    for (const shard of this.shards) if (shard !== undefined) yield* shard;
  }

  *values(): Generator<Value> {
    for (const shard of this.shards) if (shard !== undefined) yield* shard.values();
  }
}

/** Collects changes to a version; `finish` gives the next one. Values are never undefined. */
export class MapDraft<Value> {
  private readonly before: VersionedMap<Value>;
  private shards: (Map<string, Value> | undefined)[] | null = null;
  private readonly owned = new Set<number>();
  private size: number;

  constructor(before: VersionedMap<Value>) {
    this.before = before;
    this.size = before.size;
  }

  get(key: string): Value | undefined {
    return this.shards === null ? this.before.get(key) : this.shards[shardOf(key)]?.get(key);
  }

  set(key: string, value: Value): void {
    const shard = this.own(shardOf(key));
    if (!shard.has(key)) this.size++;
    shard.set(key, value);
  }

  delete(key: string): void {
    if (this.get(key) === undefined) return;
    this.own(shardOf(key)).delete(key);
    this.size--;
  }

  values(): Iterable<Value> {
    return this.peek().values();
  }

  entries(): Iterable<[string, Value]> {
    return this.peek().entries();
  }

  /** The next version, or the same one when nothing changed. The draft must not be used afterwards. */
  finish(): VersionedMap<Value> {
    return this.peek();
  }

  private peek(): VersionedMap<Value> {
    return this.shards === null ? this.before : VersionedMap.fromDraft(this.size, this.shards);
  }

  private own(index: number): Map<string, Value> {
    this.shards ??= [...this.before.shards] as (Map<string, Value> | undefined)[];
    if (!this.owned.has(index)) {
      this.owned.add(index);
      this.shards[index] = new Map(this.shards[index]);
    }
    return this.shards[index]!;
  }
}

/** FNV-1a over the characters. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 16)) & (SHARDS - 1);
}
