// Metrics say what happened: read before and after one producer and one reader.

import assert from "node:assert/strict";
import { it } from "node:test";
import { RecordBatchBuilder } from "@ottla/protocol";
import { ZERO_UUID } from "@ottla/base";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { createTopics, readPartition } from "../../../tools/sim/wire-reads.ts";

it("metrics count records, bytes, requests, refusals, connections and partitions", async () => {
  await using broker = await startBroker();
  await createTopics(broker.port, [{ name: "counted", partitions: 2 }]);
  const client = await WireClient.connect(broker.port);
  const batch = new RecordBatchBuilder();
  for (const text of ["a", "b", "c"]) batch.append({ timestamp: 1_700_000_000_000, value: Buffer.from(text) });
  const records = batch.build();
  const bytes = records.length;
  for (const index of [0, 9]) {
    await client.call(produceApi, 9, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: "counted", topicId: ZERO_UUID, partitionData: [{ index, records: Buffer.from(records) }] }],
    });
  }
  await readPartition(broker.port, "counted", 0);
  assert.equal(value(broker, "kafka_server_brokertopicmetrics_messagesin_total"), 3);
  assert.equal(value(broker, "kafka_server_brokertopicmetrics_bytesin_total"), bytes);
  assert.equal(value(broker, "kafka_server_brokertopicmetrics_bytesout_total"), bytes);
  assert.equal(value(broker, "kafka_server_brokertopicmetrics_failedproducerequests_total"), 1);
  assert.equal(value(broker, "kafka_network_requestmetrics_requests_total", { request: "Produce" }), 2);
  assert.ok(value(broker, "kafka_server_socketservermetrics_connection_count")! >= 1);
  assert.equal(value(broker, "kafka_server_replicamanager_partitioncount"), 2);
  assert.equal(value(broker, "kafka_log_log_logendoffset", { topic: "counted", partition: "0" }), 3);
  assert.equal(value(broker, "kafka_log_log_size", { topic: "counted", partition: "0" }), bytes);
  client.close();
});

function value(broker: TestBroker, name: string, labels: Record<string, string> = {}): number | undefined {
  const metric = broker.node.metrics().find((candidate) => candidate.name === name);
  const matches = (sample: { labels: Readonly<Record<string, string>> }): boolean =>
    Object.entries(labels).every(([key, wanted]) => sample.labels[key] === wanted);
  return metric?.samples.find(matches)?.value;
}
