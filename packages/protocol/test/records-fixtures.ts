// Batches that Apache Kafka 4.3.1's own classes (MemoryRecords, MemoryRecordsBuilder) wrote, by name.

import { readFileSync } from "node:fs";

const path = new URL("fixtures/record-batches-from-kafka-4.3.1.json", import.meta.url);
const fixtures = JSON.parse(readFileSync(path, "utf8")) as { name: string; base64: string }[];

/** A fresh copy. */
export function batchFromKafka(name: string): Buffer {
  const found = fixtures.find((fixture) => fixture.name === name);
  if (found === undefined) throw new Error(`there is no fixture ${name}`);
  return Buffer.from(found.base64, "base64");
}
