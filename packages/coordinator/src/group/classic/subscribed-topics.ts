// Which topics a classic group of consumers subscribes to, read from what its members tell the leader.
// Read with version 0, with which all later versions begin, so that no future version is a surprise.

import { ByteReader, DecodeError } from "@ottla/base";
import { consumerProtocolSubscription } from "@ottla/protocol/embedded-data/consumer-protocol-subscription.ts";

/** All topics that the members' metadata name; null when one of them cannot be read: garbage is the client's business. */
export function subscribedTopicsOf(metadata: Iterable<Buffer>): ReadonlySet<string> | null {
  const topics = new Set<string>();
  try {
    for (const bytes of metadata) {
      const reader = new ByteReader(bytes);
      reader.int16();
      for (const topic of consumerProtocolSubscription.decode(reader, 0).topics) topics.add(topic);
    }
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
  return topics;
}
