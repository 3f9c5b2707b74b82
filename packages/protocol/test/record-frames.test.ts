// Framing of coordinator records and metadata records, on bytes worked out by hand; captured-logs.test.ts has Kafka's own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DecodeError } from "@ottla/base";
import { decodeKey, decodeValue, encodeKey, encodeValue, recordTypeOf } from "../src/coordinator-records/frame.ts";
import { groupMetadataKey } from "../src/coordinator-records/group-metadata.ts";
import { offsetCommitKey, offsetCommitValue } from "../src/coordinator-records/offset-commit.ts";
import { decodeMetadataFrame, encodeMetadataRecord } from "../src/metadata-records/frame.ts";
import { topicRecord } from "../src/metadata-records/topic.ts";

test("a coordinator's key begins with the record type, its value with the version", () => {
  const key = encodeKey(offsetCommitKey, { group: "g", topic: "t", partition: 2 });
  assert.equal(key.toString("hex"), "000100016700017400000002");
  assert.equal(recordTypeOf(key), 1);
  assert.deepEqual(decodeKey(offsetCommitKey, key), { group: "g", topic: "t", partition: 2 });
  const value = encodeValue(offsetCommitValue, 3, { offset: 5, leaderEpoch: 1, metadata: "", commitTimestamp: 9 });
  assert.equal(value.toString("hex"), "0003000000000000000500000001000000000000000000 09".replaceAll(" ", ""));
  assert.equal(decodeValue(offsetCommitValue, value)?.offset, 5);
});

test("a coordinator's key of another type is refused, a value of an unknown version is null", () => {
  const key = encodeKey(groupMetadataKey, { group: "g" });
  assert.throws(() => decodeKey(offsetCommitKey, key), DecodeError);
  assert.throws(() => decodeKey(offsetCommitKey, Buffer.alloc(1)), DecodeError);
  assert.equal(decodeValue(offsetCommitValue, Buffer.from("00630000", "hex")), null);
});

test("a metadata record begins with frame version, type and version as varints", () => {
  const value = encodeMetadataRecord(topicRecord, 0, { name: "abc", topicId: "AAECAwQFBgcICQoLDA0ODw" });
  assert.equal(value.toString("hex"), "010200 04616263 000102030405060708090a0b0c0d0e0f 00".replaceAll(" ", ""));
  const { apiKey, version, reader } = decodeMetadataFrame(value);
  assert.deepEqual([apiKey, version], [2, 0]);
  assert.deepEqual(topicRecord.decode(reader, version), { name: "abc", topicId: "AAECAwQFBgcICQoLDA0ODw" });
});

test("a metadata record in an unknown frame is refused", () => {
  assert.throws(() => decodeMetadataFrame(Buffer.from("000200", "hex")), DecodeError);
  assert.throws(() => decodeMetadataFrame(Buffer.alloc(0)), DecodeError);
});
