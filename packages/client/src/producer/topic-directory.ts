// The topics that a producer has sent to: made at the first record, kept up with the metadata, and no longer asked for when idle.

import { asKafkaError } from "./as-kafka-error.ts";
import type { Cluster, MetadataView } from "../network/cluster.ts";
import type { KafkaError } from "../errors.ts";
import { ProducerTopic } from "./producer-topic.ts";
import type { TopicSettings } from "./producer-topic.ts";

/** A topic without records for so long is not kept in the metadata (metadata.max.idle.ms). */
const TOPIC_MAX_IDLE_MS = 300_000;

export interface DirectoryEvents {
  /** The topic's partitions may be known by now. */
  readonly onLoaded: (topic: ProducerTopic) => void;
  readonly onFailed: (topic: ProducerTopic, error: KafkaError) => void;
  /** Leaders may have changed. */
  readonly onUpdate: () => void;
}

export class TopicDirectory {
  private readonly cluster: Cluster;
  private readonly settings: TopicSettings;
  private readonly maxBlockMs: number;
  private readonly events: DirectoryEvents;
  private readonly topics = new Map<string, ProducerTopic>();
  private last: ProducerTopic | null = null;
  private readonly endListening: () => void;

  constructor(parts: { cluster: Cluster; settings: TopicSettings; maxBlockMs: number; events: DirectoryEvents }) {
    this.cluster = parts.cluster;
    this.settings = parts.settings;
    this.maxBlockMs = parts.maxBlockMs;
    this.events = parts.events;
    this.endListening = this.cluster.onMetadata((view) => this.update(view));
  }

  all(): Iterable<ProducerTopic> {
    return this.topics.values();
  }

  /** The topic of this name, known to the cluster or not. */
  of(name: string): ProducerTopic {
    const { last } = this;
    if (last !== null && last.name === name) return last;
    let topic = this.topics.get(name);
    if (topic === undefined) {
      topic = new ProducerTopic(name, this.cluster.options.topics[name], this.settings);
      this.topics.set(name, topic);
    }
    this.last = topic;
    return topic;
  }

  /** Asks for the topic's metadata unless that is under way; `refresh` though some are known. */
  load(topic: ProducerTopic, { refresh }: { refresh: boolean }): void {
    if (topic.isLoading) return;
    topic.isLoading = true;
    topic.endInterest ??= this.cluster.interest([topic.name]);
    topic.lastUsedMs = this.cluster.clock.monotonicMs();
    const { name } = topic;
    const limits = {
      timeoutMs: this.maxBlockMs,
      onFailure: (error: KafkaError): void => void (topic.lastFailure = error),
    };
    const asked = refresh ? this.cluster.refreshMetadata(limits) : this.cluster.topicMetadata(name, limits);
    asked.then(
      () => {
        topic.isLoading = false;
        topic.lastFailure = null;
        topic.update(this.cluster.metadata.topics.get(name));
        this.events.onLoaded(topic);
      },
      (error: unknown) => {
        topic.isLoading = false;
        this.events.onFailed(topic, asKafkaError(error, "metadata could not be had"));
      },
    );
  }

  close(): void {
    this.endListening();
    for (const topic of this.topics.values()) topic.endInterest?.();
  }

  private update(view: MetadataView): void {
    const nowMs = this.cluster.clock.monotonicMs();
    for (const topic of this.topics.values()) {
      if (topic.endInterest === null) continue;
      if (topic.isUsed) topic.lastUsedMs = nowMs;
      topic.isUsed = false;
      if (nowMs - topic.lastUsedMs > TOPIC_MAX_IDLE_MS && topic.isIdle) {
        topic.endInterest();
        topic.endInterest = null;
        topic.update(undefined);
      } else {
        topic.update(view.topics.get(topic.name));
      }
    }
    this.events.onUpdate();
  }
}
