// Requests that name partitions of a group's topics: which of them exist, and answers for the others, put together as Kafka's response
// builders do (OffsetCommitResponse.Builder and its like): refusals first, further partitions of a topic with the topic that is there.

import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { TopicImage } from "@ottla/metadata";
import type { Broker } from "../broker.ts";

interface NamedPartition {
  readonly partitionIndex: number;
}

interface NamedTopic<Partition extends NamedPartition> {
  readonly name: string;
  readonly topicId?: string;
  readonly partitions: readonly Partition[];
}

export interface AnsweredTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: { partitionIndex: number; errorCode: number }[];
}

export interface KnownTopic<Partition> {
  name: string;
  topicId: string;
  partitions: Partition[];
}

export class PartitionAnswers<Partition extends NamedPartition> {
  /** What exists of the request, with both names of each topic. */
  readonly known: KnownTopic<Partition>[] = [];
  private readonly broker: Broker;
  private readonly byId: boolean;
  private readonly refused = new Map<string, AnsweredTopic>();

  /** `byId`: the request names topics by id alone. */
  constructor(topics: readonly NamedTopic<Partition>[], { broker, byId }: { broker: Broker; byId: boolean }) {
    this.broker = broker;
    this.byId = byId;
    for (const topic of topics) this.sort(topic);
  }

  /** All answers, with those that the coordinator gave for `known`. */
  with(answered: readonly (NamedTopic<NamedPartition> & Pick<AnsweredTopic, "partitions">)[]): AnsweredTopic[] {
    const topics = answered.map((topic) => ({ ...topic, topicId: topic.topicId ?? ZERO_UUID }));
    if (this.refused.size === 0) return topics;
    for (const topic of topics) {
      const there = this.refused.get(this.keyOf(topic));
      if (there === undefined) this.refused.set(this.keyOf(topic), topic);
      else there.partitions.push(...topic.partitions);
    }
    return [...this.refused.values()];
  }

  private sort(topic: NamedTopic<Partition>): void {
    const image = this.byId ? this.broker.topicById(topic.topicId!) : this.broker.topic(topic.name);
    if (image === undefined) {
      const errorCode = this.byId ? errorCodes.UNKNOWN_TOPIC_ID : errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
      this.refuse(topic, topic.partitions, errorCode);
      return;
    }
    const named = { name: image.name, topicId: image.id };
    const partitions = topic.partitions.filter((each) => exists(image, each));
    if (partitions.length > 0) this.known.push({ ...named, partitions });
    if (partitions.length === topic.partitions.length) return;
    const missing = topic.partitions.filter((each) => !exists(image, each));
    this.refuse(named, missing, errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  }

  private refuse(
    topic: { readonly name: string; readonly topicId?: string },
    partitions: readonly NamedPartition[],
    errorCode: number,
  ): void {
    let answer = this.refused.get(this.keyOf(topic));
    if (answer === undefined) {
      answer = { name: topic.name, topicId: topic.topicId ?? ZERO_UUID, partitions: [] };
      this.refused.set(this.keyOf(topic), answer);
    }
    for (const { partitionIndex } of partitions) answer.partitions.push({ partitionIndex, errorCode });
  }

  private keyOf(topic: { readonly name: string; readonly topicId?: string }): string {
    return this.byId ? topic.topicId! : topic.name;
  }
}

function exists(topic: TopicImage, { partitionIndex }: NamedPartition): boolean {
  return topic.partitions[partitionIndex] !== undefined;
}
