// What a cluster was told to have: topics, a config, producer ids. What was acknowledged must be there after every restart; what was
// not answered may be there or not, and whatever is found first stays.

import { ZERO_UUID } from "@ottla/base";
import { errorCodes, errorName } from "@ottla/protocol";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { deleteTopicsApi } from "@ottla/protocol/messages/20-delete-topics.ts";
import { describeConfigsApi } from "@ottla/protocol/messages/32-describe-configs.ts";
import { incrementalAlterConfigsApi } from "@ottla/protocol/messages/44-incremental-alter-configs.ts";
import { unlessFailed } from "./simulated-reader.ts";
import type { Caller } from "./wire-client.ts";

const TOPIC = 2;
const SET = 0;
/** The value before the first request: whatever the broker's default is. */
const DEFAULT = "";

interface KnownTopic {
  id: string | null;
  partitions: number;
  /** Null: a request about it had no answer. */
  exists: boolean | null;
}

export class MetadataModel {
  private readonly topics = new Map<string, KnownTopic>();
  private readonly producerIds = new Set<number>();
  /** The values that a config may have; more than one after a request without an answer. */
  private readonly configs = new Map<string, string[]>();
  private readonly blame: (sentence: string) => void;

  constructor(blame: (sentence: string) => void) {
    this.blame = blame;
  }

  /** Names of the topics that are there, in the order of their creation. */
  existing(): string[] {
    return [...this.topics].flatMap(([name, { exists }]) => (exists === true ? [name] : []));
  }

  producerIdGiven(id: number): void {
    if (this.producerIds.has(id)) this.blame(`fault 18: producer id ${id} was given twice`);
    this.producerIds.add(id);
  }

  /** False when no answer came or an error. */
  async createTopic(
    client: Caller,
    topic: { name: string; partitions: number; configs?: Record<string, string> },
  ): Promise<boolean> {
    const { name, partitions, configs = {} } = topic;
    const known: KnownTopic = { id: null, partitions, exists: null };
    this.topics.set(name, known);
    const given = { name, numPartitions: partitions, replicationFactor: 1, assignments: [] };
    const response = await unlessFailed(
      client.call(createTopicsApi, 7, {
        topics: [{ ...given, configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })) }],
        timeoutMs: 10_000,
        validateOnly: false,
      }),
    );
    const answer = response?.topics[0];
    if (answer?.errorCode !== errorCodes.NONE) return false;
    known.exists = true;
    known.id = answer.topicId;
    return true;
  }

  async deleteTopic(client: Caller, name: string): Promise<boolean> {
    const known = this.topics.get(name)!;
    known.exists = null;
    const response = await unlessFailed(
      client.call(deleteTopicsApi, 6, { topics: [{ name, topicId: ZERO_UUID }], topicNames: [], timeoutMs: 10_000 }),
    );
    if (response?.responses[0]?.errorCode !== errorCodes.NONE) return false;
    known.exists = false;
    return true;
  }

  async setConfig(client: Caller, topic: string, name: string, value: string): Promise<boolean> {
    const key = `${topic}/${name}`;
    this.configs.set(key, [...(this.configs.get(key) ?? [DEFAULT]), value]);
    const response = await unlessFailed(
      client.call(incrementalAlterConfigsApi, 1, {
        resources: [{ resourceType: TOPIC, resourceName: topic, configs: [{ name, configOperation: SET, value }] }],
        validateOnly: false,
      }),
    );
    if (response?.responses[0]?.errorCode !== errorCodes.NONE) return false;
    this.configs.set(key, [value]);
    return true;
  }

  /** Compares the cluster with what it was told; nothing may be under way. */
  async check(client: Caller): Promise<void> {
    const response = await client.call(metadataApi, 12, {
      topics: null,
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    });
    const found = new Map(response.topics.map((topic) => [topic.name!, topic]));
    for (const name of found.keys()) if (!this.topics.has(name)) this.blame(`topic ${name} was never created`);
    for (const [name, known] of this.topics) {
      const topic = found.get(name);
      if (known.exists !== null && known.exists !== (topic !== undefined))
        this.blame(`fault 18: topic ${name} ${known.exists ? "was created and is gone" : "was deleted and is there"}`);
      known.exists = topic !== undefined;
      if (topic === undefined) continue;
      known.id ??= topic.topicId;
      if (topic.topicId !== known.id) this.blame(`fault 18: topic ${name} changed its id`);
      if (topic.partitions.length !== known.partitions)
        this.blame(`fault 18: topic ${name} has ${topic.partitions.length} partitions, not ${known.partitions}`);
      for (const { errorCode, partitionIndex } of topic.partitions)
        if (errorCode !== errorCodes.NONE) this.blame(`${name}-${partitionIndex} is ${errorName(errorCode)}`);
    }
    for (const [key, values] of this.configs) await this.checkConfig(client, key, values);
  }

  private async checkConfig(client: Caller, key: string, values: string[]): Promise<void> {
    const [topic = "", name = ""] = key.split("/");
    const response = await client.call(describeConfigsApi, 4, {
      resources: [{ resourceType: TOPIC, resourceName: topic, configurationKeys: [name] }],
    });
    const value = response.results[0]?.configs[0]?.value ?? "";
    if (!values.includes(DEFAULT) && !values.includes(value))
      this.blame(`fault 18: ${name} of ${topic} is ${value}, not ${values.join(" or ")}`);
    this.configs.set(key, [value]);
  }
}
