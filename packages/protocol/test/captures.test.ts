// The codecs on bytes that others produced: exchanges of Java clients, kcat (librdkafka), kafkajs and @platformatic/kafka
// with Apache Kafka 4.3, and of a broker with its controller. Each is decoded to its end and, encoded again, has the same bytes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ByteReader, ByteWriter } from "@ottla/base";
import { apiKeyEntry, apiKeys, advertisedVersions } from "../src/api-keys.ts";
import { apiVersionsApi } from "../src/messages/18-api-versions.ts";
import { allApis } from "../src/messages/all.ts";
import {
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestHeader,
  encodeResponseHeader,
} from "../src/request-header.ts";

interface Exchange {
  key: number;
  version: number;
  request: string;
  response: string | null;
}

const capturesFolder = join(import.meta.dirname, "../../testkit/captures");
const recordings = ["java", "broker", "kcat", "kafkajs", "platformatic"] as const;

for (const recording of recordings) {
  test(`requests recorded from ${recording} are read to their end and written as they were`, () => {
    for (const { key, version, request } of exchangesOf(recording)) {
      const bytes = Buffer.from(request, "hex");
      const api = apiOf(key);
      const reader = new ByteReader(bytes);
      const header = decodeRequestHeader(reader);
      const body = api.request.decode(reader, version);
      const where = `${api.name} v${version} request`;
      assert.deepEqual([header.apiKey, header.apiVersion], [key, version], where);
      assert.equal(reader.remaining(), 0, `${where} leaves bytes`);
      const writer = new ByteWriter();
      encodeRequestHeader(writer, header);
      api.request.encode(writer, version, body as never);
      assert.equal(writer.toBuffer().toString("hex"), request, where);
    }
  });

  test(`responses recorded for ${recording} are read to their end and written as they were`, () => {
    for (const { key, version, response } of exchangesOf(recording)) {
      if (response === null) continue;
      const api = apiOf(key);
      const reader = new ByteReader(Buffer.from(response, "hex"));
      const correlationId = decodeResponseHeader(reader, key, version);
      const body = api.response.decode(reader, version);
      const where = `${api.name} v${version} response`;
      assert.equal(reader.remaining(), 0, `${where} leaves bytes`);
      const writer = new ByteWriter();
      encodeResponseHeader(writer, key, version, correlationId);
      api.response.encode(writer, version, body as never);
      assert.equal(writer.toBuffer().toString("hex"), response, where);
    }
  });
}

test("the table of API keys says what Apache Kafka 4.3 advertised to a Java client", () => {
  const exchange = exchangesOf("java").find(({ key, version }) => key === 18 && version >= 3)!;
  const reader = new ByteReader(Buffer.from(exchange.response!, "hex"));
  decodeResponseHeader(reader, 18, exchange.version);
  const advertised = apiVersionsApi.response.decode(reader, exchange.version).apiKeys;
  const ours = apiKeys
    .filter(({ audience }) => audience === "clients")
    .map((entry) => ({ apiKey: entry.key, ...advertisedVersions(entry) }));
  assert.deepEqual(
    ours,
    advertised
      .map(({ apiKey, minVersion, maxVersion }) => ({ apiKey, from: minVersion, to: maxVersion }))
      .sort((left, right) => left.apiKey - right.apiKey),
  );
  assert.equal(ours.length, 75);
});

test("the recordings cover most of what is advertised", () => {
  const keys = new Set(recordings.flatMap((recording) => exchangesOf(recording).map(({ key }) => key)));
  const advertised = [...keys].filter((key) => apiKeyEntry(key)?.audience === "clients");
  assert.ok(advertised.length >= 60, `${advertised.length} of 75`);
});

function exchangesOf(recording: (typeof recordings)[number]): Exchange[] {
  const lines = readFileSync(join(capturesFolder, `${recording}.jsonl`), "utf8")
    .trimEnd()
    .split("\n");
  assert.ok(lines.length > 5, `${recording}.jsonl has exchanges`);
  return lines.map((line) => JSON.parse(line) as Exchange);
}

function apiOf(key: number): (typeof allApis)[number] {
  const api = allApis.find((each) => each.key === key);
  assert.ok(api !== undefined, `there is a schema for key ${key}`);
  return api;
}
