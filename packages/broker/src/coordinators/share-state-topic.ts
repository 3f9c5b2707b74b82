// Where the state of a share partition is kept (KIP-932): the partition of __share_group_state and so its coordinator, as FindCoordinator tells.
// Only the place: the share coordinator itself, which writes there, is not there yet, and its APIs are not advertised.

import { errorCodes } from "@ottla/protocol";
import { partitionFor } from "@ottla/coordinator";
import type { Broker } from "../broker.ts";
import { SHARE_TOPIC } from "./internal-topics.ts";
import type { InternalTopics } from "./internal-topics.ts";

const UUID = /^[\w-]{22}$/;
const INT_MAX = 0x7fff_ffff;

export class ShareStateTopic {
  readonly topic = SHARE_TOPIC;
  private readonly broker: Broker;
  private readonly internalTopics: InternalTopics;

  constructor(broker: Broker, internalTopics: InternalTopics) {
    this.broker = broker;
    this.internalTopics = internalTopics;
  }

  /** The partition of `key`, which `isSharePartitionKey` holds for; null when there is no topic. */
  partitionFor(key: string): number | null {
    const count = this.broker.topic(SHARE_TOPIC)?.partitions.length ?? 0;
    return count === 0 ? null : partitionFor(canonicalKey(key), count);
  }

  /** Creates the topic when it is missing, as Kafka's ShareCoordinatorService wants it. */
  async ensureTopic(): Promise<number> {
    const { broker } = this;
    if (broker.topic(SHARE_TOPIC) !== undefined) return errorCodes.NONE;
    return this.internalTopics.create({
      name: SHARE_TOPIC,
      partitions: broker.config.get("share.coordinator.state.topic.num.partitions"),
      replicationFactor: broker.config.get("share.coordinator.state.topic.replication.factor"),
      configs: {
        "cleanup.policy": "delete",
        "compression.type": "producer",
        "segment.bytes": String(broker.config.get("share.coordinator.state.topic.segment.bytes")),
        "min.insync.replicas": String(broker.config.get("share.coordinator.state.topic.min.isr")),
        "retention.ms": "-1",
      },
    });
  }
}

/** Whether it is `groupId:topicId:partition`; a group id may have colons itself. */
export function isSharePartitionKey(key: string): boolean {
  const { groupId, topicId, partition } = split(key);
  const index = Number(partition);
  return groupId.trim() !== "" && UUID.test(topicId) && /^[+-]?\d+$/.test(partition) && Math.abs(index) <= INT_MAX;
}

// Kafka hashes the key as it writes it itself: "+1" and "01" are 1.
function canonicalKey(key: string): string {
  const { groupId, topicId, partition } = split(key);
  return `${groupId}:${topicId}:${Number(partition)}`;
}

function split(key: string): { groupId: string; topicId: string; partition: string } {
  const tokens = key.split(":");
  const [topicId = "", partition = ""] = tokens.slice(-2);
  return { groupId: tokens.slice(0, -2).join(":"), topicId, partition };
}
