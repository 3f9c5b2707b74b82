// What the controller offers to the broker. Each method decides, appends to the metadata log, replays, publishes, and only then answers:
// when createTopics resolves, every publisher has seen the topic (the broker's has created its logs).
// A method rejects only when the metadata log failed; refusals are error codes in the responses.

import type { AlterConfigsRequest, AlterConfigsResponse } from "@ottla/protocol/messages/33-alter-configs.ts";
import type { BrokerRegistrationRequest } from "@ottla/protocol/messages/62-broker-registration.ts";
import type {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
} from "@ottla/protocol/messages/37-create-partitions.ts";
import type { CreateTopicsRequest, CreateTopicsResponse } from "@ottla/protocol/messages/19-create-topics.ts";
import type { DeleteTopicsRequest, DeleteTopicsResponse } from "@ottla/protocol/messages/20-delete-topics.ts";
import type {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from "@ottla/protocol/messages/44-incremental-alter-configs.ts";
import type { MetadataDelta } from "../image/delta.ts";
import type { MetadataImage } from "../image/metadata-image.ts";

/** Called with every committed change, in order; the next change waits until the promise resolves. */
export type Publisher = (delta: MetadataDelta, image: MetadataImage) => void | Promise<void>;

export interface ControllerApi {
  /** The newest image that all publishers have seen. */
  image(): MetadataImage;
  /** Later publishers come after earlier ones. */
  subscribe(publisher: Publisher): void;

  /** CreateTopics of all versions; topics of a request are decided in one go. Answers v7's shape. */
  createTopics(request: CreateTopicsRequest): Promise<CreateTopicsResponse>;
  /** DeleteTopics by name and by id; `topicNames` of v0-5 is folded into `topics` by the handler. */
  deleteTopics(request: DeleteTopicsRequest): Promise<DeleteTopicsResponse>;
  createPartitions(request: CreatePartitionsRequest): Promise<CreatePartitionsResponse>;
  incrementalAlterConfigs(request: IncrementalAlterConfigsRequest): Promise<IncrementalAlterConfigsResponse>;
  /** The older AlterConfigs, which replaces all configs of a resource. */
  alterConfigs(request: AlterConfigsRequest): Promise<AlterConfigsResponse>;

  /** Registers a broker, fenced. A registration with a new incarnation ends the former one. */
  registerBroker(request: BrokerRegistrationRequest): Promise<RegistrationResult>;
  /** Lets a registered broker lead: it becomes leader of the partitions that wait for it. */
  unfenceBroker(broker: RegisteredBroker): Promise<ErrorResult>;
  /** The broker is about to stop: leadership moves away where another replica is in sync, then the broker is fenced. */
  stopBroker(broker: RegisteredBroker): Promise<ErrorResult>;
  /** A block of producer ids that nobody had before. */
  allocateProducerIds(broker: RegisteredBroker): Promise<ProducerIdsResult>;

  /** Finishes what was accepted, writes a last snapshot when one is due, and closes the metadata log. */
  close(): Promise<void>;
}

/** A broker as it knows itself after registration. */
export interface RegisteredBroker {
  readonly brokerId: number;
  readonly brokerEpoch: number;
}

export interface ErrorResult {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

export interface RegistrationResult extends ErrorResult {
  /** -1 after an error. */
  readonly brokerEpoch: number;
}

export interface ProducerIdsResult extends ErrorResult {
  readonly firstProducerId: number;
  readonly count: number;
}
