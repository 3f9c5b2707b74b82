// Every option of the client beside the keys of Kafka's configuration that it stands for. Options that are not in these tables are refused,
// as a word that is passed over looks like one that works. docs/reference/client.md has the same tables, with the test of each row.

import type { ConsumerOptions } from "./consumer/consumer-options.ts";
import { ConfigError } from "./errors.ts";
import type { ClientOptions } from "./options.ts";
import type { ProducerOptions } from "./producer/producer-options.ts";

/** Kafka's keys by option; none for what only this client has. */
export type OptionNames<Options> = Readonly<Record<keyof Options, readonly string[]>>;

export const clientOptionNames: OptionNames<ClientOptions> = {
  bootstrapServers: ["bootstrap.servers", "bootstrap.controllers"],
  clientId: ["client.id"],
  topics: ["key.serializer", "value.serializer", "key.deserializer", "value.deserializer"],
  tls: [
    "security.protocol",
    "ssl.cipher.suites",
    "ssl.enabled.protocols",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.password",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.protocol",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
  ],
  sasl: ["sasl.jaas.config", "sasl.login.callback.handler.class", "sasl.mechanism"],
  requestTimeoutMs: ["request.timeout.ms"],
  defaultApiTimeoutMs: ["default.api.timeout.ms"],
  retryBackoffMs: ["retry.backoff.ms"],
  retryBackoffMaxMs: ["retry.backoff.max.ms"],
  reconnectBackoffMs: ["reconnect.backoff.ms"],
  reconnectBackoffMaxMs: ["reconnect.backoff.max.ms"],
  connectTimeoutMs: ["socket.connection.setup.timeout.ms"],
  connectTimeoutMaxMs: ["socket.connection.setup.timeout.max.ms"],
  connectionsMaxIdleMs: ["connections.max.idle.ms"],
  metadataMaxAgeMs: ["metadata.max.age.ms"],
  metadataMaxIdleMs: ["metadata.max.idle.ms"],
  metadataRecoveryStrategy: ["metadata.recovery.strategy"],
  metadataRecoveryRebootstrapTriggerMs: ["metadata.recovery.rebootstrap.trigger.ms"],
  allowAutoTopicCreation: ["allow.auto.create.topics"],
  maxResponseBytes: [],
  rack: ["client.rack"],
  logger: [],
};

export const producerOptionNames: OptionNames<ProducerOptions> = {
  acks: ["acks"],
  idempotent: ["enable.idempotence"],
  transactionalId: ["transactional.id"],
  transactionTimeoutMs: ["transaction.timeout.ms"],
  batchSizeBytes: ["batch.size"],
  maxBatchBytes: [],
  lingerMs: ["linger.ms"],
  maxInFlight: ["max.in.flight.requests.per.connection"],
  deliveryTimeoutMs: ["delivery.timeout.ms"],
  retries: ["retries"],
  requestTimeoutMs: ["request.timeout.ms"],
  maxRequestBytes: ["max.request.size"],
  bufferMemoryBytes: ["buffer.memory"],
  maxBlockMs: ["max.block.ms"],
  compression: ["compression.type"],
  compressionLevel: ["compression.gzip.level", "compression.lz4.level", "compression.zstd.level"],
  partitioner: ["partitioner.class"],
  ignoreKeys: ["partitioner.ignore.keys"],
  adaptivePartitioning: ["partitioner.adaptive.partitioning.enable"],
  partitionerAvailabilityTimeoutMs: ["partitioner.availability.timeout.ms"],
  interceptors: ["interceptor.classes"],
};

export const consumerOptionNames: OptionNames<ConsumerOptions> = {
  groupId: ["group.id"],
  groupProtocol: ["group.protocol"],
  groupInstanceId: ["group.instance.id"],
  sessionTimeoutMs: ["session.timeout.ms"],
  heartbeatIntervalMs: ["heartbeat.interval.ms"],
  maxPollIntervalMs: ["max.poll.interval.ms"],
  partitionAssignors: ["partition.assignment.strategy"],
  groupRemoteAssignor: ["group.remote.assignor"],
  fetchMinBytes: ["fetch.min.bytes"],
  fetchMaxBytes: ["fetch.max.bytes"],
  maxPartitionFetchBytes: ["max.partition.fetch.bytes"],
  fetchMaxWaitMs: ["fetch.max.wait.ms"],
  prefetchBytes: [],
  maxPollRecords: ["max.poll.records"],
  isolationLevel: ["isolation.level"],
  checkCrcs: ["check.crcs"],
  maxDecompressedBatchBytes: [],
  autoOffsetReset: ["auto.offset.reset"],
  clientRack: ["client.rack"],
  excludeInternalTopics: ["exclude.internal.topics"],
  defaultApiTimeoutMs: ["default.api.timeout.ms"],
  commit: ["enable.auto.commit"],
  autoCommitIntervalMs: ["auto.commit.interval.ms"],
  onDeserializationError: [],
  onAssigned: [],
  onRevoked: [],
  onLost: [],
};

/** @throws ConfigError for an option that is none; it says what to write for a key of Kafka's, and where an option belongs */
export function refuseUnknownOptions(of: keyof typeof tables, options: object): void {
  const own = tables[of];
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(own, name)) throw new ConfigError(`a ${of} has no option ${name}${hint(of, name)}`);
  }
}

const tables = {
  client: clientOptionNames,
  producer: producerOptionNames,
  consumer: consumerOptionNames,
} as const;

function hint(of: keyof typeof tables, name: string): string {
  const places = [of, "client", "producer", "consumer"] as const;
  for (const place of places) {
    const table: Readonly<Record<string, readonly string[]>> = tables[place];
    const option = Object.hasOwn(table, name) ? name : Object.keys(table).find((each) => table[each]!.includes(name));
    if (option !== undefined) return place === of ? `; it is ${option}` : `; it is ${option} of the ${place}`;
  }
  return "";
}
