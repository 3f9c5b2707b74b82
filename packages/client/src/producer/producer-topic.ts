// One topic as the producer sees it: serdes, partitions, partitioner, and the line of records that wait until its partitions are known or a
// serde has answered. Records of a topic leave the line in the order in which they came.

import type { Random } from "@ottla/base";
import type { KafkaError } from "../errors.ts";
import type { TopicMetadata } from "../network/cluster.ts";
import type { Serde, TopicSerdes } from "../serdes.ts";
import { bytesSerde, stringSerde } from "../serdes.ts";
import type { PartitionerOptions, PartitionLoad } from "./partitioner.ts";
import { partitionLoad, TopicPartitioner } from "./partitioner.ts";
import { ProducerPartition } from "./producer-partition.ts";
import { WaitingLine } from "./waiting-line.ts";

export interface TopicSettings {
  readonly partitioner: PartitionerOptions;
  readonly random: Random;
  /** Partitions of this broker are not chosen for now (partitioner.availability.timeout.ms). */
  readonly isUnavailable: (nodeId: number) => boolean;
}

export class ProducerTopic {
  readonly name: string;
  /** null where keys and values are taken as they are. */
  readonly keySerde: Serde<unknown> | null;
  readonly valueSerde: Serde<unknown> | null;
  readonly partitioner: TopicPartitioner;
  private readonly settings: TopicSettings;
  readonly partitions: ProducerPartition[] = [];
  /** How many of `partitions` the topic has by the newest metadata; 0 while it is not known. */
  partitionCount = 0;
  /** Waiting, in order. */
  readonly line = new WaitingLine();
  /** Somebody is asking for its metadata. */
  isLoading = false;
  /** What the last attempt to ask for them failed with, while it is tried again. */
  lastFailure: KafkaError | null = null;
  /** A record went into a batch since this was last looked at. */
  isUsed = false;
  lastUsedMs = 0;
  /** Ends the cluster's interest in the topic; null while there is none. */
  endInterest: (() => void) | null = null;

  constructor(name: string, serdes: TopicSerdes | undefined, settings: TopicSettings) {
    this.name = name;
    this.settings = settings;
    this.keySerde = plainOr(serdes?.key);
    this.valueSerde = plainOr(serdes?.value);
    this.partitioner = new TopicPartitioner(name, settings.partitioner, settings.random, () => this.load());
  }

  get isPlain(): boolean {
    return this.keySerde === null && this.valueSerde === null;
  }

  /** Nothing of it waits or is on its way. */
  get isIdle(): boolean {
    return this.line.length === 0 && this.partitions.every((partition) => partition.batches.length === 0);
  }

  /** New metadata, or undefined when the cluster no longer has any: partitions keep what they have, and wait. */
  update(metadata: TopicMetadata | undefined): void {
    this.partitionCount = metadata?.partitions.length ?? 0;
    if (metadata === undefined || this.partitionCount === 0) {
      for (const partition of this.partitions) partition.leaderId = -1;
      return;
    }
    for (const { partition, leaderId, leaderEpoch } of metadata.partitions) {
      const known = (this.partitions[partition] ??= new ProducerPartition(this.name, partition));
      known.leaderId = leaderId;
      known.leaderEpoch = leaderEpoch;
    }
    for (const gone of this.partitions.slice(this.partitionCount)) gone.leaderId = -1;
    this.partitioner.update(metadata.partitions);
  }

  private load(): PartitionLoad | null {
    const { partitioner, isUnavailable } = this.settings;
    const lines: { partition: number; length: number }[] = [];
    for (let index = 0; index < this.partitionCount; index++) {
      const partition = this.partitions[index]!;
      if (partition.leaderId < 0 || isUnavailable(partition.leaderId)) continue;
      // Batches grow while they wait, so lines are measured in batches of the usual size.
      lines.push({ partition: index, length: Math.ceil(partition.waitingBytes / partitioner.stickyBytes) });
    }
    return partitionLoad(lines, this.partitionCount);
  }
}

// Text and bytes are written as they are, without the buffer that these two would make.
function plainOr(serde: Serde<unknown> | undefined): Serde<unknown> | null {
  const plain: unknown[] = [undefined, bytesSerde, stringSerde];
  return plain.includes(serde) ? null : serde!;
}
