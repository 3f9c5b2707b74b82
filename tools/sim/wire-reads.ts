// Creating topics and reading whole partitions back through the wire, for checkers that must see every record.

import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { errorName } from "@ottla/protocol";
import { consume } from "./consume.ts";
import { WireClient } from "./wire-client.ts";

const CREATE_VERSION = 5;

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
    await consume(client, { topic, partition }, ({ offset, key, value, timestamp, headers }) => {
      records.push({ offset, key: text(key), value: text(value) ?? "", timestamp, headers: headersOf(headers) });
    });
    return records;
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
