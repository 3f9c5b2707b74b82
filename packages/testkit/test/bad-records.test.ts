// Record batches that a broker must not keep: each defect gets the error that Kafka 4.3 gives, nothing of it is appended,
// and the next good batch of the same connection is.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { after, before, describe, it } from "node:test";
import { crc32c, ZERO_UUID } from "@ottla/base";
import { batchFormat, errorName, RecordBatchBuilder } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { createTopics, readPartition } from "../../../tools/sim/wire-reads.ts";

type Spoil = (batch: Buffer) => Buffer;

// What a real Apache Kafka 4.3.1 answered to the same bytes, but for one: it stores uncompressed offset deltas out of order
// as they came, and later serves offsets that the log does not count with.
const DEFECTS: [name: string, spoil: Spoil, error: string][] = [
  [
    "a wrong CRC",
    (batch) =>
      set(batch, (at) => at.writeUInt32BE((at.readUInt32BE(batchFormat.CRC_AT) ^ 1) >>> 0, batchFormat.CRC_AT)),
    "CORRUPT_MESSAGE",
  ],
  [
    "a length longer than the bytes",
    (batch) => set(batch, (at) => at.writeInt32BE(batch.length, batchFormat.LENGTH_AT)),
    "INVALID_RECORD",
  ],
  [
    "a length shorter than a header",
    (batch) => set(batch, (at) => at.writeInt32BE(20, batchFormat.LENGTH_AT)),
    "CORRUPT_MESSAGE",
  ],
  ["a negative length", (batch) => set(batch, (at) => at.writeInt32BE(-5, batchFormat.LENGTH_AT)), "CORRUPT_MESSAGE"],
  [
    "no record",
    () =>
      sealed(emptyBatch(), (at) => {
        at.writeInt32BE(0, batchFormat.RECORD_COUNT_AT);
        at.writeInt32BE(-1, batchFormat.LAST_OFFSET_DELTA_AT);
      }),
    "INVALID_RECORD",
  ],
  [
    "a record count above the records",
    (batch) => sealed(batch, (at) => at.writeInt32BE(4, batchFormat.RECORD_COUNT_AT)),
    "INVALID_RECORD",
  ],
  [
    "a last offset delta that is not the last record's",
    (batch) => sealed(batch, (at) => at.writeInt32BE(7, batchFormat.LAST_OFFSET_DELTA_AT)),
    "INVALID_RECORD",
  ],
  [
    "offset deltas out of order",
    (batch) =>
      sealed(batch, (at) => {
        // Length, attributes and timestamp delta are one byte each in front of the offset delta of the first record.
        at[batchFormat.RECORDS_AT + 3] = 4;
      }),
    "INVALID_RECORD",
  ],
  [
    "a control batch",
    (batch) => sealed(batch, (at) => at.writeInt16BE(batchFormat.CONTROL_FLAG, batchFormat.ATTRIBUTES_AT)),
    "INVALID_RECORD",
  ],
  [
    "an unknown compression type",
    (batch) => sealed(batch, (at) => at.writeInt16BE(7, batchFormat.ATTRIBUTES_AT)),
    "UNKNOWN_SERVER_ERROR",
  ],
  [
    "records said to be gzip that are not",
    (batch) => sealed(batch, (at) => at.writeInt16BE(1, batchFormat.ATTRIBUTES_AT)),
    "UNKNOWN_SERVER_ERROR",
  ],
  ["two batches", (batch) => Buffer.concat([batch, batch]), "INVALID_RECORD"],
  ["magic 1", (batch) => set(batch, (at) => void (at[batchFormat.MAGIC_AT] = 1)), "INVALID_RECORD"],
  ["more than max.message.bytes", () => batchOf(["x".repeat(1_100_000)]), "MESSAGE_TOO_LARGE"],
];

describe("a broker that is sent a bad batch", () => {
  let broker: TestBroker;
  let client: WireClient;

  before(async () => {
    broker = await startBroker();
    await createTopics(broker.port, [{ name: "strict", partitions: 1 }]);
    client = await WireClient.connect(broker.port);
  });
  after(async () => {
    client.close();
    await broker.close();
  });

  for (const [name, spoil, error] of DEFECTS) {
    it(`answers ${error} to ${name} and keeps nothing`, async () => {
      const kept = await readPartition(broker.port, "strict", 0);
      assert.equal(await produce(spoil(batchOf(["a", "b", "c"]))), error);
      assert.equal(await produce(batchOf([name])), "NONE");
      const now = await readPartition(broker.port, "strict", 0);
      assert.deepEqual(
        now.slice(kept.length).map(({ value }) => value),
        [name],
      );
    });
  }

  it("keeps nothing of a batch whose compressed records end too early", async () => {
    const records = batchOf(["a", "b", "c"]).subarray(batchFormat.RECORDS_AT);
    const compressed = gzipSync(records).subarray(0, 12);
    const head = batchOf(["a", "b", "c"]).subarray(0, batchFormat.RECORDS_AT);
    const batch = sealed(Buffer.concat([head, compressed]), (at) => {
      at.writeInt32BE(at.length - batchFormat.LOG_OVERHEAD, batchFormat.LENGTH_AT);
      at.writeInt16BE(1, batchFormat.ATTRIBUTES_AT);
    });
    const kept = await readPartition(broker.port, "strict", 0);
    assert.notEqual(await produce(batch), "NONE");
    assert.deepEqual(await readPartition(broker.port, "strict", 0), kept);
  });

  for (const [name, topic, partition, acks, error] of [
    ["an unknown topic", "nowhere", 0, -1, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["an unknown partition", "strict", 9, -1, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["a negative partition", "strict", -1, -1, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["acks that do not exist", "strict", 0, 5, "INVALID_REQUIRED_ACKS"],
  ] as const) {
    it(`answers ${error} to ${name}`, async () => {
      assert.equal(await produce(batchOf(["a"]), topic, partition, acks), error);
    });
  }

  async function produce(records: Buffer, topic = "strict", partition = 0, acks = -1): Promise<string> {
    const response = await client.call(produceApi, 9, {
      transactionalId: null,
      acks,
      timeoutMs: 1000,
      topicData: [{ name: topic, topicId: ZERO_UUID, partitionData: [{ index: partition, records }] }],
    });
    return errorName(response.responses[0]!.partitionResponses[0]!.errorCode);
  }
});

function batchOf(values: readonly string[]): Buffer {
  const builder = new RecordBatchBuilder();
  for (const value of values) builder.append({ timestamp: 1_700_000_000_000, value: Buffer.from(value) });
  return builder.build();
}

function set(batch: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(batch);
  change(copy);
  return copy;
}

// The header of a batch with nothing behind it.
function emptyBatch(): Buffer {
  return set(batchOf(["x"]).subarray(0, batchFormat.RECORDS_AT), (copy) =>
    copy.writeInt32BE(copy.length - batchFormat.LOG_OVERHEAD, batchFormat.LENGTH_AT),
  );
}

// A change under a checksum that is right.
function sealed(batch: Buffer, change: (copy: Buffer) => void): Buffer {
  return set(batch, (copy) => {
    change(copy);
    copy.writeUInt32BE(crc32c(copy.subarray(batchFormat.ATTRIBUTES_AT)), batchFormat.CRC_AT);
  });
}
