// Builds the fields of a Produce request from batches, and finds the batch that a part of the answer is about. Pure.

import { ZERO_UUID } from "@ottla/base";
import type { FramePart } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { Input } from "@ottla/protocol";
import type { produceApi, ProduceResponse } from "@ottla/protocol/messages/00-produce.ts";
import type { Batch } from "./batch.ts";
import { asksForMetadata } from "./produce-verdict.ts";

export type ProduceFields = Input<typeof produceApi.request>;
export type PartitionAnswer = ProduceResponse["responses"][number]["partitionResponses"][number];

export interface ToldLeader {
  readonly topic: string;
  readonly partition: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
}

/** Topics are named by id from this version on (KIP-516). */
const FIRST_VERSION_WITH_IDS = 13;

interface TopicBatches {
  name: string;
  topicId: string;
  partitionData: { index: number; records: FramePart[] }[];
}

/** One request: at most one batch of each partition, all led by one broker. */
export class ProduceRequestPlan {
  readonly batches: readonly Batch[];
  private readonly topicIds: ReadonlyMap<string, string>;

  /** @param topicIdOf ZERO_UUID when it is not known */
  constructor(batches: readonly Batch[], topicIdOf: (topic: string) => string) {
    this.batches = batches;
    const ids = new Map<string, string>();
    for (const { partition } of batches)
      if (!ids.has(partition.topic)) ids.set(partition.topic, topicIdOf(partition.topic));
    this.topicIds = ids;
  }

  /** The highest version that can tell what is to be told; undefined for any. */
  get maxVersion(): number | undefined {
    for (const id of this.topicIds.values()) if (id === ZERO_UUID) return FIRST_VERSION_WITH_IDS - 1;
    return undefined;
  }

  fields(options: { acks: number; timeoutMs: number; transactionalId: string | null }): ProduceFields {
    const topics = new Map<string, TopicBatches>();
    for (const batch of this.batches) {
      const { topic: name, partition } = batch.partition;
      let topic = topics.get(name);
      if (topic === undefined) {
        topic = { name, topicId: this.topicIds.get(name)!, partitionData: [] };
        topics.set(name, topic);
      }
      topic.partitionData.push({ index: partition, records: batch.frame() });
    }
    return { ...options, topicData: [...topics.values()] };
  }

  /** For every batch its part of the answer, null when the broker left it out. */
  answers(response: ProduceResponse): (PartitionAnswer | null)[] {
    const answers: (PartitionAnswer | null)[] = this.batches.map(() => null);
    let next = 0;
    for (const topic of response.responses) {
      const name = topic.topicId === ZERO_UUID ? topic.name : this.nameOf(topic.topicId);
      for (const answer of topic.partitionResponses) {
        // Brokers answer in the order of the request, but need not.
        const at = this.isAbout(next, name, answer.index) ? next : this.find(name, answer.index);
        if (at >= 0) answers[at] = answer;
        next = at + 1;
      }
    }
    return answers;
  }

  /** New leaders that the answers tell of (KIP-951), and whether any answer shows that metadata are outdated. */
  leadersTold(answers: readonly (PartitionAnswer | null)[]): { leaders: ToldLeader[]; isOutdated: boolean } {
    const leaders: ToldLeader[] = [];
    let isOutdated = false;
    for (let index = 0; index < answers.length; index++) {
      const answer = answers[index]!;
      if (answer === null || answer.errorCode === errorCodes.NONE || !asksForMetadata(answer.errorCode)) continue;
      isOutdated = true;
      const { leaderId, leaderEpoch } = answer.currentLeader;
      const { topic, partition } = this.batches[index]!.partition;
      if (leaderId >= 0 && leaderEpoch >= 0) leaders.push({ topic, partition, leaderId, leaderEpoch });
    }
    return { leaders, isOutdated };
  }

  private isAbout(at: number, name: string, index: number): boolean {
    const partition = this.batches[at]?.partition;
    return partition !== undefined && partition.partition === index && partition.topic === name;
  }

  private find(name: string, index: number): number {
    return this.batches.findIndex(({ partition }) => partition.partition === index && partition.topic === name);
  }

  private nameOf(topicId: string): string {
    for (const [name, id] of this.topicIds) if (id === topicId) return name;
    return "";
  }
}
