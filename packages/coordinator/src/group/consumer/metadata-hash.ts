// What a group's epoch remembers of the topics that it subscribes to: one hash over their ids, names, partitions and racks (KIP-1101).
// Computed as Kafka 4.3 computes it (Utils.computeTopicHash, Utils.computeGroupHash), so that neither takes the other's groups for changed.
// Invariant: the hash of a topic is forgotten when the topic changes; a topic that does not exist counts for nothing.

import type { TopicsView, TopicView } from "../topics-view.ts";
import { xxh3 } from "./xxh3.ts";

/** The hash of a group that subscribes to no topic that exists. */
export const NO_TOPICS_HASH = "0000000000000000";

/** The hashes of topics, each computed once. */
export class MetadataHashes {
  private readonly byTopic = new Map<string, string>();

  /** 16 hexadecimal digits. */
  ofGroup(topicNames: Iterable<string>, topics: TopicsView): string {
    const known: string[] = [];
    for (const name of topicNames) {
      if (topics.topic(name) !== undefined) known.push(name);
    }
    if (known.length === 0) return NO_TOPICS_HASH;
    known.sort();
    const input = Buffer.allocUnsafe(8 * known.length);
    known.forEach((name, index) => {
      // A long goes into the hash with its lowest byte first.
      input.write(this.ofTopic(topics.topic(name)!), 8 * index, 8, "hex");
      input.subarray(8 * index, 8 * index + 8).reverse();
    });
    return xxh3(input);
  }

  topicChanged(name: string): void {
    this.byTopic.delete(name);
  }

  private ofTopic(topic: TopicView): string {
    let hash = this.byTopic.get(topic.name);
    if (hash === undefined) {
      hash = topicHash(topic);
      if (this.byTopic.size >= CACHED_TOPICS_MAX) this.byTopic.clear();
      this.byTopic.set(topic.name, hash);
    }
    return hash;
  }
}

const CACHED_TOPICS_MAX = 10_000;
const MAGIC = 0;

/** The hash of one topic, 16 hexadecimal digits. */
export function topicHash(topic: TopicView): string {
  const id = Buffer.from(topic.id, "base64url");
  const parts = [Buffer.of(MAGIC), id.subarray(0, 8).reverse(), id.subarray(8, 16).reverse(), text(topic.name)];
  parts.push(int32(topic.partitionCount));
  for (let partition = 0; partition < topic.partitionCount; partition++) {
    parts.push(int32(partition));
    for (const rack of [...topic.racksOf(partition)].sort()) parts.push(int32(rack.length), text(rack));
  }
  return xxh3(Buffer.concat(parts));
}

// Java's chars, then how many they are.
function text(value: string): Buffer {
  return Buffer.concat([Buffer.from(value, "utf16le"), int32(value.length)]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32LE(value);
  return bytes;
}
