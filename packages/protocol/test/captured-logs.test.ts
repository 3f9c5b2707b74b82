// The record schemas on what Apache Kafka 4.3 wrote: the metadata log and its snapshots, __transaction_state, and, as the
// recorded folders have no groups, records of the coordinators written by Kafka's classes alone.
// Every record is decoded to its end and, encoded again, has the same bytes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { ByteReader, ByteWriter } from "@ottla/base";
import { allControlRecords } from "../src/control-records/all.ts";
import { decodeKey, decodeValue, encodeKey, encodeValue } from "../src/coordinator-records/frame.ts";
import { allCoordinatorRecords } from "../src/coordinator-records/all.ts";
import { transactionLogKey, transactionLogValue } from "../src/coordinator-records/transaction-log.ts";
import { allMetadataRecords } from "../src/metadata-records/all.ts";
import { decodeMetadataFrame, encodeMetadataRecord } from "../src/metadata-records/frame.ts";
import * as batchFormat from "../src/records/batch-format.ts";
import { readControlRecordType } from "../src/records/control-batches.ts";
import { readRecords } from "../src/records/read-records.ts";
import type { BatchRecord } from "../src/records/record.ts";
import type { RecordType } from "../src/schema/define.ts";

const folders = ["clean", "killed"] as const;

for (const folder of folders) {
  test(`the metadata log and snapshots of the folder that was ${folder}`, () => {
    const seen = new Set<string>();
    for (const { record, control } of recordsOf(
      folder,
      /^(?:__cluster_metadata-0\/.*\.(?:log|checkpoint)|bootstrap\.checkpoint)$/,
    )) {
      const name = control ? assertControlRecord(record) : assertMetadataRecord(record.value!);
      seen.add(name);
    }
    const expected = [
      "FeatureLevelRecord",
      "LeaderChangeMessage",
      "PartitionRecord",
      "RegisterBrokerRecord",
      "TopicRecord",
    ];
    for (const name of expected) assert.ok(seen.has(name), `${name} among ${[...seen].join(", ")}`);
  });

  test(`the transaction log of the folder that was ${folder}`, () => {
    let values = 0;
    for (const { record, control } of recordsOf(folder, /^__transaction_state-\d+\/.*\.log$/)) {
      assert.equal(control, false);
      values += assertCoordinatorRecord(transactionLogKey, transactionLogValue, record);
    }
    assert.ok(values > 0);
  });
}

test("keys and values of internal topics that Kafka's own classes wrote, with the values they print as JSON", () => {
  const seen = new Set<string>();
  for (const { name, version, bytes, json } of fixture()) {
    const type: AnyRecord | undefined = allCoordinatorRecords.find((each) => each.name === name);
    assert.ok(type !== undefined, name);
    const reader = new ByteReader(Buffer.from(bytes, "hex"));
    const record = type.decode(reader, version);
    assert.equal(reader.remaining(), 0, name);
    assert.deepEqual(likeJson(record, json), json, name);
    const writer = new ByteWriter();
    type.encode(writer, version, record);
    assert.equal(writer.toBuffer().toString("hex"), bytes, name);
    seen.add(name);
  }
  assert.equal(seen.size, allCoordinatorRecords.length);
});

type AnyRecord = RecordType<unknown, unknown>;

function assertMetadataRecord(bytes: Buffer): string {
  const { apiKey, version, reader } = decodeMetadataFrame(bytes);
  const type: AnyRecord | undefined = allMetadataRecords.find((each) => each.apiKey === apiKey);
  assert.ok(type !== undefined, `metadata record ${apiKey}`);
  const record = type.decode(reader, version);
  assert.equal(reader.remaining(), 0, type.name);
  assert.deepEqual(encodeMetadataRecord(type, version, record), bytes, type.name);
  return type.name;
}

const controlNames = [
  "",
  "",
  "LeaderChangeMessage",
  "SnapshotHeaderRecord",
  "SnapshotFooterRecord",
  "KRaftVersionRecord",
  "VotersRecord",
];

// KRaft's control records carry their version in their first field; no other number is in front.
function assertControlRecord({ key, value }: BatchRecord): string {
  const name = controlNames[readControlRecordType(key)];
  const type: AnyRecord | undefined = allControlRecords.find((each) => each.name === name);
  assert.ok(type !== undefined && value !== null, `control record ${name}`);
  const version = new ByteReader(value).int16();
  const reader = new ByteReader(value);
  const record = type.decode(reader, version);
  assert.equal(reader.remaining(), 0, type.name);
  const writer = new ByteWriter();
  type.encode(writer, version, record);
  assert.deepEqual(writer.toBuffer(), value, type.name);
  return type.name;
}

function assertCoordinatorRecord(keyType: AnyRecord, valueType: AnyRecord, record: BatchRecord): number {
  assert.deepEqual(encodeKey(keyType, decodeKey(keyType, record.key!)), record.key);
  if (record.value === null) return 0;
  const version = new ByteReader(record.value).int16();
  const value = decodeValue(valueType, record.value);
  assert.deepEqual(encodeValue(valueType, version, value), record.value, valueType.name);
  return 1;
}

interface FixtureLine {
  name: string;
  version: number;
  bytes: string;
  json: Json;
}

type Json = null | number | boolean | string | Json[] | { [name: string]: Json };

// Made by reading bytes into Kafka 4.3.1's generated classes and writing them again, with its JsonConverters beside.
function fixture(): FixtureLine[] {
  const path = join(import.meta.dirname, "fixtures/coordinator-records-from-kafka-4.3.1.jsonl");
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as FixtureLine);
}

/** A decoded value as Kafka prints it: bytes in base64, and no fields but those that `json` has. */
function likeJson(value: unknown, json: Json): unknown {
  if (Buffer.isBuffer(value)) return value.toString("base64");
  // A hash: 64 bits as hexadecimal, because not every one is a safe number.
  if (typeof value === "string" && typeof json === "number") return Number(BigInt(`0x${value}`));
  if (Array.isArray(value) && Array.isArray(json)) {
    return value.map((element, index) => likeJson(element, json[index] ?? null));
  }
  if (typeof value !== "object" || value === null || typeof json !== "object" || json === null) return value;
  const fields = value as { [name: string]: unknown };
  return Object.fromEntries(Object.entries(json).map(([name, inner]) => [name, likeJson(fields[name], inner)]));
}

function* recordsOf(folder: "clean" | "killed", paths: RegExp): Generator<{ record: BatchRecord; control: boolean }> {
  const packed = readFileSync(join(import.meta.dirname, `../../testkit/captures/folder-${folder}.json.gz`));
  const { files } = JSON.parse(gunzipSync(packed).toString()) as { files: Record<string, { bytes: string }> };
  for (const [path, file] of Object.entries(files)) {
    if (!paths.test(path)) continue;
    const log = Buffer.from(file.bytes, "base64");
    const positions: number[] = [];
    batchFormat.forEachBatch(log, (position) => void positions.push(position));
    for (const position of positions) {
      const control = batchFormat.isControl(log, position);
      for (const record of readRecords(log, position)) yield { record, control };
    }
  }
}
