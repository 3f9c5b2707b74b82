// A consumer's properties (ConsumerConfig) to ConsumerOptions.

import type { ConsumerOptions } from "@ottla/client";
import { PropertyError, asBoolean, asNumber, asText, oneOf, only } from "./property-values.ts";
import type { PropertyTable, Reader } from "./property-values.ts";

const word: Reader = (text) => text.trim().toLowerCase();

const assignorClasses: Readonly<Record<string, string>> = {
  RangeAssignor: "range",
  RoundRobinAssignor: "roundrobin",
  StickyAssignor: "sticky",
  CooperativeStickyAssignor: "cooperative-sticky",
};

/** Kafka's assignors by their classes. */
const assignors: Reader = (text, name) =>
  text.split(",").map((each) => {
    const className = each.trim();
    const [, known] = /^(?:class )?org\.apache\.kafka\.clients\.consumer\.(\w+)$/.exec(className) ?? [];
    if (known !== undefined && Object.hasOwn(assignorClasses, known)) return assignorClasses[known];
    throw new PropertyError(
      `Invalid value ${className} for configuration ${name}: Class ${className} could not be found.`,
    );
  });

const deserializer = only(
  "org.apache.kafka.common.serialization.bytearraydeserializer",
  "org.apache.kafka.common.serialization.stringdeserializer",
);

export const consumerTable: PropertyTable = {
  "group.id": ["groupId", asText],
  "group.protocol": ["groupProtocol", word],
  "group.instance.id": ["groupInstanceId", asText],
  "group.remote.assignor": ["groupRemoteAssignor", asText],
  "session.timeout.ms": ["sessionTimeoutMs", asNumber],
  "heartbeat.interval.ms": ["heartbeatIntervalMs", asNumber],
  "max.poll.interval.ms": ["maxPollIntervalMs", asNumber],
  "max.poll.records": ["maxPollRecords", asNumber],
  "partition.assignment.strategy": ["partitionAssignors", assignors],
  "fetch.min.bytes": ["fetchMinBytes", asNumber],
  "fetch.max.bytes": ["fetchMaxBytes", asNumber],
  "fetch.max.wait.ms": ["fetchMaxWaitMs", asNumber],
  "max.partition.fetch.bytes": ["maxPartitionFetchBytes", asNumber],
  "isolation.level": ["isolationLevel", oneOf("read_committed", "read_uncommitted")],
  "check.crcs": ["checkCrcs", asBoolean],
  "auto.offset.reset": ["autoOffsetReset", asText],
  "enable.auto.commit": ["autoCommit", asBoolean],
  "auto.commit.interval.ms": ["autoCommitIntervalMs", asNumber],
  "exclude.internal.topics": ["excludeInternalTopics", asBoolean],
  "key.deserializer": [null, deserializer],
  "value.deserializer": [null, deserializer],
};

/** What was read with the table, as a consumer takes it. Records are committed once they are processed, never before. */
export function consumerOptions(read: Readonly<Record<string, unknown>>): ConsumerOptions {
  const { autoCommit, ...options } = read;
  const commit = autoCommit === false ? "manual" : "afterProcessing";
  // As Java's: all records, unless somebody asks for committed ones.
  return { isolationLevel: "read_uncommitted", ...(options as ConsumerOptions), commit };
}
