// A producer's properties (ProducerConfig) to ProducerOptions.

import type { ProducerOptions } from "@ottla/client";
import { PropertyError, asBoolean, asNumber, asText, oneOf, only } from "./property-values.ts";
import type { PropertyTable, Reader } from "./property-values.ts";

const acks: Reader = (text, name) => {
  const word = text.trim().toLowerCase();
  if (word === "all" || word === "-1") return "all";
  if (word === "0" || word === "1") return Number(word);
  throw new PropertyError(`Invalid value ${text} for configuration ${name}: String must be one of: all, -1, 0, 1`);
};

const partitioner: Reader = (text, name) => {
  if (text.trim() === "org.apache.kafka.clients.producer.RoundRobinPartitioner") return "roundRobin";
  throw new PropertyError(`Invalid value ${text} for configuration ${name}: Class ${text} could not be found.`);
};

const serializer = only(
  "org.apache.kafka.common.serialization.bytearrayserializer",
  "org.apache.kafka.common.serialization.stringserializer",
);

const levels = ["compression.gzip.level", "compression.lz4.level", "compression.zstd.level"] as const;

export const producerTable: PropertyTable = {
  acks: ["acks", acks],
  "enable.idempotence": ["idempotent", asBoolean],
  "transactional.id": ["transactionalId", asText],
  "transaction.timeout.ms": ["transactionTimeoutMs", asNumber],
  "batch.size": ["batchSizeBytes", asNumber],
  "linger.ms": ["lingerMs", asNumber],
  "max.in.flight.requests.per.connection": ["maxInFlight", asNumber],
  "delivery.timeout.ms": ["deliveryTimeoutMs", asNumber],
  retries: ["retries", asNumber],
  "request.timeout.ms": ["requestTimeoutMs", asNumber],
  "max.request.size": ["maxRequestBytes", asNumber],
  "buffer.memory": ["bufferMemoryBytes", asNumber],
  "max.block.ms": ["maxBlockMs", asNumber],
  "compression.type": ["compression", oneOf("none", "gzip", "snappy", "lz4", "zstd")],
  "compression.gzip.level": ["gzip", asNumber],
  "compression.lz4.level": ["lz4", asNumber],
  "compression.zstd.level": ["zstd", asNumber],
  "partitioner.class": ["partitioner", partitioner],
  "partitioner.ignore.keys": ["ignoreKeys", asBoolean],
  "partitioner.adaptive.partitioning.enable": ["adaptivePartitioning", asBoolean],
  "partitioner.availability.timeout.ms": ["partitionerAvailabilityTimeoutMs", asNumber],
  "key.serializer": [null, serializer],
  "value.serializer": [null, serializer],
};

/** What was read with the table, as a producer takes it: of the codecs' levels only that of the codec in use. */
export function producerOptions(read: Readonly<Record<string, unknown>>): ProducerOptions {
  const levelNames = levels.map((name) => producerTable[name]![0]!);
  const options = Object.fromEntries(Object.entries(read).filter(([name]) => !levelNames.includes(name)));
  const codec = read["compression"] ?? "none";
  const level = levelNames.includes(codec as string) ? read[codec as string] : undefined;
  // Kafka takes an explicit false of acks other than all for granted; so does the client.
  return { ...options, ...(level === undefined ? {} : { compressionLevel: level }) } as ProducerOptions;
}
