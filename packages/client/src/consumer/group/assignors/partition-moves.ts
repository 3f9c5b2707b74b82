// Which partitions a sticky assignment has moved from whom to whom, so that one that would move back is moved instead of another of its
// topic: two members never swap partitions of one topic. As Java's PartitionMovements.

import type { TopicPartition } from "../../../records.ts";
import { keyOf } from "../partition-set.ts";

interface Pair {
  readonly from: string;
  readonly to: string;
}

export class PartitionMoves {
  private readonly pairs = new Map<string, Pair>();
  /** By topic and pair, what moved. */
  private readonly moved = new Map<string, Map<string, TopicPartition>>();

  note(partition: TopicPartition, from: string, to: string): void {
    const key = keyOf(partition);
    const known = this.pairs.get(key);
    if (known === undefined) {
      this.add(partition, { from, to });
      return;
    }
    this.pairs.delete(key);
    this.moved.get(slot(partition.topic, known))?.delete(key);
    // One that comes back to where it was has not moved.
    if (known.from !== to) this.add(partition, { from: known.from, to });
  }

  /** The partition to move when `partition` should go from one member to another. */
  actualPartition(partition: TopicPartition, from: string, to: string): TopicPartition {
    const origin = this.pairs.get(keyOf(partition))?.from ?? from;
    const back = this.moved.get(slot(partition.topic, { from: to, to: origin }));
    return back?.values().next().value ?? partition;
  }

  private add(partition: TopicPartition, pair: Pair): void {
    this.pairs.set(keyOf(partition), pair);
    const place = slot(partition.topic, pair);
    const known = this.moved.get(place);
    if (known === undefined) this.moved.set(place, new Map([[keyOf(partition), partition]]));
    else known.set(keyOf(partition), partition);
  }
}

function slot(topic: string, { from, to }: Pair): string {
  return JSON.stringify([topic, from, to]);
}
