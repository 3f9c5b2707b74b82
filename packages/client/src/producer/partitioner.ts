// Chooses partitions for records that name none: by key as Java does, else sticky, adapting to how busy partitions are (KIP-480,
// KIP-794: BuiltInPartitioner), or in turn (RoundRobinPartitioner), or by the user's function. Pure: randomness is a parameter.

import type { Random } from "@ottla/base";
import type { PartitionMetadata } from "../network/cluster.ts";
import { partitionForKey } from "./murmur2.ts";
import type { Data } from "./record-writer.ts";

/** What a custom partitioner sees. */
export interface PartitionChoice {
  readonly topic: string;
  /** As it will be sent: text stands for its UTF-8 bytes. */
  readonly key: Data;
  readonly value: Data;
  /** By number, dense; leaderId is -1 where there is no leader at the moment. */
  readonly partitions: readonly PartitionMetadata[];
}

/** Answers with a partition's number, at once. */
export type PartitionFunction = (choice: PartitionChoice) => number;

export interface PartitionerOptions {
  readonly kind: "default" | "roundRobin" | PartitionFunction;
  readonly ignoreKeys: boolean;
  readonly adaptive: boolean;
  /** After how many bytes another partition is chosen: batchSizeBytes. */
  readonly stickyBytes: number;
}

const LARGEST_STACK_KEY = 1024;
const UTF8_UNITS = 3;
const keyBytes = Buffer.allocUnsafeSlow(LARGEST_STACK_KEY);

/** The partitioner of one topic. */
export class TopicPartitioner {
  private readonly topic: string;
  private readonly options: PartitionerOptions;
  private readonly random: Random;
  private partitions: readonly PartitionMetadata[] = [];
  /** Those with a leader, or all when none has one. */
  private available: readonly number[] = [];
  private sticky = -1;
  private stickyBytes = 0;
  private turn: number;
  private readonly load: () => PartitionLoad | null;

  /** @param load how long the lines of the partitions are at the moment; asked for when another partition is to be chosen */
  constructor(topic: string, options: PartitionerOptions, random: Random, load: () => PartitionLoad | null) {
    this.topic = topic;
    this.options = options;
    this.random = random;
    this.load = load;
    this.turn = random.uint32() & 0xffff;
  }

  /** New metadata; at least one partition. */
  update(partitions: readonly PartitionMetadata[]): void {
    this.partitions = partitions;
    const led = partitions.filter((each) => each.leaderId >= 0).map((each) => each.partition);
    this.available = led.length > 0 ? led : partitions.map((each) => each.partition);
    if (this.sticky >= partitions.length) this.sticky = -1;
  }

  /** The partition for a record. `chosen` must be told afterwards how many bytes went there. */
  choose(key: Data, value: Data): number {
    const { kind, ignoreKeys } = this.options;
    if (typeof kind === "function") return kind({ topic: this.topic, key, value, partitions: this.partitions });
    if (kind === "roundRobin") return this.available[this.turn++ % this.available.length]!;
    if (key !== null && !ignoreKeys) return this.byKey(key);
    if (this.sticky < 0) this.sticky = this.nextSticky();
    return this.sticky;
  }

  /**
   * So many bytes went to the partition; `mayLeave` when its batch would be sent as it is, so that leaving it makes no small one. After
   * twice the size it is left in any case (KIP-794).
   */
  chosen(partition: number, bytes: number, mayLeave: boolean): void {
    if (partition !== this.sticky) return;
    this.stickyBytes += bytes;
    const enough = this.options.stickyBytes;
    if ((this.stickyBytes >= enough && mayLeave) || this.stickyBytes >= 2 * enough) {
      this.stickyBytes = 0;
      this.sticky = this.nextSticky();
    }
  }

  private byKey(key: Uint8Array | string): number {
    const count = this.partitions.length;
    if (typeof key !== "string") return partitionForKey(key, count);
    if (key.length * UTF8_UNITS > LARGEST_STACK_KEY) return partitionForKey(Buffer.from(key), count);
    return partitionForKey(keyBytes, count, keyBytes.write(key));
  }

  private nextSticky(): number {
    const random = this.random.uint32() & 0x7fff_ffff;
    const load = this.options.adaptive ? this.load() : null;
    if (load === null) return this.available[random % this.available.length]!;
    const point = random % load.frequencies.at(-1)!;
    const at = load.frequencies.findIndex((each) => each > point);
    return load.partitions[at]!;
  }
}

/** Partitions with running sums of how often each should be chosen. */
export interface PartitionLoad {
  readonly partitions: readonly number[];
  readonly frequencies: readonly number[];
}

/**
 * From the lengths of the partitions' lines to the frequencies of their choice: the longest gets 1, one shorter by n gets n + 1. null
 * when they are all alike and none was left out, or when there is no choice (BuiltInPartitioner.updatePartitionLoadStats).
 */
export function partitionLoad(
  lines: readonly { readonly partition: number; readonly length: number }[],
  partitionCount: number,
): PartitionLoad | null {
  if (lines.length === 0 || partitionCount < 2) return null;
  const longest = Math.max(...lines.map((line) => line.length));
  const alike = lines.every((line) => line.length === longest);
  if (alike && lines.length === partitionCount) return null;
  let sum = 0;
  const frequencies = lines.map((line) => (sum += longest + 1 - line.length));
  return { partitions: lines.map((line) => line.partition), frequencies };
}
