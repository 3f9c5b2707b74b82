// What of the metadata a member is interested in, and keeps asking for: the topics it subscribes to, those of the group that it leads, or all
// of them with a pattern. Topics that are not there (yet) are asked for again and again, as Java's consumer does.

import type { Timer } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { brokerError } from "../../errors.ts";
import type { KafkaError } from "../../errors.ts";
import type { Cluster, MetadataView } from "../../network/cluster.ts";
import type { Subscription } from "../membership.ts";
import { compareText } from "./partition-set.ts";
import type { MemberSubscription } from "./member.ts";

/** Errors that do not pass while the application waits. */
const REFUSALS: ReadonlySet<number> = new Set([
  errorCodes.INVALID_TOPIC_EXCEPTION,
  errorCodes.TOPIC_AUTHORIZATION_FAILED,
]);

export class TopicWatch {
  private readonly cluster: Cluster;
  private readonly timeoutMs: number;
  private subscription: Subscription | null = null;
  private groupTopics: readonly string[] = [];
  /** Of the subscription: those that were there once. They are not created again. */
  private readonly seen = new Set<string>();
  private releaseSubscription = (): void => {};
  private releaseGroup = (): void => {};
  private retry: Timer | null = null;
  private attempt = 0;
  private isAsking = false;

  constructor(cluster: Cluster, timeoutMs: number) {
    this.cluster = cluster;
    this.timeoutMs = timeoutMs;
  }

  subscribe(subscription: Subscription | null): void {
    const release = this.releaseSubscription;
    this.subscription = subscription;
    this.seen.clear();
    if (subscription === null) this.releaseSubscription = () => {};
    else if (subscription.kind === "topics") this.releaseSubscription = this.cluster.interest(subscription.topics);
    else this.releaseSubscription = this.cluster.interest("all");
    release();
    if (subscription === null) this.stop();
    else this.look();
  }

  /** What the subscription means with the metadata as they are. */
  resolve(): MemberSubscription | null {
    const { subscription } = this;
    if (subscription === null) return null;
    if (subscription.kind === "serverPattern")
      return { topics: [], pattern: null, serverPattern: subscription.pattern };
    if (subscription.kind === "topics") {
      const topics = [...new Set(subscription.topics)].toSorted(compareText);
      return { topics, pattern: null, serverPattern: null };
    }
    const { pattern, excludeInternalTopics = true } = subscription;
    const topics = [...this.cluster.metadata.topics.values()]
      .filter(({ name, isInternal }) => !(isInternal && excludeInternalTopics) && matches(pattern, name))
      .map(({ name }) => name);
    return { topics: topics.toSorted(compareText), pattern, serverPattern: null };
  }

  /** Keeps the topics in the metadata, and resolves when it was asked for those that are not there. @throws KafkaError */
  async refresh(topics: readonly string[] | null, signal: AbortSignal): Promise<void> {
    if (topics !== null) {
      const release = this.releaseGroup;
      this.groupTopics = topics;
      this.releaseGroup = this.cluster.interest(topics);
      release();
      if (this.missing(this.cluster.metadata).length === 0) return;
    }
    await this.cluster.refreshMetadata({ signal, timeoutMs: this.timeoutMs });
  }

  /** What the application has to be told of a topic that it subscribed to: it is none, or not to be read. */
  refusal(): KafkaError | null {
    if (this.subscription?.kind !== "topics") return null;
    for (const topic of this.subscription.topics) {
      const code = this.cluster.metadata.topicErrors.get(topic);
      if (code !== undefined && REFUSALS.has(code)) return brokerError(code, null, { topic, api: metadataApi.name });
    }
    return null;
  }

  /** Asks for topics that are not there, now or after a while. */
  look(): void {
    const { subscription } = this;
    if (subscription?.kind === "topics")
      for (const name of subscription.topics) if (this.cluster.metadata.topics.has(name)) this.seen.add(name);
    if (this.missing(this.cluster.metadata).length === 0) {
      this.attempt = 0;
      this.retry?.cancel();
      this.retry = null;
    } else if (this.retry === null && !this.isAsking) {
      const delayMs = this.attempt === 0 ? 0 : this.cluster.backoffMs(this.attempt - 1);
      this.attempt++;
      this.retry = this.cluster.clock.schedule(delayMs, () => {
        this.retry = null;
        void this.ask();
      });
    }
  }

  stop(): void {
    this.releaseSubscription();
    this.releaseGroup();
    this.releaseSubscription = () => {};
    this.releaseGroup = () => {};
    this.subscription = null;
    this.groupTopics = [];
    this.attempt = 0;
    this.retry?.cancel();
    this.retry = null;
  }

  private async ask(): Promise<void> {
    this.isAsking = true;
    try {
      const allowAutoTopicCreation = this.missing(this.cluster.metadata).some((name) => !this.seen.has(name));
      await this.cluster.refreshMetadata({ timeoutMs: this.timeoutMs, allowAutoTopicCreation });
    } catch (error) {
      this.cluster.logger.debug({ error: String(error) }, "Metadata of subscribed topics did not come.");
    } finally {
      this.isAsking = false;
    }
    if (this.subscription !== null) this.look();
  }

  private missing({ topics }: MetadataView): string[] {
    const { subscription } = this;
    if (subscription?.kind === "serverPattern") return [];
    const names = subscription?.kind === "topics" ? subscription.topics : [];
    const isMissing = (name: string): boolean => !topics.has(name);
    const missing = [...names, ...this.groupTopics].filter(isMissing);
    // With a pattern everything is asked for: before the first answer, nothing is known to be missing or not.
    return subscription?.kind === "pattern" && topics.size === 0 ? ["*"] : missing;
  }
}

/** A pattern with the flag g or y keeps a position between calls. */
export function matches(pattern: RegExp, topic: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(topic);
}
