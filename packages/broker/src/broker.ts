// What handlers see of a running broker: the image, the partitions here, the waiting fetches, and who to tell clients to talk to.
// It decides nothing itself; the controller changes the image, the publisher keeps the replicas equal to it.

import type { Clock, Logger } from "@ottla/base";
import { configResource, refuseTopicName, topicConfigValue } from "@ottla/metadata";
import type {
  BrokerConfig,
  BrokerImage,
  ControllerApi,
  MetadataImage,
  NodeListeners,
  TopicImage,
} from "@ottla/metadata";
import type { Connection } from "@ottla/net";
import { errorCodes } from "@ottla/protocol";
import type { LogDirectory } from "@ottla/storage";
import type { GroupCoordinator } from "./coordinators/group-coordinator.ts";
import { INTERNAL_TOPICS } from "./coordinators/internal-topics.ts";
import type { ShareStateTopic } from "./coordinators/share-state-topic.ts";
import type { TransactionCoordinator } from "./coordinators/transaction-coordinator.ts";
import { TransactionVerification } from "./coordinators/transaction-verification.ts";
import type { FetchPurgatory } from "./fetch/purgatory.ts";
import type { FetchSessionCache } from "./fetch/session.ts";
import type { RequestInterceptor } from "./interceptor.ts";
import { MissingPartitions } from "./missing-partitions.ts";
import type { ProducerIds } from "./producer-ids.ts";
import type { Replicas } from "./replicas.ts";
import { Counters } from "./metrics.ts";
import { describeFeatures } from "./features.ts";
import type { FeaturesView } from "./features.ts";

export interface BrokerParts {
  readonly nodeId: number;
  readonly clusterId: string;
  readonly config: BrokerConfig;
  readonly listeners: NodeListeners;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly controller: ControllerApi;
  readonly logDirectory: LogDirectory;
  readonly replicas: Replicas;
  readonly purgatory: FetchPurgatory;
  readonly fetchSessions: FetchSessionCache;
  readonly producerIds: ProducerIds;
  /** The API keys that have a handler. */
  readonly servedKeys: readonly number[];
  readonly interceptor: RequestInterceptor | null;
}

/** A broker as one client is told to reach it. */
export interface ClientEndpoint {
  nodeId: number;
  host: string;
  port: number;
  rack: string | null;
  isFenced: boolean;
}

export class Broker {
  readonly nodeId: number;
  readonly clusterId: string;
  readonly listeners: NodeListeners;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly controller: ControllerApi;
  readonly logDirectory: LogDirectory;
  readonly replicas: Replicas;
  readonly purgatory: FetchPurgatory;
  readonly fetchSessions: FetchSessionCache;
  readonly producerIds: ProducerIds;
  readonly servedKeys: readonly number[];
  /** Stands between the network and the handlers; null where nothing does. */
  readonly interceptor: RequestInterceptor | null;
  readonly counters = new Counters();
  readonly missingPartitions: MissingPartitions;
  /** The image that is being published, or was published last. Coordinators follow it; clients are told of it once it is published. */
  newestImage: MetadataImage;
  /** The group coordinator; `startNode` sets it before the first request. */
  groups: GroupCoordinator = undefined!;
  /** The transaction coordinator; `startNode` sets it before the first request. */
  transactions: TransactionCoordinator = undefined!;
  /** Where share partitions keep their state; `startNode` sets it before the first request. */
  shareState: ShareStateTopic = undefined!;
  readonly transactionVerification = new TransactionVerification(this);
  /** How many connections are open now; the listeners set it. */
  openConnections: () => number = () => 0;
  private currentConfig: BrokerConfig;
  // Derived from configs, which change seldom; emptied when they do.
  private readonly minInsync = new Map<string, number>();

  constructor(parts: BrokerParts) {
    this.nodeId = parts.nodeId;
    this.clusterId = parts.clusterId;
    this.listeners = parts.listeners;
    this.clock = parts.clock;
    this.logger = parts.logger;
    this.controller = parts.controller;
    this.logDirectory = parts.logDirectory;
    this.replicas = parts.replicas;
    this.purgatory = parts.purgatory;
    this.fetchSessions = parts.fetchSessions;
    this.producerIds = parts.producerIds;
    this.servedKeys = parts.servedKeys;
    this.interceptor = parts.interceptor;
    this.missingPartitions = new MissingPartitions(parts);
    this.currentConfig = parts.config;
    this.newestImage = parts.controller.image();
  }

  /** The configs in force now. */
  get config(): BrokerConfig {
    return this.currentConfig;
  }

  /** Takes over configs that were altered while running. */
  configsChanged(config: BrokerConfig): void {
    this.currentConfig = config;
    this.minInsync.clear();
  }

  image(): MetadataImage {
    return this.controller.image();
  }

  topic(name: string): TopicImage | undefined {
    return this.image().topic(name);
  }

  topicById(id: string): TopicImage | undefined {
    return this.image().topicById(id);
  }

  topics(): Iterable<TopicImage> {
    return this.image().topics();
  }

  isInternalTopic(name: string): boolean {
    return INTERNAL_TOPICS.has(name);
  }

  /** Why a topic that is not there is not there. */
  missingTopicError(name: string): number {
    return refuseTopicName(name) === null ? errorCodes.UNKNOWN_TOPIC_OR_PARTITION : errorCodes.INVALID_TOPIC_EXCEPTION;
  }

  /** Whether a broker is registered and not fenced. */
  isAlive(brokerId: number): boolean {
    const broker = this.image().broker(brokerId);
    return broker !== undefined && !broker.fenced;
  }

  minInsyncReplicas(topic: string): number {
    let count = this.minInsync.get(topic);
    if (count === undefined) {
      count = topicConfigValue(
        "min.insync.replicas",
        this.image().configs(configResource.TOPIC, topic),
        this.currentConfig,
      );
      this.minInsync.set(topic, count);
    }
    return count;
  }

  /** The brokers that this client can reach over the listener it came by. */
  endpoints(connection: Connection, includeFenced = false): ClientEndpoint[] {
    const endpoints: ClientEndpoint[] = [];
    for (const broker of this.image().brokers()) {
      if (broker.fenced && !includeFenced) continue;
      const endpoint = this.clientEndpoint(broker, connection);
      if (endpoint !== null) endpoints.push(endpoint);
    }
    return endpoints;
  }

  endpointOf(brokerId: number, connection: Connection): ClientEndpoint | null {
    const broker = this.image().broker(brokerId);
    return broker === undefined ? null : this.clientEndpoint(broker, connection);
  }

  /** Clients send admin requests to this id. Kafka names any live broker, as brokers forward to the controller. */
  controllerIdForClients(): number {
    return this.nodeId;
  }

  features(): FeaturesView {
    return describeFeatures(this.image());
  }

  // Without advertised.listeners, this broker is where the client already reached it: right behind any name or address.
  private clientEndpoint(broker: BrokerImage, connection: Connection): ClientEndpoint | null {
    const common = { nodeId: broker.id, rack: broker.rack, isFenced: broker.fenced };
    if (broker.id === this.nodeId) {
      const advertised = this.listeners.advertised?.get(connection.listenerName);
      if (advertised !== undefined) return { ...common, host: advertised.host, port: advertised.port };
      return { ...common, host: plainAddress(connection.localAddress), port: connection.localPort };
    }
    const endPoint = broker.endPoints.find(({ name }) => name === connection.listenerName);
    return endPoint === undefined ? null : { ...common, host: endPoint.host, port: endPoint.port };
  }
}

// A dual-stack socket shows IPv4 clients as ::ffff:1.2.3.4.
function plainAddress(address: string): string {
  return address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
}
