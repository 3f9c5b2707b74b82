// @platformatic/kafka, the fastest client in plain JavaScript so far.

import { Consumer, MessagesStreamModes, Producer } from "@platformatic/kafka";
import type { BenchClient } from "./bench-client.ts";

export const client: BenchClient = {
  note: null,
  producer({ bootstrap, topic }) {
    const producer = new Producer({ clientId: "bench", bootstrapBrokers: [bootstrap], idempotent: true, acks: -1 });
    return Promise.resolve({
      send: (value: Buffer) => producer.send({ messages: [{ topic, value }] }),
      sendAll: (values: Buffer[]) => producer.send({ messages: values.map((value) => ({ topic, value })) }),
      close: () => producer.close(),
    });
  },
  async consumer({ bootstrap, topic, group }, onRecords) {
    const consumer = new Consumer({
      clientId: "bench",
      bootstrapBrokers: [bootstrap],
      groupId: group,
      maxBytes: 1_048_576,
      maxWaitTime: 100,
    });
    const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST, autocommit: 5000 });
    stream.on("data", (message) => onRecords(1, message.value));
    return { close: () => consumer.close(true) };
  },
};
