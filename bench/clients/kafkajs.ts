// kafkajs, the client that most Node programs have. It has no accumulator: each send is a request.

import { Kafka, logLevel } from "kafkajs";
import type { BenchClient } from "./bench-client.ts";

export const client: BenchClient = {
  note: null,
  async producer({ bootstrap, topic }) {
    const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    return {
      send: (value) => producer.send({ topic, acks: -1, messages: [{ value }] }),
      sendAll: (values) => producer.send({ topic, acks: -1, messages: values.map((value) => ({ value })) }),
      close: () => producer.disconnect(),
    };
  },
  async consumer({ bootstrap, topic, group }, onRecords) {
    const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
    const consumer = kafka.consumer({ groupId: group, maxBytesPerPartition: 1_048_576, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachBatch: ({ batch }) => {
        if (batch.messages.length > 0) onRecords(batch.messages.length, batch.messages.at(-1)!.value!);
        return Promise.resolve();
      },
    });
    return { close: () => consumer.disconnect() };
  },
};
