// Our own client, with its defaults: what its users install, as the other libraries are what theirs do.

import type * as Client from "@ottla/client";
import type { BenchClient } from "./bench-client.ts";

const { Kafka } = (await import(process.env["OTTLA_CLIENT"] ?? "@ottla/client")) as typeof Client;

export const client: BenchClient = {
  note: null,
  producer({ bootstrap, topic }) {
    const kafka = new Kafka({ bootstrapServers: bootstrap, clientId: "bench" });
    const producer = kafka.producer();
    return Promise.resolve({
      send: (value: Buffer) => producer.send({ topic, value }),
      sendAll: (values: Buffer[]) => producer.send(values.map((value) => ({ topic, value }))),
      close: () => kafka.close(),
    });
  },
  async consumer({ bootstrap, topic, group }, onRecords) {
    const kafka = new Kafka({ bootstrapServers: bootstrap, clientId: "bench" });
    const consumer = kafka.consumer({ groupId: group, autoOffsetReset: "earliest", fetchMaxWaitMs: 100 });
    await consumer.subscribe([topic]);
    const reading = (async () => {
      for await (const batch of consumer.batches()) {
        // Every record is looked at, as programs do.
        let last: Buffer = Buffer.alloc(0);
        for (const record of batch.records) last = record.value!;
        onRecords(batch.records.length, last);
      }
    })();
    return {
      close: async () => {
        await kafka.close();
        await reading.catch(() => {});
      },
    };
  },
};
