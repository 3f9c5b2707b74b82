// The committed offsets of one shard in columns: no object and no string of its own for an offset, about 100 bytes each.
// A hash table over (group, topic, partition) finds a row; the rows of a group form a ring in the order of their first commits.
// Not here: offsets of open transactions (pending-offsets.ts) and every rule about who may commit.

import { assert } from "@ottla/base";
import { CountedNames } from "./counted-names.ts";

/** What a commit record says, as its value holds it. */
export interface CommitValue {
  readonly offset: number;
  /** -1 when the client did not say. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly commitTimestamp: number;
  /** When the commit itself says that it expires (OffsetCommit up to version 4), else -1. */
  readonly expireTimestamp: number;
  /** ZERO_UUID in records of before Kafka 4.1 and of transactions. */
  readonly topicId: string;
}

export interface CommittedOffset extends CommitValue {
  readonly topic: string;
  readonly partition: number;
  /** The place of its record in the log. */
  readonly order: number;
}

const NONE = -1;
const FIRST_CAPACITY = 16;

export class OffsetTable {
  private readonly groups = new CountedNames();
  private readonly topics = new CountedNames();
  private readonly topicIds = new CountedNames();
  /** The first row of each group, by the group's index. */
  private readonly firstRows: number[] = [];

  private rows = 0;
  private nextUnused = 0;
  private readonly freeRows: number[] = [];
  private offsets = new Float64Array(0);
  private commitTimestamps = new Float64Array(0);
  private orders = new Float64Array(0);
  private leaderEpochs = new Int32Array(0);
  private groupOf = new Int32Array(0);
  private topicOf = new Int32Array(0);
  private topicIdOf = new Int32Array(0);
  private partitions = new Int32Array(0);
  private next = new Int32Array(0);
  private previous = new Int32Array(0);
  private readonly metadata: string[] = [];
  /** By row; only commits of old clients have one. */
  private readonly expireTimestamps = new Map<number, number>();
  /** Rows by hash, linear probing; NONE is empty. At most half full. */
  private buckets = new Int32Array(0);

  /** The number of committed offsets. */
  get size(): number {
    return this.rows;
  }

  hasGroup(group: string): boolean {
    return this.groups.indexOf(group) !== NONE;
  }

  countOf(group: string): number {
    const index = this.groups.indexOf(group);
    return index === NONE ? 0 : this.groups.holdsOf(index);
  }

  /** The row of an offset, -1 when there is none. A row is valid until its offset is removed. */
  find(group: string, topic: string, partition: number): number {
    const groupIndex = this.groups.indexOf(group);
    if (groupIndex === NONE) return NONE;
    const topicIndex = this.topics.indexOf(topic);
    if (topicIndex === NONE) return NONE;
    return this.buckets[this.bucketOf(groupIndex, topicIndex, partition)]!;
  }

  /** The row of a group's first offset, -1 when it has none. */
  firstRow(group: string): number {
    const index = this.groups.indexOf(group);
    return index === NONE ? NONE : this.firstRows[index]!;
  }

  /** The row of the group's next offset, -1 after the last. */
  rowAfter(row: number): number {
    const next = this.next[row]!;
    return next === this.firstRows[this.groupOf[row]!] ? NONE : next;
  }

  offsetAt(row: number): number {
    return this.offsets[row]!;
  }

  leaderEpochAt(row: number): number {
    return this.leaderEpochs[row]!;
  }

  metadataAt(row: number): string {
    return this.metadata[row]!;
  }

  topicIdAt(row: number): string {
    return this.topicIds.nameOf(this.topicIdOf[row]!);
  }

  commitTimestampAt(row: number): number {
    return this.commitTimestamps[row]!;
  }

  expireTimestampAt(row: number): number {
    return this.expireTimestamps.size === 0 ? NONE : (this.expireTimestamps.get(row) ?? NONE);
  }

  orderAt(row: number): number {
    return this.orders[row]!;
  }

  at(row: number): CommittedOffset {
    return {
      topic: this.topics.nameOf(this.topicOf[row]!),
      partition: this.partitions[row]!,
      offset: this.offsets[row]!,
      leaderEpoch: this.leaderEpochs[row]!,
      metadata: this.metadata[row]!,
      commitTimestamp: this.commitTimestamps[row]!,
      expireTimestamp: this.expireTimestampAt(row),
      topicId: this.topicIdAt(row),
      order: this.orders[row]!,
    };
  }

  /** The offsets of a group, which must not be changed meanwhile. */
  *ofGroup(group: string): Generator<CommittedOffset, void, undefined> {
    for (let row = this.firstRow(group); row !== NONE; row = this.rowAfter(row)) yield this.at(row);
  }

  /** The groups that have committed offsets of a topic, with each offset; they must not be changed meanwhile. */
  *ofTopic(topic: string): Generator<{ group: string; committed: CommittedOffset }, void, undefined> {
    const index = this.topics.indexOf(topic);
    if (index === NONE) return;
    for (let row = 0; row < this.nextUnused; row++) {
      if (this.topicOf[row] !== index) continue;
      yield { group: this.groups.nameOf(this.groupOf[row]!), committed: this.at(row) };
    }
  }

  put(group: string, topic: string, partition: number, value: CommitValue, order: number): void {
    const row = this.find(group, topic, partition);
    if (row === NONE) this.insert(group, topic, partition, value, order);
    else this.replace(row, value, order);
  }

  /** Whether there was one. */
  remove(group: string, topic: string, partition: number): boolean {
    const row = this.find(group, topic, partition);
    if (row === NONE) return false;
    this.emptyBucket(this.bucketOf(this.groupOf[row]!, this.topicOf[row]!, partition));
    this.unlink(row);
    this.groups.release(this.groupOf[row]!);
    this.topics.release(this.topicOf[row]!);
    this.topicIds.release(this.topicIdOf[row]!);
    this.topicOf[row] = NONE;
    this.metadata[row] = "";
    this.expireTimestamps.delete(row);
    this.freeRows.push(row);
    this.rows--;
    return true;
  }

  private insert(group: string, topic: string, partition: number, value: CommitValue, order: number): void {
    const row = this.freeRows.pop() ?? this.unusedRow();
    const groupIndex = this.groups.hold(group);
    const topicIndex = this.topics.hold(topic);
    this.groupOf[row] = groupIndex;
    this.topicOf[row] = topicIndex;
    this.partitions[row] = partition;
    this.topicIdOf[row] = this.topicIds.hold(value.topicId);
    this.link(row, groupIndex);
    const bucket = this.bucketOf(groupIndex, topicIndex, partition);
    assert(this.buckets[bucket] === NONE, "an offset has one row");
    this.buckets[bucket] = row;
    this.rows++;
    this.write(row, value, order);
  }

  private replace(row: number, value: CommitValue, order: number): void {
    const heldTopicId = this.topicIdOf[row]!;
    if (this.topicIds.nameOf(heldTopicId) !== value.topicId) {
      this.topicIdOf[row] = this.topicIds.hold(value.topicId);
      this.topicIds.release(heldTopicId);
    }
    this.write(row, value, order);
  }

  private write(row: number, value: CommitValue, order: number): void {
    this.offsets[row] = value.offset;
    this.leaderEpochs[row] = value.leaderEpoch;
    this.metadata[row] = value.metadata;
    this.commitTimestamps[row] = value.commitTimestamp;
    this.orders[row] = order;
    if (value.expireTimestamp !== NONE) this.expireTimestamps.set(row, value.expireTimestamp);
    else if (this.expireTimestamps.size > 0) this.expireTimestamps.delete(row);
  }

  private unusedRow(): number {
    if (this.nextUnused === this.offsets.length) this.grow();
    return this.nextUnused++;
  }

  // By half, so that at most a third of the room is empty.
  private grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, this.offsets.length + (this.offsets.length >> 1));
    this.offsets = larger(this.offsets, new Float64Array(capacity));
    this.commitTimestamps = larger(this.commitTimestamps, new Float64Array(capacity));
    this.orders = larger(this.orders, new Float64Array(capacity));
    this.leaderEpochs = larger(this.leaderEpochs, new Int32Array(capacity));
    this.groupOf = larger(this.groupOf, new Int32Array(capacity));
    this.topicOf = larger(this.topicOf, new Int32Array(capacity));
    this.topicIdOf = larger(this.topicIdOf, new Int32Array(capacity));
    this.partitions = larger(this.partitions, new Int32Array(capacity));
    this.next = larger(this.next, new Int32Array(capacity));
    this.previous = larger(this.previous, new Int32Array(capacity));
    if (this.buckets.length < 2 * capacity) this.rehash(2 * capacity);
  }

  private rehash(atLeast: number): void {
    let length = 2 * FIRST_CAPACITY;
    while (length < atLeast) length *= 2;
    this.buckets = new Int32Array(length).fill(NONE);
    for (let row = 0; row < this.nextUnused; row++) {
      if (this.topicOf[row] === NONE) continue;
      this.buckets[this.bucketOf(this.groupOf[row]!, this.topicOf[row]!, this.partitions[row]!)] = row;
    }
  }

  // The bucket of the offset's row, or the empty one where it belongs.
  private bucketOf(group: number, topic: number, partition: number): number {
    const mask = this.buckets.length - 1;
    let bucket = hashOf(group, topic, partition) & mask;
    for (;;) {
      const row = this.buckets[bucket]!;
      if (row === NONE) return bucket;
      if (this.partitions[row] === partition && this.topicOf[row] === topic && this.groupOf[row] === group)
        return bucket;
      bucket = (bucket + 1) & mask;
    }
  }

  // Moves the rows behind forward, so that no search stops too early.
  private emptyBucket(at: number): void {
    const mask = this.buckets.length - 1;
    let hole = at;
    for (let bucket = (at + 1) & mask; ; bucket = (bucket + 1) & mask) {
      const row = this.buckets[bucket]!;
      if (row === NONE) break;
      const home = hashOf(this.groupOf[row]!, this.topicOf[row]!, this.partitions[row]!) & mask;
      if (((bucket - home) & mask) < ((bucket - hole) & mask)) continue;
      this.buckets[hole] = row;
      hole = bucket;
    }
    this.buckets[hole] = NONE;
  }

  // Puts the row at the end of its group's ring.
  private link(row: number, group: number): void {
    if (this.groups.holdsOf(group) === 1) {
      this.firstRows[group] = this.next[row] = this.previous[row] = row;
      return;
    }
    const first = this.firstRows[group]!;
    const last = this.previous[first]!;
    this.next[last] = this.previous[first] = row;
    this.next[row] = first;
    this.previous[row] = last;
  }

  private unlink(row: number): void {
    const after = this.next[row]!;
    const before = this.previous[row]!;
    this.next[before] = after;
    this.previous[after] = before;
    if (this.firstRows[this.groupOf[row]!] === row) this.firstRows[this.groupOf[row]!] = after;
  }
}

function hashOf(group: number, topic: number, partition: number): number {
  let hash = Math.imul(group, 0x9e37_79b1) ^ Math.imul(topic, 0x85eb_ca6b) ^ Math.imul(partition, 0xc2b2_ae35);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d);
  return hash ^ (hash >>> 13);
}

function larger<Column extends Float64Array<ArrayBuffer> | Int32Array<ArrayBuffer>>(
  from: Column,
  into: Column,
): Column {
  into.set(from);
  return into;
}
