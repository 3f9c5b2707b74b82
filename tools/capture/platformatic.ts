// What @platformatic/kafka says to a broker: admin calls, producing with each compression, a transaction, a classic and a KIP-848 group.

import {
  Admin,
  ConfigResourceTypes,
  Consumer,
  IncrementalAlterConfigOperationTypes,
  Producer,
  stringDeserializers,
  stringSerializers,
} from "@platformatic/kafka";

const topic = "captured-by-platformatic";
const messages = Array.from({ length: 12 }, (_, index) => ({
  topic,
  key: `key-${index}`,
  value: `the value of record ${index}`,
  headers: { origin: "platformatic" },
}));

/** Runs the library's admin, producers and consumers once through against `bootstrap`. */
export async function runPlatformatic(bootstrap: string): Promise<void> {
  const bootstrapBrokers = [bootstrap];
  const admin = new Admin({ clientId: "platformatic", bootstrapBrokers });
  await createAndDescribe(admin);
  await produce(bootstrapBrokers);
  await consume(bootstrapBrokers, "classic");
  await consume(bootstrapBrokers, "consumer");
  await inspectAndDelete(admin);
  await admin.close();
}

async function createAndDescribe(admin: Admin): Promise<void> {
  await admin.createTopics({ topics: [topic], partitions: 2, configs: [{ name: "retention.ms", value: "3600000" }] });
  await admin.createPartitions({ topics: [{ name: topic, count: 3 }], validateOnly: false });
  await admin.listTopics();
  await admin.metadata({ topics: [topic] });
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic };
  await admin.describeConfigs({ resources: [resource], includeSynonyms: true, includeDocumentation: false });
  const change = { name: "retention.ms", value: "7200000", configOperation: IncrementalAlterConfigOperationTypes.SET };
  await admin.incrementalAlterConfigs({ resources: [{ ...resource, configs: [change] }], validateOnly: false });
  await admin.describeLogDirs({ topics: [{ name: topic, partitions: [0, 1] }] });
}

async function produce(bootstrapBrokers: string[]): Promise<void> {
  const base = { clientId: "platformatic", bootstrapBrokers, serializers: stringSerializers };
  const producer = new Producer(base);
  for (const compression of ["none", "gzip", "snappy", "lz4", "zstd"] as const) {
    await producer.send({ messages, compression });
  }
  await producer.send({ messages: messages.slice(0, 2), acks: 0 });
  await producer.close();
  const transactional = new Producer({ ...base, idempotent: true, transactionalId: "platformatic-transaction" });
  const committed = await transactional.beginTransaction();
  await committed.send({ messages });
  await committed.commit();
  const aborted = await transactional.beginTransaction();
  await aborted.send({ messages });
  await aborted.abort();
  await transactional.close();
}

async function consume(bootstrapBrokers: string[], groupProtocol: "classic" | "consumer"): Promise<void> {
  const consumer = new Consumer({
    clientId: "platformatic",
    bootstrapBrokers,
    groupId: `platformatic-${groupProtocol}-group`,
    deserializers: stringDeserializers,
    groupProtocol,
    ...(groupProtocol === "classic" ? { sessionTimeout: 10_000, heartbeatInterval: 200 } : {}),
  });
  const stream = await consumer.consume({ topics: [topic], mode: "earliest", autocommit: false });
  let seen = 0;
  for await (const record of stream) {
    seen += 1;
    if (seen === 20) await record.commit();
    if (seen === 30) break;
  }
  await consumer.listOffsets({ topics: [topic] });
  await consumer.listCommittedOffsets({ topics: [{ topic, partitions: [0, 1, 2] }] });
  await consumer.close(true);
}

async function inspectAndDelete(admin: Admin): Promise<void> {
  const group = "platformatic-classic-group";
  await admin.listGroups();
  await admin.describeGroups({ groups: [group, "platformatic-consumer-group"] });
  await admin.listConsumerGroupOffsets({ groups: [group] });
  await admin.listOffsets({ topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1n }] }] });
  await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 2n }] }] });
  await admin.describeClientQuotas({ components: [{ entityType: "client-id", matchType: 0, match: "x" }] });
  await admin.deleteGroups({ groups: [group] });
  await admin.deleteTopics({ topics: [topic] });
}
