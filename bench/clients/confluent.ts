// @confluentinc/kafka-javascript over librdkafka, its native addon compiled with optimisation by run.ts, which tells where.

import { createRequire } from "node:module";
import { join } from "node:path";
import type { BenchClient } from "./bench-client.ts";

interface ConfluentProducer {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  send(record: { topic: string; messages: { value: Buffer }[] }): Promise<unknown>;
}

interface ConfluentConsumer {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  subscribe(options: { topics: string[] }): Promise<void>;
  run(options: { eachBatch: (payload: { batch: { messages: { value: Buffer }[] } }) => Promise<void> }): Promise<void>;
}

interface ConfluentKafka {
  producer(config: object): ConfluentProducer;
  consumer(config: object): ConfluentConsumer;
}

function kafka(bootstrap: string): ConfluentKafka {
  const require = createRequire(join(process.env.CONFLUENT_FOLDER ?? ".", "bench.mjs"));
  const { KafkaJS } = require("@confluentinc/kafka-javascript") as {
    KafkaJS: { Kafka: new (config: object) => ConfluentKafka };
  };
  return new KafkaJS.Kafka({ "bootstrap.servers": bootstrap, log_level: 0 });
}

export const client: BenchClient = {
  note: null,
  async producer({ bootstrap, topic }) {
    const producer = kafka(bootstrap).producer({ "enable.idempotence": true, acks: -1 });
    await producer.connect();
    return {
      send: (value) => producer.send({ topic, messages: [{ value }] }),
      sendAll: (values) => producer.send({ topic, messages: values.map((value) => ({ value })) }),
      close: () => producer.disconnect(),
    };
  },
  async consumer({ bootstrap, topic, group }, onRecords) {
    const consumer = kafka(bootstrap).consumer({
      "group.id": group,
      "auto.offset.reset": "earliest",
      "check.crcs": true,
      "max.partition.fetch.bytes": 1_048_576,
      "fetch.wait.max.ms": 100,
      "js.consumer.max.batch.size": -1,
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic] });
    await consumer.run({
      eachBatch: ({ batch }) => {
        onRecords(batch.messages.length, batch.messages.at(-1)!.value);
        return Promise.resolve();
      },
    });
    return { close: () => consumer.disconnect() };
  },
};
