// What producer, consumer and admin see of the network: requests to a broker, to a leader's node, to a coordinator, and the metadata.
// The implementation is cluster-connection.ts; tests of the parts above use the real one against a broker, or a small fake.

import type { Clock, Logger, Random } from "@ottla/base";
import type { Api } from "@ottla/protocol";
import type { KafkaError } from "../errors.ts";
import type { ResolvedClientOptions } from "../options.ts";
import type { MetricRegistry } from "../metrics.ts";

export interface RequestOptions {
  /**
   * Connections to one broker are told apart by lane: requests of one lane share a connection and are answered in order. A consumer's
   * long polls have their own lane, so that nothing waits behind them. Default "shared".
   */
  readonly lane?: string;
  /** Default `requestTimeoutMs`. The connection is closed when it passes, as nothing behind it could be told apart from late answers. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** The highest version to use, though both sides know higher ones. */
  readonly maxVersion?: number;
  /** acks=0: resolves (with undefined) when the bytes are handed to the socket. */
  readonly noResponse?: boolean;
}

/** A request's fields, or what makes them when they depend on the version that both sides know. */
export type RequestBody<RequestInput> = RequestInput | ((version: number) => RequestInput);

/** An API of which only key and versions matter. */
export type AnyApi = Api<unknown, unknown, never, never>;

export interface BrokerNode {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

export interface PartitionMetadata {
  readonly partition: number;
  /** -1 when there is none at the moment. */
  readonly leaderId: number;
  /** -1 when unknown. Never goes back (KIP-320). */
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly offlineReplicas: readonly number[];
}

export interface TopicMetadata {
  readonly name: string;
  /** ZERO_UUID when the broker does not tell. */
  readonly topicId: string;
  readonly isInternal: boolean;
  /** By partition number, dense. */
  readonly partitions: readonly PartitionMetadata[];
}

/** What the client knows of the cluster; replaced as a whole, never changed. */
export interface MetadataView {
  readonly clusterId: string | null;
  readonly controllerId: number;
  readonly brokers: ReadonlyMap<number, BrokerNode>;
  readonly topics: ReadonlyMap<string, TopicMetadata>;
  /** Errors of topics that were asked for, such as TOPIC_AUTHORIZATION_FAILED or INVALID_TOPIC_EXCEPTION. */
  readonly topicErrors: ReadonlyMap<string, number>;
  /** Topic names by id, for answers that name topics by id. */
  readonly topicNames: ReadonlyMap<string, string>;
  /** Rises with every update. */
  readonly updates: number;
}

export type CoordinatorKind = "group" | "transaction";

export interface MetadataWaitOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Default: the client's `allowAutoTopicCreation` for a topic that is named, false for a refresh of all. */
  readonly allowAutoTopicCreation?: boolean;
  /** Told of each attempt that failed, while it is tried again. */
  readonly onFailure?: (error: KafkaError) => void;
}

export interface Cluster {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly options: ResolvedClientOptions;
  readonly metrics: MetricRegistry;

  /**
   * One request, one answer, no retry. `nodeId` null means any broker (the least loaded; bootstrap addresses when none is known).
   * Error codes inside the answer are the caller's business.
   * @throws ConnectionError, TimeoutError, AbortedError, AuthenticationError, ClosedError, BrokerError UNSUPPORTED_VERSION
   */
  send<Response, RequestInput>(
    nodeId: number | null,
    api: Api<unknown, Response, RequestInput, never>,
    body: RequestBody<NoInfer<RequestInput>>,
    options?: RequestOptions,
  ): Promise<Response>;

  /** The highest version of the API that both sides know, or -1; connects when it is not known yet. */
  versionOf(nodeId: number | null, api: AnyApi, options?: RequestOptions): Promise<number>;

  readonly metadata: MetadataView;
  /** Called after each update. Returns what ends it. */
  onMetadata(listener: (view: MetadataView) => void): () => void;
  /** Topics of interest are kept in every refresh; "all" for patterns. Returns what takes the interest back. */
  interest(topics: readonly string[] | "all"): () => void;
  /** Resolves when the next update came. Calls within one backoff share one request. @throws the reason, after retries within timeoutMs */
  refreshMetadata(options?: MetadataWaitOptions): Promise<MetadataView>;
  /** The topic's metadata, asked for (with retries on retriable errors) when unknown. @throws BrokerError, TimeoutError */
  topicMetadata(topic: string, options?: MetadataWaitOptions): Promise<TopicMetadata>;
  /** Tells that a newer leader epoch was seen; asks for metadata when ours is older. */
  noteLeaderEpoch(topic: string, partition: number, leaderEpoch: number): void;
  /** New leaders told by a Produce or Fetch answer (KIP-951). */
  applyLeaders(
    leaders: readonly { topic: string; partition: number; leaderId: number; leaderEpoch: number }[],
    nodes: readonly BrokerNode[],
  ): void;

  /** Node id of the coordinator, remembered until `forgetCoordinator`. Retries while it is not available. */
  coordinator(kind: CoordinatorKind, key: string, options?: RequestOptions): Promise<number>;
  forgetCoordinator(kind: CoordinatorKind, key: string): void;
  /** Node id to send controller requests to: any broker forwards them with KRaft; the controller of the metadata otherwise. */
  controller(options?: RequestOptions): Promise<number>;

  /** Delay before attempt number `attempt` (0 for the first retry): retryBackoffMs doubled each time up to retryBackoffMaxMs, 20 % jitter (KIP-580). */
  backoffMs(attempt: number): number;
  /** Waits, but not longer than the signal allows. @throws AbortedError */
  delay(ms: number, signal?: AbortSignal): Promise<void>;

  /** Closes a lane's connections, as a consumer does when it is closed. */
  closeLane(lane: string): void;
  close(): Promise<void>;
}
