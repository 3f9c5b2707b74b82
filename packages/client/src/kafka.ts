// The root of the client: one cluster's options, metadata and connections, and the producers, consumers and admins made from them.
// They share metadata; each has connections of its own where waiting would hold up the others. Closing it closes them all.

import type { Metric } from "./metrics.ts";
import { startCluster } from "./network/cluster-connection.ts";
import type { Cluster } from "./network/cluster.ts";
import { resolveOptions } from "./options.ts";
import type { ClientOptions } from "./options.ts";
import type { Topics } from "./records.ts";

export class Kafka<T extends Topics = {}> {
  private readonly cluster: Cluster;

  /** Checks the options; nothing is connected before something is asked for. @throws ConfigError */
  constructor(options: ClientOptions<T>) {
    this.cluster = startCluster(resolveOptions(options));
  }

  /** What connections, producers and consumers count, named and grouped as Java's. */
  metrics(): Metric[] {
    return this.cluster.metrics.snapshot();
  }

  /** Closes everything that was made from it; nothing it opened is left. A second call waits for the first. */
  close(): Promise<void> {
    return this.cluster.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
