// What kafkajs says to a broker: admin calls, producing (plain, gzip, idempotent, in a transaction), a consumer group.

import kafkajs from "kafkajs";

const topic = "captured-by-kafkajs";

/** Runs kafkajs's admin, producers and a consumer once through against `bootstrap`. */
export async function runKafkajs(bootstrap: string): Promise<void> {
  const kafka = new kafkajs.Kafka({
    clientId: "kafkajs",
    brokers: [bootstrap],
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  await createAndDescribe(admin);
  await produce(kafka);
  await consume(kafka);
  await inspectAndDelete(admin);
  await admin.disconnect();
}

async function createAndDescribe(admin: kafkajs.Admin): Promise<void> {
  const configEntries = [{ name: "retention.ms", value: "3600000" }];
  await admin.createTopics({ topics: [{ topic, numPartitions: 2, configEntries }] });
  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
  await admin.listTopics();
  await admin.fetchTopicMetadata({ topics: [topic] });
  await admin.describeCluster();
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  await admin.describeConfigs({ includeSynonyms: true, resources: [{ type, name: topic }] });
  await admin.alterConfigs({ validateOnly: false, resources: [{ type, name: topic, configEntries }] });
}

async function produce(kafka: kafkajs.Kafka): Promise<void> {
  const messages = Array.from({ length: 12 }, (_, index) => ({
    key: `key-${index}`,
    value: index % 4 === 3 ? null : `the value of record ${index}`,
    headers: { origin: "kafkajs", many: ["a", "b"] },
  }));
  const plain = kafka.producer();
  await plain.connect();
  await plain.send({ topic, messages });
  await plain.send({ topic, messages, compression: kafkajs.CompressionTypes.GZIP });
  await plain.send({ topic, messages: messages.slice(0, 1), acks: 1 });
  await plain.disconnect();
  const transactional = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    transactionalId: "kafkajs-transaction",
  });
  await transactional.connect();
  const committed = await transactional.transaction();
  await committed.send({ topic, messages });
  await committed.sendOffsets({
    consumerGroupId: "kafkajs-other-group",
    topics: [{ topic, partitions: [{ partition: 0, offset: "1" }] }],
  });
  await committed.commit();
  const aborted = await transactional.transaction();
  await aborted.send({ topic, messages });
  await aborted.abort();
  await transactional.disconnect();
}

async function consume(kafka: kafkajs.Kafka): Promise<void> {
  const consumer = kafka.consumer({ groupId: "kafkajs-group", sessionTimeout: 10_000, heartbeatInterval: 200 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const { promise, resolve } = Promise.withResolvers<void>();
  let seen = 0;
  await consumer.run({
    eachMessage: async () => {
      seen += 1;
      if (seen === 30) setTimeout(resolve, 500); // Some heartbeats go by.
    },
  });
  await promise;
  await consumer.disconnect();
}

async function inspectAndDelete(admin: kafkajs.Admin): Promise<void> {
  await admin.listGroups();
  await admin.describeGroups(["kafkajs-group"]);
  await admin.fetchOffsets({ groupId: "kafkajs-group", topics: [topic] });
  await admin.fetchTopicOffsets(topic);
  await admin.fetchTopicOffsetsByTimestamp(topic, 1_700_000_000_000);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "2" }] });
  await admin.deleteGroups(["kafkajs-group"]);
  await admin.listPartitionReassignments({ topics: [{ topic, partitions: [0] }] });
  await admin.deleteTopics({ topics: [topic] });
}
