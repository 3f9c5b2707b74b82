// The root of the client: one cluster's options, metadata and connections, and the producers, consumers and admins made from them.
// They share metadata; each has connections of its own where waiting would hold up the others. Closing it closes them all.

import { Admin } from "./admin/admin.ts";
import type { ConsumerOptions } from "./consumer/consumer-options.ts";
import { Consumer } from "./consumer/consumer.ts";
import type { Metric } from "./metrics.ts";
import { startCluster } from "./network/cluster-connection.ts";
import type { Cluster } from "./network/cluster.ts";
import { resolveOptions } from "./options.ts";
import type { ClientOptions } from "./options.ts";
import type { ProducerOptions } from "./producer/producer-options.ts";
import { Producer } from "./producer/producer.ts";
import type { Topics } from "./records.ts";

export class Kafka<T extends Topics = {}> {
  private readonly cluster: Cluster;
  /** What was made from it and is not closed yet. */
  private readonly parts = new Set<{ close(options?: { timeoutMs?: number }): Promise<void> }>();
  private closing: Promise<void> | null = null;

  /** Checks the options; nothing is connected before something is asked for. @throws ConfigError */
  constructor(options: ClientOptions<T>) {
    this.cluster = startCluster(resolveOptions(options));
  }

  /** A consumer; its options have Kafka's defaults. Close it by itself, or with this. @throws ConfigError */
  consumer(options?: ConsumerOptions): Consumer<T> {
    const consumer: Consumer<T> = new Consumer<T>(this.cluster, options, {
      onClosed: () => this.parts.delete(consumer),
    });
    this.parts.add(consumer);
    return consumer;
  }

  /** A client for administration. Close it by itself, or with this. */
  admin(): Admin {
    const admin: Admin = new Admin(this.cluster, { onClosed: () => this.parts.delete(admin) });
    this.parts.add(admin);
    return admin;
  }

  /** A producer; its options have Kafka's defaults. Close it by itself, or with this. @throws ConfigError */
  producer(options?: ProducerOptions): Producer<T> {
    const producer: Producer<T> = new Producer<T>(this.cluster, options, {
      onClosed: () => this.parts.delete(producer),
    });
    this.parts.add(producer);
    return producer;
  }

  /** What connections, producers and consumers count, named and grouped as Java's. */
  metrics(): Metric[] {
    return this.cluster.metrics.snapshot();
  }

  /**
   * Closes everything that was made from it, at the same time; nothing it opened is left. Each part ends what is under way within
   * `timeoutMs`, or within its own default. A second call waits for the first.
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.closing ??= this.closeParts(options);
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async closeParts(options: { readonly timeoutMs?: number }): Promise<void> {
    await Promise.allSettled(Array.from(this.parts, (part) => part.close(options)));
    await this.cluster.close();
  }
}
