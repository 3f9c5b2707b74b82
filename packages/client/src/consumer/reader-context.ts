// What the parts of one consumer's reading side share.

import type { Cluster } from "../network/cluster.ts";
import type { KafkaError } from "../errors.ts";
import type { ResolvedConsumerOptions } from "./consumer-options.ts";
import type { FetchMetrics } from "./fetch/fetch-metrics.ts";
import type { PartitionTable } from "./partition-table.ts";

export interface ReaderContext {
  readonly cluster: Cluster;
  readonly options: ResolvedConsumerOptions;
  readonly partitions: PartitionTable;
  readonly metrics: FetchMetrics;
  /** Requests that are answered at once; long polls have `${lane}-fetch`. */
  readonly lane: string;
  /** Something changed that could let work go on: records came, a position was found, a partition was resumed. */
  changed(): void;
  /** The next call of the application throws this. Partitions keep their own errors. */
  failed(error: KafkaError): void;
}
