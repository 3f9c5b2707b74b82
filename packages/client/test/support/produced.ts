// Reads what was written to a topic, through Fetch and nothing else of the client, so that tests of the producer do not rest on the consumer.

import assert from "node:assert/strict";
import { batchFormat, readEndTransactionMarker, readRecords } from "@ottla/protocol";
import type { BatchRecord } from "@ottla/protocol";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import type { Cluster } from "../../src/network/cluster.ts";

export interface ProducedBatch {
  readonly partition: number;
  readonly baseOffset: number;
  readonly compression: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly isTransactional: boolean;
  /** null for a batch of records. */
  readonly marker: "commit" | "abort" | null;
  readonly records: readonly BatchRecord[];
}

/** All batches of the topic, partition by partition, markers of transactions included. */
export async function producedBatches(cluster: Cluster, topic: string): Promise<ProducedBatch[]> {
  const { partitions } = await cluster.topicMetadata(topic);
  const batches: ProducedBatch[] = [];
  for (const { partition, leaderId } of partitions) {
    for (let offset = 0; ;) {
      const bytes = await fetchFrom(cluster, { topic, partition, leaderId, offset });
      if (bytes.length === 0) break;
      batchFormat.forEachBatch(bytes, (position) => {
        batches.push(describe(bytes, position, partition));
        offset = batchFormat.lastOffset(bytes, position) + 1;
      });
    }
  }
  return batches;
}

/** Values in the order of the log, those of aborted transactions left out unless `isolation` is "uncommitted". */
export async function producedValues(
  cluster: Cluster,
  topic: string,
  isolation: "committed" | "uncommitted" = "committed",
): Promise<string[]> {
  const records = await producedRecords(cluster, topic, isolation);
  return records.map(({ value }) => value!.toString());
}

export async function producedRecords(
  cluster: Cluster,
  topic: string,
  isolation: "committed" | "uncommitted" = "committed",
): Promise<BatchRecord[]> {
  const batches = await producedBatches(cluster, topic);
  const visible: BatchRecord[] = [];
  for (const [index, batch] of batches.entries()) {
    if (batch.marker !== null) continue;
    if (isolation === "committed" && batch.isTransactional && !isCommitted(batches, index)) continue;
    visible.push(...batch.records);
  }
  return visible;
}

function isCommitted(batches: readonly ProducedBatch[], index: number): boolean {
  const { partition, producerId } = batches[index]!;
  const end = batches
    .slice(index)
    .find((each) => each.marker !== null && each.partition === partition && each.producerId === producerId);
  return end?.marker === "commit";
}

async function fetchFrom(
  cluster: Cluster,
  at: { topic: string; partition: number; leaderId: number; offset: number },
): Promise<Buffer> {
  const { topicId } = await cluster.topicMetadata(at.topic);
  const response = await cluster.send(at.leaderId, fetchApi, {
    maxWaitMs: 0,
    minBytes: 0,
    isolationLevel: 0,
    topics: [
      {
        topic: at.topic,
        topicId,
        partitions: [{ partition: at.partition, fetchOffset: at.offset, partitionMaxBytes: 10_000_000 }],
      },
    ],
    forgottenTopicsData: [],
  });
  const { errorCode, records } = response.responses[0]!.partitions[0]!;
  assert.equal(errorCode, 0);
  return records ?? Buffer.alloc(0);
}

function describe(bytes: Buffer, position: number, partition: number): ProducedBatch {
  assert.equal(batchFormat.verifyCrc(bytes, position), true, "the checksum matches");
  const records = [...readRecords(bytes, position)];
  const isControl = batchFormat.isControl(bytes, position);
  return {
    partition,
    baseOffset: batchFormat.baseOffset(bytes, position),
    compression: batchFormat.compressionType(bytes, position),
    producerId: batchFormat.producerId(bytes, position),
    producerEpoch: batchFormat.producerEpoch(bytes, position),
    baseSequence: batchFormat.baseSequence(bytes, position),
    isTransactional: batchFormat.isTransactional(bytes, position),
    marker: isControl ? readEndTransactionMarker(records[0]!).type : null,
    records,
  };
}
