// Creating topics and reading whole partitions back through the wire, for checkers that must see every record.

import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { ZERO_UUID } from "@ottla/base";
import { errorName, readRecords } from "@ottla/protocol";
import { WireClient } from "./wire-client.ts";

const FETCH_VERSION = 12;
const CREATE_VERSION = 5;
const MAX_BYTES = 4 * 1024 * 1024;

export interface ReadRecord {
  offset: number;
  key: string | null;
  value: string;
  timestamp: number;
  headers: Record<string, string>;
}

/** @throws when one cannot be created. */
export async function createTopics(
  port: number,
  topics: readonly { name: string; partitions: number }[],
): Promise<void> {
  const client = await WireClient.connect(port);
  try {
    const response = await client.call(createTopicsApi, CREATE_VERSION, {
      topics: topics.map(({ name, partitions }) => ({
        name,
        numPartitions: partitions,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      })),
      timeoutMs: 10_000,
      validateOnly: false,
    });
    const refused = response.topics.find(({ errorCode }) => errorCode !== 0);
    if (refused !== undefined) throw new Error(`${refused.name}: ${errorName(refused.errorCode)}`);
  } finally {
    client.close();
  }
}

/** Every record of a partition from its start to the high watermark. */
export async function readPartition(port: number, topic: string, partition: number): Promise<ReadRecord[]> {
  const client = await WireClient.connect(port);
  const records: ReadRecord[] = [];
  try {
    let fetchOffset = 0;
    for (;;) {
      const response = await client.call(fetchApi, FETCH_VERSION, {
        maxWaitMs: 0,
        minBytes: 0,
        maxBytes: MAX_BYTES,
        isolationLevel: 0,
        topics: [{ topic, topicId: ZERO_UUID, partitions: [{ partition, fetchOffset, partitionMaxBytes: MAX_BYTES }] }],
        forgottenTopicsData: [],
      });
      const answer = response.responses[0]!.partitions[0]!;
      if (answer.errorCode !== 0)
        throw new Error(`fetch of ${topic}-${partition} at ${fetchOffset}: ${errorName(answer.errorCode)}`);
      if (fetchOffset >= answer.highWatermark) return records;
      const before = fetchOffset;
      for (const record of readRecords(answer.records!)) {
        if (record.offset < fetchOffset) continue;
        records.push({
          offset: record.offset,
          key: text(record.key),
          value: text(record.value) ?? "",
          timestamp: record.timestamp,
          headers: headersOf(record.headers),
        });
        fetchOffset = record.offset + 1;
      }
      if (fetchOffset === before) throw new Error(`fetch of ${topic}-${partition} makes no progress at ${fetchOffset}`);
    }
  } finally {
    client.close();
  }
}

function text(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString();
}

function headersOf(headers: readonly { key: string; value: Buffer | null }[]): Record<string, string> {
  return Object.fromEntries(headers.map(({ key, value }) => [key, text(value) ?? ""]));
}
